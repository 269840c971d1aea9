"""Group commit: one thread writes what many callers want durable, everything that waits in one transaction.

A durable write costs an `fsync`, which many can share. Whoever submits is answered after the commit and not
before. Whatever the commit raises, everybody in it is told, each with an error of their own: it is then not
certain that anything is durable, and nobody may be told that it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from lockgate.errors import LockgateError

Job = TypeVar("Job")
Done = TypeVar("Done")

MOST: Final = 4096
"""Rows that one commit takes at most, so that no caller waits for an endless batch."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A job that waits, and who is told; or, without a lane, an event that is set when its turn comes."""

    lane: Lane[Any, Any] | None
    job: Any
    loop: asyncio.AbstractEventLoop | None
    done: Any


class GroupWriter:
    """A writing thread, which several stores can share. It runs from `start` to `close`.

    Attributes:
        batches: how many times the thread wrote what waited; one commit for each store in it.
        jobs: how many jobs these had together.

    """

    def __init__(self, name: str) -> None:
        self.batches = 0
        self.jobs = 0
        self._jobs: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @classmethod
    def start(cls, name: str) -> GroupWriter:
        """Start one."""
        writer = cls(name)
        writer._thread.start()
        return writer

    def lane(
        self,
        commit: Callable[[Sequence[Job]], Sequence[Done]],
        failure: Callable[[Exception], LockgateError],
        size: Callable[[Job], int] = lambda _: 1,
    ) -> Lane[Job, Done]:
        """Return a lane for one store.

        Args:
            commit: writes all jobs in one transaction and returns what each is answered, in order. Called by the
                thread alone.
            failure: what a caller is told for an error; called once for each caller.
            size: rows of a job.

        """
        return Lane(self, commit, failure, size)

    @property
    def alive(self) -> bool:
        """Tell whether the thread runs."""
        return self._thread.is_alive()

    @property
    def waiting(self) -> int:
        """Return about how many jobs wait for their turn."""
        return self._jobs.qsize()

    def close(self) -> None:
        """Write what waits, then end the thread. Blocks until it has."""
        self._jobs.put(None)
        self._thread.join()

    def put(self, waiting: _Waiting) -> None:
        """Hand something over to the thread."""
        self._jobs.put(waiting)

    def _run(self) -> None:
        last = False
        while not last and (first := self._jobs.get()) is not None:
            batch, count = [first], first.lane.size(first.job) if first.lane else 0
            while count < MOST and not last:
                try:
                    more = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    last = True
                else:
                    batch.append(more)
                    count += more.lane.size(more.job) if more.lane else 0
            self._settle(batch)
            self.batches, self.jobs = self.batches + 1, self.jobs + len(batch)

    def _settle(self, batch: Sequence[_Waiting]) -> None:
        """Commit a batch, lane by lane, and answer everybody in it with one turn of each loop."""
        lanes: dict[Lane[Any, Any], list[_Waiting]] = {}
        events = []
        for one in batch:
            if one.lane is None:
                events.append(one.done)
            else:
                lanes.setdefault(one.lane, []).append(one)
        loops: dict[asyncio.AbstractEventLoop, list[tuple[Any, Any]]] = {}
        for lane, several in lanes.items():
            for one, answer in zip(several, lane.settle([each.job for each in several]), strict=True):
                if one.loop is not None:
                    loops.setdefault(one.loop, []).append((one.done, answer))
        for loop, told in loops.items():
            with contextlib.suppress(RuntimeError):  # the loop has ended, and everybody in it
                loop.call_soon_threadsafe(_tell, told)
        for event in events:
            event.set()


class Lane(Generic[Job, Done]):
    """What one store hands to a writing thread. See `GroupWriter.lane`."""

    def __init__(
        self,
        writer: GroupWriter,
        commit: Callable[[Sequence[Job]], Sequence[Done]],
        failure: Callable[[Exception], LockgateError],
        size: Callable[[Job], int],
    ) -> None:
        self._writer, self._commit, self._failure = writer, commit, failure
        self.size = size
        self._closing = threading.Lock()
        self._closed = False

    def submit(self, job: Job) -> asyncio.Future[Done] | None:
        """Hand over a job; its future ends once it is durable, or is not. None: the lane is closed.

        Canceling the future does not take the job back.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Done] = loop.create_future()
        with self._closing:
            if self._closed:
                return None
            self._writer.put(_Waiting(self, job, loop, done))
        return done

    def close(self) -> bool:
        """Take no more jobs, and block until those that wait are written. False: it was closed before."""
        event = threading.Event()
        with self._closing:
            if self._closed:
                return False
            self._closed = True
            self._writer.put(_Waiting(None, None, None, event))
        event.wait()
        return True

    def settle(self, jobs: Sequence[Job]) -> Sequence[Done | LockgateError]:
        """Commit jobs; return the answer of each, or an error for each. For the thread."""
        try:
            return self._commit(jobs)
        except Exception as error:  # whatever it is, nobody may be told that it is durable
            return [self._failure(error) for _ in jobs]


def _tell(told: Sequence[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, answer in told:
        if future.done():  # the caller has gone away; what it wanted is written all the same
            continue
        if isinstance(answer, LockgateError):
            future.set_exception(answer)
        else:
            future.set_result(answer)
