"""Usage: who opened a document, or got some of it in an answer. From the audit log, so only through Lockgate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used in the last `days`.

    Attributes:
        by: for each document by its id, how often each person (`user:ann`) used it.
        days: how far back.
        whole: whether the log goes back that far. If not, that something was not used says nothing.

    """

    by: Mapping[str, Mapping[str, int]]
    days: int
    whole: bool

    def times(self, document: str) -> int:
        """Return how often a document was used."""
        return sum(self.by.get(document, _NOBODY).values())

    def people(self, document: str) -> frozenset[str]:
        """Return who used it."""
        return frozenset(self.by.get(document, _NOBODY))


_NOBODY: Final[Mapping[str, int]] = {}
NO_USAGE: Final = Usage({}, 0, whole=False)
"""Nothing is known of what was used."""
