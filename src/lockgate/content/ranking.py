"""Exact hybrid ranking over a set of passages, and over nothing else.

Everything that a score depends on is taken from the passages given: how many there are, how long they are, how
many hold a term. So a caller who gives only what a subject may read gets scores that nothing unreadable can
influence. Scores do not depend on the order or the grouping of the passages either: a fast pass, in single
precision or over codes of one byte a number, selects candidates with a margin above its error, and the score of a
candidate is then computed from its own numbers alone, in double precision.

The score is `cosine + LEXICAL * coverage ** 2`, where coverage is BM25 (Robertson and Zaragoza, 2009) divided by
the highest value that the query could reach, identifiers counting `IDENTIFIER` times. The square lets a few shared
words of a paraphrase weigh next to nothing, and a matching identifier weigh more than any likeness of vectors.
Form and weights were measured, see docs/adr/0011 and bench/retrieval.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from lockgate.content.terms import is_identifier, keys, terms

K1: Final = 1.2
B: Final = 0.75
LEXICAL: Final = 1.5
"""Weight of the lexical part beside a cosine."""
IDENTIFIER: Final = 5.0
"""Weight of a term with a digit, `_` or `@` beside a word of the same rarity."""
_FEW: Final = 4
"""Passages of a document, on average, below which documents are looked at together."""
_VECTORS: Final = 768
_WORDS: Final = 6144
"""Passages looked at together: what is copied of them fits into the cache."""
_SINGLE: Final = 4e-7
"""Times the numbers of a vector, and 16 for what is done with the product: three times what single precision can
err in two products of vectors of length 1 (2^-24 for each number in each of them)."""
_ROUNDING: Final = 2e-6
"""More than what rounding two scores to six places can bring them together."""
_EXACT: Final = 512
"""Rows whose exact products are computed together."""


@dataclass(frozen=True, slots=True, eq=False)
class Passages:
    """What ranking needs of the passages of one document. Arrays are never changed.

    Attributes:
        id: the document's id; ties are broken by it.
        ordinals: shape (n,), int32: ordinal of each passage.
        vectors: shape (n, d), float32, rows of length 1.
        terms, counts: shape (m,), uint32 and uint8: distinct terms of all passages in order, and how often each
            occurs in its passage (255 stands for more).
        ends: shape (n,), int32: where the terms of each passage end.
        lengths: shape (n,), int32: number of terms of each passage, repeats included.

    """

    id: str
    ordinals: NDArray[np.int32]
    vectors: NDArray[np.float32]
    terms: NDArray[np.uint32]
    counts: NDArray[np.uint8]
    ends: NDArray[np.int32]
    lengths: NDArray[np.int32]

    def without(self, ordinals: frozenset[int]) -> Passages:
        """Return the same without some passages."""
        if not ordinals:
            return self
        keep = ~np.isin(self.ordinals, np.fromiter(ordinals, dtype=np.int32))
        sizes = np.diff(self.ends, prepend=0)
        kept = np.repeat(keep, sizes)
        return Passages(
            self.id,
            self.ordinals[keep],
            self.vectors[keep],
            self.terms[kept],
            self.counts[kept],
            np.cumsum(sizes[keep], dtype=np.int32),
            self.lengths[keep],
        )


def passages(id: str, ordinals: Sequence[int], texts: Iterable[str], vectors: NDArray[np.float32]) -> Passages:
    """Return the passages of one document as ranking needs them."""
    found: list[NDArray[np.uint32]] = []
    counts: list[NDArray[np.int64]] = []
    lengths: list[int] = []
    for text in texts:
        words = keys(terms(text))
        distinct, times = np.unique(words, return_counts=True)
        found.append(distinct)
        counts.append(times)
        lengths.append(len(words))
    sizes = [len(one) for one in found]
    return Passages(
        id,
        np.array(ordinals, dtype=np.int32),
        np.array(vectors, dtype=np.float32, order="C"),
        np.concatenate(found) if found else np.empty(0, np.uint32),
        np.minimum(np.concatenate(counts), 255).astype(np.uint8) if counts else np.empty(0, np.uint8),
        np.cumsum(sizes, dtype=np.int32),
        np.array(lengths, dtype=np.int32),
    )


@dataclass(frozen=True, slots=True, order=True)
class Ranked:
    """One passage of a ranking; `part` is the index of its document among those given."""

    score: float
    part: int
    ordinal: int


Hits = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""Row, index into the query's terms, and count of every occurrence; three arrays of one shape."""


