"""What a reader sees of a text, whatever characters it is written with.

Copying changes characters that nobody sees: soft hyphens, joiners, marks, full-width letters, an `а` of another
alphabet that looks like `a`. On purpose or not, the words are the same words, and must be recognized.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_DROPPED: Final = frozenset({"Mn", "Me", "Cf"})
_FILLERS: Final = frozenset("\u115f\u1160\u3164\uffa0\uff9e\uff9f")
"""Letters by their category that have no width, or that become marks."""
_LIGATURES: Final = {0xFDFA: " ", 0xFDFB: " "}
"""Characters that would become up to 18 others, so that a short message could take long."""
_TWINS: Final = str.maketrans(
    "авеіјкмнорстухѕһԁԛԝѵ" "αβεικμνορτυχ" "ıɑɡ",
    "abeijkmhopctyxshdqwv" "abeikmvoptux" "iag",
)  # fmt: skip
"""Cyrillic, Greek and phonetic letters that look like Latin ones, after case folding."""


def skeleton(text: str) -> str:
    """Return the text without case, marks and invisible characters, with ASCII digits and Latin twins. Linear.

    >>> skeleton("S\u0430l\u00ada\u200bry: \uff15\u0663") == "salary: 53"
    True
    """
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKD", _visible(text.casefold()))
    return _visible(text).casefold().translate(_TWINS)


def _visible(text: str) -> str:
    """Return the text without what has no width. Before normal forms too: they sort marks, which takes long."""
    table: dict[int, str | None] = dict(_LIGATURES)
    for char in set(text):
        if unicodedata.category(char) in _DROPPED or char in _FILLERS:
            table[ord(char)] = None
        elif char.isdecimal():
            table[ord(char)] = str(unicodedata.decimal(char))
    return text.translate(table)
