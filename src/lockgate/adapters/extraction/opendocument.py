"""OpenDocument 1.3 (ODF): text, sheets and slides, and what they hide. Runs in the worker."""

from __future__ import annotations

import re
from typing import Final

from lockgate.adapters.extraction import office, properties, records, xmls
from lockgate.adapters.extraction.pieces import Pieces, Read, ReadInside, Room, shown
from lockgate.adapters.extraction.texts import ENCRYPTED, Unreadable

_OBJECT: Final = re.compile(r"^(?:\./)?Object [^/]{1,100}/content\.xml$")
_REPEATED: Final = 100
"""Cells that repeat; more of the same say nothing more."""
_ASIDE: Final = {
    "annotation": "comments",
    "notes": "speaker notes",
    "tracked-changes": "deleted text (tracked changes)",
    "note": "footnotes",
    "header": "header",
    "footer": "footer",
    "header-left": "header",
    "footer-left": "footer",
    "header-first": "header",
    "footer-first": "footer",
    "hidden-text": "hidden text",
    "hidden-paragraph": "hidden text",
}
_UNSEEN: Final = frozenset({"hidden text", "deleted text (tracked changes)", "targets of links"})
_WHOLE: Final = frozenset({"p", "h"})


class _Content:
    """Blocks of text by the place where they stand."""

    def __init__(self) -> None:
        self.blocks: list[tuple[str, str]] = []
        self.notes: list[str] = []
        self._line: list[list[str]] = []
        self._place: list[str] = []
        self._tables: list[list[list[str]]] = []
        self._cells: list[tuple[list[str], int]] = []
        self._unseen: set[str] = set()
        self._style = ""
        self._sheet: list[str] = []
        self._described: list[str] | None = None
        self._pages = 0
        self._book = False

    def start(self, tag: str, own: xmls.Attributes) -> None:
        if tag == "style":
            self._style = own.get("name", "")
        elif tag in ("table-properties", "drawing-page-properties"):
            if own.get("display") == "false" or own.get("visibility") == "hidden":
                self._unseen.add(self._style)
        elif tag in _WHOLE:
            self._line.append(["#" * min(_level(own), 6) + " " if tag == "h" else ""])
        elif tag in ("tab", "s", "line-break"):
            self._say("\n" if tag == "line-break" else " ")
        elif tag in ("title", "desc"):
            self._described = []
        elif tag == "hidden-text":
            self.blocks.append(("hidden text", own.get("string-value", "")))
        elif tag == "a" and own.get("href", "").startswith(("http", "mailto", "file")):
            self.blocks.append(("targets of links", own["href"]))
        else:
            self._structure(tag, own)

    def _structure(self, tag: str, own: xmls.Attributes) -> None:
        if tag == "table":
            self._begin_table(own)
        elif tag == "spreadsheet":
            self._book = True
        elif tag == "table-row":
            if own.get("visibility") in ("collapse", "filter"):
                self.notes.append("hidden rows")
            if self._tables:
                self._tables[-1].append([])
        elif tag == "table-column" and own.get("visibility") in ("collapse", "filter"):
            self.notes.append("hidden columns")
        elif tag in ("table-cell", "covered-table-cell"):
            self._cells.append(([], _repeats(own)))
        elif tag == "page":
            self._pages += 1
            unseen = own.get("style-name", "") in self._unseen
            self._sheet[:] = [f"hidden slide {self._pages}" if unseen else f"slide {self._pages}"]
            self.notes += self._sheet if unseen else []
        if tag in _ASIDE:
            self._place.append(_ASIDE[tag])
            self._line.append([])  # who wrote a comment and when, and numbers of notes, are no words of the line

    def _begin_table(self, own: xmls.Attributes) -> None:
        self._tables.append([])
        if len(self._tables) == 1 and not self._place and (name := own.get("name")) and not self._line:
            unseen = own.get("style-name", "") in self._unseen
            place = f"hidden sheet `{shown(name)}`" if unseen else ""
            self._sheet[:] = [place] if unseen or not self._pages else self._sheet
            self.notes += [place] if unseen else []
            if self._book:
                self._add(f"## {shown(name)}")

    def text(self, words: str) -> None:
        if self._described is not None:
            self._described.append(words)
        elif self._line:
            self._say(words)

    def _say(self, words: str) -> None:
        if self._line:
            self._line[-1].append(words)

    def end(self, tag: str) -> None:
        if tag in _WHOLE and self._line:
            self._add(re.sub(r"[ \t\n]+", " ", "".join(self._line.pop())).strip())
        elif tag in ("title", "desc") and self._described is not None:
            self.blocks.append(("descriptions of images", "".join(self._described)))
            self._described = None
        elif tag in ("table-cell", "covered-table-cell") and self._cells:
            lines, times = self._cells.pop()
            if self._tables and self._tables[-1]:
                self._tables[-1][-1].extend([" ".join(lines)] * (times if lines else min(times, 2)))
        elif tag == "table" and self._tables:
            self._add(records.table(self._tables.pop()))
            self._sheet[:] = [] if not self._pages else self._sheet
        if tag in _ASIDE and self._place:
            self._place.pop()
            self._line.pop()

    def _add(self, block: str) -> None:
        if not block.strip("# "):
            return
        if self._place:
            self.blocks.append((self._place[-1], block))
        elif self._cells:
            self._cells[-1][0].append(block)
        else:
            self.blocks.append((self._sheet[-1] if self._sheet else "", block))


