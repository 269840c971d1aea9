"""Which of the values that stand in a text are of one row, near each other.

Work is bounded: two values that each stand in thousands of rows cost as much as the shorter list is long. A text
that is made of such pairs is not worked out to the end: what is left over counts as found, less surely, since
nobody may hide a row behind a flood of names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lockgate.content.finding import Finding
from lockgate.content.match.hashes import U64
from lockgate.content.match.sets import COLUMNS, MatchSet
from lockgate.content.match.stream import Ints

DETECTOR: Final = "match@1"
SURE: Final = 0.95
LIKELY: Final = 0.5
"""How sure a pair is that was not worked out."""
BLOCK: Final = 4_096
"""Places that are paired together."""
WORK: Final = 1_000_000
WORK_EACH: Final = 16
"""Rows that are compared for one text and set, and so many more for each place in it."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Places of values, sorted by start: half open, and which value it is."""

    starts: Ints
    ends: Ints
    digests: U64

    @classmethod
    def joined(cls, parts: Sequence[Hits]) -> Hits:
        """Return parts one behind the other."""
        return cls(
            np.concatenate([one.starts for one in parts]),
            np.concatenate([one.ends for one in parts]),
            np.concatenate([one.digests for one in parts]),
        )


def singles(one: MatchSet, hits: Hits) -> list[Finding]:
    """Return each value as a finding; of several that begin or end together, the longest."""
    spans = dict.fromkeys(zip(hits.starts.tolist(), hits.ends.tolist(), strict=True), SURE)
    return _longest(one, spans)


def _longest(one: MatchSet, spans: dict[tuple[int, int], float]) -> list[Finding]:
    """Return findings of spans, without those within another that is as sure."""
    keep: list[Finding] = []
    for (start, end), how in sorted(spans.items(), key=lambda each: (each[0][0], -each[0][1])):
        if not keep or end > keep[-1].end or how > keep[-1].confidence:
            keep.append(Finding(start, end, one.terms.kind, how, DETECTOR))
    return keep


def together(one: MatchSet, hits: Hits) -> list[Finding]:
    """Return each value that stands near enough others of its row."""
    found: dict[tuple[int, int], float] = {}
    budget = WORK + WORK_EACH * len(hits.starts)
    for begin in range(0, len(hits.starts), BLOCK):
        # With all that is near the last of them: a row that begins here is complete.
        last = int(hits.starts[min(begin + BLOCK, len(hits.starts)) - 1])
        stop = int(np.searchsorted(hits.starts, last + one.terms.within, side="right"))
        part = Hits(hits.starts[begin:stop], hits.ends[begin:stop], hits.digests[begin:stop])
        sure, likely, spent = _in_block(one, part, budget)
        budget -= spent
        for places, how in ((likely, LIKELY), (sure, SURE)):
            for at in places:
                span = int(part.starts[at]), int(part.ends[at])
                found[span] = max(how, found.get(span, how))
    return _longest(one, found)


def _in_block(one: MatchSet, hits: Hits, budget: int) -> tuple[set[int], set[int], int]:
    """Return places that are of a row, places of pairs that were not worked out, and the work that was done."""
    left, right = _near(hits, one.terms.within)
    if not len(left):
        return set(), set(), 0
    values = hits.digests
    low, high = np.minimum(values[left], values[right]), np.maximum(values[left], values[right])
    pairs, which = np.unique((low << np.uint64(32)) | high, return_inverse=True)
    shared, over, spent = _shared(one, pairs, budget)
    sure = _enough(one, hits, left, right, which, shared) if len(shared.rows) else set()
    flooded = over[which]
    likely = {*left[flooded].tolist(), *right[flooded].tolist()} - sure
    return sure, likely, spent


def _near(hits: Hits, within: int) -> tuple[Ints, Ints]:
    """Return pairs of places that do not overlap and together are within so many characters."""
    count = len(hits.starts)
    lefts, rights = [], []
    for step in range(1, count):
        near = hits.starts[step:] - hits.starts[:-step] <= within
        if not near.any():
            break
        good = (hits.ends[step:] - hits.starts[:-step] <= within) & (hits.starts[step:] >= hits.ends[:-step])
        at = np.flatnonzero(good & (hits.digests[step:] != hits.digests[:-step]))
        lefts.append(at)
        rights.append(at + step)
    if not lefts:
        none = np.zeros(0, np.int64)
        return none, none
    return np.concatenate(lefts), np.concatenate(rights)


@dataclass(frozen=True, slots=True)
class _Shared:
    """Rows that have both values of a pair, in different columns."""

    rows: Ints
    lows: Ints
    highs: Ints
    pairs: Ints


