"""Forgetting: the journey, and the bytes that it is proven by."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

from lockgate.adapters.audit_reader import AuditReader
from lockgate.adapters.remains import StateRemains
from lockgate.adapters.state_folder import COPIES
from lockgate.audit.record import Kind, Record
from lockgate.content.document import Document, Review
from lockgate.journeys.conversation import Labeler
from lockgate.journeys.enforce import Gate
from lockgate.journeys.forget import Forget
from lockgate.labels.label import Sensitivity
from lockgate.ports import Clock, Embedder, Index
from lockgate.storage.schema import LAYOUTS


def forget(
    state: Path,
    index: Index,
    labeler: Labeler,
    embedder: Embedder,
    gate: Gate,
    clock: Clock,
    changing: asyncio.Lock,
    log: AuditReader,
) -> Forget:
    """Return the journey over a state folder."""
    tables = [table for layout in LAYOUTS for table in layout.metadata.tables.values()]
    own = " ".join((*(table.name for table in tables), *(one.name for table in tables for one in table.columns)))
    own = " ".join((own, *Review, *(level.name.lower() for level in Sensitivity)))

    async def stored(document: Document) -> datetime | None:
        return await asyncio.to_thread(_stored, log, document)

    return Forget(index, labeler, embedder, gate, clock, StateRemains(state, COPIES), changing, stored, own)


def _stored(log: AuditReader, document: Document) -> datetime | None:
    """Return when the log first says that a document was stored with the bytes that it has now."""
    name = document.id.encode()
    for entry in log.entries(kind=Kind.INGEST):
        if name in entry.event and _puts(entry.record, document):
            return entry.record.time
    return None


def _puts(record: Record, document: Document) -> bool:
    stored = record.action == "ingest.put" and record.resource_id == document.id
    return stored and dict(record.facts).get("digest") == document.digest
