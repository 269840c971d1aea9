"""Forgetting: the journey, and the bytes that it is proven by."""

from __future__ import annotations

import asyncio
from pathlib import Path

from lockgate.adapters.remains import StateRemains
from lockgate.adapters.state_folder import COPIES
from lockgate.journeys.conversation import Labeler
from lockgate.journeys.enforce import Gate
from lockgate.journeys.forget import Forget
from lockgate.ports import Clock, Embedder, Index


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
    return Forget(index, labeler, embedder, gate, clock, StateRemains(state, COPIES), changing)
