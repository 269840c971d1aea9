"""Open everything in order, close it in reverse."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from lockgate.adapters.audit_reader import AuditReader
from lockgate.adapters.audit_sqlite import AuditLog
from lockgate.adapters.clock import SystemClock
from lockgate.adapters.directory_file import DirectoryFile
from lockgate.adapters.directory_none import NoDirectory
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.adapters.extraction.extractor import KreuzbergExtractor
from lockgate.adapters.history_sqlite import SqliteHistory
from lockgate.adapters.index_memory import MemoryIndex
from lockgate.adapters.keys import FileKeys
from lockgate.adapters.policy_files import SHIPPED, PolicyFiles, Reload
from lockgate.adapters.secret_file import load_ring
from lockgate.adapters.weights import Weights, default_folder, shipped
from lockgate.config import Settings
from lockgate.content.labeling import Limit
from lockgate.edge.answering import Answering
from lockgate.edge.api import Door, PassagesApi
from lockgate.edge.app import application, routes
from lockgate.edge.audit_api import AuditApi
from lockgate.edge.body import Limits as Bounds
from lockgate.edge.embeddings_api import EmbeddingsApi
from lockgate.edge.forget_api import ForgetApi
from lockgate.edge.mcp import McpDoor
from lockgate.edge.models_api import ModelsApi
from lockgate.edge.proof_api import ProofApi
from lockgate.edge.review_api import ReviewApi
from lockgate.edge.why_api import WhyApi
from lockgate.errors import LockgateError
from lockgate.journeys.auditing import Auditing
from lockgate.journeys.chat import Chat
from lockgate.journeys.conversation import TYPED, Labeler
from lockgate.journeys.discover import Discover
from lockgate.journeys.embed import Embed
from lockgate.journeys.enforce import Gate, Mode
from lockgate.journeys.exposure import Exposures
from lockgate.journeys.forget import Forget
from lockgate.journeys.ingest import Ingest
from lockgate.journeys.passages import Passages
from lockgate.journeys.proofs import Proofs
from lockgate.journeys.release import Release
from lockgate.journeys.retrieve import Retrieve
from lockgate.journeys.review import Reviews
from lockgate.journeys.routes import Routes
from lockgate.journeys.standing import Standing
from lockgate.journeys.why import Why
from lockgate.policy.registered import typed as typed_through
from lockgate.ports import Authenticator, Clock, Connector, Directory, Embedder
from lockgate.storage.group import GroupWriter
from lockgate.wiring import decisions, documents, forgetting, identity, resource, signing, start
from lockgate.wiring.acceptances import Acceptances
from lockgate.wiring.central import InForce
from lockgate.wiring.metering import metered
from lockgate.wiring.models import Models
from lockgate.wiring.operations import Operations, Watched
from lockgate.wiring.rotation import Rotation

LOG: Final = logging.getLogger("lockgate")
_PATIENCE: Final = timedelta(minutes=2)
"""After this a sync begins no further large document: other collections and what is new come first."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a caller puts in place of what the settings would open: the demo's people, a test's clock."""

    clock: Clock | None = None
    authenticator: Callable[[Clock, Directory], Authenticator] | None = None
    directory: Directory | None = None
    embedder: Embedder | None = None
    listens: tuple[str, int] | None = None


