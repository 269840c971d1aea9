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
from lockgate.ports import Extracted

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
    """The worker ended in the middle of a document."""


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
        """Return the text of a document; the ending of its name says what it is.

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
                    raise Invalid(f"could not read: its reader {error}") from error
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
            raise _Crashed(await _cause(worker.process)) from error
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


async def _cause(process: asyncio.subprocess.Process) -> str:
    try:
        async with asyncio.timeout(2):
            code = await process.wait()
    except TimeoutError:
        return "stopped answering"
    if code == -signal.SIGXCPU:
        raise Invalid("could not read: it used up its processor time")
    if code < 0:
        return f"crashed ({signal.Signals(-code).name}), perhaps for want of memory"
    return f"ended with code {code}"


def _extracted(answer: dict[str, Any]) -> Extracted:
    why, text, title, notes = (answer.get(key) for key in ("why", "text", "title", "notes"))
    if isinstance(why, str):
        raise Invalid(f"could not read: {why}")
    if not isinstance(text, str) or not isinstance(title, str) or not isinstance(notes, list):
        raise Invalid("could not read: its reader answered with something malformed")
    return Extracted(text, title, tuple(str(note) for note in notes))
