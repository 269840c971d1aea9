"""LlamaServer: where the local model is, for `OpenAiUpstream`; started when it is first asked for."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Final, Protocol

import aiohttp

import lockgate
from lockgate.errors import Unavailable

WEIGHTS: Final = "SmolLM2-135M-Instruct.Q4_1.gguf"
"""The file that is loaded, as `models.lock` names it."""

_SOURCE: Final = str(Path(lockgate.__file__).resolve().parent.parent)
_WORKER: Final = "lockgate.adapters.llama.worker"
_REPORT_BYTES: Final = 4096
_log = logging.getLogger(__name__)


class Files(Protocol):
    """Where checked weights come from (`adapters/weights.py`)."""

    def read(self, name: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on the server process.

    Attributes:
        context: tokens of prompt and answer together; about 23 kB of memory each.
        start: seconds until it must serve.
        stop: seconds that it gets to end by itself.
        crashes: so many within `window` seconds, and it is not started again until they are over.
        window: see `crashes`.

    """

    context: int = 4096
    start: float = 60.0
    stop: float = 5.0
    crashes: int = 3
    window: float = 60.0


@dataclass(frozen=True, slots=True)
class _Running:
    process: asyncio.subprocess.Process
    url: str
    key: str


class LlamaServer:
    """The small generative model in a process of its own; implements `openai_upstream.Endpoint`.

    The weights are hashed at every start, and the bytes that were hashed are the ones that are loaded: they reach
    the worker in sealed memory, not as a path. The key is new at every start and goes through a pipe. A worker
    that ended is started again by the next `locate`. It lives as long as the event loop that started it.

    Args:
        files: the models folder.
        limits: bounds on the process.
        command: what starts a worker; tests put worse ones in its place.

    """

    def __init__(self, files: Files, *, limits: Limits | None = None, command: Sequence[str] = ()) -> None:
        self._files, self._limits = files, limits or Limits()
        self._command = tuple(command) or (sys.executable, "-P", "-m", _WORKER)
        self._running: _Running | None = None
        self._starting: asyncio.Task[_Running] | None = None
        self._crashes: list[float] = []
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Return the process id of the server, None while there is none."""
        running = self._running
        return running.process.pid if running and running.process.returncode is None else None

    @property
    def failing(self) -> bool:
        """Tell whether it ended too often just now to be started again."""
        try:
            self._refuse_loop()
        except Unavailable:
            return True
        return False

    async def locate(self) -> tuple[str, str]:
        """Return base URL and key of the server, started if it is not there (about a second).

        Raises:
            Unavailable: the weights are missing or changed, `lockgate[local]` is not installed, it does not
                start, or it crashed too often just now.

        """
        if self._closed:
            raise Unavailable("the local model was shut down")
        running = self._running
        if running is None or running.process.returncode is not None:
            if self._starting is None:
                self._starting = asyncio.create_task(self._restart())
                self._starting.add_done_callback(lambda task: task.cancelled() or task.exception())
            starting = self._starting
            try:
                running = await asyncio.shield(starting)  # who gives up does not stop it for the others
            except asyncio.CancelledError:
                if self._closed and starting.cancelled():
                    raise Unavailable("the local model was shut down") from None
                raise
        return running.url, running.key

    async def close(self) -> None:
        """End the server for good; a running answer breaks off."""
        self._closed = True
        if (starting := self._starting) is not None:
            starting.cancel()
            await asyncio.wait([starting])
        if (running := self._running) is not None:
            self._running = None
            await self._end(running.process)

    async def _restart(self) -> _Running:
        try:
            if self._running is not None:
                self._crashed()
                await self._end(self._running.process)
                self._running = None
            self._refuse_loop()
            self._running = await self._start()
            return self._running
        finally:
            self._starting = None

    def _crashed(self) -> None:
        self._crashes = [*self._crashes, asyncio.get_running_loop().time()][-self._limits.crashes :]

    def _refuse_loop(self) -> None:
        since = asyncio.get_running_loop().time() - self._limits.window
        if sum(crash > since for crash in self._crashes) >= self._limits.crashes:
            raise Unavailable(
                f"the local model crashed {self._limits.crashes} times within {self._limits.window:g} seconds",
                remedy="try again in a minute; if it stays so, use another model and report it",
            )

    async def _start(self) -> _Running:
        if sys.platform != "linux":
            raise Unavailable("the local model runs on Linux only", remedy="configure an upstream model instead")
        sealing = asyncio.create_task(asyncio.to_thread(self._sealed))
        try:
            await asyncio.wait([sealing])
        except asyncio.CancelledError:
            await asyncio.wait([sealing])  # a thread cannot be stopped, and what it opened must be closed
            if sealing.exception() is None:
                sealing.result().close()
            raise
        with sealing.result() as weights:
            process = await self._spawn(weights.fileno())
        ready = False
        try:
            key = secrets.token_urlsafe(32)
            port = await self._port(process, key)
            ready = True
        finally:
            if not ready:
                await self._end(process)
        return _Running(process, f"http://127.0.0.1:{port}/v1", key)

    async def _spawn(self, weights: int) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
                *self._command,
                str(weights),
                str(self._limits.context),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                pass_fds=(weights,),
                env={
                    "PYTHONPATH": _SOURCE,
                    "OMP_NUM_THREADS": "1",
                    "OMP_WAIT_POLICY": "passive",
                    "MALLOC_ARENA_MAX": "2",
                    "LC_ALL": "C.UTF-8",
                },
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise Unavailable(f"no process for the local model can be started: {error.strerror}") from error

    def _sealed(self) -> FileIO:
        """Return memory that holds the checked weights and that nobody can change any more."""
        data = memoryview(self._files.read(WEIGHTS))
        memory = FileIO(os.memfd_create("weights", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING), "r+")
        try:
            while data:
                data = data[memory.write(data) :]
            seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
            fcntl.fcntl(memory, fcntl.F_ADD_SEALS, seals)
        except OSError as error:
            memory.close()
            raise Unavailable(f"no memory for the local model: {error.strerror}") from error
        return memory

    async def _port(self, process: asyncio.subprocess.Process, key: str) -> int:
        """Hand over the key, and wait until the worker says where it serves."""
        if process.stdin is None or process.stdout is None:
            raise Unavailable("the process of the local model has no pipes")
        try:
            async with asyncio.timeout(self._limits.start):
                process.stdin.write(json.dumps({"key": key}).encode() + b"\n")
                with contextlib.suppress(ConnectionError):  # it ended already: its report says why
                    await process.stdin.drain()
                port, uid = _report(await process.stdout.read(_REPORT_BYTES))
                await _healthy(port)
        except TimeoutError as error:
            self._crashed()
            raise Unavailable(f"the local model did not start within {self._limits.start:g} seconds") from error
        except ValueError as error:
            self._crashed()
            raise Unavailable(
                "the local model did not start",
                remedy="see whether memory is short: it needs 0.5 GB, and 3 GB of address space",
            ) from error
        user = "the same user as Lockgate" if uid == os.getuid() else f"user id {uid}"
        _log.info("the local model runs in process %d as %s", process.pid, user)
        return port

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is not None:
            process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(self._limits.stop):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _report(line: bytes) -> tuple[int, int]:
    """Return port and user id of a worker that serves. ValueError: it does not."""
    report = json.loads(line)
    report = report if isinstance(report, dict) else {}
    if report.get("missing"):
        raise Unavailable(
            "the local model needs packages that are not installed", remedy="pip install 'lockgate[local]'"
        )
    port, uid = report.get("port"), report.get("uid")
    if not isinstance(port, int) or not isinstance(uid, int) or not 0 < port < 65_536:
        raise ValueError
    return port, uid


async def _healthy(port: int) -> None:
    """Wait until the server says that the model is loaded."""
    async with aiohttp.ClientSession(trust_env=False) as session:
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"http://127.0.0.1:{port}/health", allow_redirects=False) as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.05)
