"""Words of many passages laid out for being looked up, instead of being read through at each search.

Made of exactly the passages that one reader may read, so it says nothing about others: neither its statistics nor
the time that a look-up takes. It is worth its making to who searches again in the same passages; scores are the
same to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lockgate.content.ranking import LOW, Hits, Passages

_ROWS: Final = 1 << 16
"""Passages of a stretch: so many that their numbers within it take two bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Occurrences of terms in consecutive passages, one term after the other. Arrays are never changed.

    Attributes:
        first: the first passage.
        terms: shape (t,), uint32: every term that occurs, in order.
        starts: shape (t + 1,), uint32: where the occurrences of each begin.
        rows: shape (m,), uint16: the passage, counted from the first.
        counts: shape (m,), uint8: how often the term occurs in it (255 stands for more).

    """

    first: int
    terms: NDArray[np.uint32]
    starts: NDArray[np.uint32]
    rows: NDArray[np.uint16]
    counts: NDArray[np.uint8]

    @property
    def nbytes(self) -> int:
        """Return what it takes in memory."""
        return sum(one.nbytes for one in (self.terms, self.starts, self.rows, self.counts))


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """Occurrences of terms in many passages. Arrays are never changed.

    Attributes:
        sizes: shape (documents,), int64: number of passages of each document.
        lengths: shape (n,), int32: number of terms of each passage, repeats included.
        stretches: the occurrences.

    """

    sizes: NDArray[np.int64]
    lengths: NDArray[np.int32]
    stretches: tuple[Stretch, ...]

    @property
    def nbytes(self) -> int:
        """Return what it takes in memory."""
        return self.sizes.nbytes + self.lengths.nbytes + sum(one.nbytes for one in self.stretches)

    def hits(self, words: NDArray[np.uint32]) -> Hits:
        """Return where terms occur: one term after the other, and rows in order within each."""
        rows: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        counts: list[NDArray[np.uint8]] = [np.empty(0, np.uint8)]
        found = np.zeros(len(words), np.int64)
        places = [np.searchsorted(one.terms, words).tolist() for one in self.stretches]
        for number, word in enumerate(words.tolist()):
            for one, place in zip(self.stretches, places, strict=True):
                if place[number] < len(one.terms) and one.terms[place[number]] == word:
                    start, end = one.starts[place[number] : place[number] + 2].tolist()
                    rows.append(one.rows[start:end].astype(np.int64) + one.first)
                    counts.append(one.counts[start:end])
                    found[number] += end - start
        which = np.repeat(np.arange(len(words)), found)
        return np.concatenate(rows), which, np.concatenate(counts).astype(np.int64)


def lay_out(parts: Sequence[Passages]) -> Postings:
    """Return the postings of the passages of at least one document."""
    flat = np.concatenate([part.terms for part in parts])
    counts = np.concatenate([part.counts for part in parts])
    spans = np.concatenate([np.diff(part.ends, prepend=0) for part in parts])
    bounds = np.concatenate([[0], np.cumsum(spans, dtype=np.int64)])
    stretches = []
    for first in range(0, len(spans), _ROWS):
        own = spans[first : first + _ROWS]
        start, end = int(bounds[first]), int(bounds[first + len(own)])
        stretches.append(_stretch(first, flat[start:end], counts[start:end], own))
    return Postings(
        np.array([len(part.ordinals) for part in parts], np.int64),
        np.concatenate([part.lengths for part in parts]),
        tuple(stretches),
    )


def _stretch(
    first: int, terms: NDArray[np.uint32], counts: NDArray[np.uint8], spans: NDArray[np.int32]
) -> Stretch:
    halves = terms.view(np.uint16)
    # Numbers of 16 bits are sorted by counting them: twice that is faster than sorting 32 bits by comparing.
    order = np.argsort(halves[LOW::2], kind="stable")
    order = order[np.argsort(halves[1 - LOW :: 2][order], kind="stable")]
    rows = np.repeat(np.arange(len(spans), dtype=np.uint16), spans)
    terms = terms[order]
    begins = np.flatnonzero(np.diff(terms, prepend=terms[:1] ^ 1))
    starts = np.append(begins, len(terms)).astype(np.uint32)
    return Stretch(first, terms[begins], starts, rows[order], counts[order])
