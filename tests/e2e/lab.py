"""A Lockgate of a test's own: an ordinary `lockgate.toml`, real files, a real server in a thread."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from starlette.routing import Mount

from lockgate.adapters.clock import SystemClock
from lockgate.adapters.credentials import ByPrefix
from lockgate.adapters.directory_file import DirectoryFile
from lockgate.adapters.oidc import OidcAuthenticator
from lockgate.adapters.service_keys import PREFIX, KeyFile, ServiceKeyAuthenticator
from lockgate.audit.entry import Entry
from lockgate.audit.record import Record
from lockgate.config import parse
from lockgate.demo.client import Client, Reply
from lockgate.demo.issuer import DemoIssuer
from lockgate.demo.run import AUDIENCE
from lockgate.edge.serve import listen, serving
from lockgate.ports import Embedder
from lockgate.wiring import Lockgate, Parts, open_lockgate

T = TypeVar("T")

PEOPLE: Mapping[str, Sequence[str]] = {
    "staff": ("engineering",),
    "owner": ("sales",),
    "hr": ("hr",),
    "steward": ("sales", "stewards"),
    "admin": ("it", "admins"),
    "auditor": ("legal", "auditors"),
    "outsider": ("contractors",),
}
"""One person for each role; the name says which."""

DIRECTORY = (
    "complete = true\n"
    + "".join(f"[people.{who}]\ngroups = {json.dumps(list(groups))}\n" for who, groups in PEOPLE.items())
    + '[groups.staff]\ngroups = ["engineering", "sales", "hr", "it", "legal"]\n'
)

MANIFEST = """\
version = 1
[[rule]]
match = ["handbook/**"]
readers = ["group:staff"]
owners = ["user:owner"]
sensitivity = "general"
[[rule]]
match = ["hr/**"]
readers = ["group:hr"]
owners = ["user:hr"]
sensitivity = "restricted"
[[rule]]
match = ["loose/**"]
readers = ["group:staff"]
owners = ["user:owner"]
[[rule]]
match = ["noai/**"]
readers = ["group:staff"]
owners = ["user:owner"]
sensitivity = "general"
forbidden_uses = ["ai"]
"""

FILES: Mapping[str, str] = {
    "handbook/gifts.md": "# Gifts\n\nGifts from suppliers may be accepted up to a value of 35 EUR per year.\n",
    "handbook/travel.md": "# Travel\n\nTrips by rail are booked in second class below four hours.\n",
    "hr/salaries.md": "# Salaries\n\nThe base salary of Goran Ilic in 2026 is 61,387 EUR per year.\n",
    "loose/plan.md": "# Plan\n\nThe move to the harbor office is planned for the second week of May.\n",
    "noai/minutes.md": "# Minutes\n\nThe board met on the lighthouse and chose the color heliotrope.\n",
}

CONFIGURATION = """\
mode = "{mode}"
data = "state"
sync_seconds = 86400
{top}
[server]
port = {port}
[identity]
directory = {directory}
[[applications]]
id = "lockgate-demo"
models = ["*"]
collections = ["*"]
purposes = ["*"]
ceiling = "restricted"
[[applications]]
id = "etl"
kind = "service"
models = ["*"]
collections = ["*"]
purposes = ["*"]
ceiling = "restricted"
[[collections]]
name = "brightwater"
path = {share}
rights = "manifest"
[[models]]
id = "extractive"
kind = "extractive"
users = ["everyone"]
ceiling = "restricted"
[[assistants]]
id = "assistant"
model = "extractive"
collections = ["brightwater"]
users = ["everyone"]
{models}
"""


class Clock:
    """The system's clock, moved."""

    def __init__(self, moved: timedelta = timedelta()) -> None:
        self.moved = moved
        self._system = SystemClock()

    def now(self) -> datetime:
        return self._system.now() + self.moved


@dataclass
class Lab:
    """What runs, and how to talk to it."""

    lockgate: Lockgate
    issuer: DemoIssuer
    url: str
    folder: Path
    share: Path
    directory: DirectoryFile
    clock: Clock
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    tokens: dict[str, str] = field(default_factory=dict)

    def token(self, person: str) -> str:
        return self.tokens.setdefault(person, self.issuer.mint(person))

    def short_token(self, person: str, life: timedelta) -> str:
        """Return a token that expires that soon: the issuer's own, minted with a clock that is behind."""
        behind = Clock(life - timedelta(hours=8))
        issuer = DemoIssuer(self.issuer.issuer, AUDIENCE, self.directory, behind, self.issuer._key)
        return issuer.mint(person)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the loop of the server."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(120)

    def sync(self) -> None:
        for connector in self.lockgate.connectors.values():
            self.run(self.lockgate.ingest.run(connector))


