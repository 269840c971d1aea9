"""Open everything in order, close it in reverse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass

from lockgate.adapters.audit_reader import AuditReader
from lockgate.adapters.clock import SystemClock
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.adapters.extraction.extractor import KreuzbergExtractor
from lockgate.adapters.history_sqlite import SqliteHistory
from lockgate.adapters.index_memory import MemoryIndex
from lockgate.adapters.keys import FileKeys
from lockgate.adapters.policy_files import SHIPPED, PolicyFiles
from lockgate.adapters.punctual import Punctual
from lockgate.adapters.weights import Weights, default_folder, shipped
from lockgate.config import Settings
from lockgate.content.labeling import Limit
from lockgate.journeys.chat import Chat
from lockgate.journeys.enforce import Gate, Mode
from lockgate.journeys.findings import Findings
from lockgate.journeys.passages import Passages
from lockgate.journeys.release import Release
from lockgate.journeys.retrieve import Retrieve
from lockgate.journeys.routes import Routes
from lockgate.journeys.standing import Standing
from lockgate.journeys.why import Why
from lockgate.ports import Authenticator, Clock, Directory, Embedder
from lockgate.storage.group import GroupWriter
from lockgate.storage.threads import Looks, Threads
from lockgate.wiring import documents, forgetting, identity, prompts, resource, signing, start
from lockgate.wiring.acceptances import Acceptances
from lockgate.wiring.background import Background
from lockgate.wiring.central import InForce
from lockgate.wiring.judging import open_judgements
from lockgate.wiring.match import Detection, Watching
from lockgate.wiring.metering import metered
from lockgate.wiring.models import Models
from lockgate.wiring.operations import Operations, Watched
from lockgate.wiring.reviewing import open_reviewing
from lockgate.wiring.rotation import Rotation
from lockgate.wiring.running import Lockgate


@dataclass(frozen=True, slots=True)
class Parts:
    """What a caller puts in place of what the settings would open: the demo's people, a test's clock."""

    clock: Clock | None = None
    authenticator: Callable[[Clock, Directory], Authenticator] | None = None
    directory: Directory | None = None
    embedder: Embedder | None = None
    listens: tuple[str, int] | None = None


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
        # what must not wait for other work: looks for changes, and rights at the source
        looks = stack.enter_context(closing(Looks()))
        rights = stack.enter_context(closing(Threads("rights", 8)))

        # what is configured
        directory = given.directory or identity.open_directory(settings)
        policies = PolicyFiles.open(settings.policies or SHIPPED)
        detection = await asyncio.to_thread(Detection.open, state)

        # what is kept
        writer = GroupWriter.start("writer")  # one for both: what a request makes durable is waited for once
        stack.callback(writer.close)
        audit = await asyncio.to_thread(signing.open_log, settings, writer)
        stack.push_async_callback(audit.close)
        operations = Operations.open(settings, stack)
        sink = operations.tapped(audit)
        log = stack.enter_context(closing(AuditReader.open(audit.path)))
        history = stack.enter_context(closing(SqliteHistory.open(state / "history.db", writer)))
        keys = FileKeys.open(state / "keys" / "master.key")
        index = await MemoryIndex.open(state / "index", keys)
        stack.push_async_callback(index.close)
        judged = await asyncio.to_thread(open_judgements, settings, keys, stack)
        rotation = Rotation(state, keys, index, audit, clock)

        # models
        weights = Weights(settings.models_folder or default_folder(), shipped())
        embedder = given.embedder or stack.enter_context(closing(MiniLmEmbedder(weights)))
        extractor = KreuzbergExtractor()
        stack.push_async_callback(extractor.close)
        models = Models(embedder, weights, operations.traces)
        stack.push_async_callback(models.close)

        # who may do what
        in_force = InForce(settings, models, sink, clock, Acceptances.open(state, sink, clock), looks)
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
        everybody = identity.registered(
            stated, come.authenticator, lambda: in_force.applications, clock, given.directory or known
        )
        authenticator = Punctual(everybody, looks.fresh)
        operations.attach(
            Watched(settings, writer, history, index, policies, in_force, models, come.keys_known, looks)
        )

        # documents, and the gates of a question
        changing = asyncio.Lock()  # held by whoever changes what is known of documents
        limit = Limit(settings.labels.broad_share, settings.labels.broad_people)
        connectors = documents.open_connectors(settings, directory, rights, stack)
        ingest, categories = await documents.ingest(
            settings, index, extractor, embedder, clock, sink, directory, limit, changing, judged.sieve, detection
        )
        recheck = ingest.rechecker(connectors)
        labeler = prompts.labeler(settings, history, clock.now(), lambda: in_force.applications, detection.scan)
        retrieve = operations.traces.retrieve(
            Retrieve(gate, index, embedder, recheck, settings.passages, judged.sieve, detection.scan)
        )
        reviewing = open_reviewing(
            settings,
            index,
            keys,
            directory,
            gate,
            connectors,
            log,
            limit,
            changing,
            ingest.rules,
            detection.scan,
            stack,
        )
        table = Routes(gate, lambda: in_force.table)

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
            embedder=embedder,
            gate=gate,
            ingest=ingest,
            detection=detection,
            chat=Chat(authenticator, clock, gate, table, labeler, retrieve),
            release=Release(clock, gate, labeler, Standing(authenticator, clock, gate, retrieve, table)),
            passages=Passages(gate, labeler, retrieve, connectors, clock),
            reviews=reviewing.reviews,
            exposures=reviewing.exposures,
            fixes=reviewing.fixes,
            findings=Findings(index, gate, reviewing.reviews, judged.judgements, changing, detection.scan_many),
            why=Why(index, gate, directory, clock, recheck, reviewing.done),
            forget=forgetting.forget(state, index, labeler, embedder, gate, clock, changing, log),
            rotation=rotation,
            operations=operations,
            categories=categories,
            background=Background(
                settings=settings,
                clock=clock,
                in_force=in_force,
                policies=policies,
                directory=directory,
                rotation=rotation,
                signing=signing.Signing(settings, audit, log, clock),
                connectors=connectors,
                ingest=ingest,
                history=history,
                embedder=embedder,
                weights=weights,
                operations=operations,
                looks=looks,
                match=Watching(state, detection, sink, clock, looks),
                exposures=reviewing.exposures,
                categories=categories,
            ),
        )
