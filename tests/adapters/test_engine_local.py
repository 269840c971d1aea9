"""LocalEngine keeps the contract; its processes die with whoever started them."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contracts.engine import EngineContract, given, unit
from contracts.engine_work import open_work
from lockgate.adapters.engine_local import LocalEngine, Pace
from lockgate.errors import Invalid
from lockgate.journeys.scan import unread
from lockgate.ports.scanning import Engine

TESTS = Path(__file__).parents[1]


def local(place: Path, workers: int = 2, patience: float = 3.0) -> LocalEngine:
    return LocalEngine(
        functools.partial(open_work, place), unread, workers, Pace(bytes=10_000, units=8, patience=patience)
    )


@pytest.fixture(autouse=True)
def _paths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers find the work of the tests."""
    monkeypatch.setenv("PYTHONPATH", str(TESTS))


class TestLocalEngine(EngineContract):
    def open(self, place: Path, workers: int = 2) -> Engine:
        return local(place, workers)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


def workers_of(place: Path) -> list[int]:
    return [int(one.name.partition("-")[2]) for one in place.glob("worker-*")]


def test_any_worker_may_be_killed_at_any_time_and_nothing_is_lost_or_counted_twice(tmp_path: Path) -> None:
    units = [unit(f"slow-{number}") for number in range(60)]

    async def body() -> list[str]:
        found: list[str] = []
        async for outcome in local(tmp_path).run(given(units)):
            found.append("lost" if outcome.problem else outcome.item)
            if len(found) == 4:
                first = workers_of(tmp_path)
            if len(found) in (5, 25):
                # one that does a whole batch; who is killed at the second try as well counts as to blame
                os.kill(first.pop(), signal.SIGKILL)
        assert len(workers_of(tmp_path)) >= 4
        return found

    assert sorted(asyncio.run(body())) == sorted(one.item for one in units)


def test_nothing_is_left_when_it_ends_early_or_late(tmp_path: Path) -> None:
    async def early() -> None:
        outcomes = local(tmp_path).run(given([unit(f"slow-{number}") for number in range(100)]))
        async for _ in outcomes:
            break
        await outcomes.aclose()

    asyncio.run(early())
    assert workers_of(tmp_path)
    assert not any(map(alive, workers_of(tmp_path)))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere they end at the end of their batch")
def test_workers_die_with_the_process_that_started_them(tmp_path: Path) -> None:
    code = (
        "import asyncio; from pathlib import Path; from contracts.engine import done, unit;"
        "from adapters.test_engine_local import local;"
        f"asyncio.run(done(local(Path({str(tmp_path)!r}), patience=60), [unit(f'hang-{{n}}') for n in range(2)]))"
    )
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent / "src")])
    parent = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": paths})
    until = time.monotonic() + 20
    while not workers_of(tmp_path) and time.monotonic() < until:
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    assert workers_of(tmp_path)
    while any(map(alive, workers_of(tmp_path))) and time.monotonic() < until:
        time.sleep(0.02)
    assert not any(map(alive, workers_of(tmp_path)))


def test_an_engine_needs_a_worker() -> None:
    with pytest.raises(Invalid):
        LocalEngine(functools.partial(open_work, Path()), unread, 0)
