"""Forgetting: the journey, and the bytes that it is proven by."""

from __future__ import annotations

import asyncio
from pathlib import Path

from lockgate.adapters.remains import StateRemains
from lockgate.adapters.state_folder import COPIES
from lockgate.content.document import Review
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
) -> Forget:
    """Return the journey over a state folder."""
    tables = [table for layout in LAYOUTS for table in layout.metadata.tables.values()]
    own = " ".join((*(table.name for table in tables), *(one.name for table in tables for one in table.columns)))
    own = " ".join((own, *Review, *(level.name.lower() for level in Sensitivity)))
    return Forget(index, labeler, embedder, gate, clock, StateRemains(state, COPIES), changing, own)
