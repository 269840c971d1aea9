"""KreuzbergExtractor: `ports.Extractor` over worker processes that may die at any time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import lockgate
from lockgate.errors import Invalid, Unavailable
from lockgate.ports import READER_KILLED, Extracted, Member, Part

_SOURCE: Final = str(Path(lockgate.__file__).resolve().parent.parent)
_WORKER: Final = "lockgate.adapters.extraction.worker"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document may cost.

    Attributes:
        seconds: of wall-clock time.
        cpu_seconds: of processor time.
        memory: bytes of address space of the worker.
        text: characters of text that come out.
        documents: after so many a worker is replaced.
        grown: bytes of resident memory above which a worker is replaced.

    """

    seconds: float = 60.0
    cpu_seconds: int = 60
    memory: int = 1_500_000_000
    text: int = 20_000_000
    documents: int = 500
    grown: int = 600_000_000


class _Crashed(Exception):
    """The worker ended in the middle of a document; `killed` if by SIGKILL, which the system sends."""

    def __init__(self, how: str, *, killed: bool = False) -> None:
        super().__init__(how)
        self.killed = killed


@dataclass(eq=False)
class _Worker:
    process: asyncio.subprocess.Process
    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader
    done: int = 0


class KreuzbergExtractor:
    """Extracts text in `workers` processes at most. Start-up is lazy; `close` ends them.

    Args:
        workers: how many documents are read at a time.
        limits: what one document may cost.
        command: what starts a worker; tests put worse ones in its place.

    """

    def __init__(self, workers: int = 1, limits: Limits | None = None, command: Sequence[str] = ()) -> None:
        self._limits = limits or Limits()
        self._command = tuple(command) or (
            sys.executable,
            "-P",
            "-m",
            _WORKER,
            *(str(limit) for limit in (self._limits.memory, self._limits.cpu_seconds, self._limits.text)),
        )
        self._turns = asyncio.Semaphore(workers)
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()

    async def extract(self, name: str, data: bytes, /) -> Extracted:
        """Return the text of a document; its bytes, and then the ending of its name, say what it is.

        Raises:
            Invalid: it cannot be read; the message says why.
            Unavailable: no worker can be started.

        """
        async with self._turns:
            try:
                answer = await self._attempt(name, data)
            except _Crashed:
                # Perhaps the worker was killed for another reason: the document gets a second, fresh one.
                try:
                    answer = await self._attempt(name, data)
                except _Crashed as error:
                    code = READER_KILLED if error.killed else None
                    raise Invalid(f"could not read: its reader {error}", code=code) from error
        return _extracted(answer)

    async def close(self) -> None:
        """End every worker."""
        for worker in tuple(self._all):
            await self._end(worker)

    async def _attempt(self, name: str, data: bytes) -> dict[str, Any]:
        worker = self._idle.pop() if self._idle else await self._start()
        keep = False
        try:
            async with asyncio.timeout(self._limits.seconds):
                answer = await self._exchange(worker, name, data)
            worker.done += 1
            grown = not isinstance(used := answer.get("memory"), int) or used > self._limits.grown
            keep = not grown and worker.done < self._limits.documents
            return answer
        except TimeoutError as error:
            raise Invalid(f"could not read: it took longer than {self._limits.seconds:g} seconds") from error
        finally:
            if keep:
                self._idle.append(worker)
            else:
                await self._end(worker)

    async def _start(self) -> _Worker:
        environment = {
            "PYTHONPATH": _SOURCE,
            "MALLOC_ARENA_MAX": "2",
            "RAYON_NUM_THREADS": "1",
            "OMP_THREAD_LIMIT": "1",
            "LC_ALL": "C.UTF-8",
        }
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=environment,
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise Unavailable(f"no process for reading documents can be started: {error.strerror}") from error
        if process.stdin is None or process.stdout is None:
            raise Unavailable("the process for reading documents has no pipes")
        worker = _Worker(process, process.stdin, process.stdout)
        self._all.add(worker)
        return worker

    async def _exchange(self, worker: _Worker, name: str, data: bytes) -> dict[str, Any]:
        encoded = name.rpartition("/")[2].encode("utf-8", "replace")
        try:
            worker.stdin.write(struct.pack(">II", len(encoded), len(data)) + encoded)
            worker.stdin.write(data)
            await worker.stdin.drain()
            (length,) = struct.unpack(">I", await worker.stdout.readexactly(4))
            if length > 4 * self._limits.text + 1_000_000:
                raise _Crashed("answered with too much")
            answer = await asyncio.to_thread(json.loads, await worker.stdout.readexactly(length))
        except (OSError, asyncio.IncompleteReadError) as error:
            raise await _cause(worker.process) from error
        except ValueError as error:
            raise _Crashed("answered with something malformed") from error
        if not isinstance(answer, dict):
            raise _Crashed("answered with something malformed")
        return answer

    async def _end(self, worker: _Worker) -> None:
        self._all.discard(worker)
        if worker in self._idle:
            self._idle.remove(worker)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(worker.process.pid, signal.SIGKILL)
        worker.stdin.close()
        await worker.process.wait()


async def _cause(process: asyncio.subprocess.Process) -> _Crashed:
    try:
        async with asyncio.timeout(2):
            code = await process.wait()
    except TimeoutError:
        return _Crashed("stopped answering")
    if code == -signal.SIGXCPU:
        raise Invalid("could not read: it used up its processor time")
    if code < 0:
        how = f"crashed ({signal.Signals(-code).name}), perhaps for want of memory"
        return _Crashed(how, killed=code == -signal.SIGKILL)
    return _Crashed(f"ended with code {code}")


def _extracted(answer: dict[str, Any]) -> Extracted:
    """Return what a worker told. It has read what is hostile, so nothing in its answer is taken for granted."""
    why = answer.get("why")
    if isinstance(why, str):
        raise Invalid(f"could not read: {why}")
    try:
        text = _string(answer["text"])
        return Extracted(
            text,
            _string(answer["title"]),
            _strings(answer["notes"]),
            tuple(_part(part, text) for part in answer.get("parts", ())),
            tuple(_member(member, text) for member in answer.get("members", ())),
            _marks(answer.get("marks", ())),
            _strings(answer.get("unread", ())),
        )
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise Invalid("could not read: its reader answered with something malformed") from error


def _part(told: Any, text: str) -> Part:
    start, end, where, source, unseen = told
    _within(start, end, len(text))
    if source is None:
        return Part(start, end, _string(where), None, unseen is True)
    first, last = source  # it stands before what was decoded from it, so that tracing back ends
    _within(first, last, start)
    return Part(start, end, _string(where), (first, last), unseen is True)


def _member(told: Any, text: str) -> Member:
    path, start, end, title, problem, marks = told
    _within(start, end, len(text))
    return Member(_string(path), start, end, _string(title), _string(problem), _marks(marks))


def _within(start: Any, end: Any, most: int) -> None:
    if not (type(start) is type(end) is int and 0 <= start <= end <= most):
        raise ValueError("a stretch outside of the text")


def _marks(told: Any) -> tuple[tuple[str, str], ...]:
    return tuple((_string(name), _string(value)) for name, value in told)


def _strings(told: Any) -> tuple[str, ...]:
    return tuple(_string(one) for one in told)


def _string(told: Any) -> str:
    if not isinstance(told, str):
        raise TypeError("no string")
    return told
