"""Workbooks: the cells from kreuzberg, and what is hidden in them. Runs in the worker."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Final

from lockgate.adapters.extraction import convert, office, xmls
from lockgate.adapters.extraction.office import Package
from lockgate.adapters.extraction.pieces import Pieces, Read, ReadInside, Room, cleaned, shown

_ROW: Final = re.compile(rb"<(?:\w{1,9}:)?row\b[^<>]*\shidden=\"(?:1|true)\"")
_COLUMN: Final = re.compile(rb"<(?:\w{1,9}:)?col\b[^<>]*\shidden=\"(?:1|true)\"")
_HEAD: Final = re.compile(rb"<(?:\w{1,9}:)?(?:odd|even|first)(?:Header|Footer)>([^<]{1,2000})")
_FORMULA: Final = re.compile(rb"<(?:\w{1,9}:)?f(?: [^<>]*)?>([^<]*(?:\"|&quot;)[^<]*)<")
_LITERAL: Final = re.compile(r'"([^"]{3,2000})"')
_CODES: Final = re.compile(r"&(?:[LCRPNDTFAGSUXYEBIOH]|K[0-9A-Fa-f]{6}|\"[^\"]{0,100}\"|\d{1,3})")
_VALUES: Final = frozenset({"v"})


def read(name: str, data: bytes, room: Room, read_inside: ReadInside) -> Read:
    """Return text, and what is hidden, of a workbook.

    Raises:
        Unreadable: it is broken, encrypted or too large.

    """
    package = office.opened(data, room, (".bin",))
    binary = "xl/workbook.bin" in package.parts
    if binary:
        text, title = convert.converted(data, "application/vnd.ms-excel.sheet.binary.macroEnabled.12")
    else:
        text, title = convert.converted(package.packed(), convert.OOXML + "spreadsheetml.sheet")
    pieces = Pieces(title)
    places = office.targets(package, "xl/workbook.xml")
    listed = _sheets(package)
    for place, found in _split(text, listed):
        pieces.add(found, place)
    for name, state, id in listed:
        if state != "visible":
            pieces.notes.append(f"{_state(state)} sheet `{shown(name)}`")
        _look(package.parts.get(places.get(id, ""), b""), name, pieces)
    _beside(package, pieces)
    return office.finish(package, pieces, room, read_inside)


def _sheets(package: Package) -> list[tuple[str, str, str]]:
    """Return name, state and id of each sheet."""
    found: list[tuple[str, str, str]] = []

    def start(tag: str, own: xmls.Attributes) -> None:
        if tag == "sheet":
            found.append((own.get("name", ""), own.get("state", "visible"), own.get("r:id", "")))

    if body := package.parts.get("xl/workbook.xml"):
        xmls.walk(body, start, lambda tag: None, lambda text: None)
    return found


def _state(state: str) -> str:
    return "very hidden" if state == "veryHidden" else "hidden"


def _split(text: str, listed: Sequence[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """Return the text of each sheet with the place that it counts as; text in which they are not found, whole."""
    if all(state == "visible" for _, state, _ in listed):
        return [("", text)]
    found: list[tuple[str, str]] = []
    starts: list[tuple[int, str]] = []
    at = 0
    for name, state, _ in listed:
        heading = f"## {cleaned(name)}\n"
        start = 0 if at == 0 and text.startswith(heading) else text.find("\n" + heading, at)
        if start < 0:
            continue
        starts.append((start, f"{_state(state)} sheet `{shown(name)}`" if state != "visible" else ""))
        at = start + len(heading)
    if not starts:
        return [("", text)]
    for (start, place), (end, _) in zip(starts, [*starts[1:], (len(text), "")], strict=True):
        found.append((place, text[start:end]))
    return [("", text[: starts[0][0]]), *found]


def _look(body: bytes, name: str, pieces: Pieces) -> None:
    """Note what is hidden in a sheet, and add its running heads and the words in its formulas."""
    rows, columns = len(_ROW.findall(body)), len(_COLUMN.findall(body))
    if rows or columns:
        what = " and ".join(f"hidden {kind}" for kind, count in (("rows", rows), ("columns", columns)) if count)
        pieces.notes.append(f"{what} in sheet `{shown(name)}`")
    heads = [_CODES.sub(" ", html.unescape(one.decode("utf-8", "replace"))) for one in _HEAD.findall(body)]
    pieces.add("\n".join(heads), f"header or footer of sheet `{shown(name)}`")
    formulas = [html.unescape(one.decode("utf-8", "replace")) for one in _FORMULA.findall(body)]
    words = [word for formula in dict.fromkeys(formulas) for word in _LITERAL.findall(formula)]
    pieces.aside("\n".join(dict.fromkeys(words)), f"formulas of sheet `{shown(name)}`")


def _beside(package: Package, pieces: Pieces) -> None:
    """Add comments, drawings, names, connections, and copies of data that a workbook keeps out of its sheets."""
    comments: list[str] = []
    drawn: list[str] = []
    kept: list[str] = []
    for part, body in package.below("xl/"):
        folder = part.split("/")[1]
        if folder.startswith("comments") or folder == "threadedComments":
            words = frozenset({"text"}) if folder == "threadedComments" else frozenset({"t"})
            lines = xmls.texts_of(body, words, frozenset({"comment", "threadedComment"}))
            comments += [f"Comment: {line}" for line in lines]
        elif folder == "persons":
            comments += xmls.values(body, "person", "displayName")
        elif folder in ("drawings", "charts", "diagrams"):
            drawn += xmls.texts_of(body, frozenset({"t", "v"}), frozenset({"p", "pt"}))
            drawn += xmls.values(body, "cNvPr", "title", "descr")
        elif folder == "connections.xml":
            pieces.notes.append("connections to data outside")
            told = xmls.values(body, "dbPr", "connection", "command") + xmls.values(body, "webPr", "url", "post")
            pieces.aside("\n".join(told), "connections to data outside")
        elif folder in ("pivotCache", "externalLinks"):
            kept += xmls.values(body, "s", "v") + xmls.values(body, "n", "v")
            kept += xmls.texts_of(body, _VALUES, _VALUES)
        elif folder == "workbook.xml":
            names = xmls.texts_of(body, frozenset({"definedName"}), frozenset({"definedName"}))
            literals = [word for name in names for word in _LITERAL.findall(name)]
            pieces.aside("\n".join(literals), "defined names")
    if comments:
        pieces.notes.append("comments")
    pieces.add("\n\n".join(dict.fromkeys(comments)), "comments")
    pieces.add("\n".join(dict.fromkeys(drawn)), "drawings and charts")
    unseen = [value for value in dict.fromkeys(kept) if not pieces.says(value)] if len(kept) < 10_000 else kept
    if unseen:
        pieces.notes.append("kept copies of data that its sheets do not show")
    pieces.aside("\n".join(unseen), "kept copies of data")
