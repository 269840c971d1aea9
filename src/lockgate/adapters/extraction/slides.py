"""Presentations: slides in their order, speaker notes, comments, hidden slides. Runs in the worker."""

from __future__ import annotations

import re
from typing import Final

from lockgate.adapters.extraction import office, records, xmls
from lockgate.adapters.extraction.office import Package
from lockgate.adapters.extraction.pieces import Pieces, Read, ReadInside, Room
from lockgate.adapters.extraction.texts import Unreadable

_TITLES: Final = ("title", "ctrTitle")
_FURNITURE: Final = ("sldNum", "dt", "sldImg")
_HIDDEN: Final = re.compile(rb"<(?:\w{1,9}:)?sld\b[^<>]*\sshow=\"(?:0|false)\"")


def read(name: str, data: bytes, room: Room, read_inside: ReadInside) -> Read:
    """Return text, and what is beside it, of a presentation.

    Raises:
        Unreadable: it is broken, encrypted or too large.

    """
    package = office.opened(data, room)
    if "ppt/presentation.xml" not in package.parts:
        raise Unreadable("it is broken")
    pieces = Pieces()
    commented: list[str] = []
    for number, part in enumerate(_order(package), 1):
        body = package.parts[part]
        hidden = bool(_HIDDEN.search(body[:4000]))
        text, title = _text(body)
        pieces.title = pieces.title or title
        pieces.add(text, f"hidden slide {number}" if hidden else f"slide {number}")
        if hidden:
            pieces.notes.append(f"hidden slide {number}")
        pieces.add("\n".join(xmls.values(body, "cNvPr", "title", "descr")), f"descriptions on slide {number}")
        for beside in office.targets(package, part).values():
            found = package.parts.get(beside, b"") if beside.endswith(".xml") else b""
            if "/notesSlides/" in beside and (said := _text(found)[0] if found else ""):
                pieces.add(f"Speaker notes:\n{said}", f"speaker notes of slide {number}")
                commented.append("speaker notes")
            elif "/comments/" in beside and found:
                lines = xmls.texts_of(found, frozenset({"text", "t"}), frozenset({"cm", "p", "text"}))
                pieces.add("\n\n".join(f"Comment: {line}" for line in lines), f"comments on slide {number}")
                commented.append("comments")
            elif re.search(r"/(?:charts|diagrams)/(?:chart|data)", beside) and found:
                lines = xmls.texts_of(found, frozenset({"t", "v"}), frozenset({"p", "pt"}))
                pieces.add("\n".join(dict.fromkeys(lines)), f"charts on slide {number}")
    pieces.notes.extend(dict.fromkeys(commented))
    authors = [
        name
        for part in ("ppt/commentAuthors.xml", "ppt/authors.xml")
        if part in package.parts
        for tag in ("cmAuthor", "author")
        for name in xmls.values(package.parts[part], tag, "name")
    ]
    pieces.add("\n".join(authors), "authors of comments")
    return office.finish(package, pieces, room, read_inside)


def _order(package: Package) -> list[str]:
    """Return the slides as they are shown, then those that no list names."""
    places = office.targets(package, "ppt/presentation.xml")
    listed = [places.get(id, "") for id in xmls.values(package.parts["ppt/presentation.xml"], "sldId", "r:id")]
    known = [name for name, _ in package.below("ppt/slides/") if name.count("/") == 2]
    return list(dict.fromkeys([name for name in listed if name in package.parts] + known))


class _Slide:
    """Paragraphs and tables of a slide; the text of its title as a heading."""

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self.title = ""
        self._held: list[str] = []
        self._shape: list[str] = []
        self._kind = ""
        self._rows: list[list[str]] = []
        self._cell: list[str] | None = None
        self._said = False

    def start(self, tag: str, own: xmls.Attributes) -> None:
        if tag == "ph":
            self._kind = own.get("type", "body")
        elif tag == "tbl":
            self._rows = []
        elif tag == "tr":
            self._rows.append([])
        elif tag == "tc":
            self._cell = []
        elif tag in ("br", "tab"):
            self._held.append(" ")
        self._said = tag == "t"

    def text(self, words: str) -> None:
        if self._said:
            self._held.append(words)

    def end(self, tag: str) -> None:
        self._said = False
        if tag == "p":
            line = " ".join("".join(self._held).split())
            self._held.clear()
            if line:
                (self._shape if self._cell is None else self._cell).append(line)
        elif tag == "tc" and self._rows:
            self._rows[-1].append(" ".join(self._cell or ()))
            self._cell = None
        elif tag == "tbl":
            self.blocks.append(records.table(self._rows))
        elif tag in ("sp", "cxnSp", "graphicFrame"):
            self._close()

    def _close(self) -> None:
        if self._shape and self._kind not in _FURNITURE:
            if self._kind in _TITLES:
                self.title = self.title or " ".join(self._shape)
                self.blocks.insert(0, "## " + " ".join(self._shape))
            else:
                self.blocks.append("\n".join(self._shape))
        self._shape, self._kind = [], ""


def _text(body: bytes) -> tuple[str, str]:
    slide = _Slide()
    xmls.walk(body, slide.start, slide.end, slide.text)
    return "\n\n".join(slide.blocks), slide.title
