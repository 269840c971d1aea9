"""Normal form of a text for detectors, with the way back to offsets of the text as given.

Numbers are hidden, on purpose or by word processors, behind full-width or other scripts' digits, no-break and
thin spaces, typographic dashes and characters without width. Detectors see ASCII digits, a plain space, a
plain hyphen, and nothing invisible.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

# Zero of every decimal digit row of Unicode 15 outside ASCII and the mathematical alphabets.
_ZEROS: Final = (
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0,
    0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50,
    0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0,
    0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1FBF0,
)  # fmt: skip
_SPACES: Final = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
_NOTHING: Final = (
    "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062"
    "\u2063\u2064\u2066\u2067\u2068\u2069\ufe0e\ufe0f\ufeff"
)

_TO: Final[dict[int, str]] = {
    **{zero + digit: str(digit) for zero in _ZEROS for digit in range(10)},
    **{0xFEE0 + code: chr(code) for code in range(0x21, 0x7F)},
    **dict.fromkeys(map(ord, _SPACES), " "),
    **dict.fromkeys(map(ord, _DASHES), "-"),
}
_ODD: Final = re.compile("[" + "".join(map(re.escape, map(chr, _TO))) + "]")
_INVISIBLE: Final = re.compile("[" + _NOTHING + "]")

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


def normalize(text: str) -> tuple[str, Sequence[int]]:
    """Return the normal form, and for each of its positions (and its end) the position in `text`.

    Characters change one for one, except that invisible ones go; so the positions are `range` unless some did.
    """
    if text.isascii():
        return text, range(len(text) + 1)
    clean = text.translate(_TO) if _ODD.search(text) else text
    if not _INVISIBLE.search(clean):
        return clean, range(len(text) + 1)
    gone = set(_NOTHING)
    places = [place for place, char in enumerate(clean) if char not in gone]
    places.append(len(clean))
    return "".join(clean[place] for place in places[:-1]), places
