"""Rich Text Format 1.9.1, what it hides too. Runs in the worker.

One pass over the tokens with a stack of groups: words in braces go to the destination that the group names.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, replace
from typing import Final

from lockgate.adapters.extraction import office, records
from lockgate.adapters.extraction.pieces import Pieces, Read, ReadInside, Room
from lockgate.adapters.extraction.texts import Unreadable

_TOKEN: Final = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\(\*)|\\([^a-zA-Z0-9'*])"
    rb"|([{}])|[\r\n]+|([^\\{}\r\n]+)|\\"
)
_UNSEEN: Final = frozenset(
    {"hidden text", "deleted text (tracked changes)", "codes of fields", "variables of the document"}
)
_GROUPS: Final = 10_000
_PLACES: Final = {
    "header": "header",
    "headerl": "header",
    "headerr": "header",
    "headerf": "header",
    "footer": "footer",
    "footerl": "footer",
    "footerr": "footer",
    "footerf": "footer",
    "footnote": "footnotes",
    "annotation": "comments",
    "atnauthor": "comments",
    "fldinst": "codes of fields",
    "docvar": "variables of the document",
    "objdata": "object",
    "result": "",
    "fldrslt": "",
    "shptxt": "",
}
_INFO: Final = {
    "title": "Title",
    "subject": "Subject",
    "author": "Author",
    "manager": "Manager",
    "company": "Company",
    "operator": "Last modified by",
    "category": "Category",
    "keywords": "Keywords",
    "doccomm": "Comments",
    "comment": "Comments",
    "hlinkbase": "Base of links",
    "propname": "Property",
    "staticval": "Value",
}
_SKIPPED: Final = frozenset(
    {"fonttbl", "colortbl", "stylesheet", "pict", "themedata", "colorschememapping", "datastore", "latentstyles"}
    | {"listtable", "listoverridetable", "rsidtbl", "generator", "blipuid", "xmlnstbl", "mmathPr", "atnid"}
    | {"atnref", "atndate", "atnparent", "atntime", "creatim", "revtim", "printim", "buptim", "panose", "filetbl"}
)
_WORDS: Final = {
    "par": "\n",
    "line": "\n",
    "sect": "\n",
    "page": "\n",
    "tab": " ",
    "emdash": "\u2014",
    "endash": "\u2013",
    "lquote": "\u2018",
    "rquote": "\u2019",
    "ldblquote": "\u201c",
    "rdblquote": "\u201d",
    "bullet": "\u2022",
    "emspace": " ",
    "enspace": " ",
}
_PAGES: Final = {"mac": "mac-roman", "pc": "cp437", "pca": "cp850"}


@dataclass(frozen=True, slots=True)
class _Group:
    """Where words go: `place` "" is the body, "-" is nowhere. `skip`: characters that stand for a Unicode one."""

    place: str = ""
    skip: int = 1
    star: bool = False
    hidden: bool = False
    deleted: bool = False


class _Reader:
    def __init__(self) -> None:
        self.group = _Group()
        self.said: dict[str, list[str]] = {}
        self.info: list[tuple[str, str]] = []
        self._stack: list[_Group] = []
        self._page = "cp1252"
        self._bytes = bytearray()
        self._skip = 0
        self._rows: list[list[str]] = []

    def run(self, data: bytes) -> None:
        at = 0
        while found := _TOKEN.match(data, at):
            at = found.end()
            if found[1]:
                number = int(found[2]) if found[2] else None
                if found[1] == b"bin":
                    at += max(number or 0, 0)
                    continue
                self._word(found[1].decode(), number)
            elif found[3]:
                self._one(bytes.fromhex(found[3].decode()))
            elif found[4]:
                self.group = replace(self.group, star=True)
            elif found[5]:
                self._sign(found[5])
            elif found[6]:
                self._brace(found[6])
            elif found[7]:
                self._plain(found[7])
        self._flush()

    def _brace(self, brace: bytes) -> None:
        self._flush()
        self._skip = 0
        if brace == b"{":
            if len(self._stack) >= _GROUPS:
                raise Unreadable("it is nested too deep")
            self._stack.append(self.group)
            self.group = replace(self.group, star=False)
        elif self._stack:
            if self.group.place != self._stack[-1].place and self.group.place not in ("-", ""):
                self.put("\n")
            self.group = self._stack.pop()

    def _word(self, word: str, number: int | None) -> None:
        if word == "u" and number is not None:
            self._flush()
            self.put(chr(number % 0x10000))
            self._skip = self.group.skip
            return
        if self._skip:
            self._skip -= 1
            return
        self._flush()
        if word in _WORDS:
            self.put(_WORDS[word])
        elif word in ("cell", "nestcell", "row", "nestrow"):
            self._cell(end=word.endswith("row"))
        elif word in ("v", "deleted"):
            on = number != 0
            self.group = replace(self.group, hidden=on) if word == "v" else replace(self.group, deleted=on)
        elif word == "plain":
            self.group = replace(self.group, hidden=False, deleted=False)
        elif word == "uc":
            self.group = replace(self.group, skip=min(max(number or 0, 0), 100))
        elif word == "ansicpg" and number:
            self._page = _known(f"cp{number}") or self._page
        elif word in _PAGES:
            self._page = _PAGES[word]
        else:
            self._destination(word)

    def _destination(self, word: str) -> None:
        if word in _SKIPPED:
            self.group = replace(self.group, place="-")
        elif word in _INFO:
            self.group = replace(self.group, place=f"\0{word}")
        elif word in _PLACES:
            self.group = replace(self.group, place=_PLACES[word], star=False)
        elif self.group.star:
            self.group = replace(self.group, place="-", star=False)

    def _sign(self, sign: bytes) -> None:
        if sign == b"~":
            self._one(b"\xa0")
        elif sign in (b"\n", b"\r"):
            self.put("\n")
        elif sign in b"\\{}":
            self._one(sign)
        elif sign == b"_":
            self._one(b"-")

    def _one(self, byte: bytes) -> None:
        if self._skip:
            self._skip -= 1
        else:
            self._bytes += byte

    def _plain(self, data: bytes) -> None:
        skipped = min(self._skip, len(data))
        self._skip -= skipped
        self._bytes += data[skipped:]

    def _flush(self) -> None:
        if self._bytes:
            self.put(self._bytes.decode(self._page, "replace"))
            self._bytes.clear()

    def put(self, text: str) -> None:
        group = self.group
        place = group.place
        if place == "-":
            return
        if place == "" and group.deleted:
            place = "deleted text (tracked changes)"
        elif place == "" and group.hidden:
            place = "hidden text"
        self.said.setdefault(place, []).append(text)

    def _cell(self, *, end: bool) -> None:
        self.said.setdefault(self.group.place, []).append("\1" if end else "\2")


def _known(page: str) -> str:
    try:
        return codecs.lookup(page).name
    except LookupError:
        return ""


def read(name: str, data: bytes, room: Room, read_inside: ReadInside) -> Read:
    """Return text, and what is hidden, of a document.

    Raises:
        Unreadable: it is nested too deep.

    """
    reader = _Reader()
    reader.run(data)
    said = {place: "".join(words) for place, words in reader.said.items()}
    pieces = Pieces(said.get("\0title", "").strip())
    pieces.add(said.pop("header", "").strip(), "header")
    pieces.add(_laid_out(said.pop("", "")))
    for place, text in said.items():
        if place == "object":
            _object(text, pieces, room, read_inside)
        elif not place.startswith("\0") and text.strip():
            (pieces.aside if place in _UNSEEN else pieces.add)(_laid_out(text), place)
            if place not in ("codes of fields", "footer", "footnotes"):
                pieces.notes.append(place)
    lines = [f"{_INFO[key[1:]]}: {' '.join(text.split())}" for key, text in said.items() if key.startswith("\0")]
    pieces.aside("\n".join(line for line in lines if not line.endswith(": ")), "document metadata")
    return pieces.read()


def _laid_out(text: str) -> str:
    """Return text with its rows as tables."""
    if "\2" not in text:
        return text.replace("\1", "\n")
    blocks: list[str] = []
    rows: list[list[str]] = []
    for line in text.split("\1"):
        before, cells = _cells(line)
        if before.strip() and rows:
            blocks.append(records.table(rows))
            rows = []
        blocks.append(before)
        if cells:
            rows.append(cells)
    if rows:
        blocks.append(records.table(rows))
    return "\n\n".join(filter(None, blocks))


def _cells(line: str) -> tuple[str, list[str]]:
    """Return what stands before a row, and its cells."""
    if "\2" not in line:
        return line, []
    cells = line.split("\2")
    before, _, first = cells[0].rpartition("\n")
    return before, [first, *cells[1:-1]]


def _object(text: str, pieces: Pieces, room: Room, read_inside: ReadInside) -> None:
    """Read what an object holds: its header, then a file ([MS-OLEDS] 2.2.5), by its first bytes."""
    digits = re.sub(r"[^0-9a-fA-F]", "", text)
    data = bytes.fromhex(digits[: len(digits) // 2 * 2])
    starts = [at for first in (b"\xd0\xcf\x11\xe0", b"PK\x03\x04", b"%PDF-") if (at := data.find(first)) >= 0]
    if starts:
        office.embed("object", data[min(starts) :], pieces, room, read_inside)
