"""Run the demonstration: generate the organization, take it in, serve it with the page, play the story."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.routing import BaseRoute

from lockgate.adapters.clock import SystemClock
from lockgate.adapters.directory_file import DirectoryFile
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.adapters.oidc import OidcAuthenticator
from lockgate.adapters.page_key import address, new_key
from lockgate.adapters.weights import Weights, default_folder, shipped
from lockgate.config import Settings
from lockgate.content.exposure import NO_USAGE
from lockgate.demo import settings as configuration
from lockgate.demo.exposed import judged
from lockgate.demo.grounds import Manifest, Members
from lockgate.demo.hands import Hands
from lockgate.demo.issuer import DemoIssuer
from lockgate.demo.organization import SEED, Organization, generate
from lockgate.demo.page_host import OrganizationHost
from lockgate.demo.page_routes import PageApi
from lockgate.demo.place import clear, remove
from lockgate.demo.story import play
from lockgate.edge.body import Limits
from lockgate.edge.serve import listen, serving
from lockgate.journeys.ingest import Progress
from lockgate.ports import Embedder
from lockgate.wiring import Lockgate, Parts, open_lockgate

AUDIENCE: Final = "lockgate-demo"
HR: Final = frozenset({"hr"})
Say = Callable[[str], None]


def fetch_weights(say: Say) -> Weights:
    """Return the models folder with every pinned file in it, downloaded where it was missing."""
    weights = Weights(default_folder(), shipped())
    for one in weights.catalog:
        weights.fetch(one.name, say)
    return weights


@dataclass(slots=True)
class Stage:
    """What runs: the gateway, its address, the issuer of its tokens, the organization on disk, the page's key."""

    lockgate: Lockgate
    issuer: DemoIssuer
    base_url: str
    organization: Organization
    manifest: Manifest
    key: str

    @property
    def page(self) -> str:
        """The address of the page, with its key."""
        return address(self.base_url, self.key)


@asynccontextmanager
async def stage(
    folder: Path,
    bound: socket.socket,
    embedder: Embedder,
    say: Say,
    *,
    mode: str = "enforce",
    issuer: DemoIssuer | None = None,
    without: frozenset[str] = frozenset(),
) -> AsyncIterator[Stage]:
    """Generate an organization into a folder, take its documents in, and serve it.

    The demonstration always begins with the same organization, so what an earlier one left in
    the folder is replaced, and a folder of anything else is refused. With an
    `issuer`, its tokens are accepted and no page is served: that is the twin.
    """
    port = int(bound.getsockname()[1])
    clear(folder)
    organization = generate(folder, SEED, without=without)
    settings: Settings = configuration.write(folder, port=port, mode=mode)
    clock, directory = SystemClock(), DirectoryFile.open(organization.directory)
    configuration.accept_risks(settings, clock.now())
    base_url = f"http://127.0.0.1:{port}"
    provider = issuer or DemoIssuer.start(f"{base_url}/issuer", AUDIENCE, directory, clock)
    parts = Parts(
        clock=clock,
        directory=directory,
        embedder=embedder,
        authenticator=lambda _, people: OidcAuthenticator(provider.settings, clock, provider.fetch, people),
    )
    async with open_lockgate(settings, parts) as lockgate:
        for connector in lockgate.connectors.values():
            await lockgate.ingest.run(connector, progress(say))
        manifest, key = Manifest(organization.share), new_key()
        more: list[BaseRoute] = []
        if issuer is None:
            members = Members(organization.directory)
            host = OrganizationHost(lockgate, provider, organization.share, manifest, members)
            more = PageApi(host, Limits(), key).routes()
        async with serving(lockgate.app(more=more, sync=False), bound):
            yield Stage(lockgate, provider, base_url, organization, manifest, key)


def progress(say: Say) -> Callable[[Progress], None]:
    """Return a watcher of an ingest that says something about twice a second of documents."""
    told = 0

    def watch(now: Progress) -> None:
        nonlocal told
        if now.phase == "read" and now.total and (now.done == now.total or now.done >= told + 25):
            told = now.done
            say(f"  read {now.done} of {now.total} documents, {now.passages} passages, {now.rate:.0f}/s")

    return watch


@asynccontextmanager
async def demonstration(folder: Path, port: int, mode: str, say: Say) -> AsyncIterator[Stage]:
    """Run the demonstration with real models; yields once it can be asked."""
    embedder = MiniLmEmbedder(fetch_weights(say))
    await embedder.open()
    async with stage(folder, listen("127.0.0.1", port), embedder, say, mode=mode) as running:
        yield running


class _Held:
    """Prints lines, or keeps them while no file may grow: standard output may be one."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._holding = False
        self._lines: list[str] = []

    def __call__(self, line: str) -> None:
        if self._holding:
            self._lines.append(line)
        else:
            self._say(line)

    def hold(self, holding: bool) -> None:
        """Keep lines from now on, or print what was kept."""
        self._holding = holding
        if not holding:
            lines, self._lines = self._lines, []
            for line in lines:
                self._say(line)


async def check(running: Stage, folder: Path, say: Say) -> bool:
    """Hold the list of exposure against what was planted, then play the story; tell whether all was as told."""
    listed = await asyncio.to_thread(_exposed, running, say)
    held = _Held(say)
    twins = folder.with_name(f"{folder.name}-twin")
    async with AsyncExitStack() as stack:

        async def start_twin() -> str:
            held("  (starting the twin without the documents of HR)")
            context = stage(
                twins,
                listen("127.0.0.1", 0),
                running.lockgate.embedder,
                lambda _: None,
                issuer=running.issuer,
                without=HR,
            )
            return (await stack.enter_async_context(context)).base_url

        hands = Hands(running.lockgate, running.issuer, running.manifest, folder, start_twin, held.hold)
        report = await play(running.base_url, hands, running.organization, held)
    remove(twins)
    return listed and not report.differences


def _exposed(running: Stage, say: Say) -> bool:
    """Tell how much of the planted mess is listed as exposed, and whether that is enough."""
    documents = running.lockgate.index.documents()
    told = judged(running.organization.documents, documents, running.lockgate.exposures.look(documents, NO_USAGE))
    say(f"\nExposure: {told}")
    for path in told.missed:
        say(f"    missed {path}")
    return told.good