class Laid(Protocol):
    """Words that were laid out for being looked up (`content/postings.py`)."""

    @property
    def sizes(self) -> NDArray[np.int64]: ...
    @property
    def lengths(self) -> NDArray[np.int32]: ...
    def hits(self, words: NDArray[np.uint32]) -> Hits: ...


class Coded(Protocol):
    """Vectors in a shorter form whose error is bounded (`content/codes.py`)."""

    @property
    def sizes(self) -> NDArray[np.int64]: ...
    @property
    def errors(self) -> NDArray[np.float32]: ...
    def cosines(self, vector: NDArray[np.float32]) -> NDArray[np.float32]: ...


def rank(
    parts: Sequence[Passages],
    text: str,
    vector: NDArray[np.float32] | None,
    k: int,
    lexical: float = LEXICAL,
    postings: Laid | None = None,
    codes: Coded | None = None,
) -> list[Ranked]:
    """Return the `k` best passages, best first; ties by document id and ordinal.

    Args:
        parts: passages of all documents that may be seen, each document once.
        text: the query's words.
        vector: shape (d,), length 1; None ranks by words alone.
        k: how many.
        lexical: weight of the lexical part; 0 ranks by vectors alone.
        postings: the words of exactly `parts`, if they were laid out; it changes the time and nothing else.
        codes: the vectors of exactly `parts`, if they were encoded; it changes the time and nothing else.

    """
    known = codes or postings
    sizes = known.sizes if known else np.array([len(part.ordinals) for part in parts], dtype=np.int64)
    total = int(sizes.sum())
    if total == 0 or k <= 0:
        return []
    words, worth = _query(text if lexical else "")
    bonus: NDArray[np.float64] | None = None
    if worth:
        hits = postings.hits(words) if postings else _hits(parts, sizes, words)
        lengths = postings.lengths if postings else np.concatenate([part.lengths for part in parts])
        bonus = lexical * _coverage(lengths, hits, worth) ** 2
    chosen = _candidates(parts, sizes, vector, k, bonus, codes)
    owners = np.searchsorted(np.cumsum(sizes), chosen, side="right")
    own = chosen - (np.cumsum(sizes) - sizes)[owners]
    exact = np.zeros(len(chosen)) if vector is None else _exact(parts, owners.tolist(), own.tolist(), vector)
    if bonus is not None:
        exact += bonus[chosen]
    if len(exact) > k:
        best = np.flatnonzero(exact >= np.partition(exact, len(exact) - k)[len(exact) - k] - _ROUNDING)
        exact, owners, own = exact[best], owners[best], own[best]
    ranked = [
        Ranked(round(score, 6) + 0.0, owner, int(parts[owner].ordinals[row]))
        for score, owner, row in zip(exact.tolist(), owners.tolist(), own.tolist(), strict=True)
    ]
    ranked.sort(key=lambda one: (-one.score, parts[one.part].id, one.ordinal))
    return ranked[:k]


def _candidates(
    parts: Sequence[Passages],
    sizes: NDArray[np.int64],
    vector: NDArray[np.float32] | None,
    k: int,
    bonus: NDArray[np.float64] | None,
    codes: Coded | None,
) -> NDArray[np.int64]:
    """Return rows among which the `k` best are for certain: all that the error of a fast pass does not exclude."""
    total = int(sizes.sum())
    if total <= k:
        return np.arange(total)
    added: NDArray[np.float32] | NDArray[np.float64] = np.zeros(total, np.float32) if bonus is None else bonus
    margin, error = _ROUNDING, np.zeros(1, np.float32)
    if vector is not None:
        length = float(np.linalg.norm(vector))
        margin += _SINGLE * (len(vector) + 16) * max(1.0, length)
        rough = codes.cosines(vector) if codes else _cosines(parts, sizes, vector)
        added = rough if bonus is None else bonus + rough
        error = codes.errors * np.float32(1.001 * length) if codes else error
    floor = np.partition(added - error, total - k)[total - k]
    return np.flatnonzero(added + error >= floor - margin)


