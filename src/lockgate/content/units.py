"""Cuts passages into what can be cited: sentences, list items, `key: value` lines and table rows.

Each unit keeps its context: the title, the heading above it, the line that introduces its list, the header of its
table. The context helps to see what a unit is about; it is never part of the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

UNITS: Final = 600
"""The most units of one prompt; the first ones count."""
UNIT_CHARS: Final = 600
RECORD_CHARS: Final = 200
NAMES: Final = 6
CELLS: Final = 24
"""Cells of a row that are looked at."""
MANY_PAIRS: Final = 3
"""From so many on, `key: value` lines are one record, whose name each of them is about."""
PASSAGE_CHARS: Final = 20_000
"""What is read of one passage."""

_HEADING: Final = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*$")
_ITEM: Final = re.compile(r"^\s*(?:[-*+•●▪–]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+(?=\S)")
_PAIR: Final = re.compile(r"^\s*[*_`\"]*([A-Za-z][^:|=]{0,48}?)[*_`\"]*\s*[:=]\s+[*_`]*(\S.*)$")
_JSON: Final = re.compile(
    r'"([^"\\\n]{1,60})"\s*:\s*("(?:[^"\\]|\\.)*"?|-?\d[\d.eE+-]*|true|false|null|\[[^\[\]{}]*\])'
)
_SENTENCE: Final = re.compile(r"([.!?][\"'”)\]]*)\s+(?=[\"'“(\[]?[^\Wa-z_])")
_ABBREVIATION: Final = re.compile(
    r"(?:\b[A-Z]|\b(?:Mr|Mrs|Ms|Dr|Prof|No|Nr|St|vs|e\.g|i\.e|Inc|Ltd|Corp|Apt|Ste|Blvd|Ave|Rd|approx|ca))\.$"
)
_NAMING: Final = re.compile(
    r"(?:^|[\s_])(?:name|title|subject|id|product|client|customer|site|item)s?$", re.IGNORECASE
)
_OPAQUE: Final = re.compile(r"[0-9a-fA-F-]{24,}")
_POINTING: Final = re.compile(
    r"^(?:it|its|they|their|them|this|these|that|those|he|she|his|her|there)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Unit:
    """Something that can be cited.

    Attributes:
        passage: position of its passage in the prompt, from 0.
        text: what is shown.
        context: what it is about, from around it.
        values: of a row or pair, the text without keys and headers; else the text.
        record: whether it is a row or a pair.
        said: of a row, the one cell that the unit stands for, with its header; else the text.

    """

    passage: int
    text: str
    context: str
    values: str
    record: bool = False
    said: str = ""

    @property
    def claim(self) -> str:
        """What the unit says of what its context is about."""
        return self.said or self.text


def units(passages: Sequence[tuple[str, str]]) -> list[Unit]:
    """Return the units of passages given as (title, text), in order, without repetitions."""
    seen: set[tuple[str, str]] = set()
    out: list[Unit] = []
    for number, (title, text) in enumerate(passages):
        for unit in _of_passage(number, title[:200], text[:PASSAGE_CHARS]):
            if (unit.context, unit.claim) not in seen and any(c.isalnum() for c in unit.claim):
                seen.add((unit.context, unit.claim))
                out.append(unit)
                if len(out) == UNITS:
                    return out
    return out


def _of_passage(number: int, title: str, text: str) -> Iterator[Unit]:
    if len(fields := _JSON.findall(text)) >= MANY_PAIRS:
        yield from _of_json(number, title, fields)
        return
    context = _Context(title)
    section: list[tuple[str, list[str]]] = []
    for kind, lines in _blocks(text.splitlines()):
        if kind == "heading":
            yield from _of_section(number, context, section)
            context.heading, context.lead, section = lines[0], "", []
        else:
            section.append((kind, lines))
    yield from _of_section(number, context, section)


def _of_section(number: int, context: _Context, blocks: Sequence[tuple[str, list[str]]]) -> Iterator[Unit]:
    """Cut what stands below one heading. Its `key: value` lines are about the names among them."""
    names = _record_names([(lines[0], lines[1]) for kind, lines in blocks if kind == "pair"])
    for kind, lines in blocks:
        if kind == "table":
            yield from _of_table(number, context.about, lines)
        elif kind == "pair":
            key, value = lines
            if key in names:
                names[key] = value
            about = ". ".join([context.about, *list(names.values())[:NAMES]])
            yield from (Unit(number, f"{key}: {part}", about, part, record=True) for part in _value(value))
        elif kind == "item":
            for part in _cut(lines[0]):
                yield Unit(number, part, context.about, part)
        else:
            previous = ""
            for part in _cut(lines[0]):
                about = f"{context.about}. {previous}" if previous and _POINTING.match(part) else context.about
                yield Unit(number, part, about, part)
                previous = part
            context.lead = previous if previous.endswith(":") else ""


@dataclass(slots=True)
class _Context:
    title: str
    heading: str = ""
    lead: str = ""

    @property
    def about(self) -> str:
        return ". ".join(part for part in (self.title, self.heading, self.lead) if part)


def _blocks(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Group lines into headings, tables, pairs, items and paragraphs (wrapped lines joined)."""
    position = 0
    while position < len(lines):
        line = lines[position]
        position += 1
        if not line.strip() or not any(c.isalnum() for c in line):
            continue
        if heading := _HEADING.match(line):
            yield "heading", [heading[1]]
        elif len(table := _table(lines, position - 1)) > 1:
            position += len(table) - 1
            yield "table", table
        elif item := _ITEM.match(line):
            text = line[item.end() :].strip()
            while position < len(lines) and _continues(text, lines[position]):
                text, position = f"{text} {lines[position].strip()}", position + 1
            yield "item", [text]
        elif (pair := _PAIR.match(line)) and len(pair[1].split()) <= 6 and not _prose(pair[1]):
            yield "pair", [pair[1].strip(), pair[2].strip(" *_`")]
        else:
            text = line.strip()
            while position < len(lines) and _continues(text, lines[position]):
                text, position = f"{text} {lines[position].strip()}", position + 1
            yield "text", [text]