def plant(folder: Path, files: Mapping[str, str] = FILES, directory: str = DIRECTORY) -> None:
    """Write a share and a directory."""
    for name, text in {**files, ".lockgate-access.toml": MANIFEST}.items():
        path = folder / "share" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "directory.toml").write_text(directory)


@asynccontextmanager
async def opened(
    folder: Path,
    embedder: Embedder,
    *,
    share: Path | None = None,
    directory: Path | None = None,
    models: str = "",
    mode: str = "enforce",
    top: str = "",
    issuer: DemoIssuer | None = None,
) -> AsyncIterator[Lab]:
    """Open and serve a Lockgate over a folder; its state stays there, so that it can be opened again."""
    share, listed = share or folder / "share", directory or folder / "directory.toml"
    bound = listen("127.0.0.1", 0)
    port = int(bound.getsockname()[1])
    text = CONFIGURATION.format(
        mode=mode,
        port=port,
        top=top,
        models=models,
        share=json.dumps(str(share)),
        directory=json.dumps(str(listed)),
    )
    (folder / "lockgate.toml").write_text(text)
    clock, people = Clock(), DirectoryFile.open(listed)
    url = f"http://127.0.0.1:{port}"
    provider = issuer or DemoIssuer.start(f"{url}/issuer", AUDIENCE, people, clock)
    services = ServiceKeyAuthenticator(KeyFile(folder / "service-keys.json"), clock)
    parts = Parts(
        clock=clock,
        directory=people,
        embedder=embedder,
        authenticator=lambda _, known: ByPrefix(
            OidcAuthenticator(provider.settings, clock, lambda address: provider.fetch(address), known),
            {PREFIX: services},
        ),
    )
    async with open_lockgate(parse(text, folder / "lockgate.toml"), parts) as lockgate:
        for connector in lockgate.connectors.values():
            await lockgate.ingest.run(connector)
        async with serving(lockgate.app(more=[Mount("/issuer", provider.app())], sync=False), bound):
            yield Lab(lockgate, provider, url, folder, share, people, clock)


@contextmanager
def in_thread(open: Callable[[], AbstractAsyncContextManager[T]], seconds: float = 280) -> Iterator[T]:
    """Hold an async context open in a thread with a loop of its own, so that tests can use blocking clients."""
    ready: list[T] = []
    failed: list[BaseException] = []
    started, stop = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def hold() -> None:
        async with open() as value:
            ready.append(value)
            loops.append(asyncio.get_running_loop())
            started.set()
            await stop.wait()

    def work() -> None:
        try:
            asyncio.run(hold())
        except BaseException as error:
            failed.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=work, name="served")
    thread.start()
    started.wait(seconds)
    if failed or not ready:
        thread.join(5)
        raise failed[0] if failed else TimeoutError("it did not start")
    try:
        yield ready[0]
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join(60)
    if failed:
        raise failed[0]


@asynccontextmanager
async def talking(url: str, token: Callable[[str], str]) -> AsyncIterator[Client]:
    """Yield a client of this address, for any person."""

    async def mint(person: str) -> str:
        return token(person) if person else ""

    async with aiohttp.ClientSession() as session:
        yield Client(session, url, mint)


async def streamed(client: Client, person: str, body: dict[str, Any]) -> tuple[int, list[Any], str]:
    """Return status, parsed events and text of a streamed chat; a stream that was closed well ends in `[DONE]`."""
    headers = {"Authorization": f"Bearer {await client.token(person)}"}
    url = client.base_url + "/v1/chat/completions"
    async with client.session.post(url, json=body | {"stream": True}, headers=headers) as response:
        raw = await response.text()
    lines = [line.removeprefix("data: ") for line in raw.splitlines() if line.startswith("data: ")]
    events = [line if line == "[DONE]" else json.loads(line) for line in lines]
    text = "".join(
        choice["delta"].get("content") or ""
        for event in events
        if isinstance(event, dict)
        for choice in event.get("choices", ())
    )
    return response.status, events, text


def records(lockgate: Lockgate, request_id: str) -> list[Record]:
    """Return what the log holds about one request."""
    found: list[Entry] = lockgate.log.by_request(request_id)
    return [entry.record for entry in found]


def request_id(reply: Reply) -> str:
    return reply.headers["lockgate-request-id"]
