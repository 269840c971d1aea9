"""The list: what people could find but should not, worst first.

The dangerous document is the one that everybody may open and nobody has classified. Here it stands on top,
with how many people could have found it, through which grant, whose it is, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from math import log10
from typing import Final

from lockgate.content.audience import Census
from lockgate.content.copies import is_wider
from lockgate.content.document import Document
from lockgate.content.exposure.sharing import FACTOR, Sharing, sharing_of
from lockgate.content.exposure.usage import NO_USAGE, Usage
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
from lockgate.content.suggestion import waits
from lockgate.labels.label import AI, Sensitivity
from lockgate.labels.readers import EVERYONE, Readers


class Why(StrEnum):
    """Why a document is listed. The value is the sentence that people read."""

    UNREADABLE = "could not be read, so nobody knows what is in it"
    UNREVIEWED = "sensitive, and nobody has reviewed its label"
    UNSEEN = "nobody has reviewed its label"
    COPY = "a copy of a sensitive document that fewer people may read"
    BROAD = "sensitive and too widely readable"
    BELOW = "its label is lower than its content"
    PASSAGE = "a sensitive passage in a less sensitive document"
    ANYONE = "whoever has a link can read it, also from outside"
    ORPHAN = "none of its owners is here any more"
    STALE = "shared with a group in which people are left over"
    IDLE = "shared with a group that has not used it"
    SUGGESTED = "a model suggests a higher label"


_ADVICE: Final = {
    Why.UNREADABLE: "Convert it to a format that can be read, or move it away.",
    Why.COPY: "Find the original with `lockgate similar`; narrow the copy's rights, or remove it.",
    Why.BROAD: "Narrow its rights in the source, or correct its readers in a review.",
    Why.BELOW: "Correct its label in a review.",
    Why.PASSAGE: "Take the passage out, or correct the label in a review.",
    Why.UNREVIEWED: "Accept or correct the proposed label in a review.",
    Why.UNSEEN: "Accept the proposed label in a review, by rule for many at once.",
    Why.ANYONE: "Take the link back in the source.",
    Why.ORPHAN: "Name an owner.",
    Why.STALE: "Narrow its readers, and clean up the group.",
    Why.IDLE: "Narrow its readers to those who use it.",
    Why.SUGGESTED: "Look at the place that it names, and accept or correct the label in a review.",
}
_SETTLED: Final = "Nothing has to be done."
_WEIGHT: Final = (0, 1, 10, 100)
_ORPHAN, _STALE = 2.0, 1.5
"""What having no owner, and a group that nobody looks after, add to the score."""
_LEFT_OVER: Final = 0.1
"""From this part of the people in a group on who have left, nobody looks after it."""
_LOOSE: Final = frozenset({Why.UNSEEN, Why.IDLE, Why.SUGGESTED})
"""Reasons that do not make anything an exposure by themselves: they come after all others."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known around documents, besides who is in which group.

    Attributes:
        left: for each group, how many are still in it who have left the organization.
        usage: what was used.

    """

    left: Mapping[str, int] = field(default_factory=dict)
    usage: Usage = NO_USAGE


NOWHERE: Final = Surroundings()


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
        sharing: the widest way in which it is shared.
        used, users: how often it was used, and by how many people; None where that is not known.

    """

    document: Document
    level: Sensitivity
    people: int
    share: float
    grants: tuple[tuple[tuple[str, int], ...], ...]
    owners: tuple[str, ...]
    why: tuple[Why, ...]
    sharing: Sharing = Sharing.GROUP
    used: int | None = None
    users: int | None = None

    @property
    def score(self) -> int:
        """Return what the list is ordered by: sensitivity x audience x how it is shared x how it is used.

        What was used a thousand times weighs four times what was never used. Without an owner, or with a group
        that nobody looks after, it weighs more.
        """
        factor = FACTOR[self.sharing] * (1 + log10(1 + (self.used or 0)))
        factor *= (_STALE if Why.STALE in self.why else 1) * (1 if self.owners else _ORPHAN)
        return int(_WEIGHT[self.level] * self.people * factor)

    @property
    def loose(self) -> bool:
        """Tell whether nothing speaks against it but that nobody has looked."""
        return _LOOSE.issuperset(self.why)

    @property
    def todo(self) -> str:
        """Return what to do about it."""
        return _ADVICE[self.why[0]] if self.why else _SETTLED