def _prose(key: str) -> bool:
    return key.split()[0].lower() in {
        "the",
        "a",
        "an",
        "we",
        "you",
        "it",
        "this",
        "please",
        "there",
        "if",
        "he",
        "she",
    }


def _continues(text: str, line: str) -> bool:
    """Tell whether a line goes on with the paragraph before it."""
    if not line.strip() or _HEADING.match(line) or _ITEM.match(line) or "|" in line:
        return False
    if line.strip()[0].islower():
        return not text.endswith((".", "!", "?"))
    return not text.endswith((".", "!", "?", ":", ";")) and len(text) >= 60 and not _PAIR.match(line)


def _table(lines: Sequence[str], start: int) -> list[str]:
    """Return the lines from `start` that form a table of one width with at least 3 cells; one line is none."""
    for mark in ("|", "\t", ";", ","):
        width = len(_cells(lines[start], mark))
        if width < (2 if mark in "|\t" else 3):
            continue
        if mark == "," and (". " in lines[start] or ", " in lines[start]):
            continue
        rows = []
        for line in lines[start:]:
            if len(_cells(line, mark)) != width:
                break
            rows.append(line)
        if len(rows) > 1:
            return rows
    return []


def _cells(line: str, mark: str) -> list[str]:
    line = line.strip()
    if mark == "|":
        line = line.removeprefix("|").removesuffix("|")
    if mark in ",;" and '"' in line:
        found = re.findall(rf'(?:^|{mark})\s*(?:"((?:[^"]|"")*)"|([^{mark}]*))', line)
        return [(quoted.replace('""', '"') or bare).strip() for quoted, bare in found]
    return [cell.strip(" *_`") for cell in line.split(mark)]


def _of_table(number: int, about: str, lines: Sequence[str]) -> Iterator[Unit]:
    mark = next(m for m in ("|", "\t", ";", ",") if len(_cells(lines[0], m)) == len(_cells(lines[1], m)) > 1)
    rows = [_cells(line, mark) for line in lines if any(c.isalnum() for c in line)]
    header = rows[0]
    if any(re.fullmatch(r"[\d.,%€$£ -]+", cell) for cell in header):
        header = [""] * len(header)  # no header: the chunk starts in the middle of a table
    else:
        rows = rows[1:]
    for row in rows:
        cells = [
            (f"{head}: {cell}" if head else cell, cell) for head, cell in zip(header, row, strict=True) if cell
        ]
        text = "; ".join(shown for shown, _ in cells)[:UNIT_CHARS]
        for said, cell in cells[:CELLS]:
            others = "; ".join(shown for shown, _ in cells if shown != said)[:UNIT_CHARS]
            yield Unit(number, text, f"{about}. {others}", cell, record=True, said=said)


def _of_json(number: int, title: str, pairs: Sequence[tuple[str, str]]) -> Iterator[Unit]:
    found = [(key.replace("_", " ").strip(), value.strip('"[] ').replace("\\n", " ")) for key, value in pairs]
    found = [(key, value) for key, value in found if value and value != "null"]
    names = [value for key, value in found if _names(key, value)]
    about = ". ".join([title, *names[:NAMES]])
    for key, value in found:
        for part in _value(value):
            yield Unit(number, f"{key}: {part}", about, part, record=True)


def _record_names(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return what a record is about, by key; it may name itself at its end, where several follow, the first."""
    names: dict[str, str] = {}
    for key, value in pairs if len(pairs) >= MANY_PAIRS else ():
        if _names(key, value):
            names.setdefault(key, value)
    return names


def _names(key: str, value: str) -> bool:
    """Tell whether a pair says what its record is about."""
    return _NAMING.search(key) is not None and len(value) <= 80 and not _OPAQUE.fullmatch(value)


def _value(text: str) -> list[str]:
    """Cut the value of a record only where it is long: an address is no two sentences."""
    return [text] if len(text) <= RECORD_CHARS else _cut(text)


def _cut(text: str) -> list[str]:
    """Cut prose into sentences, none longer than the limit."""
    parts: list[str] = []
    start = 0
    for match in _SENTENCE.finditer(text):
        if _ABBREVIATION.search(text, max(start, match.end(1) - 12), match.end(1)):
            continue
        parts.append(text[start : match.end(1)].strip())
        start = match.end()
    parts.append(text[start:].strip())
    out: list[str] = []
    for part in parts:
        while len(part) > UNIT_CHARS:
            cut = part.rfind(" ", 0, UNIT_CHARS)
            cut = cut if cut > 0 else UNIT_CHARS
            out.append(part[:cut].strip())
            part = part[cut:].strip()
        if part:
            out.append(part)
    return out
