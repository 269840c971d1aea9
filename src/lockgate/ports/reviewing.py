"""Ports of reviews and of exposure: what was changed and can be taken back, what was used, what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from lockgate.content.document import Review
from lockgate.content.exposure import Measures, Usage
from lockgate.labels.label import Label
from lockgate.labels.readers import Readers


@dataclass(frozen=True, slots=True)
class Ruled:
    """What reviews have said of a document so far, and the label that it had: all of it that a review changes."""

    label: Label
    review: Review
    ruling: Label | None
    ruled_readers: Readers | None
    accepted_kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Kept:
    """One document of something done: what was ruled before, and digests of how it stood before and after."""

    document: str
    before: Ruled
    before_version: str
    after_version: str


@dataclass(frozen=True, slots=True)
class Done:
    """A review, a rule or a fix that took effect and can be taken back.

    Attributes:
        id: by which it is taken back.
        at: when.
        by: names of everybody who acted, sorted: an agent and its person.
        action: as the audit log has it.
        kept: the documents.
        reason: why, in words; whoever lowered a label had to say it.

    """

    id: str
    at: datetime
    by: tuple[str, ...]
    action: str
    kept: tuple[Kept, ...]
    reason: str = ""


class ReviewLog(Protocol):
    """What was done and can be taken back; durable. No content and no name of a document, only ids and labels."""

    async def keep(self, done: Done, /) -> None:
        """Store it before it takes effect; documents of an id that is there already are added to it."""
        ...

    async def last(self, by: Sequence[str], /) -> Done | None:
        """Return what these did last and nobody has taken back."""
        ...

    async def find(self, id: str, /) -> Done | None:
        """Return what was done under an id, unless it was taken back.

        Raises:
            Unavailable: it was changed since, or its key is destroyed.

        """
        ...

    async def latest(self, document: str, /) -> Done | None:
        """Return what was done last with a document and not taken back, with this document alone.

        Raises:
            Unavailable: it was changed since, or its key is destroyed.

        """
        ...

    async def undone(self, id: str, at: datetime, /) -> None: ...  # it was taken back


class Usages(Protocol):
    """Who used which documents."""

    async def used(self, now: datetime, days: int, /) -> Usage: ...


class MeasureLog(Protocol):
    """Measures of the catalogue, one a day."""

    async def measured(self, day: date, measures: Measures, /) -> None: ...  # the last of a day counts
    async def trend(self) -> Sequence[tuple[date, Measures]]: ...  # the oldest first
