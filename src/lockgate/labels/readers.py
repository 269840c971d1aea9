"""Who may read: a conjunction of any-of clauses over users and groups.

The shape is that of disjunction-category labels (Stefan et al., 2011) and of OpenTDF attributes with rule
`anyOf`: `{{group:hr, user:ann}, {group:legal}}` reads "(hr or ann) and legal". Joining two is the union of
their clauses: exact, without a directory lookup, and still right after a group's members change.

>>> hr, legal = Readers.any_of("group:hr"), Readers.any_of("group:legal")
>>> hr.join(legal).permits({"group:hr"})
False
>>> hr.join(legal).permits({"group:hr", "group:legal"})
True
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from lockgate.errors import Invalid

EVERYONE: Final = "everyone"
"""The identifier that every identified subject holds. A clause that contains it restricts nobody."""

_OPEN: Final = frozenset({EVERYONE})


def _minimal(clauses: Iterable[frozenset[str]]) -> frozenset[frozenset[str]]:
    """Return the one minimal form: no clause implied by another, so that `==` is equivalence."""
    kept = {clause for clause in clauses if EVERYONE not in clause}
    if not kept:
        return frozenset({_OPEN})
    if len(kept) == 1:
        return frozenset(kept)
    return frozenset(c for c in kept if not any(d < c for d in kept))


@dataclass(frozen=True, slots=True)
class Readers:
    """A non-empty conjunction of any-of clauses of identifiers (`user:ann`, `group:hr`, `everyone`).

    INVARIANT: `clauses` is a non-empty antichain. The open clause `{everyone}` stands only alone. An empty
    clause is satisfied by nobody.

    Raises:
        Invalid: `clauses` is empty. "No restriction" must be written as `Readers.everyone()`.

    """

    clauses: frozenset[frozenset[str]]

    def __post_init__(self) -> None:
        if not self.clauses:
            raise Invalid("readers without any clause are malformed; write `everyone` to restrict nobody")
        object.__setattr__(self, "clauses", _minimal(self.clauses))

    @classmethod
    def everyone(cls) -> Readers:
        """Return the bottom element: every identified subject."""
        return cls(frozenset({_OPEN}))

    @classmethod
    def nobody(cls) -> Readers:
        """Return the top element: a clause that nobody satisfies."""
        return cls(frozenset({frozenset()}))

    @classmethod
    def any_of(cls, *identifiers: str) -> Readers:
        """Return readers holding at least one of `identifiers`; of none, nobody."""
        return cls(frozenset({frozenset(identifiers)}))

    @property
    def is_nobody(self) -> bool:
        """Tell whether no subject can ever satisfy these readers."""
        return frozenset() in self.clauses

    @property
    def is_everyone(self) -> bool:
        """Tell whether these readers restrict nobody."""
        return self.clauses == {_OPEN}

    def join(self, other: Readers, /) -> Readers:
        """Return the readers who satisfy both sides."""
        if self.clauses == other.clauses:
            return self
        return Readers(self.clauses | other.clauses)

    def flows_to(self, other: Readers, /) -> bool:
        """Tell whether everyone whom `other` permits is permitted by `self`."""
        return self.is_everyone or all(any(d <= c for d in other.clauses) for c in self.clauses)

    def permits(self, identifiers: AbstractSet[str], /) -> bool:
        """Tell whether a subject holding `identifiers` may read. Every identified subject is `everyone`."""
        return all(EVERYONE in c or not c.isdisjoint(identifiers) for c in self.clauses)
