"""From rows of records to a set of fingerprints, batch by batch; and what speaks against the set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lockgate.content.match.hashes import HEAD, LONGEST, U64, Hashes
from lockgate.content.match.sets import COLUMNS, MatchSet, Terms
from lockgate.content.match.stream import stream
from lockgate.content.match.variants import variants
from lockgate.content.match.weak import dense, is_weak, is_word
from lockgate.errors import Invalid

COMMON_ROWS: Final = 20
"""Up to so many rows a value may stand in, however few rows there are."""
COMMON_SHARE: Final = 0.05
COMMON_MOST: Final = 20_000
"""Above this share of the rows, or so many, a value says nothing of a row."""


@dataclass(frozen=True, slots=True)
class Built:
    """A set, and what was left out of it. All are numbers: no value is told.

    Attributes:
        made: the set.
        read: rows that were read; `made.rows` are the different ones.
        empty: cells without a letter or digit.
        words: cells left out because every text has such words.
        long: cells left out because they are too long.
        weak: values that are too little to be findings by themselves.
        crowded: values of numbers so dense that chance hits them.
        common: for each column, values left out because they stand in very many rows.
        short: rows left with fewer values than the set requires: they are never found.

    """

    made: MatchSet
    read: int
    empty: int
    words: int
    long: int
    weak: int
    crowded: int
    common: tuple[int, ...]
    short: int

    @property
    def doubts(self) -> list[str]:
        """Return why this set would find what it should not, or nothing; empty where nothing speaks against it."""
        found = []
        if self.made.terms.require == 1 and self.weak:
            found.append(f"{self.weak:,} values are short, years or common words: findings by themselves")
        if self.made.terms.require == 1 and self.crowded:
            found.append(f"{self.crowded:,} values are numbers of a dense series: any number is one by chance")
        if 2 * self.short > self.made.rows:
            found.append(
                f"{self.short:,} of {self.made.rows:,} rows have too few values that count: they are never found"
            )
        return found


@dataclass(slots=True)
class Builder:
    """Takes rows in batches. `force`: common words count too."""

    terms: Terms
    hashes: Hashes
    force: bool = False
    _read: int = 0
    _empty: int = 0
    _words: int = 0
    _long: int = 0
    _weak: int = 0
    _numbers: Counter[int] = field(default_factory=Counter)
    _seen: set[bytes] = field(default_factory=set)
    _digests: list[U64] = field(default_factory=list)
    _posts: list[NDArray[np.uint32]] = field(default_factory=list)
    _heads: list[NDArray[np.uint32]] = field(default_factory=list)
    _wholes: list[NDArray[np.uint32]] = field(default_factory=list)
    _lengths: set[int] = field(default_factory=set)

    @property
    def rows(self) -> int:
        """Return how many different rows were taken."""
        return len(self._seen)

    def add(self, rows: Sequence[Sequence[str]]) -> None:
        """Take rows: of each the cells of the columns, in order."""
        texts: list[str] = []
        posts: list[int] = []
        first: list[bool] = []
        for row in rows:
            self._read += 1
            mark = self.hashes.digest("\0".join(row).encode("utf-8", "surrogatepass")).to_bytes(8, "little")
            if mark in self._seen:
                continue
            number = len(self._seen)
            self._seen.add(mark)
            for column, cell in enumerate(row):
                for at, one in enumerate(self._written(cell)):
                    texts.append(one)
                    posts.append(number * COLUMNS + column)
                    first.append(at == 0)
        if texts:
            self._take(texts, posts, first)

    def _written(self, cell: str) -> tuple[str, ...]:
        value = " ".join(cell.split())
        if is_word(value) and not self.force:
            self._words += bool(value)
            self._empty += not value
            return ()
        if is_weak(value):
            self._weak += 1
        return variants(value)

    def _take(self, texts: Sequence[str], posts: Sequence[int], first: Sequence[bool]) -> None:
        made = stream(texts)
        low = np.searchsorted(made.places, made.begins)
        high = np.append(low[1:], len(made.chars))
        length = high - low
        main = np.array(first)
        self._empty += int(((length == 0) & main).sum())
        self._long += int(((length > LONGEST) & main).sum())
        good = np.flatnonzero((length > 0) & (length <= LONGEST))
        low, high, length = low[good], high[good], length[good]
        if not len(good):
            return
        values = [made.value(one, end) for one, end in zip(low.tolist(), high.tolist(), strict=True)]
        heads = np.zeros(len(good), np.uint32)
        long = length >= HEAD
        heads[long] = self.hashes.heads(made, low[long])
        for size in range(1, HEAD):
            some = length == size
            if some.any():
                heads[some] = self.hashes.short_heads(made, low[some], size)
        self._digests.append(self.hashes.digests(values))
        self._posts.append(np.array(posts, np.uint32)[good])
        self._heads.append(np.unique(heads))
        self._wholes.append(np.unique(self.hashes.wholes(self.hashes.sums(made), low, high)))
        self._lengths.update(np.unique(length).tolist())
        self._numbers.update(len(one) for one, at in zip(values, main[good], strict=True) if at and one.isdigit())

    def finish(self) -> Built:
        """Return the set.

        Raises:
            Invalid: no row has a value that could be found.

        """
        if not self._digests:
            raise Invalid("no row has a value that could be found", remedy="Look at the columns that you named.")
        digests, posts = np.concatenate(self._digests), np.concatenate(self._posts)
        order = np.lexsort((posts, digests))
        digests, posts = digests[order], posts[order]
        same = (digests[1:] == digests[:-1]) & (posts[1:] == posts[:-1])
        keep = np.concatenate(([True], ~same))
        digests, posts = digests[keep], posts[keep]
        digests, posts, common = self._without_common(digests, posts)
        unique, begins = np.unique(digests, return_index=True)
        crowded = dense(dict(self._numbers))
        made = MatchSet(
            self.terms,
            self.rows,
            unique,
            np.append(begins, len(digests)).astype(np.uint32),
            posts,
            np.unique(np.concatenate(self._heads)),
            np.unique(np.concatenate(self._wholes)),
            np.array(sorted(self._lengths), np.uint16),
        )
        cells = np.unique(posts)
        columns = np.bincount(cells // COLUMNS, minlength=self.rows)
        short = int((columns < self.terms.require).sum())
        return Built(
            made,
            self._read,
            self._empty,
            self._words,
            self._long,
            self._weak,
            sum(crowded.values()),
            common,
            short,
        )

    def _without_common(
        self, digests: U64, posts: NDArray[np.uint32]
    ) -> tuple[U64, NDArray[np.uint32], tuple[int, ...]]:
        """Leave out what stands in very many rows; with `require = 1`, a value is a finding wherever it stands."""
        width = len(self.terms.columns)
        if self.terms.require == 1:
            return digests, posts, (0,) * width
        most = min(max(COMMON_ROWS, int(self.rows * COMMON_SHARE)), COMMON_MOST)
        _, inverse, counts = np.unique(digests, return_inverse=True, return_counts=True)
        common = counts > most
        told = np.zeros(COLUMNS, np.int64)
        for column in range(width):
            told[column] = len(np.unique(digests[common[inverse] & (posts % COLUMNS == column)]))
        keep = ~common[inverse]
        return digests[keep], posts[keep], tuple(told[:width].tolist())
