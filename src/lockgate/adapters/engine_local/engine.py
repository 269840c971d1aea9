"""LocalEngine: `ports.scanning.Engine` over processes of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import signal
import struct
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import lockgate
from lockgate.adapters.engine_local.worker import DONE, OpenWork, frame
from lockgate.errors import Invalid, LockgateError, Unavailable
from lockgate.ports.scanning import Outcome, Unit

_SOURCE: Final = str(Path(lockgate.__file__).resolve().parent.parent)
_WORKER: Final = "lockgate.adapters.engine_local.worker"
_FRAME: Final = 1 << 28
_GRACE: Final = 5.0
_START: Final = 60.0
_STARTS: Final = 3
ENDED: Final = "it ended the process that read it"

Unread: TypeAlias = Callable[[Unit, str], Outcome]


@dataclass(frozen=True, slots=True)
class Pace:
    """How work is cut.

    Attributes:
        bytes, units: a batch has at least so many bytes, or so many units.
        patience: seconds without a sign of life after which a worker is taken for dead.
        batches: after so many a worker is replaced, so that what leaks is given back.

    """

    bytes: int = 2_000_000
    units: int = 128
    patience: float = 300.0
    batches: int = 1000


class _Ended(Exception):
    """A worker is gone in the middle of a batch."""


@dataclass(eq=False)
class _Worker:
    process: asyncio.subprocess.Process
    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader
    done: int = 0


@dataclass(slots=True)
class _Run:
    """One run: batches that wait, and outcomes that nobody has taken. Both are bounded."""

    batches: asyncio.Queue[list[Unit] | None]
    outcomes: asyncio.Queue[Outcome | BaseException | None]
    workers: set[_Worker] = field(default_factory=set)


class LocalEngine:
    """Runs `workers` processes at most, each of which opens the work for itself. They start when they are needed.

    Args:
        open_work: opens the work in the process where it runs; pickled.
        unread: the outcome of a unit whose worker it ended.
        workers: how many processes.
        pace: how work is cut.

    """

    def __init__(self, open_work: OpenWork, unread: Unread, workers: int, pace: Pace | None = None) -> None:
        if workers < 1:
            raise Invalid("an engine needs at least one worker")
        self._open_work = frame(open_work)
        self._unread = unread
        self._count = workers
        self._pace = pace or Pace()

    async def run(self, units: AsyncIterator[Unit], /) -> AsyncGenerator[Outcome, None]:
        """Yield exactly one outcome for each unit, as they come."""
        run = _Run(asyncio.Queue(self._count), asyncio.Queue(4 * self._pace.units))
        work = asyncio.create_task(self._all(units, run))
        try:
            while (outcome := await run.outcomes.get()) is not None:
                if isinstance(outcome, BaseException):
                    raise outcome
                yield outcome
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            for worker in tuple(run.workers):
                await _end(worker, run, 0)

    async def _all(self, units: AsyncIterator[Unit], run: _Run) -> None:
        """Feed all lanes to the end, then say that it is over, or what broke it."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._feed(units, run))
                for _ in range(self._count):
                    group.create_task(self._lane(run))
        except BaseExceptionGroup as errors:
            await run.outcomes.put(errors.exceptions[0])
        else:
            await run.outcomes.put(None)

    async def _feed(self, units: AsyncIterator[Unit], run: _Run) -> None:
        batch: list[Unit] = []
        held = 0
        async for unit in units:
            batch.append(unit)
            held += unit.size
            if held >= self._pace.bytes or len(batch) >= self._pace.units:
                await run.batches.put(batch)
                batch, held = [], 0
        if batch:
            await run.batches.put(batch)
        for _ in range(self._count):
            await run.batches.put(None)

    async def _lane(self, run: _Run) -> None:
        """Do batches, one after the other, with one worker at a time."""
        worker: _Worker | None = None
        while (batch := await run.batches.get()) is not None:
            worker, left = await self._attempt(worker, batch, run)
            for unit in left:
                # Its worker is gone. Each is tried once more, alone, so that only the one to blame is lost.
                worker, lost = await self._attempt(worker, [unit], run)
                if lost:
                    await run.outcomes.put(self._unread(unit, ENDED))
        if worker is not None:
            await _end(worker, run, _GRACE)

    async def _attempt(
        self, worker: _Worker | None, batch: Sequence[Unit], run: _Run
    ) -> tuple[_Worker | None, list[Unit]]:
        """Do a batch. Return the worker if it can go on, and those units that have no outcome."""
        left = {(unit.target, unit.item): unit for unit in batch}
        if worker is None:
            worker = await self._start(run)
        try:
            worker.stdin.write(frame(list(batch)))
            await worker.stdin.drain()
            while (answer := await self._answer(worker, self._pace.patience)) != DONE:
                if isinstance(answer, Outcome) and left.pop((answer.target, answer.item), None) is not None:
                    await run.outcomes.put(answer)
        except (_Ended, OSError):
            await _end(worker, run, 0)
            return None, list(left.values())
        worker.done += 1
        if worker.done >= self._pace.batches:
            await _end(worker, run, _GRACE)
            return None, list(left.values())
        return worker, list(left.values())

    async def _answer(self, worker: _Worker, patience: float) -> Any:
        try:
            async with asyncio.timeout(patience):
                (length,) = struct.unpack(">I", await worker.stdout.readexactly(4))
                if length > _FRAME:
                    raise _Ended
                return pickle.loads(await worker.stdout.readexactly(length))  # noqa: S301 - from our own worker
        except (TimeoutError, asyncio.IncompleteReadError, pickle.UnpicklingError) as error:
            raise _Ended from error

    async def _start(self, run: _Run) -> _Worker:
        """Start a worker that has opened the work; one that ends before that is started again, a few times."""
        for _ in range(_STARTS):
            worker = await self._spawn(run)
            try:
                answer = await self._answer(worker, max(_START, self._pace.patience))
            except _Ended:
                await _end(worker, run, 0)
                continue
            if isinstance(answer, LockgateError):
                raise answer
            return worker
        raise Unavailable("the processes that scan end before they begin", remedy="Is there memory enough?")

    async def _spawn(self, run: _Run) -> _Worker:
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                _WORKER,
                str(os.getpid()),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,  # a traceback could quote a document
                env={**os.environ, "PYTHONPATH": os.pathsep.join([_SOURCE, *_paths()])},
                start_new_session=True,  # an interrupt at the terminal is for whoever started it
            )
        except OSError as error:
            raise Unavailable(f"no process for scanning can be started: {error.strerror}") from error
        if process.stdin is None or process.stdout is None:
            raise Unavailable("the process for scanning has no pipes")
        worker = _Worker(process, process.stdin, process.stdout)
        run.workers.add(worker)
        worker.stdin.write(self._open_work)
        return worker


def _paths() -> list[str]:
    return [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]


async def _end(worker: _Worker, run: _Run, grace: float) -> None:
    """End a worker; with `grace`, after it had so many seconds to end what it has opened."""
    run.workers.discard(worker)
    worker.stdin.close()
    if grace:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await worker.process.wait()
                return
    with contextlib.suppress(ProcessLookupError):
        os.kill(worker.process.pid, signal.SIGKILL)  # `kill` of the process would take its end from the event loop
    await worker.process.wait()
