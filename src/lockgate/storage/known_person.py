"""What memory keeps of one person, so that the disk need not be asked with every request."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from lockgate.labels.label import Label
from lockgate.storage.known_marks import KnownMarks


@dataclass(slots=True)
class Person:
    """What memory knows of one person. Until `loaded`, it is only what was shown since the entry was made."""

    known: KnownMarks = field(default_factory=KnownMarks)
    sessions: dict[str, tuple[Label, float]] = field(default_factory=dict)
    loaded: bool = False
    loading: asyncio.Task[None] | None = None
    pending: int = 0

    def shown(self, session: str, label: Label, seen: float) -> None:
        before, last = self.sessions.get(session, (label, seen))
        self.sessions[session] = (label if before == label else before.join(label), max(last, seen))


Stored = tuple[list[tuple[bytes, Label]], list[tuple[str, Label, float]]]
"""What the disk knows of one person: pieces, and sessions."""
