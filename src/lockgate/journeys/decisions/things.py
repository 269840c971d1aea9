"""The resources that can be asked about, as they are at this moment."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from lockgate.audit.entry import Entry
from lockgate.audit.record import Kind
from lockgate.content.document import Document, document_id
from lockgate.errors import LockgateError
from lockgate.flow.resources import document_resource
from lockgate.journeys.decisions.model import Entity
from lockgate.journeys.exposure import EXPOSURE
from lockgate.journeys.proofs import AUDIT
from lockgate.journeys.retrieve import Recheck
from lockgate.journeys.routes import Routes, gone, model_resource
from lockgate.labels.label import PUBLIC, join_all
from lockgate.policy.model import Action, Resource
from lockgate.ports import Index

DECISIONS: Final = Resource(
    "system", "decisions", PUBLIC, reviewed=True, held=False, source_readers=PUBLIC.readers
)
"""Decisions about others: whoever may administer it is an enforcement point."""
SIGNALS: Final = Resource("system", "signals", PUBLIC, reviewed=True, held=False, source_readers=PUBLIC.readers)
"""Signals about others: whoever may administer it is believed."""
SYSTEMS: Final[Mapping[str, Resource]] = {one.id: one for one in (AUDIT, DECISIONS, EXPOSURE, SIGNALS)}
SUITS: Final[Mapping[str, tuple[Action, ...]]] = {
    "answer": (Action.APPROVE, Action.EMIT),
    "document": (Action.APPROVE, Action.DISCOVER, Action.DOWNGRADE, Action.READ),
    "model": (Action.PROMPT,),
    "system": (Action.ADMINISTER,),
}
"""What can be done to each type of resource; all else is denied. Each in the order of names."""
_AT_ONCE: Final = 16


class Records(Protocol):
    """What is read of the log. Blocking: called in a thread."""

    def by_request(self, request_id: str) -> list[Entry]: ...


@dataclass(frozen=True, slots=True)
class Thing:
    """A resource; a model of several upstreams is tried in their order. None at all: it is not known."""

    id: str
    origin: str
    choices: tuple[Resource, ...] = ()


@dataclass(frozen=True, slots=True)
class Things:
    """Finds resources."""

    index: Index
    routes: Routes
    log: Records
    recheck: Recheck

    async def find(self, entities: Sequence[Entity]) -> dict[tuple[str, str], Thing]:
        """Return each by type and id, with its rights and label as they are now."""
        turns = asyncio.Semaphore(_AT_ONCE)

        async def one(entity: Entity) -> Thing:
            async with turns:
                return await self._find(entity)

        wanted = {(entity.type, entity.id): entity for entity in entities}
        return dict(zip(wanted, await asyncio.gather(*map(one, wanted.values())), strict=True))

    async def _find(self, entity: Entity) -> Thing:
        match entity.type:
            case "document":
                return await self._document(entity.id)
            case "model":
                return self._model(entity.id)
            case "answer":
                return await self._answer(entity.id)
            case "system" if entity.id in SYSTEMS:
                return Thing(entity.id, "configuration", (SYSTEMS[entity.id],))
        return Thing(entity.id, "unknown")

    async def _document(self, name: str) -> Thing:
        connector, _, item = name.partition("/")
        known = self.index.document(name) or self.index.document(document_id(connector, item))
        # For what does not exist, the source is asked about another: otherwise the time would tell what exists.
        asked = known or self._another(name)
        current = await self.current(asked) if asked is not None else None
        if known is None or current is None:
            return Thing(name, "unknown")
        return Thing(known.id, "source and catalogue", (document_resource(current),))

    async def current(self, document: Document) -> Document | None:
        """Return a document as its source shows it now; None if it is gone or the source cannot be asked."""
        try:
            return await self.recheck(document)
        except LockgateError:
            return None

    def _another(self, name: str) -> Document | None:
        documents = self.index.documents()
        return documents[zlib.crc32(name.encode()) % len(documents)] if documents else None

    def _model(self, name: str) -> Thing:
        table = self.routes.table()
        route = table.routes.get(name)
        if route is None:
            return Thing(name, "unknown")
        known = ((one, table.upstreams.get(one)) for one in route.upstreams)
        choices = (gone(one) if found is None else model_resource(found.card, route.users) for one, found in known)
        return Thing(name, "configuration", tuple(choices))

    async def _answer(self, name: str) -> Thing:
        entries = await asyncio.to_thread(self.log.by_request, name)
        labels = [
            one.record.label
            for one in entries
            if one.record.label is not None
            and (one.record.resource_type, one.record.resource_id) == ("answer", name)
            and (one.record.kind is Kind.ANSWER or one.record.effect == "permit")
        ]
        if not labels:
            return Thing(name, "unknown")
        label = join_all(labels)
        found = Resource("answer", name, label, reviewed=True, held=False, source_readers=label.readers)
        return Thing(name, "audit log", (found,))
