"""Fixes: what can be done about exposures, many at once, the most risk removed per action first.

A fix changes what AI may serve to whom: labels and readers within Lockgate. Rights in the source stay as they are.
It never lowers a level and never lets in anybody whom the source or an earlier review keeps out.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from lockgate.content.audience import Census
from lockgate.content.document import Document
from lockgate.content.exposure.listing import Exposure, Why
from lockgate.content.exposure.usage import NO_USAGE, Usage
from lockgate.content.labeling import DEFAULT_LIMIT, Limit, raised, ruling_of, too_broad
from lockgate.labels.label import AI
from lockgate.labels.readers import Readers


class Act(StrEnum):
    """What a fix does, as people say it."""

    NARROW = "narrow the readers to"
    OWNER = "name as owner"
    LABEL = "accept the label that the content demands"
    HOLD = "keep out of AI"


@dataclass(frozen=True, slots=True)
class Step:
    """What is done to each document of a fix: readers that are added as a clause, owners that are named."""

    act: Act
    readers: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the step in words."""
        parts = [f"{Act.OWNER} {' and '.join(self.owners)}"] if self.owners else []
        if self.readers:
            parts.append(f"{Act.NARROW} {' or '.join(self.readers)}")
        return ", and ".join(parts) or str(self.act)

    def ruling(self, document: Document) -> tuple[Readers | None, frozenset[str] | None, frozenset[str] | None]:
        """Return the readers, forbidden uses and owners that a review states; None leaves them.

        An earlier review stays in force: what it took away is not given back.
        """
        earlier = ruling_of(document)
        before = earlier[0] if earlier else None
        readers = None
        if self.readers:
            wanted = Readers.any_of(*self.readers)
            readers = before.readers.join(wanted) if before else wanted
        uses = document.label.forbidden_uses | {AI} if self.act is Act.HOLD else None
        owners = frozenset(self.owners) | (before.owners if before else frozenset()) if self.owners else None
        return readers, uses, owners


@dataclass(frozen=True, slots=True)
class Fix:
    """One action for many documents: they lie in one folder, are shared alike, and need the same.

    Attributes:
        id: says what is done to which documents as they are now: it changes when one of them does.
        step: what is done to each.
        folder: `collection/folder/folder`, as far as there are any.
        through: the broadest grant of all; empty where they are shared with nobody.
        exposures: what it is about, worst first.
        risk: the sum of their scores: what it takes away.

    """

    id: str
    step: Step
    folder: str
    through: str
    exposures: tuple[Exposure, ...]
    risk: int

    @property
    def documents(self) -> tuple[Document, ...]:
        """Return the documents."""
        return tuple(one.document for one in self.exposures)


def fixes(
    listed: Sequence[Exposure],
    census: Census,
    groups: Mapping[str, Iterable[str]],
    limit: Limit = DEFAULT_LIMIT,
    usage: Usage = NO_USAGE,
) -> list[Fix]:
    """Return the fixes of what is listed, the one that removes most risk first.

    Args:
        listed: what `exposures` found.
        census: who is in which group.
        groups: the groups of each person (`user:ann`).
        limit: above what audience something sensitive is too widely readable.
        usage: who needs what.

    """
    choose = _Choice(census, groups, limit, usage, _heirs(listed))
    together: dict[tuple[Step, str, str], list[Exposure]] = {}
    for one in listed:
        if one.document.problem:
            continue  # nobody can say what is in it: convert it or move it away
        step = choose.step(one)
        together.setdefault((step, _folder(one.document), _broadest(one)), []).append(one)
    found = [
        Fix(fix_id(step, many), step, folder, through, tuple(many), sum(each.score for each in many))
        for (step, folder, through), many in together.items()
    ]
    found.sort(key=lambda one: (one.exposures[0].loose, -one.risk, one.folder, one.id))
    return found


def held(fix: Fix) -> Fix:
    """Return the harder fix for the same documents: keep them out of AI altogether."""
    step = Step(Act.HOLD)
    return Fix(fix_id(step, fix.exposures), step, fix.folder, fix.through, fix.exposures, fix.risk)


