"""Words and identifiers of a text, as lexical search counts them.

A term is a case-folded, NFKC-normalized run of letters and digits. Runs that are joined by `- . _ / : @` are also
one term as a whole where they look like an identifier (they hold a digit, `_` or `@`), so that `INV-2024-00117`
is found by its whole, which is rare and decides, and by its parts. There is no stemming: measured, it
changed nothing in the hybrid ranking (docs/adr/0011).

>>> terms("Who pays INV-2024-00117?")
('who', 'pays', 'inv', '2024', '00117', 'inv-2024-00117')
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lockgate.content.detection.normalize import nfkc

_RUN: Final = re.compile(r"\w+(?:[-./:@'’]\w+)*")
"""One greedy run; no two ways to match the same text, so it is linear."""
_PART: Final = re.compile(r"[^\W_]+")
_IDENTIFIER: Final = re.compile(r"[\d_@]")
_ENDING: Final = re.compile(r"['’]s?$")


def terms(text: str) -> tuple[str, ...]:
    """Return the terms of a text in order, repeats included. Pure, linear in the length of the text."""
    found: list[str] = []
    for run in _RUN.findall(nfkc(text).casefold()):
        parts = _PART.findall(_ENDING.sub("", run) if run[-1] in "'’s" else run)
        found.extend(parts)
        if len(parts) > 1 and _IDENTIFIER.search(run):
            found.append(run)
    return tuple(found)


def is_identifier(term: str) -> bool:
    """Tell whether a term looks like an identifier or a number: people who type one mean exactly it."""
    return _IDENTIFIER.search(term) is not None


def keys(words: Iterable[str]) -> NDArray[np.uint32]:
    """Return one 32-bit number per term: its CRC-32.

    A number that depends on the term alone needs no vocabulary, so no term outlives the document that it came
    from, and no document influences how another one is stored. Two terms share a number once in four billion
    pairs; somebody who wants that can as well write the other word.
    """
    return np.fromiter((zlib.crc32(word.encode("utf-8", "replace")) for word in words), dtype=np.uint32)
