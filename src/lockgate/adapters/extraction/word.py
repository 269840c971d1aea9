"""Documents of Word: the body from kreuzberg, and what it leaves out. Runs in the worker."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final

from lockgate.adapters.extraction import convert, office, xmls
from lockgate.adapters.extraction.office import Package
from lockgate.adapters.extraction.pieces import Pieces, Read, ReadInside, Room

# kreuzberg 4.10.4 drops character references in .docx: "R&D" comes out as "RD" (xberg-io/xberg#1242). They are
# carried through it as noncharacters, which no text holds.
_HIDDEN: Final = {"&": "\ufdd0", "<": "\ufdd1", ">": "\ufdd2", '"': "\ufdd3", "'": "\ufdd4"}
_SHOWN: Final = str.maketrans({hidden: shown for shown, hidden in _HIDDEN.items()})
_TAB: Final = re.compile(rb"<w:tab ?/>")  # dropped as well, so that "a<tab>b" comes out as "ab"
_BOX: Final = re.compile(rb"(</?w:txbxContent(?: [^<>]*)?>|</?mc:Fallback(?: [^<>]*)?>|</w:p>)")
_BESIDE: Final = re.compile(r"/(header|footer|comment|footnote|endnote)s?\d{0,5}\.xml$")
_REFERENCE: Final = re.compile(rb"&(amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});")
_RUN: Final = re.compile(rb"<w:r(?: [^<>]{0,500})?>")
_END: Final = b"</w:r>"
_WORDS: Final = re.compile(rb"<w:t(?: [^<>]*)?>([^<]*)</w:t>")
_VANISH: Final = re.compile(rb"<w:(?:vanish|specVanish)(?: w:val=\"(?:1|true|on)\")? ?/>")
_QUOTED: Final = re.compile(r'"([^"]{3,2000})"')
_PLACES: Final = {
    "footer": "footer",
    "footnote": "footnotes",
    "endnote": "endnotes",
    "comment": "comments",
}


def read(name: str, data: bytes, room: Room, read_inside: ReadInside) -> Read:
    """Return text, and what is beside it, of a document.

    Raises:
        Unreadable: it is broken, encrypted or too large.

    """
    package = office.opened(data, room)
    shown = Package({name: _prepared(name, body) for name, body in package.parts.items()})
    text, title = convert.converted(shown.packed(), convert.OOXML + "wordprocessingml.document")
    text = text.translate(_SHOWN)
    pieces = Pieces(title.translate(_SHOWN))
    beside = _beside(package)
    for line in beside.pop("header", ()):
        pieces.add(line, "header")
    pieces.add(text)
    for kind, place in _PLACES.items():
        lines = beside.get(kind, ())
        pieces.add("\n\n".join(line for line in lines if not pieces.says(line)), place)
    _hidden(package, pieces)
    return office.finish(package, pieces, room, read_inside)


def _beside(package: Package) -> dict[str, list[str]]:
    """Return heads, feet, notes and comments, each line once."""
    found: dict[str, list[str]] = {}
    for name, body in package.below("word/"):
        if kind := _BESIDE.search(name):
            label = "Comment: " if kind[1] == "comment" else ""
            lines = xmls.texts_of(body, frozenset({"t"}), frozenset({"p", "comment"}))
            held = found.setdefault(kind[1], [])
            held.extend(label + line for line in lines if label + line not in held)
    return found


def _hidden(package: Package, pieces: Pieces) -> None:
    """Add tracked changes, descriptions of images, what fields point to, and variables of the document."""
    deleted: list[str] = []
    described: list[str] = []
    fields: list[str] = []
    unseen: list[bytes] = []
    for _, body in package.below("word/"):
        if b"delText" in body:
            deleted += xmls.texts_of(body, frozenset({"delText", "delInstrText"}), frozenset({"p"}))
        if b"docPr" in body or b"cNvPr" in body:
            described += xmls.values(body, "docPr", "title", "descr") + xmls.values(
                body, "cNvPr", "title", "descr"
            )
        if b"instrText" in body or b"fldSimple" in body:
            codes = xmls.texts_of(body, frozenset({"instrText"}), frozenset({"p"}))
            codes += xmls.values(body, "fldSimple", "instr")
            fields += [quoted for code in codes for quoted in _QUOTED.findall(code) if not pieces.says(quoted)]
        unseen += [word for start, end in _vanishing(body) for word in _WORDS.findall(body[start:end])]
        if b"docVar" in body:
            pieces.aside("\n".join(xmls.values(body, "docVar", "name", "val")), "variables of the document")
    if unseen:
        pieces.notes.append("hidden text")
        pieces.aside(html.unescape(b"".join(unseen).decode("utf-8", "replace")), "hidden text")
    if deleted:
        pieces.notes.append("tracked changes with deleted text")
    pieces.aside("\n".join(deleted), "deleted text (tracked changes)")
    pieces.add("\n".join(dict.fromkeys(described)), "descriptions of images")
    pieces.aside("\n".join(dict.fromkeys(fields)), "codes of fields")
    if "comment" in "".join(name for name in package.parts if name.startswith("word/comments")):
        pieces.notes.append("comments")


def _prepared(name: str, body: bytes) -> bytes:
    """Return a part as kreuzberg reads it without loss."""
    if not (name.startswith("word/") and name.endswith(".xml")):
        return body
    out, at = [], 0
    for start, end in _vanishing(body):
        out.append(body[at:start])
        at = end
    body = b"".join((*out, body[at:]))
    return _unboxed(_TAB.sub(b'<w:t xml:space="preserve"> </w:t>', _REFERENCE.sub(_carried, body)))


def _vanishing(body: bytes) -> Iterator[tuple[int, int]]:
    """Yield where runs stand whose words nobody sees. One in which a box is drawn shows at least the box."""
    at = 0 if b"anish" in body else len(body)
    while (start := _RUN.search(body, at)) and (end := body.find(_END, start.end())) >= 0:
        at = end + len(_END)
        run = body[start.start() : at]
        if b"anish" in run and b"<w:txbxContent" not in run and _VANISH.search(run):
            yield start.start(), at


def _unboxed(body: bytes) -> bytes:
    """Return a part with the text of boxes behind the paragraph that they are drawn in.

    Where they are, kreuzberg reads the box and drops the paragraph. Word writes each box twice; the copy for old
    readers goes.
    """
    if b"<w:txbxContent" not in body:
        return body
    out: list[bytes] = []
    boxed: list[bytes] = []
    inside = old = 0
    for piece in _BOX.split(body):
        if piece.startswith((b"<mc:Fallback", b"</mc:Fallback")):
            old += 1 if piece[1:2] == b"m" else -1
        elif old > 0:
            continue
        elif piece.startswith((b"<w:txbxContent", b"</w:txbxContent")):
            inside += 1 if piece[1:2] == b"w" else -1
        elif inside > 0:
            boxed.append(piece)
        else:
            out.append(piece)
            if piece == b"</w:p>":
                out.extend(boxed)
                boxed.clear()
    return b"".join(out)


def _carried(found: re.Match[bytes]) -> bytes:
    text = html.unescape(found[0].decode())
    return _HIDDEN.get(text, text).encode("utf-8", "replace")
