"""Work of one kind has threads of its own, and whoever looks late is counted and told."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading

import pytest

from lockgate.errors import Unavailable
from lockgate.storage.threads import Looks, Threads


async def test_work_runs_on_threads_of_its_own_with_what_the_caller_knows() -> None:
    known = contextvars.ContextVar("known", default="")
    known.set("a request")
    threads = Threads("mine", 1)
    assert await threads.run(lambda: (threading.current_thread().name, known.get())) == ("mine_0", "a request")
    threads.close()
    with pytest.raises(RuntimeError):
        await threads.run(lambda: None)


async def test_what_waits_is_dropped_at_the_end_and_what_runs_is_not_waited_for() -> None:
    threads, begun, may_end = Threads("mine", 1), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait(5)

    running = asyncio.create_task(threads.run(work))
    waiting = asyncio.create_task(threads.run(lambda: None))
    while not begun.is_set():
        await asyncio.sleep(0.01)
    threads.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    may_end.set()
    await running


def test_a_late_look_is_counted_each_time_and_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    looks = Looks(clock=lambda: now[0])
    caplog.set_level(logging.WARNING, logger="lockgate.watch")
    for gap in (100.0, 0.3, 1.0, 1.5, 0.3, 4.0):
        now[0] += gap
        looks.done("directory", looks.begin())
    assert looks.late == {"directory": 2}, "the first has none before it"
    assert [one.getMessage()[:38] for one in caplog.records] == ["watch: directory: 1.5 seconds between "]
    now[0] += 60
    looks.done("directory", looks.begin())
    looks.done("policies", looks.begin())
    assert looks.late == {"directory": 3, "policies": 0}
    assert len(caplog.records) == 2
    looks.close()


@pytest.mark.parametrize(
    ("began", "waits", "fresh"),
    [(0.5, False, True), (2.0, False, False), (0.1, True, False)],
    ids=["in time", "began long ago", "sees a change that is too new"],
)
async def test_what_counts_is_what_a_look_that_found_nothing_new_began_with(
    began: float, waits: bool, fresh: bool
) -> None:
    """A long look does not see what changes meanwhile, and the first that sees it does not take it up."""
    now = [100.0]
    looks = Looks(clock=lambda: now[0])
    kept = asyncio.create_task(looks.keep("directory", lambda: asyncio.sleep(60)))
    await asyncio.sleep(0)
    now[0] += 3.0
    looks.done("directory", now[0] - began, waits=waits)
    waiting = asyncio.create_task(looks.fresh())
    await asyncio.sleep(0.12)
    assert waiting.done() == fresh
    looks.done("directory", looks.begin())
    await waiting
    now[0] += 10.5
    with pytest.raises(Unavailable):
        await looks.fresh()
    kept.cancel()
    looks.close()