def fix_id(step: Step, many: Iterable[Exposure]) -> str:
    """Return a name for what is done to which documents as they are now."""
    parts: list[object] = [step.act.name, step.readers, step.owners]
    parts += sorted(
        (one.document.id, one.document.revision, one.document.digest, one.document.review.value, one.document.held,
         sorted(map(sorted, one.document.label.readers.clauses)), int(one.document.label.sensitivity))
        for one in many
    )  # fmt: skip
    return "f_" + hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]


def _folder(document: Document) -> str:
    """Return the collection and at most two folders: deeper ones seldom differ in who should read them."""
    return "/".join((document.collection, *document.item.split("/")[:-1][:2]))


def _secret(document: Document) -> bool:
    return any(each.kind.startswith("secret.") for each in document.evidence)


def _broadest(one: Exposure) -> str:
    """Return the grant that lets most people in, of the clause that lets fewest in."""
    return one.grants[0][0][0] if one.grants and one.grants[0] else ""


def _heirs(listed: Iterable[Exposure]) -> dict[str, str]:
    """Return for each folder who owns most of what is listed in it: nobody else is likely to know what it is."""
    owners: dict[str, Counter[str]] = {}
    for one in listed:
        owners.setdefault(_folder(one.document), Counter()).update(one.owners)
    return {
        place: min(counts, key=lambda owner: (-counts[owner], owner)) for place, counts in owners.items() if counts
    }


@dataclass(slots=True)
class _Choice:
    """Chooses steps."""

    census: Census
    groups: Mapping[str, Iterable[str]]
    limit: Limit
    usage: Usage
    heirs: Mapping[str, str]
    known: dict[tuple[object, ...], tuple[str, ...]] = field(default_factory=dict)

    def step(self, one: Exposure) -> Step:
        document = one.document
        owners = one.owners
        named: tuple[str, ...] = ()
        if not owners:
            heir = self.heirs.get(_folder(document))
            if heir is None or _secret(document):  # a secret is handed to nobody by a guess
                return Step(Act.HOLD)
            owners = named = (heir,)
        broad = too_broad(
            raised(document.label, one.level), self.census.breadth(document.label.readers), self.limit
        )
        readers: tuple[str, ...] = ()
        if Why.PASSAGE in one.why:  # to accept the document for its readers would give them the passage
            readers = owners
        elif broad or not {Why.ANYONE, Why.STALE}.isdisjoint(one.why):
            readers = self._readers(one, owners)
            if not broad and Why.ANYONE not in one.why and self._same(document, readers):
                readers = ()
        if named:
            return Step(Act.OWNER, readers, named)
        return Step(Act.NARROW, readers) if readers else Step(Act.LABEL)

    def _same(self, document: Document, readers: tuple[str, ...]) -> bool:
        """Tell whether narrowing changes nothing."""
        now = document.label.readers
        return self.census.mask(now.join(Readers.any_of(*readers))) == self.census.mask(now)

    def _readers(self, one: Exposure, owners: tuple[str, ...]) -> tuple[str, ...]:
        """Return the smallest group around the owner in which everybody is who used it; or the owners alone.

        A secret is its owner's alone: it was never meant to be shared.
        """
        document = one.document
        if _secret(document):
            return owners
        users = self.usage.people(document.id)
        key = (owners, users, document.label.readers, one.level)
        if key not in self.known:
            self.known[key] = self._smallest(one, owners, users) or owners
        return self.known[key]

    def _smallest(self, one: Exposure, owners: tuple[str, ...], users: frozenset[str]) -> tuple[str, ...]:
        around = {owner for owner in owners if owner.startswith("group:")}
        for owner in owners:
            around.update(self.groups.get(owner, ()))
        label = raised(one.document.label, one.level)
        needed = self.census.mask(Readers.any_of(*users)) if users else 0
        for group in sorted(around, key=lambda each: (self.census.members(each), each)):
            readers = label.readers.join(Readers.any_of(group))
            mask = self.census.mask(readers)
            if mask.bit_count() < 2 or mask & needed != needed:
                continue
            if not too_broad(raised(label, one.level), self.census.breadth(readers), self.limit):
                return (group,)
        return ()
