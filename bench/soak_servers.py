"""What the soak runs against: an issuer, a model server, and a real `lockgate serve` in a process of its own."""

from __future__ import annotations

import asyncio
import ctypes
import random
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import aiohttp
from starlette.applications import Starlette
from starlette.routing import Mount

from bench import soak_upstream
from bench.soak_world import COLLECTION, FORBID, World
from lockgate.adapters.directory_file import DirectoryFile
from lockgate.adapters.policy_files import SHIPPED, PolicyFiles
from lockgate.adapters.service_keys import KeyFile, create
from lockgate.demo.issuer import DemoIssuer
from lockgate.edge.serve import listen, serving

_LIBC: Final = ctypes.CDLL(None)
_PR_SET_PDEATHSIG: Final = 1
AUDIENCE: Final = "lockgate-soak"
STEADY: Final = "steady.toml"
"""The same settings for commands: `lockgate.toml` is nonsense at times."""
CONFIGURATION: Final = """\
data = "state"
sync_seconds = 2
policies = "policies"
[server]
port = {port}
concurrency = 64
[identity]
issuer = "{issuer}"
audience = "{audience}"
directory = "directory.toml"
service_keys = "service-keys.json"
leeway_seconds = 0
[labels]
broad_people = 1000
[[applications]]
id = "lockgate-demo"
models = ["*"]
collections = ["*"]
purposes = ["*"]
ceiling = "restricted"
[[applications]]
id = "portal"
kind = "service"
collections = ["*"]
purposes = ["*"]
ceiling = "restricted"
[[collections]]
name = "{collection}"
path = "share"
rights = "manifest"
[[models]]
id = "extractive"
kind = "extractive"
users = ["everyone"]
ceiling = "restricted"
[[models]]
id = "one"
base_url = "{upstream}"
model = "one"
users = ["everyone"]
ceiling = "restricted"
stall_seconds = 4
[[models]]
id = "second"
enabled = true
base_url = "{upstream}"
model = "second"
users = ["everyone"]
ceiling = "restricted"
stall_seconds = 4
"""
ASSISTANT: Final = """\
[[assistants]]
id = "{id}"
model = "{model}"
collections = ["{collection}"]
users = ["everyone"]
"""


class Moved:
    """A clock that is moved, so that an issuer mints tokens that end soon, or have ended."""

    def __init__(self) -> None:
        self.by = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


@dataclass
class Servers:
    """What runs. `mint` returns a token of a person that ends after so many seconds, or ended before as many."""

    url: str
    gateway: asyncio.subprocess.Process
    session: aiohttp.ClientSession
    mint: Callable[[str, float], str]
    service: str

    async def stop(self) -> bool:
        """End the gateway as an operator does; tell whether it ended."""
        if self.gateway.returncode is not None:
            return True
        self.gateway.terminate()
        try:
            await asyncio.wait_for(self.gateway.wait(), 40)
        except TimeoutError:
            self.gateway.kill()
            return False
        return True


@asynccontextmanager
async def opened(world: World, out: Path, seed: int) -> AsyncIterator[Servers]:
    """Start everything over the files of a world; the gateway writes its log to `out`."""
    folder = world.folder
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(soak_upstream.serving(random.Random(seed)))
        bound = listen("127.0.0.1", 0)
        name = f"http://127.0.0.1:{bound.getsockname()[1]}/issuer"
        clock = Moved()
        issuer = DemoIssuer.start(name, AUDIENCE, DirectoryFile.open(folder / "directory.toml"), clock)
        app = Starlette(routes=[Mount("/issuer", issuer.app())])
        await stack.enter_async_context(serving(app, bound))
        with listen("127.0.0.1", 0) as free:
            port = int(free.getsockname()[1])
        text = CONFIGURATION.format(
            port=port,
            issuer=name,
            audience=AUDIENCE,
            collection=COLLECTION,
            upstream=f"http://127.0.0.1:{upstream.port}/v1",
        )
        pairs = [("quotes", "extractive"), ("first", "one"), ("second", "second")]
        text += "".join(ASSISTANT.format(id=a, model=m, collection=COLLECTION) for a, m in pairs)
        world.settings = text
        world.write("lockgate.toml", text)
        world.write(STEADY, text)
        _policies(folder)

        def mint(who: str, life: float) -> str:
            clock.by = timedelta(seconds=life) - timedelta(hours=8)
            return issuer.mint(who)

        log = stack.enter_context((out / "gateway.log").open("ab"))
        command = (sys.executable, "-m", "lockgate", "serve", "--config", str(folder / "lockgate.toml"))
        gateway = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log, preexec_fn=_mortal)
        session = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=60))
        )
        made = Servers(f"http://127.0.0.1:{port}", gateway, session, mint, _key(folder))
        stack.push_async_callback(made.stop)
        await _until_it_serves(made, out)
        yield made


def _mortal() -> None:
    """Have the gateway end with the soak, also where that is killed: it would hold the state of the next run."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _key(folder: Path) -> str:
    """Return a service key of an enforcement point that asks over AuthZEN."""
    file = KeyFile(folder / "service-keys.json")
    scopes, groups = frozenset({"decide"}), frozenset({"peps"})
    return create(file, "portal", "soak", scopes, groups, timedelta(days=2), datetime.now(UTC))[1]


def _policies(folder: Path) -> None:
    """Put the shipped policies beside ours, and see that our own rule is one that the gateway takes."""
    own = folder / "policies" / "90-your-own.cedar"
    held = own.read_text()
    shutil.copytree(SHIPPED, folder / "policies", dirs_exist_ok=True)
    own.write_text(FORBID)
    PolicyFiles.open(folder / "policies")
    own.write_text(held)


async def _until_it_serves(made: Servers, out: Path) -> None:
    for _ in range(600):
        if made.gateway.returncode is not None:
            raise RuntimeError(f"the gateway did not start: see {out / 'gateway.log'}")
        with suppress(aiohttp.ClientError):
            async with made.session.get(f"{made.url}/healthz") as response:
                if response.status == 200:
                    return
        await asyncio.sleep(0.2)
    raise RuntimeError("the gateway does not serve")