def exposures(
    documents: Iterable[Document],
    census: Census,
    limit: Limit = DEFAULT_LIMIT,
    *,
    settled: bool = False,
    around: Surroundings = NOWHERE,
) -> list[Exposure]:
    """Return every document that is unreviewed, held back, unreadable or an orphan, worst first.

    With `settled`, every one. Sets of readers and owners are counted once each, so that a hundred thousand
    documents take seconds.
    """
    many = list(documents)
    look = _Look(census, limit, around, _active(many, around.usage))
    found = [one for one in map(look.at, many) if one.why or settled]
    found.sort(
        key=lambda one: (
            one.loose,
            -one.score,
            -one.level,
            -one.people,
            one.document.connector,
            one.document.item,
        )
    )
    return found


_Grants = tuple[tuple[tuple[str, int], ...], ...]


@dataclass(slots=True)
class _Look:
    """Looks at documents one by one, and counts what they share once."""

    census: Census
    limit: Limit
    around: Surroundings
    active: AbstractSet[str]
    grants: dict[Readers, _Grants] = field(default_factory=dict)
    owners: dict[frozenset[str], tuple[str, ...]] = field(default_factory=dict)

    def at(self, document: Document) -> Exposure:
        readers, owned, usage = document.source_readers, document.label.owners, self.around.usage
        if readers not in self.grants:
            self.grants[readers] = _grants(readers, self.census)
        if owned not in self.owners:
            self.owners[owned] = tuple(sorted(one for one in owned if self.census.members(one)))
        breadth, level = self.census.breadth(readers), _level(document)
        why = _why(document, self.census, self.limit)
        why += self._around(document, level, listed=bool(why))
        used = usage.times(document.id)
        known = usage.whole or used
        return Exposure(
            document,
            level,
            breadth.people,
            breadth.share,
            self.grants[readers],
            self.owners[owned],
            why,
            sharing_of(document, self.census),
            used if known else None,
            len(usage.people(document.id)) if known else None,
        )

    def _around(self, document: Document, level: Sensitivity, *, listed: bool) -> tuple[Why, ...]:
        """Return what is wrong around a document: its links, its owners, its groups."""
        sensitive = level >= Sensitivity.CONFIDENTIAL
        why = []
        if sensitive and sharing_of(document, self.census) is Sharing.ANYONE:
            why.append(Why.ANYONE)
        orphan = not self.owners[document.label.owners]
        if orphan and (listed or sensitive) and self.census.ids:
            why.append(Why.ORPHAN)
        if not (listed or why):
            return ()
        groups = [one for clause in self.grants[document.source_readers] for one, _ in clause]
        if any(self._stale(one) for one in groups):
            why.append(Why.STALE)
        if self.around.usage.whole and any(one.startswith("group:") and one not in self.active for one in groups):
            why.append(Why.IDLE)
        return tuple(why)

    def _stale(self, group: str) -> bool:
        left = self.around.left.get(group, 0)
        return left > 0 and left >= _LEFT_OVER * (left + self.census.members(group))


def _active(documents: Iterable[Document], usage: Usage) -> AbstractSet[str]:
    """Return the grants through which somebody used anything; of whom nobody did, nothing is needed."""
    found: set[str] = set()
    for document in documents if usage.by else ():
        if usage.by.get(document.id):
            found.update(one for clause in document.source_readers.clauses for one in clause)
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
    if any(is_wider(kind) for kind in kinds - (document.accepted_kinds if document.reviewed else frozenset())):
        why.append(Why.COPY)
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
    if waits(kinds - document.accepted_kinds, document.label.sensitivity):
        why.append(Why.SUGGESTED)
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
