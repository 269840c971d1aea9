"""A synthetic organization of any size for the benches of retrieval: clustered vectors, Zipf words, 1,500 groups.

It is put into the index's view in memory directly: what SQLite and encryption add is measured by
`python -m bench.retrieval scale`. Documents have ten passages of 80 words and 384 dimensions, and are readable by
one to six groups, besides by those that make up the shares of what a reader may read: a reader is in 20 groups,
and each makes up a twentieth of the share.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from lockgate.content.document import Document, Review
from lockgate.content.ranking import Passages
from lockgate.content.terms import keys
from lockgate.labels import PUBLIC, Integrity, Label, Readers, Sensitivity
from lockgate.policy.filter import All, Flag, IsTrue, MayRead, Not
from lockgate.policy.model import Principal, PrincipalKind, Risk, Session, Subject
from lockgate.ports import Query
from lockgate.storage.index_view import Stored, View

NOW = datetime(2026, 11, 24, tzinfo=UTC)
DIMENSIONS, PASSAGES, WORDS, VOCABULARY, CLUSTERS = 384, 10, 80, 30_000, 200
FIXED = "1,000 passages"
"""A reader of as many, however large the whole is."""
SHARES = {"0.3 %": 0.003, "1 %": 0.01, "10 %": 0.1, "90 %": 0.9}
FILTER = All((MayRead(), IsTrue(Flag.REVIEWED), Not(IsTrue(Flag.HELD)), Not(IsTrue(Flag.AI_FORBIDDEN))))
_GROUPS, _HELD = 1500, 20


def unit(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


class World:
    """So many passages, their readers, and questions about them."""

    def __init__(self, chunks: int, seed: int = 7) -> None:
        self.rng = np.random.default_rng(seed)
        self.documents = chunks // PASSAGES
        self._centers = unit(self.rng.standard_normal((CLUSTERS, DIMENSIONS)))
        self._words = keys([f"word{number}" for number in range(VOCABULARY)])
        weights = 1 / np.arange(1, VOCABULARY + 1)
        self._weights = np.cumsum(weights / weights.sum())
        self.view = View()

    def vectors(self, count: int) -> NDArray[np.float32]:
        near = self._centers[self.rng.integers(0, CLUSTERS, count)]
        return unit(near + 0.9 * unit(self.rng.standard_normal((count, DIMENSIONS))))

    def _draw(self, count: int) -> NDArray[np.int64]:
        return np.minimum(np.searchsorted(self._weights, self.rng.random(count)), VOCABULARY - 1)

    def text(self) -> str:
        """Return a query of eight words."""
        return " ".join(f"word{number}" for number in self._draw(8).tolist())

    def fill(self) -> None:
        """Put every document into the view."""
        for start in range(0, self.documents, 1000):
            numbers = range(start, min(start + 1000, self.documents))
            self.view.apply([self._document(number) for number in numbers], (), start)

    def _document(self, number: int) -> Stored:
        groups = {f"group:{g}" for g in self.rng.integers(0, _GROUPS, self.rng.integers(1, 7)).tolist()}
        place = (number * 7919) % self.documents / self.documents
        shares = [name for name, share in SHARES.items() if place < share]
        if number < int(FIXED.replace(",", "").split()[0]) // PASSAGES:
            shares.append(FIXED)
        groups |= {f"group:{name} {self.rng.integers(0, _HELD)}" for name in shares}
        id = f"d_{number:08x}"
        label = Label(Sensitivity.GENERAL, Readers.any_of(*groups), Integrity.INTERNAL, PUBLIC.retention,
                      frozenset({f"user:{number % 400}"}), frozenset())  # fmt: skip
        made = Document(id, "bench", str(number), f"Document {number}", "all", "1", "", label.readers, label,
                        Review.DECLARED, False, NOW)  # fmt: skip
        return Stored(made, frozenset(), self._passages(id), 0)

    def _passages(self, id: str) -> Passages:
        drawn = self._words[self._draw(PASSAGES * WORDS)].reshape(PASSAGES, WORDS)
        found = [np.unique(row, return_counts=True) for row in drawn]
        return Passages(
            id,
            np.arange(PASSAGES),
            self.vectors(PASSAGES),
            np.concatenate([terms for terms, _ in found]),
            np.concatenate([counts for _, counts in found]).astype(np.uint8),
            np.cumsum([len(terms) for terms, _ in found]),
            np.full(PASSAGES, WORDS),
        )


def principals(share: str) -> list[str]:
    """Return the groups of the reader of a share; each makes up a twentieth of it."""
    return [f"group:{share} {number}" for number in range(_HELD)]


def query(share: str, text: str, vector: NDArray[np.float32]) -> Query:
    """Return a question of the reader of a share."""
    who = Principal(PrincipalKind.USER, "reader", frozenset(principals(share)))
    session = Session("s", NOW + timedelta(hours=1), 1, Risk.LOW)
    return Query(text, vector.reshape(1, -1), Subject(who, session), FILTER, 10)
