"""`lockgate serve` as a process of its own, started as a service manager does: with the socket in its hands."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp

from docs.tree import ROOT
from lockgate.adapters.audit_reader import AuditReader
from lockgate.adapters.clock import SystemClock
from lockgate.adapters.service_keys import KeyFile, create
from lockgate.audit.record import Record

CONFIGURATION = """
data = "state"
{top}
[server]
port = {port}
grace_seconds = {grace}
[identity]
service_keys = "keys.json"
[log]
format = "json"
[[applications]]
id = "client"
kind = "service"
models = ["*"]
collections = ["*"]
purposes = ["*"]
ceiling = "general"
[[applications]]
id = "prometheus"
kind = "service"
[[models]]
id = "big"
base_url = "{url}"
model = "big"
users = ["everyone"]
ceiling = "general"
"""


@dataclass
class Gateway:
    """A folder with a configuration, and the processes that served it."""

    folder: Path
    bound: socket.socket | None
    port: int
    keys: dict[str, str]
    running: subprocess.Popen[bytes] | None = None
    starts: int = 0
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *arguments: str) -> None:
        """Start one; its log goes to a file."""
        self.starts += 1
        command = [sys.executable, "-m", "lockgate", "serve", "--config", str(self.folder / "lockgate.toml")]
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src")} | self.environment
        with (self.folder / f"log{self.starts}").open("wb") as log:
            if self.bound is None:
                self.running = subprocess.Popen([*command, *arguments], env=environment, stdout=log, stderr=log)
                return
            fd = self.bound.fileno()
            script = f'exec 3<&{fd} && LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'
            self.running = subprocess.Popen(
                ["bash", "-c", script, "bash", *command, *arguments],
                env=environment,
                stdout=log,
                stderr=log,
                pass_fds=(fd,),
            )

    def signal(self, sign: int = signal.SIGTERM) -> None:
        assert self.running
        self.running.send_signal(sign)

    async def stopped(self, seconds: float = 30) -> int:
        """Return the exit code of the process that runs, once it has ended."""
        assert self.running
        return await asyncio.to_thread(self.running.wait, seconds)

    def log(self, number: int = 0) -> str:
        return (self.folder / f"log{number or self.starts}").read_text()

    def records(self) -> list[Record]:
        reader = AuditReader.open(self.folder / "state" / "audit.db")
        try:
            return [one.record for one in reader.entries()]
        finally:
            reader.close()

    async def up(self, session: aiohttp.ClientSession, seconds: float = 60) -> None:
        """Wait until it answers."""
        async with asyncio.timeout(seconds):
            while True:
                try:
                    async with session.get(f"{self.url}/healthz") as response:
                        if response.status == 200:
                            return
                except aiohttp.ClientError:
                    assert self.running is None or self.running.poll() is None, self.log()
                await asyncio.sleep(0.05)

    def ask(self, session: aiohttp.ClientSession, text: str, *, stream: bool = False) -> Any:
        body = {"model": "big", "messages": [{"role": "user", "content": text}], "stream": stream}
        headers = {"Authorization": f"Bearer {self.keys['client']}"}
        return session.post(f"{self.url}/v1/chat/completions", json=body, headers=headers)


@contextmanager
def gateway(folder: Path, url: str, *, held: bool, grace: float = 30, top: str = "") -> Iterator[Gateway]:
    """Yield a gateway in front of an upstream; `held`: the test holds its socket, as systemd would."""
    bound = socket.create_server(("127.0.0.1", 0), backlog=512)
    port = bound.getsockname()[1]
    if not held:
        bound.close()
    (folder / "lockgate.toml").write_text(CONFIGURATION.format(port=port, grace=grace, url=url, top=top))
    now, file = SystemClock().now(), KeyFile(folder / "keys.json")
    keys = {
        name: create(file, name, "ann", frozenset({scope}), frozenset(), timedelta(days=1), now)[1]
        for name, scope in (("client", "chat"), ("prometheus", "metrics"))
    }
    made = Gateway(folder, bound if held else None, port, keys)
    try:
        yield made
    finally:
        if made.running is not None and made.running.poll() is None:
            made.running.kill()
            made.running.wait()
        bound.close()


@asynccontextmanager
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """Yield a client that opens a connection for every request."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True, limit=0)) as session:
        yield session


def events(raw: bytes) -> list[Any]:
    """Return what a stream sent."""
    lines = [line.removeprefix("data: ") for line in raw.decode().splitlines() if line.startswith("data: ")]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]
