"""Serve a corpus for a bench: a whole Lockgate in this process, on loopback, with the extractive answerer."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.routing import Mount

from lockgate.adapters.clock import SystemClock
from lockgate.adapters.directory_file import DirectoryFile
from lockgate.adapters.oidc import OidcAuthenticator
from lockgate.config import parse
from lockgate.demo.client import Tokens
from lockgate.demo.issuer import DemoIssuer
from lockgate.demo.stage import CONNECTOR
from lockgate.edge.serve import listen, serving
from lockgate.ports import Embedder
from lockgate.wiring import Parts, open_lockgate

AUDIENCE = "lockgate-bench"
CONFIGURATION = """\
data = "{state}"
[server]
host = "127.0.0.1"
port = {port}
[identity]
directory = "{directory}"
[[collections]]
name = "{collection}"
path = "{share}"
rights = "manifest"
[[applications]]
id = "lockgate-demo"
models = ["*"]
collections = ["*"]
purposes = ["*"]
ceiling = "restricted"
[[models]]
id = "extractive"
kind = "extractive"
users = ["everyone"]
ceiling = "restricted"
[[assistants]]
id = "assistant"
model = "extractive"
collections = ["{collection}"]
users = ["everyone"]
"""


def starter(embedder: Embedder, say: Callable[[str], None], models: str = ""):
    """Return what `bench.usefulness.measure` starts a Lockgate with; `models` is more TOML of models."""

    @asynccontextmanager
    async def start(share: Path, directory: Path) -> AsyncIterator[tuple[str, Tokens]]:
        bound = listen("127.0.0.1", 0)
        port = int(bound.getsockname()[1])
        with tempfile.TemporaryDirectory(prefix="lockgate-bench-") as state:
            text = CONFIGURATION.format(
                state=state, port=port, directory=directory, share=share, collection=CONNECTOR
            )
            text += models
            clock, people = SystemClock(), DirectoryFile.open(directory)
            url = f"http://127.0.0.1:{port}"
            issuer = DemoIssuer.start(f"{url}/issuer", AUDIENCE, people, clock)
            parts = Parts(
                clock=clock,
                directory=people,
                embedder=embedder,
                authenticator=lambda _, known: OidcAuthenticator(issuer.settings, clock, issuer.fetch, known),
            )
            async with open_lockgate(parse(text, Path(state) / "lockgate.toml"), parts) as lockgate:
                for connector in lockgate.connectors.values():
                    report = await lockgate.ingest.run(connector)
                    say(f"{share.name}: {report}"[:200])
                more = [Mount("/issuer", issuer.app())]
                tokens: dict[str, str] = {}

                async def token(person: str) -> str:
                    return tokens.setdefault(person, issuer.mint(person))

                async with serving(lockgate.app(more=more, sync=False), bound):
                    yield url, token

    return start
