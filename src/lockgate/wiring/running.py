"""A running Lockgate: its parts, its routes, its application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from lockgate.adapters.audit_reader import AuditReader
from lockgate.adapters.audit_sqlite import AuditLog
from lockgate.adapters.index_memory import MemoryIndex
from lockgate.adapters.policy_files import PolicyFiles
from lockgate.config import Settings
from lockgate.content.suggestion import Choices
from lockgate.edge.answering import Answering
from lockgate.edge.api import Door, PassagesApi
from lockgate.edge.app import application, routes
from lockgate.edge.audit_api import AuditApi
from lockgate.edge.body import Limits as Bounds
from lockgate.edge.classify_api import ClassifyApi
from lockgate.edge.embeddings_api import EmbeddingsApi
from lockgate.edge.exposure_api import ExposureApi
from lockgate.edge.findings_api import FindingsApi
from lockgate.edge.forget_api import ForgetApi
from lockgate.edge.mcp import McpDoor
from lockgate.edge.models_api import ModelsApi
from lockgate.edge.proof_api import ProofApi
from lockgate.edge.review_api import ReviewApi
from lockgate.edge.suggest_api import SuggestApi
from lockgate.edge.why_api import WhyApi
from lockgate.journeys.auditing import Auditing
from lockgate.journeys.chat import Chat
from lockgate.journeys.classify import Classify
from lockgate.journeys.discover import Discover
from lockgate.journeys.embed import Embed
from lockgate.journeys.enforce import Gate
from lockgate.journeys.exposure import Exposures
from lockgate.journeys.findings import Findings
from lockgate.journeys.fixing import Fixes
from lockgate.journeys.forget import Forget
from lockgate.journeys.ingest import Ingest
from lockgate.journeys.passages import Passages
from lockgate.journeys.proofs import Proofs
from lockgate.journeys.release import Release
from lockgate.journeys.review import Reviews
from lockgate.journeys.similar import Similar
from lockgate.journeys.suggest import Suggest
from lockgate.journeys.why import Why
from lockgate.ports import Clock, Connector, Directory, Embedder
from lockgate.wiring import decisions, resource
from lockgate.wiring.background import Background
from lockgate.wiring.categories import Categories
from lockgate.wiring.central import InForce
from lockgate.wiring.detectors import chosen, scanner
from lockgate.wiring.match import Detection
from lockgate.wiring.operations import Operations
from lockgate.wiring.rotation import Rotation


@dataclass(frozen=True, slots=True)
class Lockgate:
    """Everything that commands and servers use.

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
    embedder: Embedder
    gate: Gate
    ingest: Ingest
    detection: Detection
    chat: Chat
    release: Release
    passages: Passages
    reviews: Reviews
    exposures: Exposures
    fixes: Fixes
    findings: Findings
    why: Why
    forget: Forget
    rotation: Rotation
    operations: Operations
    categories: Categories
    background: Background

    def table(self) -> list[BaseRoute]:
        """Return the routes of the gateway."""
        server = self.settings.server
        limits = Bounds(
            server.body_bytes, server.body_seconds, server.messages, server.characters, server.upload_bytes
        )
        taxonomy = self.settings.labels.taxonomy
        door = Door(self.chat, limits, taxonomy)
        return routes(
            answering=Answering(self.chat, self.release, limits, taxonomy, self.operations.drain),
            embeddings=EmbeddingsApi(
                Embed(self.chat, self.release.standing, self.release.closing), limits, taxonomy
            ),
            models=ModelsApi(self.chat),
            door=door,
            passages=PassagesApi(door, self.passages, Discover(self.gate, self.index)),
            classify=ClassifyApi(
                door,
                Classify(
                    self.gate,
                    self.chat.labeler.turns,
                    self.ingest.rules,
                    scanner(chosen(self.settings)),
                    lambda: self.categories.sorter,
                ),
            ),
            why=WhyApi(self.exposures, self.why),
            forget=ForgetApi(door, self.forget),
            proofs=ProofApi(Proofs(self.gate, self.log)),
            audit=AuditApi(door, Auditing(self.gate, self.log)),
            reviews=ReviewApi(door, self.reviews),
            findings=FindingsApi(door, self.findings),
            suggest=SuggestApi(door, self._suggest()),
            exposure=ExposureApi(door, self.exposures, self.fixes, Similar(self.index, self.directory, self.gate)),
            mcp=McpDoor(door, self.passages, resource.address(self.stated)),
            authzen=decisions.api(self.stated, door, self.passages, self.chat.routes, self.directory, self.log),
            operations=self.operations.api(door),
            resource=resource.protected(self.stated),
        )

    def _suggest(self) -> Suggest:
        given = self.settings.suggestions
        return Suggest(
            self.chat,
            self.release,
            self.reviews,
            self.index,
            self.connectors,
            self.ingest.settler,
            self.ingest.changing,
            self.clock,
            Choices(self.settings.labels.taxonomy, {one.name: one.sensitivity for one in given.categories}),
            given.apply,
        )

    def app(self, *, more: Sequence[BaseRoute] = (), sync: bool = True) -> Starlette:
        """Return the application. While it serves, it watches files that bind, and syncs collections."""

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            tasks = [asyncio.create_task(one) for one in self.background.work(sync=sync)]
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
