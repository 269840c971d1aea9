"""Where findings stand, as a person looks for them: the part of the item, line and column."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from copy import copy
from typing import Final

from lockgate.content.finding import Finding
from lockgate.content.labeling import SURE
from lockgate.content.scanned import PLACES, Place
from lockgate.ports import Extracted

_ENDS: Final = re.compile("\r\n?|[\n\x0b\x0c\x85\u2028\u2029]")
_MOST: Final = 30_000_000
"""Bytes of a file whose own lines are looked up; in a larger one lines are those of the text as it was read."""


def places(data: bytes, extracted: Extracted, findings: Sequence[Finding]) -> tuple[Place, ...]:
    """Return where findings that count for a label stand, at most `PLACES` of a kind, in the order of the text."""
    kept: list[Finding] = []
    seen: Counter[str] = Counter()
    for one in findings:
        if one.confidence >= SURE and seen[one.kind] < PLACES:
            seen[one.kind] += 1
            kept.append(one)
    if not kept:
        return ()
    lines = Lines(extracted.text, data)
    return tuple(_place(one, extracted, lines) for one in kept)


def _place(one: Finding, extracted: Extracted, lines: Lines) -> Place:
    start, end = extracted.origin(one.start, one.end)
    where = extracted.where(one.start, one.end)
    around = [part.start for part in extracted.parts if part.where and part.start <= start and end <= part.end]
    if around:
        lines = lines.of_part(max(around))
    return Place(one.kind, start, end, *lines.at(start), *lines.at(end), one.confidence, one.detector, where)


class Lines:
    """Line and column of offsets: of the file itself where the text is the file's own, else of the text.

    Reading takes empty lines and the blanks at both ends away, so the lines with something in them are those of
    the file, in order. Where they are not, the format is another than text.
    """

    def __init__(self, text: str, data: bytes) -> None:
        self._text = text
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._shifts = _shifts(text, data)

    def of_part(self, begin: int) -> Lines:
        """Return lines that are counted from the begin of a part."""
        inside = copy(self)
        inside._shifts = None
        inside._starts = [begin, *self._starts[bisect_right(self._starts, begin) :]]
        return inside

    def at(self, offset: int) -> tuple[int, int]:
        """Return line and column, counted from 1."""
        line = bisect_right(self._starts, offset) - 1
        column = offset - self._starts[line]
        if self._shifts is None:
            return line + 1, column + 1
        number, shift = self._shifts[line]
        return number, column + shift + 1


def _shifts(text: str, data: bytes) -> list[tuple[int, int]] | None:
    """Return for each line of the text its number in the file, and how far it was moved; None if it has none."""
    if len(data) > _MOST:
        return None
    try:
        original = _ENDS.split(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return None
    with_something = [number for number, line in enumerate(original) if line.strip()]
    shifts: list[tuple[int, int]] = []
    at = 0
    for line in text.split("\n"):
        bare = line.strip()
        if not bare:
            # an empty line ends nothing that could be found, but an offset may stand at its start
            shifts.append((shifts[-1][0] + 1 if shifts else 1, 0))
            continue
        if at >= len(with_something):
            return None
        number = with_something[at]
        found = original[number].find(bare)
        if found < 0:
            return None
        shifts.append((number + 1, found - line.find(bare)))
        at += 1
    return shifts if at == len(with_something) else None
