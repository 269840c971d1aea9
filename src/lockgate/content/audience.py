"""Audience: how many people a conjunction of any-of clauses lets in. Exact, and fast for many documents.

>>> people = [("ann", frozenset({"group:hr"})), ("bob", frozenset({"group:it"}))]
>>> audience(Readers.any_of("group:hr", "user:bob"), people)
2
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lockgate.errors import Invalid
from lockgate.labels.readers import EVERYONE, Readers


@dataclass(frozen=True, slots=True)
class Breadth:
    """How widely something is readable.

    Attributes:
        share: part of the directory's people who may read it, 0 to 1.
        people: how many that is.

    Raises:
        Invalid: the share is no number from 0 to 1, or the count is negative.

    """

    share: float
    people: int

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1 or self.people < 0:
            raise Invalid("breadth needs a share from 0 to 1 and a count of people that is not negative")


UNKNOWN_BREADTH: Final = Breadth(1.0, 10**9)
"""What is assumed where nobody can tell who is in the groups: the whole world."""


def audience(readers: Readers, people: Sequence[tuple[str, frozenset[str]]]) -> int:
    """Count the people (id and identifiers of groups) who satisfy every clause."""
    return sum(1 for id, groups in people if readers.permits(groups | {f"user:{id}"}))


class Census:
    """The same count for many sets of readers: one bit per person, one integer per identifier.

    `audience(readers, people) == Census(people).count(readers)`; each distinct clause costs one pass over its
    identifiers, each distinct set of readers one `and` per clause.
    """

    def __init__(self, people: Sequence[tuple[str, frozenset[str]]]) -> None:
        self.ids: Final = tuple(id for id, _ in people)
        self._all = (1 << len(self.ids)) - 1
        masks: dict[str, int] = {}
        for position, (id, groups) in enumerate(people):
            for identifier in groups | {f"user:{id}"}:
                masks[identifier] = masks.get(identifier, 0) | (1 << position)
        self._masks = masks
        self._counts: dict[Readers, int] = {}

    def mask(self, readers: Readers) -> int:
        """Return a number whose bit `i` tells whether person `ids[i]` satisfies the readers."""
        found = self._all
        for clause in readers.clauses:
            if EVERYONE in clause:
                continue
            some = 0
            for identifier in clause:
                some |= self._masks.get(identifier, 0)
            found &= some
        return found

    def count(self, readers: Readers) -> int:
        """Return how many people satisfy the readers."""
        known = self._counts.get(readers)
        if known is None:
            known = self._counts[readers] = self.mask(readers).bit_count()
        return known

    def members(self, identifier: str) -> int:
        """Return how many people hold an identifier; one that the directory does not know has none."""
        return len(self.ids) if identifier == EVERYONE else self._masks.get(identifier, 0).bit_count()

    def breadth(self, readers: Readers) -> Breadth:
        """Return share and count; with an empty directory nobody can tell, which is the worst."""
        if readers.is_nobody:
            return Breadth(0.0, 0)
        if not self.ids:
            return UNKNOWN_BREADTH
        people = self.count(readers)
        return Breadth(people / len(self.ids), people)
