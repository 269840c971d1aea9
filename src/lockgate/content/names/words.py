"""Texts cut into words, in arrays: where each is, what it looks like, and its number.

A word is a run of letters and digits, or one sign. Blanks are none; a line feed is one, so that a line is alone:
nothing looks across it, and a text that is cut at line feeds gives the same findings.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bits = NDArray[np.uint64]
Bools = NDArray[np.bool_]

BLANK, LINE, LOWER, UPPER, DIGIT, SIGN = range(6)
LATIN: Final = 0x2000
"""Letters from here on are signs: their scripts have no capitals that would make names stand out."""
_FACTOR: Final = 0x9E3779B97F4A7C15
_INVERSE: Final = pow(_FACTOR, -1, 1 << 64)
_MIX: Final = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))
PADDING: Final = 3
"""Line feeds before and after everything: words that neighbors can be asked of."""


@cache
def _tables() -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """Return the class of each character, and its small letter."""
    classes = np.full(LATIN + 1, SIGN, np.uint8)
    small = np.arange(LATIN + 1, dtype=np.uint16)
    for point in range(LATIN):
        char = chr(point)
        if char == "\n":
            classes[point] = LINE
        elif char.isspace() or unicodedata.category(char) == "Cc":
            classes[point] = BLANK
        elif char.isdecimal():
            classes[point] = DIGIT
        elif char.isupper() or char.istitle():
            classes[point] = UPPER
        elif char.isalpha() or unicodedata.category(char) in ("Mn", "Mc"):
            classes[point] = LOWER
        lower = char.lower()
        if len(lower) == 1 and ord(lower) < LATIN:
            small[point] = ord(lower)
    return classes, small


def _count(which: Bools, start: Ints, end: Ints) -> Ints:
    total = np.concatenate((np.zeros(1, np.int64), np.cumsum(which, dtype=np.int64)))
    return total[end] - total[start]


def mixed(numbers: Bits) -> Bits:
    """Return numbers whose bits all depend on all bits of those given (the finalizer of MurmurHash3)."""
    numbers = (numbers ^ (numbers >> np.uint64(33))) * _MIX[0]
    numbers = (numbers ^ (numbers >> np.uint64(33))) * _MIX[1]
    return numbers ^ (numbers >> np.uint64(33))


def _powers(of: int, count: int) -> Bits:
    powers = np.full(count, of, np.uint64)
    powers[0] = 1
    return np.cumprod(powers, dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of some texts, with `PADDING` line feeds before and after.

    Attributes:
        start, end: where each is in the characters of all texts, half open.
        upper, lower, digits: how many characters of it are such.
        first: the class of its first character.
        line: the number of its line.
        spaced: whether a blank stands right before it.
        points: the code points of all characters; from `LATIN` on, that.

    """

    start: Ints
    end: Ints
    upper: Ints
    lower: Ints
    digits: Ints
    first: NDArray[np.uint8]
    line: Ints
    spaced: Bools
    points: NDArray[np.uint32]
    _sums: Bits
    _inverse: Bits

    @classmethod
    def of(cls, text: str) -> Words:
        """Cut a text."""
        text = "\n" * PADDING + text + "\n" * PADDING
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        points = np.minimum(points, LATIN)
        table, small = _tables()
        classes = table[points]
        inside = (classes >= LOWER) & (classes <= DIGIT)
        begins = ~inside
        begins[1:] |= inside[1:] & ~inside[:-1]
        begins[0] = True
        begins &= classes != BLANK
        start = np.flatnonzero(begins)
        # a word ends where letters do; a sign after one character
        stops = np.flatnonzero(inside[:-1] & ~inside[1:]) + 1
        end = start + 1
        of_letters = inside[start]
        end[of_letters] = stops[: int(of_letters.sum())]
        power = _powers(_FACTOR, len(points))
        sums = np.concatenate(
            (np.zeros(1, np.uint64), np.cumsum((small[points] + np.uint64(1)) * power, dtype=np.uint64))
        )
        first = classes[start]
        return cls(
            start,
            end,
            _count(classes == UPPER, start, end),
            _count(classes == LOWER, start, end),
            _count(classes == DIGIT, start, end),
            first,
            np.cumsum(first == LINE) - (first == LINE),
            np.concatenate(([False], classes[start[1:] - 1] == BLANK)),
            points,
            sums,
            _powers(_INVERSE, len(points)),
        )

    def numbers(self, start: Ints, end: Ints) -> Bits:
        """Return a number for what stands from `start` to `end`, the same for equal letters, great or small."""
        return mixed((self._sums[end] - self._sums[start]) * self._inverse[start])


def number(word: str) -> int:
    """Return the number of one word: `Words.numbers` of it."""
    words = Words.of(word)
    low = np.array([PADDING])
    return int(words.numbers(low, low + len(word))[0])