@dataclass(slots=True)
class Lockgate:
    """A running Lockgate: everything that commands and servers use.

    `stated` are the settings with the port that it listens on: what it says about itself to others.
    """

    settings: Settings
    stated: Settings
    in_force: InForce
    clock: Clock
    directory: Directory
    policies: PolicyFiles
    audit: AuditLog
    log: AuditReader
    index: MemoryIndex
    connectors: Mapping[str, Connector]
    gate: Gate
    ingest: Ingest
    chat: Chat
    release: Release
    passages: Passages
    reviews: Reviews
    exposures: Exposures
    why: Why
    forget: Forget
    rotation: Rotation
    signing: signing.Signing
    history: SqliteHistory
    embedder: Embedder
    weights: Weights
    operations: Operations

    def table(self) -> list[BaseRoute]:
        """Return the routes of the gateway."""
        server = self.settings.server
        limits = Bounds(
            server.body_bytes, server.body_seconds, server.messages, server.characters, server.upload_bytes
        )
        taxonomy = self.settings.labels.taxonomy
        door = Door(self.chat, limits, taxonomy)
        asked = decisions.api(self.stated, door, self.passages, self.chat.routes, self.directory, self.log)
        more = resource.protected(self.stated).routes() + ForgetApi(door, self.forget).routes()
        more += self.operations.api(door).routes()
        more += AuditApi(door, Auditing(self.gate, self.log)).routes()
        return more + routes(
            Answering(self.chat, self.release, limits, taxonomy, self.operations.drain),
            EmbeddingsApi(Embed(self.chat, self.release.standing), limits, taxonomy),
            ModelsApi(self.chat),
            door,
            PassagesApi(door, self.passages, Discover(self.gate, self.index)),
            ProofApi(Proofs(self.gate, self.log)),
            ReviewApi(door, self.reviews, self.exposures),
            WhyApi(self.exposures, self.why),
            McpDoor(door, self.passages, resource.address(self.stated)),
            asked,
        )

    def app(self, *, more: Sequence[BaseRoute] = (), sync: bool = True) -> Starlette:
        """Return the application. While it serves, it watches files that bind, and syncs collections."""
        work: list[Coroutine[Any, Any, object]] = []

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            work.extend(self._watch(sync))
            tasks = [asyncio.create_task(one) for one in work]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await self._recorded()

        table = [*more, *self.table()]
        return application(table, lifespan, resource.protected(self.stated), self.operations.observers)

    async def _recorded(self) -> None:
        """Wait until the end of every answer is recorded: some end only when nobody holds them any more."""
        for _ in range(3):
            await asyncio.sleep(0)
        while self.release.closing:
            await asyncio.wait(self.release.closing)

    def _watch(self, sync: bool) -> list[Coroutine[Any, Any, object]]:
        watchers: list[Coroutine[Any, Any, object]] = [
            self.in_force.watch(),
            self.policies.watch(_told),
            self.rotation.watch(),
            self.signing.watch(),
        ]
        if isinstance(self.directory, DirectoryFile):
            watchers.append(self.directory.watch(_read_again))
        if sync:
            watchers += [self._try("start", self._look_once()), self._sync_forever()]
        return watchers

    async def _look_once(self) -> None:
        """Log what will fail as things are: better now than at the first question."""
        for problem in await start.problems(self.settings, self.embedder, self.weights):
            LOG.warning("start: %s", problem)

    async def _sync_forever(self) -> None:
        """Sync every collection, again and again. A source that fails is tried again next time."""
        while True:
            for connector in self.connectors.values():
                if not await self._try(f"sync of {connector.name}", self._sync(connector)):
                    self.operations.sync_failed(connector.name)
            oldest = self.clock.now() - timedelta(days=self.settings.labels.history_days)
            await self._try("forgetting of history", self.history.forget(oldest))
            await asyncio.sleep(self.settings.sync_seconds)

    async def _sync(self, connector: Connector) -> None:
        """Bring a collection in step, and log what changed: somebody who starts a server waits for that line."""
        done = await self.ingest.run(connector, patience=_PATIENCE)
        self.operations.sync_done(done, self.clock.now())
        if done.stored or done.removed or done.relabeled:
            counts = (done.seen, done.stored, done.relabeled, done.removed, len(done.problems))
            text = "sync of %s: %d items, %d read, %d with changed rights, %d removed, %d that nobody may read"
            LOG.info(text, connector.name, *counts)

    async def _try(self, what: str, work: Coroutine[Any, Any, object]) -> bool:
        """Do one piece of background work. Nothing that it raises may end the rounds; it is logged by name."""
        try:
            await work
            return True
        except LockgateError as error:
            LOG.warning("%s: %s%s", what, error, f" ({error.remedy})" if error.remedy else "")
        except Exception as error:
            LOG.warning("%s: defect: %s", what, type(error).__name__)
        return False


