"""Layout: paragraphs, headings and tables of pages whose lines and positions are known. Pure; runs in the worker.

The order in which a page draws its text is kept: it is the reading order of nearly every program that writes PDF,
also for columns. Lines that stand under each other form a block; blocks that stand side by side form a row; rows
that follow each other form a table, as `| a | b |`. Running heads and feet are kept once.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lockgate.adapters.extraction import records

_PITCH: Final = 1.45
"""Lines of a paragraph are at most so many heights of a line apart, top to top."""
_INDENT: Final = 2.0
"""Lines of a paragraph begin at most so many heights of a line from each other."""
_MARGIN: Final = 0.1
"""Share of a page, at its top and bottom, where running heads and feet stand."""
_HEADING: Final = 1.15
"""A line so many times as high as the text is a heading."""
_CELL_LINES: Final = 8
"""A cell with more lines is a column of text."""
_LONG: Final = 60
LINE_CHARS: Final = 2_000
_BLOCK_LINES: Final = 200
_ROW_CELLS: Final = 100
_PLACED: Final = 4_000_000
"""Longer lines, blocks and rows are cut: what is hostile stays linear."""
_BUCKET: Final = 7.2
_COUNTED: Final = re.compile(r"\b[0-9]{1,4}\b(?!.*\b[0-9])")
_BULLET: Final = re.compile(
    r"^[\u2022\u00b7\u25aa\u25e6\u2023\u25cf\u25cb\u25a0\u25a1\u2043\uf0a7\uf0b7\uf0d8](?:\s+|$)"
)
_MARK: Final = re.compile(r"^(?:[-\u2013*]|\(?\d{1,3}[.)]|\(?[A-Za-z][.)])$")
_ITEM: Final = re.compile(r"^(?:[-\u2013*]|\(?\d{1,3}[.)]|\(?[A-Za-z][.)])\s")
_PAIR: Final = re.compile(r"^[^\W\d_][^:.]{0,40}:(?:\s|$)")


@dataclass(frozen=True, slots=True)
class Line:
    """Text on one line with its box, in points from the lower left; `hyphen`: its last word goes on below."""

    text: str
    left: float
    right: float
    top: float
    bottom: float
    hyphen: bool = False

    @property
    def height(self) -> float:
        return max(self.top - self.bottom, 0.1)

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    def joined(self, other: Line) -> Line:
        """Return both as one line."""
        return Line(
            f"{self.text} {other.text}",
            min(self.left, other.left),
            max(self.right, other.right),
            max(self.top, other.top),
            min(self.bottom, other.bottom),
            hyphen=other.hyphen,
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Size in points, and lines in the order in which they are drawn."""

    width: float
    height: float
    lines: tuple[Line, ...]


def placed(lines: list[Line], added: Sequence[Line]) -> list[Line]:
    """Return lines with others among them, each behind the nearest one to its left, else at the end.

    So a field that was filled in follows the words that ask for it.
    """
    if len(lines) * len(added) > _PLACED:
        return [*lines, *added]
    behind: dict[int, list[Line]] = {}
    for line in added:
        left = [at for at, other in enumerate(lines) if _beside(other, line)]
        behind.setdefault(max(left, key=lambda at: lines[at].right, default=len(lines) - 1), []).append(line)
    out = behind.get(-1, [])
    for at, line in enumerate(lines):
        out.extend([line, *behind.get(at, ())])
    return out


_Block = list[Line]
_Row = list[_Block]


def text_of(pages: Sequence[Page]) -> str:
    """Return the text of pages; empty lines between paragraphs."""
    sizes: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            sizes[round(line.height, 1)] += len(line.text)
    body = max(sizes, key=lambda size: (sizes[size], -size), default=1.0)
    larger = sorted((size for size in sizes if size >= _HEADING * body), reverse=True)
    levels = {size: min(level, 3) for level, size in enumerate(larger, 1)}
    writer = _Writer(body, levels)
    for page in _without_repeats(pages):
        writer.page(page)
    return "\n\n".join(writer.parts)


