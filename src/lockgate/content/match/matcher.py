"""Finds values of sets in texts: where they stand, and which of them are of one row near each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from lockgate.content.finding import Finding
from lockgate.content.match.hashes import HEAD, U64, Bits, Hashes
from lockgate.content.match.rows import Hits, singles, together
from lockgate.content.match.sets import MatchSet
from lockgate.content.match.stream import Ints, Stream, stream

SEGMENT: Final = 1 << 20
"""Characters that are looked at together: more would take more memory, and no less time."""
OVER: Final = 4_096
"""Characters behind a segment that a value which begins in it may reach into."""
TOKENS: Final = 24
"""Tokens of a value at most: an account number in pairs of digits has eleven."""


class Matcher:
    """The sets in force, ready to look. Looking changes nothing, so threads may share it."""

    def __init__(self, hashes: Hashes, sets: Sequence[MatchSet]) -> None:
        self.sets = tuple(sorted(sets, key=lambda one: one.terms.name))
        self._hashes = hashes
        self._known = bool(self.sets)
        if not self._known:
            return
        self._heads = Bits(np.unique(np.concatenate([one.heads for one in self.sets])))
        self._wholes = Bits(np.unique(np.concatenate([one.wholes for one in self.sets])), spare=6)
        lengths = np.unique(np.concatenate([one.lengths for one in self.sets])).astype(np.int64)
        self._longest = int(lengths[-1])
        self._is_length = np.zeros(self._longest + 2, np.bool_)
        self._is_length[lengths] = True
        self._short = [size for size in lengths.tolist() if size < HEAD]
        self._has_long = self._longest >= HEAD

    @property
    def nbytes(self) -> int:
        """Return the bytes of memory that the sets take."""
        if not self._known:
            return 0
        parts = (
            part for one in self.sets for part in (one.digests, one.offsets, one.posts, one.heads, one.wholes)
        )
        return self._heads.nbytes + self._wholes.nbytes + sum(part.nbytes for part in parts)

    def scan(self, text: str) -> tuple[Finding, ...]:
        """Return the findings of all sets in a text, sorted, with offsets into the text as given."""
        return self.scan_many((text,))[0]

    def scan_many(self, texts: Sequence[str]) -> list[tuple[Finding, ...]]:
        """Return the findings of each text: what is found in it does not depend on the texts beside it."""
        found: list[list[Finding]] = [[] for _ in texts]
        if self._known:
            some: list[int] = []
            size = 0
            for number, text in enumerate(texts):
                if size + len(text) > SEGMENT and some:
                    self._together([texts[one] for one in some], some, found)
                    some, size = [], 0
                some.append(number)
                size += len(text)
            self._together([texts[one] for one in some], some, found)
        return [tuple(sorted(one)) for one in found]

    def _together(self, texts: Sequence[str], numbers: Sequence[int], found: list[list[Finding]]) -> None:
        for number, hits in zip(numbers, self.hits(texts), strict=True):
            if len(hits.digests):
                for one in self.sets:
                    found[number] += self.findings(one, self.of_set(one, hits))

    @staticmethod
    def of_set(one: MatchSet, hits: Hits) -> Hits:
        """Return the places of values of one set: instead of digests, which of its values each is."""
        at = np.searchsorted(one.digests, hits.digests)
        at[at == len(one.digests)] = 0
        mine = one.digests[at] == hits.digests
        return Hits(hits.starts[mine], hits.ends[mine], at[mine].astype(np.uint64))

    @staticmethod
    def findings(one: MatchSet, own: Hits) -> list[Finding]:
        """Return what places of a set's values, as `of_set` returns them, come to."""
        if not len(own.starts):
            return []
        return singles(one, own) if one.terms.require == 1 else together(one, own)

    def hits(self, texts: Sequence[str]) -> list[Hits]:
        """Return where values of any set stand in each text: all of them, overlapping too, in order."""
        if len(texts) == 1 and len(texts[0]) > SEGMENT:
            return [self._long(texts[0])]
        return self._hits(stream(texts))

    def _long(self, text: str) -> Hits:
        """Look in segments: what begins in one belongs to it. A character before shows what begins."""
        parts = []
        for start in range(0, len(text), SEGMENT):
            before = max(start - 1, 0)
            part = self._hits(stream((text[before : start + SEGMENT + OVER],)))[0]
            begins = part.starts + before
            mine = (begins >= start) & (begins < start + SEGMENT)
            parts.append(Hits(begins[mine], (part.ends + before)[mine], part.digests[mine]))
        return Hits.joined(parts)

    def _hits(self, text: Stream) -> list[Hits]:
        starts, ends, digests = self._values(text)
        owners = np.searchsorted(text.begins, text.places[starts], side="right") - 1
        found = []
        edges = np.searchsorted(owners, np.arange(len(text.ways) + 1))
        for owner, way in enumerate(text.ways):
            low, high = int(edges[owner]), int(edges[owner + 1])
            first = text.places[starts[low:high]] - text.begins[owner]
            last = text.places[ends[low:high] - 1] - text.begins[owner]
            if not isinstance(way, range):
                first, last = way[first], way[last]
            found.append(Hits(first, last + 1, digests[low:high]))
        return found

    def _values(self, text: Stream) -> tuple[Ints, Ints, U64]:
        """Return where values begin and end, in letters of the stream, and their keyed hashes; sorted."""
        begins = self._candidates(text)
        pairs = self._stretches(text, begins) if len(begins) else []
        if not pairs:
            none = np.zeros(0, np.int64)
            return none, none, np.zeros(0, np.uint64)
        starts = np.concatenate([one for one, _ in pairs])
        ends = np.concatenate([one for _, one in pairs])
        order = np.lexsort((ends, starts))
        starts, ends = starts[order], ends[order]
        known: dict[bytes, int] = {}
        digest = self._hashes.digest
        made = np.empty(len(starts), np.uint64)
        for number, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            value = text.value(start, end)
            found = known.get(value)
            if found is None:
                found = known[value] = digest(value)
            made[number] = found
        real = np.zeros(len(made), np.bool_)
        for one in self.sets:
            at = np.searchsorted(one.digests, made)
            at[at == len(one.digests)] = 0
            real |= one.digests[at] == made
        return starts[real], ends[real], made[real]

    def _candidates(self, text: Stream) -> Ints:
        """Return the tokens at which a value may begin."""
        starts, size = text.starts, len(text.chars)
        may = np.zeros(len(starts), np.bool_)
        if self._has_long and len(starts):
            may = self._heads.have(self._hashes.heads(text, starts))
        if self._short and len(starts):
            is_end = np.zeros(size + HEAD + 1, np.bool_)
            is_end[text.ends] = True
            for length in self._short:
                some = np.flatnonzero(is_end[starts + length] & ~may)
                if len(some):
                    may[some] = self._heads.have(self._hashes.short_heads(text, starts[some], length))
        return np.flatnonzero(may)

    def _stretches(self, text: Stream, begins: Ints) -> list[tuple[Ints, Ints]]:
        """Return stretches from these tokens to the end of a token that may be values."""
        sums = self._hashes.sums(text)
        found: list[tuple[Ints, Ints]] = []
        tokens = begins
        for _ in range(TOKENS):
            starts, ends = text.starts[begins], text.ends[tokens]
            length = ends - starts
            near = length <= self._longest
            begins, tokens, starts, ends, length = (one[near] for one in (begins, tokens, starts, ends, length))
            good = np.flatnonzero(self._is_length[length])
            if len(good):
                good = good[self._wholes.have(self._hashes.wholes(sums, starts[good], ends[good]))]
                if len(good):
                    found.append((starts[good], ends[good]))
            tokens = tokens + 1
            more = tokens < len(text.starts)
            begins, tokens = begins[more], tokens[more]
            more = text.joined[tokens]
            begins, tokens = begins[more], tokens[more]
            if not len(begins):
                break
        return found


def merged(one: tuple[Finding, ...], other: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings of two looks at one text, sorted."""
    return tuple(sorted((*one, *other))) if other else one
