"""Numbers in many texts at once: runs of digits, and which of them stand in the form of a rule.

A form is a way through runs of digits and the gaps between them: `###-##-####` is three digits, a hyphen, two
digits, a hyphen, four digits. All forms together are a trie. Every run of a megabyte takes its steps in that trie
at the same time, in arrays; after the first step few are left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lockgate.content.detection.batch import Ints, slices

Bools = NDArray[np.bool_]

_DIGIT, _LETTER, _LOW_LINE = 1, 2, 3
_SEPARATORS: Final = " .-/()+"
_LONGEST: Final = 31
"""Runs of more digits are all alike: in no form."""
_SHORT: Final = 1 << 12
"""Codes of gaps of at most three characters are below; the highest is of none, as no class has the number 15."""
WIDEST: Final = 7
"""The longest gap within a form, such as the letters of a CURP."""


def _classes() -> NDArray[np.uint8]:
    table = np.zeros(256, np.uint8)
    table[48:58] = _DIGIT
    table[65:91] = table[97:123] = _LETTER
    table[95] = _LOW_LINE
    for number, char in enumerate(_SEPARATORS):
        table[ord(char)] = 4 + number
    return table


_CLASS: Final = _classes()


def _sort(char: str) -> int:
    """Return the class of a character of a form."""
    if char in "#A":
        return _DIGIT if char == "#" else _LETTER
    return 4 + _SEPARATORS.index(char)


def _code(gap: str) -> int:
    """Return the sketch of a gap as a number; 0 is a gap of no form."""
    code = 0
    for place, char in enumerate(gap):
        code |= _sort(char) << 4 * place
    return code


@dataclass(frozen=True, slots=True)
class Shape:
    """What forms with the same digits have in common, and the ends in which they differ."""

    lengths: tuple[int, ...]
    gaps: tuple[str, ...]


def parts(form: str) -> tuple[str, Shape, str]:
    """Return what stands before the first digit, the digits, and what stands after the last."""
    runs = list(re.finditer("#+", form))
    lengths = tuple(len(run.group()) for run in runs)
    gaps = tuple(form[one.end() : two.start()] for one, two in pairwise(runs))
    return form[: runs[0].start()], Shape(lengths, gaps), form[runs[-1].end() :]


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of digits of some bytes: where they start and end, and the code of the gap behind each."""

    data: NDArray[np.uint8]
    starts: Ints
    ends: Ints
    gaps: Ints

    @classmethod
    def of(cls, array: NDArray[np.uint8]) -> Runs:
        """Find the runs in bytes that begin and end with a margin (`batch.MARGIN`)."""
        digit = (array - np.uint8(48)) < 10
        edges = np.flatnonzero(digit[1:] != digit[:-1]) + 1
        starts, ends = edges[0::2].copy(), edges[1::2].copy()
        width = np.full(len(starts), 255)
        width[:-1] = starts[1:] - ends[:-1]
        gaps = np.zeros(len(starts), np.int64)
        left = np.flatnonzero(width <= WIDEST)
        for place in range(WIDEST):
            sort = _CLASS[array[ends[left] + place]].astype(np.int64)
            gaps[left] |= sort << 4 * place
            more = (width[left] > place + 1) & (sort != 0) & (sort != _LOW_LINE)
            odd = left[(sort == 0) | (sort == _LOW_LINE)]
            gaps[odd] = 0
            left = left[more]
        return cls(array, starts, ends, gaps)


