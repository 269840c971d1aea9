"""Normal form of a text for detectors, with the way back to offsets of the text as given.

Numbers and words are hidden, on purpose or by word processors, behind full-width, mathematical or other scripts'
digits and letters, no-break and thin spaces, typographic dashes, characters without width, and letters of another
alphabet that look the same. Detectors see ASCII digits, a plain space, a plain hyphen, and nothing invisible.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

# Zero of every decimal digit row of Unicode 15 outside ASCII and the mathematical alphabets.
_ZEROS: Final = (
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0,
    0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50,
    0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0,
    0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1FBF0,
)  # fmt: skip
_SPACES: Final = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
# First and last of what has no width: joiners, marks of direction, fillers, selectors, strokes through letters.
_NOTHING: Final = (
    (0xAD, 0xAD), (0x334, 0x338), (0x34F, 0x34F), (0x488, 0x489), (0x61C, 0x61C), (0x115F, 0x1160),
    (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x20D0, 0x20F0),
    (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF9, 0xFFFB), (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
_COMPATIBLE: Final = ((0x17F, 0x17F), (0x2100, 0x214F), (0x2160, 0x217F), (0x24B6, 0x24E9), (0x1D400, 0x1D7CB))
"""Where letters are that are ASCII but for their looks."""

_GONE: Final = 0xFFFF_FFFF
_TAG: Final = 0xE0000
_SPELLED: Final = 6
"""So many tag characters in a row spell something out: a text that nobody sees. Fewer are noise in another one."""

_TWINS: Final = str.maketrans(
    "АВЕЅІЈКМНОРСТУХԌԚԜҺаеорсухіјѕһԁԛԝѵкмтнвΑΒΕΖΗΙΚΜΝΟΡΤΥΧοανιρυκτχεıɑɡ",
    "ABESIJKMHOPCTYXGQWHaeopcyxijshdqwvkmthbABEZHIKMNOPTYXoavipuktxeiag",
)
"""Cyrillic, Greek and phonetic letters that look like Latin ones."""
_LATIN: Final = "0-9A-Za-z_"
_TWIN: Final = "".join(map(chr, _TWINS))
_MIXED: Final = re.compile(
    rf"(?<!\w)(?=[{_LATIN}]*+[{_TWIN}])(?=[0-9_{_TWIN}]*+[A-Za-z])[{_LATIN}{_TWIN}]++(?!\w)"
)
"""A word of Latin letters and such letters: there is no alphabet that has both."""

_MARKS: Final = re.compile("(?:[^\x00-\x7f\\w\\s]|[\uff9e\uff9f]){31,}")
"""Runs in which combining marks may stand; these two are letters that become marks."""
_STREAM_SAFE: Final = 30
_JOINER: Final = "\u034f"


def nfkc(text: str) -> str:
    """Return the text in Unicode normal form KC, in time linear in its length.

    Marks are put in order by insertion, so a run of a hundred thousand of them takes minutes. Runs are cut after
    30 by a joiner that is itself invisible (the Stream-Safe Text Format of UAX 15, section 13).
    """
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", _MARKS.sub(_cut, text))


def _cut(match: re.Match[str]) -> str:
    run = match.group()
    return _JOINER.join(run[at : at + _STREAM_SAFE] for at in range(0, len(run), _STREAM_SAFE))


def normalize(text: str) -> tuple[str, range | Ints]:
    """Return the normal form, and for each of its positions (and its end) the position in `text`.

    Characters change one for one, except that invisible ones go; so the positions are `range` unless some did.
    """
    if text.isascii():
        return text, range(len(text) + 1)
    given = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    points = _table()[given]
    if given.max() >= _TAG:
        _spell(given, points)
    places: range | Ints = range(len(text) + 1)
    if (points == _GONE).any():
        kept = np.flatnonzero(points != _GONE)
        points, places = points[kept], np.append(kept, len(text))
    elif np.array_equal(points, given):
        return _latin(text, points), places
    return _latin(points.tobytes().decode("utf-32-le"), points), places


@cache
def _table() -> NDArray[np.uint32]:
    """Return what each code point becomes."""
    table = np.arange(0x110000, dtype=np.uint32)
    for zero in _ZEROS:
        table[zero : zero + 10] = np.arange(48, 58)
    for low, high in _COMPATIBLE:
        for point in range(low, high + 1):
            letter = unicodedata.normalize("NFKC", chr(point))
            if len(letter) == 1 and letter.isascii():
                table[point] = ord(letter)
    table[0xFF01:0xFF5F] = np.arange(0x21, 0x7F)
    table[0xD800:0xE000] = 0xFFFD
    table[[ord(char) for char in _SPACES]] = ord(" ")
    table[[ord(char) for char in _DASHES]] = ord("-")
    for low, high in _NOTHING:
        table[low : high + 1] = _GONE
    return table


def _spell(given: NDArray[np.uint32], points: NDArray[np.uint32]) -> None:
    """Read what tag characters spell out."""
    tag = (given >= _TAG + 0x20) & (given < _TAG + 0x7F)
    edges = np.flatnonzero(np.diff(tag, prepend=False, append=False))
    for low, high in zip(edges[0::2].tolist(), edges[1::2].tolist(), strict=True):
        if high - low >= _SPELLED:
            points[low:high] = given[low:high] - _TAG


def _latin(text: str, points: NDArray[np.uint32]) -> str:
    """Return the text with words that are only partly Latin in Latin."""
    if not ((points >= 0x131) & (points < 0x530)).any():
        return text
    return _MIXED.sub(lambda word: word[0].translate(_TWINS), text)
