"""Exposure: what people could find but should not, worst first. Pure: documents and a census in, a list out.

The dangerous document is the one that everybody may open and nobody has classified. Here it stands on top,
with how many people could have found it, through which grant, whose it is, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lockgate.content.audience import Census
from lockgate.content.document import Document
from lockgate.content.labeling import (
    DEFAULT_LIMIT,
    FEW,
    Limit,
    beyond,
    demanded,
    raised,
    ruling_of,
    served,
    too_broad,
)
from lockgate.labels.label import AI, Sensitivity
from lockgate.labels.readers import EVERYONE, Readers


class Why(StrEnum):
    """Why a document is listed. The value is the sentence that people read."""

    UNREADABLE = "could not be read, so nobody knows what is in it"
    UNREVIEWED = "sensitive, and nobody has reviewed its label"
    UNSEEN = "nobody has reviewed its label"
    BROAD = "sensitive and too widely readable"
    BELOW = "its label is lower than its content"
    PASSAGE = "a sensitive passage in a less sensitive document"


_ADVICE: Final = {
    Why.UNREADABLE: "Convert it to a format that can be read, or move it away.",
    Why.BROAD: "Narrow its rights in the source, or correct its readers in a review.",
    Why.BELOW: "Correct its label in a review.",
    Why.PASSAGE: "Take the passage out, or correct the label in a review.",
    Why.UNREVIEWED: "Accept or correct the proposed label in a review.",
    Why.UNSEEN: "Accept the proposed label in a review, by rule for many at once.",
}
_SETTLED: Final = "Nothing has to be done."
_WEIGHT: Final = (0, 1, 10, 100)


@dataclass(frozen=True, slots=True)
class Exposure:
    """One document that is unreviewed, held back or unreadable; or settled, where that was asked for.

    Attributes:
        document: as the catalogue knows it.
        level: what its label says or its content demands, whichever is higher.
        people, share: how many of the directory could have found it, and which part.
        grants: each any-of clause of its readers with the people it lets in, identifier by identifier, the
            broadest first: the grant that is to be narrowed.
        owners: those owners who are still there; empty is an orphan.
        why: every reason, the worst first; none when it is settled.

    """

    document: Document
    level: Sensitivity
    people: int
    share: float
    grants: tuple[tuple[tuple[str, int], ...], ...]
    owners: tuple[str, ...]
    why: tuple[Why, ...]

    @property
    def score(self) -> int:
        """Return what the list is ordered by: sensitivity times audience."""
        return _WEIGHT[self.level] * self.people

    @property
    def todo(self) -> str:
        """Return what to do about it."""
        return _ADVICE[self.why[0]] if self.why else _SETTLED


def exposures(
    documents: Iterable[Document], census: Census, limit: Limit = DEFAULT_LIMIT, *, settled: bool = False
) -> list[Exposure]:
    """Return every document that is unreviewed, held back or unreadable, worst first; with `settled`, every one.

    Sets of readers and owners are counted once each, so that a hundred thousand documents take seconds.
    """
    grants: dict[Readers, tuple[tuple[tuple[str, int], ...], ...]] = {}
    owners: dict[frozenset[str], tuple[str, ...]] = {}
    found = []
    for document in documents:
        why = _why(document, census, limit)
        if not (why or settled):
            continue
        readers = document.source_readers
        if readers not in grants:
            grants[readers] = _grants(readers, census)
        owned = document.label.owners
        if owned not in owners:
            owners[owned] = tuple(sorted(one for one in owned if census.members(one)))
        breadth = census.breadth(readers)
        found.append(
            Exposure(
                document, _level(document), breadth.people, breadth.share, grants[readers], owners[owned], why
            )
        )
    found.sort(key=lambda one: (-one.score, -one.level, -one.people, one.document.connector, one.document.item))
    return found


def _level(document: Document) -> Sensitivity:
    """Return the worse of label and content."""
    return max(document.label.sensitivity, demanded(one.kind for one in document.evidence))


def _why(document: Document, census: Census, limit: Limit) -> tuple[Why, ...]:
    if document.problem:
        return (Why.UNREADABLE,)
    kinds = frozenset(one.kind for one in document.evidence)
    level = served(document.label, kinds, document.accepted_kinds) if document.reviewed else _level(document)
    why = []
    ruled = ruling_of(document)
    seen = ruled is not None and ruled[1].flows_to(document.label.readers)
    if not seen and too_broad(raised(document.label, level), census.breadth(document.label.readers), limit):
        why.append(Why.BROAD)
    if not document.reviewed:
        why.append(Why.UNREVIEWED if level >= Sensitivity.CONFIDENTIAL else Why.UNSEEN)
        return tuple(why)
    above = beyond(document.evidence, document.label, document.accepted_kinds)
    if above:
        why.append(Why.PASSAGE if above <= FEW else Why.BELOW)
    if document.held and not why:
        why.append(Why.BELOW)
    return tuple(why)


def _grants(readers: Readers, census: Census) -> tuple[tuple[tuple[str, int], ...], ...]:
    clauses = [
        tuple(sorted(((one, census.members(one)) for one in clause), key=lambda pair: (-pair[1], pair[0])))
        for clause in readers.clauses
    ]
    return tuple(sorted(clauses, key=lambda clause: (sum(count for _, count in clause), clause)))


def findable(document: Document, identifiers: AbstractSet[str]) -> bool:
    """Tell whether labels let the AI of a person with these identifiers find a document.

    This is `policy.mandatory` for a read into AI; the operators' policies can only take away from it.
    """
    held = identifiers | {EVERYONE}
    if document.problem or document.label.forbids(AI):
        return False
    if not (document.label.readers.permits(held) and document.source_readers.permits(held)):
        return False
    return (document.reviewed and not document.held) or not document.label.owners.isdisjoint(held)
