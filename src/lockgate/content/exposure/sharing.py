"""How a document is shared: with persons, with groups, with everyone, by a link."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from lockgate.content.audience import Census
from lockgate.content.document import Document
from lockgate.labels.readers import EVERYONE

LINK_ANYONE: Final = "link to anyone"
"""A connector begins a note of a document with this where whoever has a link can read it, also from outside."""
LINK_ORGANIZATION: Final = "link to the organization"
"""The same where everybody of the organization who has a link can."""


class Sharing(StrEnum):
    """How a document is shared, as people say it; the widest way counts."""

    DIRECT = "with persons by name"
    GROUP = "with a group"
    EVERYONE = "with everyone"
    LINK = "by a link to the organization"
    ANYONE = "by a link to anyone"


FACTOR: Final = {
    Sharing.DIRECT: 1,
    Sharing.GROUP: 2,
    Sharing.EVERYONE: 4,
    Sharing.LINK: 4,
    Sharing.ANYONE: 8,
}
"""What each adds to the score: the wider, the less anybody knows who is in it."""


def sharing_of(document: Document, census: Census) -> Sharing:
    """Return the widest way in which a document is shared."""
    if any(note.startswith(LINK_ANYONE) for note in document.notes):
        return Sharing.ANYONE
    if any(note.startswith(LINK_ORGANIZATION) for note in document.notes):
        return Sharing.LINK
    readers = document.source_readers
    breadth = census.breadth(readers)
    if readers.is_everyone or (breadth.share >= 1 and breadth.people > 1):
        return Sharing.EVERYONE
    # every clause must be satisfied, so one that names persons alone makes the whole direct
    direct = any(all(not one.startswith("group:") and one != EVERYONE for one in c) for c in readers.clauses)
    return Sharing.DIRECT if direct else Sharing.GROUP
