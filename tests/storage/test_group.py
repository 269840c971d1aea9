"""One thread that writes for several stores: who is answered, when, and what a failure of one means for others."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence

import pytest

from lockgate.errors import LockgateError, Unavailable
from lockgate.storage import group
from lockgate.storage.group import GroupWriter, Lane


class Store:
    """Takes numbers; a negative one breaks the commit that it is in."""

    def __init__(self, writer: GroupWriter) -> None:
        self.commits: list[list[int]] = []
        self.free = threading.Event()
        self.free.set()
        self.lane: Lane[int, int] = writer.lane(self.commit, self.failure, abs)

    def commit(self, jobs: Sequence[int]) -> list[int]:
        self.free.wait(10)
        if min(jobs) < 0:
            raise OSError("no")
        self.commits.append(list(jobs))
        return [2 * job for job in jobs]

    @staticmethod
    def failure(error: Exception) -> LockgateError:
        return Unavailable(f"it failed: {error}")

    def put(self, job: int) -> asyncio.Future[int]:
        done = self.lane.submit(job)
        assert done is not None
        return done


@pytest.fixture
def writer() -> Iterator[GroupWriter]:
    made = GroupWriter.start("test")
    yield made
    made.close()


async def test_what_waits_is_committed_together_and_everybody_gets_their_own_answer(writer: GroupWriter) -> None:
    store = Store(writer)
    store.free.clear()
    first = store.put(1)
    await asyncio.sleep(0.05)
    waiting = [store.put(job) for job in range(2, 50)]
    await asyncio.sleep(0.05)
    assert not first.done(), "nobody is answered before the commit"
    store.free.set()
    assert await asyncio.gather(first, *waiting) == [2 * job for job in range(1, 50)]
    assert store.commits == [[1], list(range(2, 50))]


async def test_a_failure_is_told_to_everybody_in_the_commit_and_to_nobody_else(writer: GroupWriter) -> None:
    good, bad = Store(writer), Store(writer)
    bad.free.clear()
    held = bad.put(1)
    await asyncio.sleep(0.05)
    mixed = [good.put(1), bad.put(2), bad.put(-3), good.put(4)]
    bad.free.set()
    got = await asyncio.gather(held, *mixed, return_exceptions=True)
    assert [got[0], got[1], got[4]] == [2, 2, 8]
    assert [str(one) for one in got[2:4]] == ["it failed: no"] * 2
    assert got[2] is not got[3]
    assert await bad.put(5) == 10, "and it goes on"


async def test_who_goes_away_has_their_job_done_all_the_same(writer: GroupWriter) -> None:
    store = Store(writer)
    store.free.clear()
    gone = store.put(7)
    gone.cancel()
    stays = store.put(8)
    store.free.set()
    await stays
    assert sorted(job for commit in store.commits for job in commit) == [7, 8]


async def test_closing_one_lane_writes_what_waits_and_leaves_the_other(writer: GroupWriter) -> None:
    one, other = Store(writer), Store(writer)
    one.free.clear()
    waiting = [one.put(job) for job in (1, 2)]
    closing = asyncio.create_task(asyncio.to_thread(one.lane.close))
    await asyncio.sleep(0.05)
    assert not closing.done()
    one.free.set()
    assert await closing
    assert await asyncio.gather(*waiting) == [2, 4]
    assert one.lane.submit(3) is None
    assert one.lane.close() is False
    assert await other.put(4) == 8


async def test_a_batch_is_bounded(writer: GroupWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group, "MOST", 10)
    store = Store(writer)
    store.free.clear()
    waiting = [store.put(6) for _ in range(9)]
    store.free.set()
    await asyncio.gather(*waiting)
    assert max(len(one) for one in store.commits) <= 2