def _without_repeats(pages: Sequence[Page]) -> Iterator[Page]:
    """Leave out what stands in the margin of a page and of one before it, page numbers aside."""
    seen: set[tuple[str, int]] = set()
    for number, page in enumerate(pages):
        kept, here = [], set()
        for line in page.lines:
            if _MARGIN * page.height < line.middle < (1 - _MARGIN) * page.height:
                kept.append(line)
                continue
            # A number is one of pages if it grows as they do.
            key = line.text, 0
            if counted := _COUNTED.search(line.text):
                key = line.text[: counted.start()] + "#" + line.text[counted.end() :], int(counted[0]) - number
            if (line.text, 0) not in seen and key not in seen:
                kept.append(line)
            here |= {key, (line.text, 0)}
        seen |= here
        yield replace(page, lines=tuple(kept))


class _Writer:
    """Turns the blocks of one page after the other into parts of text."""

    def __init__(self, body: float, levels: dict[float, int]) -> None:
        self.parts: list[str] = []
        self._body = body
        self._levels = levels
        self._header: tuple[str, ...] = ()
        self._lefts: tuple[float, ...] = ()
        self._low = 0.0

    def page(self, page: Page) -> None:
        rows = list(_rows(_blocks(page.lines)))
        edges = _edges(line for row in rows for block in row for line in block)
        first = True
        at = 0
        while at < len(rows):
            end = at
            while end < len(rows) and _is_table_row(rows[end]):
                end += 1
            if end - at > 1:
                self._table(rows[at:end], continued=first)
                first = False
            else:
                end = at + 1
                self._row(rows[at], edges)
            at = end

    def _row(self, row: _Row, edges: dict[int, float]) -> None:
        if len(row) > 1 and all(len(block) == 1 for block in row):
            row = [[_all_joined(block[0] for block in row)]]
        for block in row:
            level = self._levels.get(round(block[0].height, 1), 0)
            if level and len(block) <= 3 and sum(len(line.text) for line in block) <= 200:
                self.parts.append("#" * level + " " + " ".join(_joined(block, 0.0, force=True)))
            else:
                self._prose("\n".join(_joined(block, _edge(block, edges))), block[0].top)
                self._low = block[-1].bottom

    def _prose(self, text: str, top: float) -> None:
        """Add a paragraph, or the rest of one that began in the column or on the page before."""
        before = self.parts[-1] if self.parts else "#"
        broken = top > self._low and text[:1].islower() and not before.startswith(("#", "|"))
        if broken and before[-1:].isalnum():
            self.parts[-1] = f"{before} {text}"
        else:
            self.parts.append(text)

    def _table(self, rows: Sequence[_Row], *, continued: bool) -> None:
        width = max(len(row) for row in rows)
        columns = _columns([row for row in rows if len(row) == width])
        cells = [_cells(row, columns) for row in rows]
        lefts = tuple(left for left, _ in columns)
        alike = len(lefts) == len(self._lefts) and all(
            abs(one - other) < self._body for one, other in zip(lefts, self._lefts, strict=True)
        )
        if continued and alike and cells[0] != self._header:
            cells.insert(0, self._header)  # goes on from the page before
        self._header, self._lefts = cells[0], lefts
        self.parts.append(records.table(cells))