class Trie:
    """All shapes, as tables that take a step for many runs at once."""

    def __init__(self, shapes: Iterable[Shape]) -> None:
        self.shapes = tuple(dict.fromkeys(shapes))
        codes = sorted({_code(gap) for shape in self.shapes for gap in shape.gaps})
        self._short = np.zeros(_SHORT, np.int64)
        self._long = {code: number for number, code in enumerate(codes, 1) if code >= _SHORT}
        for number, code in enumerate(codes, 1):
            if code < _SHORT:
                self._short[code] = number
        width = len(codes) + 1  # 0: a gap of no form
        steps: dict[tuple[int, int], int] = {}
        finals: dict[tuple[int, int], int] = {}
        for number, shape in enumerate(self.shapes):
            node = 0
            for length, gap in zip(shape.lengths, shape.gaps, strict=False):
                element = length * width + codes.index(_code(gap)) + 1
                node = steps.setdefault((node, element), len(steps) + 1)
            finals[node, shape.lengths[-1]] = number + 1
        self._steps = np.zeros((len(steps) + 1, (_LONGEST + 1) * width), np.int32)
        self._finals = np.zeros((len(steps) + 1, _LONGEST + 1), np.int32)
        for (node, element), to in steps.items():
            self._steps[node, element] = to
        for (node, length), number in finals.items():
            self._finals[node, length] = number
        self._width = width

    def find(self, runs: Runs) -> Iterator[tuple[int, Ints, Ints, Bools]]:
        """Yield the numbers of shapes, where digits of such a shape start and end, and which are `bordered`."""
        lengths = np.minimum(runs.ends - runs.starts, _LONGEST)
        known = self._short[np.minimum(runs.gaps, _SHORT - 1)]
        long = np.flatnonzero(runs.gaps >= _SHORT)
        known[long] = [self._long.get(code, 0) for code in runs.gaps[long].tolist()]
        elements = lengths * self._width + known
        first = last = np.arange(len(lengths))
        node = np.zeros(len(lengths), np.int64)
        found: list[tuple[Ints, Ints, Ints]] = []
        while len(first):
            final = self._finals[node, lengths[last]]
            here = np.flatnonzero(final)
            found.append((final[here] - 1, first[here], last[here]))
            step = self._steps[node, elements[last]]
            on = np.flatnonzero(step)
            on = on[last[on] + 1 < len(lengths)]
            node, first, last = step[on].astype(np.int64), first[on], last[on] + 1
        if found:
            shapes, firsts, lasts = (np.concatenate(column) for column in zip(*found, strict=True))
            order = np.argsort(shapes, kind="stable")
            starts, ends = runs.starts[firsts[order]], runs.ends[lasts[order]]
            alone = bordered(runs.data, starts, ends)
            for shape, low, high in slices(shapes[order]):
                yield shape, starts[low:high], ends[low:high], alone[low:high]


def fits(data: NDArray[np.uint8], places: Ints, pattern: str) -> Bools:
    """Tell at which of these places a part of a form stands."""
    good = np.ones(len(places), np.bool_)
    for offset, char in enumerate(pattern):
        good &= _CLASS[data[places + offset]] == _sort(char)
    return good


def bordered(data: NDArray[np.uint8], starts: Ints, ends: Ints) -> Bools:
    """Tell which spans are no part of a longer word or of a number that goes on behind a point or a hyphen."""
    before, after = _CLASS[data[starts - 1]], _CLASS[data[ends]]
    far_before, far_after = _CLASS[data[starts - 2]], _CLASS[data[ends + 1]]
    point, hyphen = 4 + _SEPARATORS.index("."), 4 + _SEPARATORS.index("-")
    good: Bools = (before == 0) | (before > _LOW_LINE)
    good &= (after == 0) | (after > _LOW_LINE)
    good &= (far_before != _DIGIT) | ((before != point) & (before != hyphen))
    good &= (far_after != _DIGIT) | ((after != point) & (after != hyphen))
    return good


def letters_before(runs: Runs, count: int) -> Ints:
    """Return the numbers of the runs before which a word of so many letters stands."""
    places = np.arange(len(runs.starts))
    for offset in range(1, count + 1):
        places = places[_CLASS[runs.data[runs.starts[places] - offset]] == _LETTER]
    front = _CLASS[runs.data[runs.starts[places] - count - 1]]
    found: Ints = places[(front != _LETTER) & (front != _DIGIT)]
    return found
