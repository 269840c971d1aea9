"""The contract of `ports.scanning.Engine`: whatever spreads work subclasses `EngineContract`.

Exactly one outcome for each unit, whoever dies; bounded in what it takes ahead; nothing left behind.
The work of these tests is `contracts.engine_work.open_work`, which does to its process what an item's name says.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from lockgate.errors import LockgateError
from lockgate.ports.scanning import Engine, Outcome, Unit


def unit(name: str, size: int = 1000) -> Unit:
    return Unit(0, name, f"r-{name}", size)


async def given(units: list[Unit]) -> AsyncIterator[Unit]:
    for one in units:
        yield one


async def done(engine: Engine, units: list[Unit]) -> list[Outcome]:
    return [outcome async for outcome in engine.run(given(units))]


class EngineContract:
    """`open` gives an engine whose work keeps its marks (which process did what) in `place`."""

    @abstractmethod
    def open(self, place: Path, workers: int = 2) -> Engine: ...

    def test_each_unit_has_exactly_one_outcome(self, tmp_path: Path) -> None:
        units = [unit(f"ok-{number}") for number in range(500)]
        found = asyncio.run(done(self.open(tmp_path), units))
        assert Counter((one.item, one.revision) for one in found) == {(one.item, one.revision): 1 for one in units}
        assert not any(one.problem for one in found)

    def test_no_units_are_no_outcomes_and_start_nothing(self, tmp_path: Path) -> None:
        assert asyncio.run(done(self.open(tmp_path), [])) == []
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("how", ["kill", "exit", "raise", "hang"])
    def test_what_ends_its_worker_twice_is_lost_alone(self, tmp_path: Path, how: str) -> None:
        units = [unit(f"ok-{number}") for number in range(40)]
        units.insert(17, unit(f"{how}-bad"))
        found = asyncio.run(done(self.open(tmp_path), units))
        assert sorted(one.item for one in found) == sorted(one.item for one in units)
        (lost,) = (one for one in found if one.problem)
        assert lost.item == f"{how}-bad"
        assert lost.problem == "could not read: it ended the process that read it"
        assert lost.level == 3

    def test_what_ends_its_worker_once_is_done_at_the_second_try(self, tmp_path: Path) -> None:
        units = [unit(f"once-{number}") for number in range(5)] + [unit(f"ok-{number}") for number in range(20)]
        found = asyncio.run(done(self.open(tmp_path), units))
        assert sorted(one.item for one in found) == sorted(one.item for one in units)
        assert sum(bool(one.problem) for one in found) <= 5

    def test_units_are_not_taken_far_ahead(self, tmp_path: Path) -> None:
        taken = 0

        async def endless() -> AsyncIterator[Unit]:
            nonlocal taken
            while True:
                taken += 1
                yield unit(f"ok-{taken}")

        async def body() -> None:
            async with aclosing(self.open(tmp_path).run(endless())) as outcomes:
                async for _ in outcomes:
                    await asyncio.sleep(0.5)
                    break

        asyncio.run(body())
        assert taken < 5000

    def test_work_that_cannot_be_opened_is_said_and_not_tried_for_ever(self, tmp_path: Path) -> None:
        (tmp_path / "refuse").touch()
        with pytest.raises(LockgateError, match="there is no room here"):
            asyncio.run(done(self.open(tmp_path), [unit("ok-1")]))

    def test_an_error_of_who_gives_units_comes_out(self, tmp_path: Path) -> None:
        async def failing() -> AsyncIterator[Unit]:
            yield unit("ok-1")
            raise ZeroDivisionError

        async def body() -> None:
            async for _ in self.open(tmp_path).run(failing()):
                pass

        with pytest.raises(ZeroDivisionError):
            asyncio.run(body())