def _shared(one: MatchSet, pairs: U64, budget: int) -> tuple[_Shared, NDArray[np.bool_], int]:
    """Return the rows that pairs share; which pairs were left, for they would be too much work; the work done."""
    first, second = (pairs >> np.uint64(32)).astype(np.int64), (pairs & np.uint64(0xFFFF_FFFF)).astype(np.int64)
    offsets = one.offsets.astype(np.int64)
    sizes = np.diff(offsets)
    swap = sizes[first] > sizes[second]
    few, many = np.where(swap, second, first), np.where(swap, first, second)
    cost = sizes[few]
    order = np.argsort(cost, kind="stable")
    over = np.zeros(len(pairs), np.bool_)
    over[order[np.cumsum(cost[order]) > budget]] = True
    done = np.flatnonzero(~over)
    cost = cost[done]
    spent = int(cost.sum())
    pair = np.repeat(done, cost)
    inner = np.arange(spent) - np.repeat(np.cumsum(cost) - cost, cost)
    mine = one.posts[offsets[few[pair]] + inner].astype(np.int64)
    row = mine // COLUMNS
    # The other value's postings are sorted: its first in this row is found by halving, for all at once.
    low, end = offsets[many[pair]], offsets[many[pair] + 1]
    low = _first_of(one.posts, low, end, row * COLUMNS)
    found: list[tuple[Ints, Ints, Ints, Ints]] = []
    at = np.flatnonzero(low < end)
    while len(at):
        other = one.posts[low[at]].astype(np.int64)
        same = other // COLUMNS == row[at]
        at, other = at[same], other[same]
        own = mine[at] % COLUMNS
        apart = other % COLUMNS != own
        turned = swap[pair[at]]
        lows, highs = np.where(turned, other % COLUMNS, own), np.where(turned, own, other % COLUMNS)
        found.append((row[at][apart], lows[apart], highs[apart], pair[at][apart]))
        low[at] += 1
        at = at[low[at] < end[at]]
    if not found:
        none = np.zeros(0, np.int64)
        return _Shared(none, none, none, none), over, spent
    return _Shared(*(np.concatenate(parts) for parts in zip(*found, strict=True))), over, spent


def _first_of(posts: NDArray[np.uint32], low: Ints, high: Ints, wanted: Ints) -> Ints:
    """Return for each stretch of sorted postings where the first stands that is not below the wanted one."""
    high = high.copy()
    low = low.copy()
    while len(at := np.flatnonzero(low < high)):
        middle = (low[at] + high[at]) // 2
        less = posts[middle].astype(np.int64) < wanted[at]
        low[at[less]] = middle[less] + 1
        high[at[~less]] = middle[~less]
    return low


def _enough(one: MatchSet, hits: Hits, left: Ints, right: Ints, which: Ints, shared: _Shared) -> set[int]:
    """Return the places that stand near enough others of a row that they share."""
    if one.terms.require == 2:
        real = np.zeros(int(which.max()) + 1, np.bool_)
        real[shared.pairs] = True
        good = real[which]
        return {*left[good].tolist(), *right[good].tolist()}
    by_pair: dict[int, list[tuple[int, int, int]]] = {}
    columns = (shared.rows.tolist(), shared.lows.tolist(), shared.highs.tolist(), shared.pairs.tolist())
    for row, low, high, number in zip(*columns, strict=True):
        by_pair.setdefault(number, []).append((row, low, high))
    by_row: dict[int, set[tuple[int, int]]] = {}
    values = hits.digests
    for at, beside, number in zip(left.tolist(), right.tolist(), which.tolist(), strict=True):
        for row, low, high in by_pair.get(number, ()):
            first, second = (low, high) if values[at] < values[beside] else (high, low)
            by_row.setdefault(row, set()).update(((at, first), (beside, second)))
    found: set[int] = set()
    for places in by_row.values():
        found |= _windows(sorted(places), hits, one)
    return found


def _windows(places: Sequence[tuple[int, int]], hits: Hits, one: MatchSet) -> set[int]:
    """Return places of one row of which enough, in different columns, stand within the distance."""
    found: set[int] = set()
    for number, (first, _) in enumerate(places):
        begin = int(hits.starts[first])
        taken: dict[int, int] = {}
        last = begin
        for at, column in places[number:]:
            if hits.starts[at] - begin > one.terms.within:
                break
            end = int(hits.ends[at])
            if column not in taken and hits.starts[at] >= last and end - begin <= one.terms.within:
                taken[column] = at
                last = end
        if len(taken) >= one.terms.require:
            found |= {*taken.values()}
    return found
