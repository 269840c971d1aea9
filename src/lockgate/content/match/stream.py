"""A text as exact match sees it: letters and digits alone, folded, one behind the other, with the way back.

Case, accents, spacing and punctuation go: `Müller, Anna-Lena` is `mullerannalena`, in three tokens. A value is
matched from the beginning of a token to the end of one, so how it is written between them does not count. Values
of a set and texts take the same way, so they agree by construction.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lockgate.content.detection.normalize import normalize

Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

WIDE: Final = 64
"""Characters between two tokens of one value at most: more is another place."""
PAD: Final = 8
_DAY, _YEAR = 2, 4
_GONE: Final = 0xFFFF_FFFF
_APART: Final = "\n"
_PLANES: Final = 0x20000
_ALONE: Final = (
    (0xE00, 0xEFF), (0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)  # fmt: skip
"""Scripts without spaces between words, or with particles behind them: each letter is a token."""
_LETTERS: Final = {
    "æ": "a",
    "œ": "o",
    "ø": "o",
    "ß": "s",
    "đ": "d",
    "ł": "l",
    "ħ": "h",
    "ı": "i",
    "þ": "t",
    "ð": "d",
}


@dataclass(frozen=True, slots=True)
class Stream:
    """Texts, folded.

    Attributes:
        chars: code points of letters and digits, of all texts.
        narrow: the same in a byte each, for hashes that may err, and `PAD` zeros behind.
        places: where each stands in the texts, joined by a character each.
        starts, ends: of the tokens, in `chars`.
        joined: whether a value may go on from the token before; False for the first of a text.
        begins: where each text begins, as `places` count.
        ways: for each text, positions as given.

    """

    chars: NDArray[np.uint32] | NDArray[np.uint8]
    narrow: NDArray[np.uint8]
    places: Ints
    starts: Ints
    ends: Ints
    joined: Bools
    begins: Ints
    ways: Sequence[range | Ints]

    def value(self, start: int, end: int) -> bytes:
        """Return what a keyed hash takes in: letters and digits of a stretch, in UTF-8."""
        piece = self.chars[start:end]
        if piece.dtype == np.uint8:
            return piece.tobytes()
        return piece.tobytes().decode("utf-32-le").encode()


def stream(texts: Sequence[str]) -> Stream:
    """Return texts, folded."""
    forms = [normalize(text) for text in texts]
    joined = _APART.join(clean for clean, _ in forms)
    lengths = np.array([len(clean) + 1 for clean, _ in forms], np.int64)
    begins = np.cumsum(lengths) - lengths
    if joined.isascii():
        points: NDArray[np.uint32] | NDArray[np.uint8] = np.frombuffer(joined.encode("ascii"), np.uint8)
        folded: NDArray[np.uint32] | NDArray[np.uint8] = _ascii()[points]
    else:
        points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
        folded = _table()[np.minimum(points, 0x3FFFF)]
    return _tokens(points, folded, begins, [places for _, places in forms])


def _tokens(
    points: NDArray[np.uint32] | NDArray[np.uint8],
    folded: NDArray[np.uint32] | NDArray[np.uint8],
    begins: Ints,
    ways: Sequence[range | Ints],
) -> Stream:
    kept = np.flatnonzero(folded)
    chars = folded[kept]
    gaps = np.diff(kept, prepend=-2) - 1
    if folded.dtype != np.uint8 and (gone := chars == _GONE).any():
        # Marks on letters are nothing: they neither stand in a value nor part its letters.
        before = np.cumsum(gone)[~gone]
        kept, chars = kept[~gone], chars[~gone]
        gaps = np.diff(kept, prepend=-2) - 1 - np.diff(before, prepend=0)
    digit = (chars >= 48) & (chars < 58)
    edge = gaps > 0
    if len(edge):
        edge[0] = True
        edge[1:] |= digit[1:] != digit[:-1]
        if folded.dtype != np.uint8:
            alone = _is_alone()[np.minimum(chars, 0x3FFFF)]
            edge |= alone
            edge[1:] |= alone[:-1]
    starts = np.flatnonzero(edge)
    ends = np.append(starts[1:], len(chars)) if len(starts) else starts
    joined = gaps[starts] <= WIDE
    if len(starts):
        # Digits go on over one character, or over the end of a line: `47, 11` are two numbers.
        both = digit[starts] & digit[starts - 1]
        after = points[np.minimum(kept[starts - 1] + 1, len(points) - 1)]
        listed = (after == ord(",")) | (after == ord(";"))
        sizes = ends - starts
        listed &= ~((sizes == _YEAR) & (np.roll(sizes, 1) <= _DAY))  # `March 7, 1985`
        joined &= ~(both & (gaps[starts] > 1) & ((gaps[starts] > 3) | listed))
        first = np.searchsorted(kept[starts], begins)
        joined[first[first < len(starts)]] = False
    narrow = np.zeros(len(chars) + PAD, np.uint8)
    narrow[: len(chars)] = chars if chars.dtype == np.uint8 else (chars ^ (chars >> 8) * 37) & 0xFF
    return Stream(chars, narrow, kept.astype(np.int64), starts, ends, joined, begins, ways)


@cache
def _ascii() -> NDArray[np.uint8]:
    table = np.zeros(128, np.uint8)
    for point in range(128):
        if chr(point).isalnum():
            table[point] = ord(chr(point).lower())
    return table


@cache
def _table() -> NDArray[np.uint32]:
    """Return what each code point becomes: 0 what parts tokens, `_GONE` marks."""
    table = np.zeros(0x40000, np.uint32)
    for point in range(_PLANES):
        char = chr(point)
        if char.isascii():
            table[point] = ord(char.lower()) if char.isalnum() else 0
        elif char.isalnum():
            table[point] = _letter(char)
        elif unicodedata.category(char) == "Mn":
            table[point] = _GONE
    table[_PLANES:0x3FFFF] = np.arange(_PLANES, 0x3FFFF)  # letters of Chinese; beyond them are no letters
    return table


def _letter(char: str) -> int:
    low = char.casefold() if len(char.casefold()) == 1 else char.lower()[0]
    low = _LETTERS.get(low, low)
    bare = [one for one in unicodedata.normalize("NFKD", low) if one.isalnum()]
    return ord(_LETTERS.get(bare[0], bare[0])) if bare else ord(low)


@cache
def _is_alone() -> Bools:
    table = np.zeros(0x40000, np.bool_)
    for low, high in _ALONE:
        table[low : high + 1] = True
    return table