@asynccontextmanager
async def open_lockgate(settings: Settings, parts: Parts | None = None) -> AsyncIterator[Lockgate]:
    """Open everything that the settings describe.

    Raises:
        Conflict: another process works on this state folder.
        Invalid: policies or settings are wrong.
        Unavailable: the state folder, a key or a database cannot be used.

    """
    given = parts or Parts()
    state, stated = settings.data, resource.at(settings, given.listens)
    await asyncio.to_thread(start.state, state)
    clock = given.clock or SystemClock()
    async with AsyncExitStack() as stack:
        directory = given.directory or _directory(settings)
        policies = PolicyFiles.open(settings.policies or SHIPPED)
        writer = GroupWriter.start("writer")  # one for both: what a request makes durable is waited for once
        stack.callback(writer.close)
        audit = await asyncio.to_thread(signing.open_log, settings, writer)
        stack.push_async_callback(audit.close)
        operations = Operations.open(settings, stack)
        sink = operations.tapped(audit)
        log = AuditReader.open(audit.path)
        stack.callback(log.close)
        history = SqliteHistory.open(state / "history.db", writer)
        stack.callback(history.close)
        keys = FileKeys.open(state / "keys" / "master.key")
        index = await MemoryIndex.open(state / "index", keys)
        stack.push_async_callback(index.close)
        weights = Weights(settings.models_folder or default_folder(), shipped())
        embedder = given.embedder or MiniLmEmbedder(weights)
        extractor = KreuzbergExtractor()
        stack.push_async_callback(extractor.close)
        models = Models(embedder, weights, operations.traces)
        stack.push_async_callback(models.close)
        in_force = InForce(settings, models, sink, clock, Acceptances.open(state, sink, clock))
        gate = Gate(
            lambda: policies.current,
            sink,
            Mode(settings.mode),
            lambda: in_force.central,
            lambda: in_force.applications,
            await metered(in_force, sink, log, clock),
        )
        known = directory if settings.identity.directory else None
        if given.authenticator is not None:
            come = identity.Opened(given.authenticator(clock, directory))
        else:
            come = await identity.authenticator(settings, clock, known, stack)
        authenticator = identity.registered(
            stated, come.authenticator, lambda: in_force.applications, clock, given.directory or known
        )
        connectors = documents.connectors(settings, directory)
        limit = Limit(settings.labels.broad_share, settings.labels.broad_people)
        changing = asyncio.Lock()
        ingest = Ingest(
            index,
            extractor,
            embedder,
            clock,
            sink,
            directory,
            limit=limit,
            lanes=settings.ingest_threads or _spare_cores(),
            most=settings.document_passages,
            changing=changing,
        )

        recheck = ingest.rechecker(connectors)
        typed = replace(TYPED, sensitivity=settings.labels.prompt)
        session = timedelta(hours=settings.labels.history_hours)
        life = timedelta(days=settings.labels.history_days)
        key, old = load_ring(state / "keys" / "history.key", clock.now(), life)
        labeler = Labeler(
            history,
            key,
            typed,
            session,
            lambda subject: typed_through(subject, in_force.applications),
            old,
        )
        retrieve = operations.traces.retrieve(Retrieve(gate, index, embedder, recheck, settings.passages))
        table = Routes(gate, lambda: in_force.table)
        operations.attach(Watched(settings, writer, history, index, policies, in_force, models, come.keys_known))
        yield Lockgate(
            settings=settings,
            stated=stated,
            in_force=in_force,
            clock=clock,
            directory=directory,
            policies=policies,
            audit=audit,
            log=log,
            index=index,
            connectors=connectors,
            gate=gate,
            ingest=ingest,
            chat=Chat(authenticator, clock, gate, table, labeler, retrieve),
            release=Release(clock, gate, labeler, Standing(authenticator, clock, gate, retrieve, table)),
            passages=Passages(gate, labeler, retrieve, connectors),
            reviews=Reviews(
                index,
                directory,
                gate,
                connectors,
                limit=limit,
                stewards=settings.labels.stewards,
                changing=changing,
            ),
            exposures=Exposures(index, directory, gate, limit),
            why=Why(index, gate, directory, clock, recheck),
            forget=forgetting.forget(state, index, labeler, embedder, gate, clock, changing, log),
            rotation=Rotation(state, keys, index, audit, clock),
            signing=signing.Signing(settings, audit, log, clock),
            history=history,
            embedder=embedder,
            weights=weights,
            operations=operations,
        )


def _spare_cores() -> int:
    """Return how many cores this process may use, without the one that questions need: 1 to 16.

    More would fill the pool of threads that questions need too.
    """
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(max(1, cores - 1), 16)


def _read_again(problem: str) -> None:
    """Log what became of a change of the directory file."""
    if problem:
        LOG.warning("directory: refused, what was read before stays in force: %s", problem)
    else:
        LOG.info("directory: read again")


def _told(seen: Reload) -> None:
    """Log what became of a change of the policies. Somebody must know when it is not in force."""
    if seen.error:
        LOG.warning("policies: refused, %s stays in force: %s", seen.version, seen.error)
    else:
        LOG.info("policies: %s is in force", seen.version)


def _directory(settings: Settings) -> Directory:
    path = settings.identity.directory
    return NoDirectory() if path is None else DirectoryFile.open(path)