def _exact(
    parts: Sequence[Passages], owners: Sequence[int], own: Sequence[int], vector: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return products that depend on nothing but the row and the vector.

    The product of two single-precision numbers is exact in double precision, and each row is added up pairwise, in
    an order that its length alone fixes: the same whatever lies beside it in memory.
    """
    found = np.empty(len(own))
    for start in range(0, len(own), _EXACT):
        pairs = zip(owners[start : start + _EXACT], own[start : start + _EXACT], strict=True)
        rows = np.array([parts[owner].vectors[row] for owner, row in pairs], np.float64)
        rows *= vector
        np.add.reduce(rows, axis=1, out=found[start : start + _EXACT])
    return found


def _query(text: str) -> tuple[NDArray[np.uint32], list[float]]:
    """Return the distinct terms of a query in the order of their numbers, and how much each is worth."""
    distinct = sorted(set(terms(text)))
    words, first = np.unique(keys(distinct), return_index=True)
    return words, [IDENTIFIER if is_identifier(distinct[at]) else 1.0 for at in first.tolist()]


def blocks(
    parts: Sequence[Passages], sizes: NDArray[np.int64], rows: int
) -> Iterator[tuple[Sequence[Passages], int, int]]:
    """Yield runs of whole documents of about `rows` passages, with the first row and the row after the last."""
    ends = np.cumsum(sizes)
    first = start = 0
    while first < len(parts):
        last = max(first, int(np.searchsorted(ends, start + rows, side="right")) - 1) + 1
        end = int(ends[last - 1])
        yield parts[first:last], start, end
        first, start = last, end


def _cosines(
    parts: Sequence[Passages], sizes: NDArray[np.int64], vector: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return cosines in single precision; their last bits depend on what lies beside them."""
    if int(sizes.sum()) >= _FEW * len(parts):
        return np.concatenate([np.dot(part.vectors, vector) for part in parts if len(part.ordinals)])
    # Of short documents many are copied together first: a product for each would cost more than the copy.
    cosines = np.empty(int(sizes.sum()), np.float32)
    for block, start, end in blocks(parts, sizes, _VECTORS):
        if end > start:
            rows = np.concatenate([part.vectors for part in block if len(part.ordinals)])
            np.dot(rows, vector, out=cosines[start:end])
    return cosines


def _hits(parts: Sequence[Passages], sizes: NDArray[np.int64], words: NDArray[np.uint32]) -> Hits:
    """Return where the terms of a query occur."""
    table = np.zeros(1 << 16, np.bool_)
    table[words & 0xFFFF] = True
    found: list[Hits] = []
    for block, start, _ in blocks(parts, sizes, _WORDS):
        flat = np.concatenate([part.terms for part in block])
        # Most terms are told apart by the low half of their number; the few that are left are compared in full.
        at = np.flatnonzero(table.take(flat.view(np.uint16)[LOW::2]))
        word = np.minimum(np.searchsorted(words, flat[at]), len(words) - 1)
        real = words[word] == flat[at]
        at, word = at[real], word[real]
        ends = np.concatenate([part.ends for part in block])
        lengths = [len(part.terms) for part in block]
        offsets = np.cumsum([0, *lengths[:-1]])
        ends += np.repeat(offsets, [len(part.ordinals) for part in block])
        row = np.searchsorted(ends, at, side="right") + start
        counts = np.concatenate([part.counts for part in block])[at]
        found.append((row, word.astype(np.int64), counts.astype(np.int64)))
    rows, which, counts = (np.concatenate(column) for column in zip(*found, strict=True))
    return rows, which, counts


LOW: Final = 0 if np.array([1], np.uint16).view(np.uint8)[0] else 1
"""Where the low half of a 32-bit number lies on this machine."""


def _coverage(lengths: NDArray[np.int32], hits: Hits, worth: Sequence[float]) -> NDArray[np.float64]:
    """Return BM25 of every passage as a share of the highest value that the query could reach."""
    total = len(lengths)
    scores = np.zeros(total, np.float64)
    average = int(lengths.sum()) / total or 1.0
    norm = K1 * (1 - B + B * lengths / average)
    rows, which, counts = hits
    order = (
        np.argsort(which.astype(np.uint16), kind="stable")
        if len(worth) < 1 << 16
        else np.argsort(which, kind="stable")
    )
    rows, times = rows[order], counts[order].astype(np.float64)
    best, start = 0.0, 0
    # One term after the other, in the order of their numbers: each passage adds in the same order always.
    for value, holding in zip(worth, np.bincount(which, minlength=len(worth)).tolist(), strict=True):
        weight = value * math.log1p((total - holding + 0.5) / (holding + 0.5))
        best += weight * (K1 + 1)
        at, n = rows[start : start + holding], times[start : start + holding]
        scores[at] += weight * (K1 + 1) * n / (n + norm[at])
        start += holding
    return scores / best
