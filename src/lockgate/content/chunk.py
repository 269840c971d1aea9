r"""Chunk: split a text into passages that an index can rank and an answer can cite.

A passage ends at a paragraph, a sentence or a row of a table, whichever comes before its size does; a heading
stays with what follows it. A passage that begins inside a section or a table carries the section's heading and the
table's header line in front, so that it says what it is about when it stands alone.

For every passage, `text == lead + source[start:end]`. Passages do not overlap, come in order, and together hold
every character of the source that is not white space. Deterministic; time is linear in the length of the source.

>>> [(p.text, p.start, p.end) for p in split("# Pay\n\nAnn earns 3.\n")]
[('# Pay\n\nAnn earns 3.', 0, 19)]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

SIZE: Final = 900
"""The longest body of a passage, in characters; about 200 tokens of English."""
_SECTION: Final = 350
"""A heading ends the passage before it once that is at least so long."""
_HEADING_LEAD: Final = 150
_TABLE_LEAD: Final = 500
_HEADING: Final = re.compile(r"#{1,6} \S")
_VISIBLE: Final = re.compile(r"\S")
_SENTENCE: Final = re.compile(r"[.!?\u2026\u3002\uff01\uff1f][\"')\]\u00bb\u201d]?(?=\s)|\n")


@dataclass(frozen=True, slots=True)
class Span:
    """A passage: `text` is what is indexed, `start` and `end` where its body stands in the source."""

    text: str
    start: int
    end: int


class _Kind(IntEnum):
    HEADING = 0
    HEADER = 1
    ROW = 2
    PROSE = 3


@dataclass(frozen=True, slots=True)
class _Unit:
    """A piece that is kept whole: start, end, and the header line of the table that it is a row of."""

    kind: _Kind
    start: int
    end: int
    header: tuple[int, int] = (0, 0)


def split(text: str, size: int = SIZE) -> tuple[Span, ...]:
    """Return the passages of a text; of a text without any letter or sign, none."""
    passages: list[Span] = []
    held: list[_Unit] = []
    heading = ""
    for unit in _units(text, size):
        if held and _full(held, unit, size):
            kept = _trailing_headings(held)
            heading = _flush(text, held[: len(held) - kept], heading, passages)
            held = held[len(held) - kept :]
        held.append(unit)
    if held:
        _flush(text, held, heading, passages)
    return tuple(passages)


def _full(held: list[_Unit], unit: _Unit, size: int) -> bool:
    length = held[-1].end - held[0].start
    if unit.kind is _Kind.HEADING and length >= _SECTION:
        return True
    # The header line of a table must not stand at the end of a passage without a row.
    room = size - (_TABLE_LEAD // 2 if unit.kind is _Kind.HEADER else 0)
    return unit.end - held[0].start > room


def _trailing_headings(held: list[_Unit]) -> int:
    """Count the headings at the end that belong to what follows; none if there is nothing else."""
    count = 0
    while count < len(held) and held[-1 - count].kind is _Kind.HEADING:
        count += 1
    return count if count < len(held) else 0


def _flush(text: str, units: list[_Unit], heading: str, passages: list[Span]) -> str:
    """Add one passage and return the heading that is in force after it."""
    start, end = units[0].start, units[-1].end
    lead = heading if heading and units[0].kind is not _Kind.HEADING else ""
    header = units[0].header
    if units[0].kind is _Kind.ROW and header[1] > header[0]:
        lead += text[header[0] : min(header[1], header[0] + _TABLE_LEAD)] + "\n"
    passages.append(Span(lead + text[start:end], start, end))
    for unit in reversed(units):
        if unit.kind is _Kind.HEADING:
            return text[unit.start : min(unit.end, unit.start + _HEADING_LEAD)] + "\n\n"
    return heading


def _units(text: str, size: int) -> Iterator[_Unit]:
    """Yield the pieces of a text in order, none longer than `size`."""
    header: tuple[int, int] | None = None
    prose: tuple[int, int] | None = None
    for start, end in _lines(text):
        row = text.startswith("|", start)
        is_heading = not row and _HEADING.match(text, start) is not None
        if prose is not None and (row or is_heading or start == end):
            yield from _pieces(text, _Kind.PROSE, *prose, size)
            prose = None
        if start == end:
            header = None
        elif row and header is None:
            header = start, end
            yield from _pieces(text, _Kind.HEADER, start, end, size)
        elif row:
            yield from _pieces(text, _Kind.ROW, start, end, size, header or (0, 0))
        elif is_heading:
            header = None
            yield from _pieces(text, _Kind.HEADING, start, end, size)
        else:
            header = None
            prose = (prose[0] if prose else start), end
    if prose is not None:
        yield from _pieces(text, _Kind.PROSE, *prose, size)


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each line, white space trimmed at both ends; an empty line is an empty span."""
    at = 0
    while at <= len(text):
        stop = text.find("\n", at)
        stop = len(text) if stop < 0 else stop
        line = text[at:stop]
        start = at + len(line) - len(line.lstrip())
        yield start, max(start, at + len(line.rstrip()))
        at = stop + 1


def _pieces(
    text: str, kind: _Kind, start: int, end: int, size: int, header: tuple[int, int] = (0, 0)
) -> Iterator[_Unit]:
    """Cut what is longer than `size` at sentences, else at white space, else anywhere."""
    while end - start > size:
        cut = _cut(text, start, start + size)
        stop = start + len(text[start:cut].rstrip())
        yield _Unit(kind, start, stop, header)
        following = _VISIBLE.search(text, cut, end)
        start = following.start() if following else end
        if kind in (_Kind.HEADING, _Kind.HEADER):
            kind = _Kind.PROSE  # only its first piece is one; the rest must not be carried along
    if start < end:
        yield _Unit(kind, start, end, header)


def _cut(text: str, start: int, limit: int) -> int:
    half = start + (limit - start) // 2
    sentence = -1
    for found in _SENTENCE.finditer(text, half, limit):
        sentence = found.end()
    if sentence > 0:
        return sentence
    space = max(text.rfind(" ", half, limit), text.rfind("\t", half, limit))
    return space if space > 0 else limit
