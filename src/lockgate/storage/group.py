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
from typing import Final, Generic, TypeVar

from lockgate.errors import LockgateError

Job = TypeVar("Job")
Done = TypeVar("Done")

MOST: Final = 4096
"""Rows that one commit takes at most, so that no caller waits for an endless batch."""


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Job, Done]):
    job: Job
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[Done]


class GroupWriter(Generic[Job, Done]):
    """A writing thread. It runs from `start` to `close`.

    Args:
        commit: writes all jobs in one transaction and returns what each is answered, in order. Called by the
            thread alone.
        failure: what a caller is told for an error; called once for each caller.
        size: rows of a job.
        name: of the thread.

    """

    def __init__(
        self,
        commit: Callable[[Sequence[Job]], Sequence[Done]],
        failure: Callable[[Exception], LockgateError],
        size: Callable[[Job], int],
        name: str,
    ) -> None:
        self._commit, self._failure, self._size = commit, failure, size
        self._jobs: queue.SimpleQueue[_Waiting[Job, Done] | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def submit(self, job: Job) -> asyncio.Future[Done] | None:
        """Hand over a job; its future ends once it is durable, or is not. None: the writer is closed.

        Canceling the future does not take the job back.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Done] = loop.create_future()
        with self._closing:
            if self._closed:
                return None
            self._jobs.put(_Waiting(job, loop, done))
        return done

    def close(self) -> None:
        """Write what waits, then end the thread. Blocks until it has."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self._jobs.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        last = False
        while not last and (first := self._jobs.get()) is not None:
            batch, count = [first], self._size(first.job)
            while count < MOST and not last:
                try:
                    more = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    last = True
                else:
                    batch.append(more)
                    count += self._size(more.job)
            self._settle(batch)

    def _settle(self, batch: Sequence[_Waiting[Job, Done]]) -> None:
        """Commit a batch, and answer everybody in it with one turn of each loop."""
        answers: Sequence[Done | LockgateError]
        try:
            answers = self._commit([one.job for one in batch])
        except Exception as error:  # whatever it is, nobody may be told that it is durable
            answers = [self._failure(error) for _ in batch]
        loops: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Done], Done | LockgateError]]] = {}
        for one, answer in zip(batch, answers, strict=True):
            loops.setdefault(one.loop, []).append((one.done, answer))
        for loop, told in loops.items():
            with contextlib.suppress(RuntimeError):  # the loop has ended, and everybody in it
                loop.call_soon_threadsafe(_tell, told)


def _tell(told: Sequence[tuple[asyncio.Future[Done], Done | LockgateError]]) -> None:
    for future, answer in told:
        if future.done():  # the caller has gone away; what it wanted is written all the same
            continue
        if isinstance(answer, LockgateError):
            future.set_exception(answer)
        else:
            future.set_result(answer)