def _marked(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield lines, a bullet or number put in front of what stands beside it."""
    mark: Line | None = None
    for line in lines:
        found = _BULLET.match(line.text)
        if found:
            line = replace(line, text="- " + line.text[found.end() :])
        if mark is not None and _beside(mark, line):
            line = replace(mark.joined(line), left=mark.left, text=f"{mark.text.strip()} {line.text}")
        elif mark is not None:
            yield mark
        mark = line if line.text == "- " or _MARK.match(line.text) else None
        if mark is None:
            yield line
    if mark is not None:
        yield mark


def _blocks(lines: Iterable[Line]) -> Iterator[_Block]:
    """Group lines that stand under each other."""
    held: _Block = []
    for line in _marked(lines):
        if held and len(held) < _BLOCK_LINES and _stands_under(held, line):
            held.append(line)
            continue
        if held:
            yield held
        held = [line]
    if held:
        yield held


def _stands_under(held: _Block, line: Line) -> bool:
    last = held[-1]
    height = max(last.height, line.height)
    near = 0 < last.top - line.top <= _PITCH * height
    alike = abs(last.height - line.height) < 0.12 * height
    return near and alike and abs(line.left - held[0].left) <= _INDENT * height and line.left < last.right


def _beside(one: Line, other: Line) -> bool:
    """Tell whether `other` stands to the right of `one`, on its line."""
    return other.left >= one.right - 0.3 * one.height and abs(one.middle - other.middle) < 0.6 * max(
        one.height, other.height
    )


def _rows(blocks: Iterable[_Block]) -> Iterator[_Row]:
    """Group blocks that stand side by side. What stood above the first line they share is a row of its own."""
    row: _Row = []
    for block in blocks:
        if row and len(row) < _ROW_CELLS and (at := _shared(row, block)) is not None:
            if at:
                yield [row[0][:at]]
                row = [row[0][at:]]
            row.append(block)
            continue
        if row:
            yield row
        row = [block]
    if row:
        yield row


def _shared(row: _Row, block: _Block) -> int | None:
    """Return at which line of the first block of a row another one begins beside it; None if it does not."""
    left, top, bottom = min(line.left for line in block), block[0].top, block[-1].bottom
    slack = 0.3 * block[0].height
    if len(row) > 1:
        beside = left >= max(line.right for line in row[-1]) - slack
        return 0 if beside and bottom < max(cell[0].top for cell in row) and top > row[0][-1].bottom else None
    at = len(row[0])
    for line in reversed(row[0]):
        if line.right - slack > left or not bottom < line.middle < top:
            break
        at -= 1
    return at if at < len(row[0]) else None


def _is_table_row(row: _Row) -> bool:
    return len(row) > 1 and all(len(block) <= _CELL_LINES for block in row)


def _columns(rows: Sequence[_Row]) -> list[tuple[float, float]]:
    return [
        (min(line.left for row in rows for line in row[at]), max(line.right for row in rows for line in row[at]))
        for at in range(len(rows[0]))
    ]


def _cells(row: _Row, columns: Sequence[tuple[float, float]]) -> tuple[str, ...]:
    """Return the cells of a row, each in the first free column that it stands in; empty ones where it has none."""
    texts = [" ".join(_joined(block, 0.0, force=True)).replace("|", "/") for block in row]
    if len(row) == len(columns):
        return tuple(texts)
    cells = [""] * len(columns)
    at = 0
    for number, (block, text) in enumerate(zip(row, texts, strict=True)):
        last = len(columns) - (len(row) - number)  # leaves a column for each that follows
        left, right = min(line.left for line in block), max(line.right for line in block)
        while at < last and min(right, columns[at][1]) - max(left, columns[at][0]) <= 0:
            at += 1
        cells[at] = text
        at += 1
    return tuple(cells)


def _edges(lines: Iterable[Line]) -> dict[int, float]:
    """Return how far to the right lines reach that begin at about the same place; by tenths of an inch."""
    edges: dict[int, float] = {}
    for line in lines:
        at = round(line.left / _BUCKET)
        edges[at] = max(edges.get(at, 0.0), line.right)
    return edges


def _edge(block: _Block, edges: dict[int, float]) -> float:
    at = round(block[0].left / _BUCKET)
    return max(edges.get(near, 0.0) for near in range(at - 2, at + 3))


def _joined(block: _Block, edge: float, *, force: bool = False) -> list[str]:
    """Return the lines of a block, those joined that only the width of the column has parted."""
    full = [edge - line.right < _first_word(after) for line, after in itertools.pairwise(block)]
    filled = len(block) >= 3 and sum(full) >= 0.7 * len(full)
    out = [block[0].text]
    for line, after, is_full in zip(block, block[1:], full, strict=False):
        goes_on = after.text[:1].islower() or len(line.text) >= _LONG or filled
        starts = _ITEM.match(after.text) or (_PAIR.match(after.text) and not filled)
        if line.hyphen:
            out[-1] += after.text if after.text[:1].islower() else "-" + after.text
        elif force or (is_full and goes_on and not starts):
            out[-1] += " " + after.text
        else:
            out.append(after.text)
    return out


def _first_word(line: Line) -> float:
    """Return about how wide the first word of a line is, with the space before it and some slack."""
    return (len(line.text.split(" ", 1)[0]) + 3) * (line.right - line.left) / max(len(line.text), 1)


def _all_joined(lines: Iterable[Line]) -> Line:
    first, *rest = lines
    for line in rest:
        first = first.joined(line)
    return first