def _level(own: xmls.Attributes) -> int:
    level = own.get("outline-level", "1")
    return int(level) if level.isdecimal() and len(level) < 3 else 1


def _repeats(own: xmls.Attributes) -> int:
    times = own.get("number-columns-repeated", "1")
    return min(int(times), _REPEATED) if times.isdecimal() and len(times) < 10 else 1


def read(name: str, data: bytes, room: Room, read_inside: ReadInside) -> Read:
    """Return text, and what is hidden, of a document of any kind.

    Raises:
        Unreadable: it is broken, encrypted or too large.

    """
    package = office.opened(data, room)
    if b"encryption-data" in package.parts.get("META-INF/manifest.xml", b""):
        raise Unreadable(ENCRYPTED)
    if "content.xml" not in package.parts:
        raise Unreadable("it is broken")
    pieces = Pieces()
    found = _Content()
    for part in ("styles.xml", "content.xml", *filter(_OBJECT.match, package.parts)):
        if body := package.parts.get(part):
            xmls.walk(body, found.start, found.end, found.text)
    heads = [block for place, block in found.blocks if place == "header"]
    pieces.add("\n".join(dict.fromkeys(heads)), "header")
    _in_order([one for one in found.blocks if one[0] != "header"], pieces)
    pieces.notes.extend(dict.fromkeys(found.notes))
    office.add_pictures(package, pieces, room)
    if meta := package.parts.get("meta.xml"):
        lines = [*properties.stated(meta), *properties.custom(meta)]
        title = next((value for key, value in lines if key == "Title"), "")
        pieces.title = title
        properties.tell(lines, pieces)
    return pieces.read()


def _in_order(blocks: list[tuple[str, str]], pieces: Pieces) -> None:
    """Add what stands in the body, sheets and slides in order, then what stands aside, by its place."""
    aside: dict[str, list[str]] = {}
    held: list[str] = []
    last = ""
    beside = frozenset(_ASIDE.values()) | {"targets of links", "descriptions of images"}
    for place, block in blocks:
        if place in beside:
            aside.setdefault(place, []).append(block)
            continue
        if place != last and held:
            pieces.add("\n\n".join(held), last)
            held = []
        last = place
        held.append(block)
    pieces.add("\n\n".join(held), last)
    for place, lines in aside.items():
        new = [line for line in dict.fromkeys(lines) if line and not pieces.says(line)]
        text = "\n\n".join(f"Comment: {one}" if place == "comments" else one for one in new)
        (pieces.aside if place in _UNSEEN else pieces.add)(text, place)
        if new and place in ("comments", "speaker notes", "hidden text", "deleted text (tracked changes)"):
            pieces.notes.append(place)
