"""Every format that can be read: one table. Runs in the worker.

Text formats, the structure of e-mail and archives come from the standard library, HTML and the bodies of Word and
Excel files from kreuzberg, PDF from PDFium. All tables come out as lines `| a | b |`, all headings as `# ...`,
whatever the format.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from lockgate.adapters.extraction import (
    archives,
    compound,
    encoded,
    kinds,
    mail,
    markdown,
    opendocument,
    pdf,
    pictures,
    records,
    rtf,
    sheets,
    slides,
    texts,
    web,
    word,
)
from lockgate.adapters.extraction.pieces import Pieces, Read, ReadInside, Room, cleaned
from lockgate.adapters.extraction.texts import Unreadable


def read(name: str, data: bytes, room: Room | None = None) -> Read:
    """Return what a document says; its bytes and then the ending of its name say what it is.

    Raises:
        Unreadable: it cannot be read.

    """
    kind, note = kinds.kind_of(name, data)
    reader = _READERS.get(kind)
    if reader is None:
        raise Unreadable(_WHY.get(kind, "its format is unknown"))
    known = name.rpartition(".")[2].lower() in _TEXT_ENDINGS
    try:
        found = reader(name, data, room or Room())
    except Unreadable as error:
        if kind == "txt" and not known and str(error) == texts.NO_TEXT:
            raise Unreadable("its format is unknown") from error
        raise
    found = found._replace(notes=(note, *found.notes)) if note else found
    return (
        found
        if room is not None and room.depth
        else encoded.add(found, lambda inner: _look(inner, room or Room()))
    )


def _look(data: bytes, room: Room) -> str:
    """Return the text of bytes that were encoded in a text and are a file."""
    if kinds.by_bytes(data) not in _READERS:
        return ""
    try:
        room.file()
        return _read_inside("", data, room.deeper()).text
    except Unreadable:
        return ""


def _read_plain(name: str, data: bytes, room: Room) -> Read:
    text, notes = texts.decode(data)
    return Read(cleaned(text), notes=notes)


def _read_markdown(name: str, data: bytes, room: Room) -> Read:
    text, notes = texts.decode(data)
    text = markdown.RULE.sub("", markdown.ESCAPED.sub(r"\1", texts.clean(text)))
    title = re.match(r"\s*# +(.+)", text)
    return _whole(text, title[1].strip() if title else "", notes)


def _read_csv(name: str, data: bytes, room: Room) -> Read:
    text, notes = texts.decode(data)
    try:
        return _whole(records.separated(texts.clean(text)), "", notes)
    except Unreadable as error:
        return _whole(text, "", (*notes, f"{error}, so it was read as plain text"))


def _read_json(name: str, data: bytes, room: Room) -> Read:
    text, notes = texts.decode(data)
    try:
        body, title = records.fields(text)
    except Unreadable as error:
        return _whole(text, "", (*notes, f"{error}, so it was read as plain text"))
    return _whole(body, title, notes)


def _whole(text: str, title: str, notes: tuple[str, ...]) -> Read:
    pieces = Pieces(title)
    pieces.add(text)
    pieces.notes.extend(notes)
    return pieces.read()


def _read_inside(name: str, data: bytes, room: Room) -> Read:
    """Return what a document inside of another says; whatever its reader fails on costs no other document.

    Raises:
        Unreadable: it cannot be read.

    """
    try:
        return read(name, data, room)
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(texts.failure(error)) from error


def _with_inside(reader: Callable[[str, bytes, Room, ReadInside], Read]) -> Callable[[str, bytes, Room], Read]:
    """Return a reader of what can have other documents in it, which are read by this table too."""
    return lambda name, data, room: reader(name, data, room, _read_inside)


_READERS: Final[dict[str, Callable[[str, bytes, Room], Read]]] = {
    "txt": _read_plain,
    "md": _read_markdown,
    "csv": _read_csv,
    "json": _read_json,
    "html": web.read,
    "eml": _with_inside(mail.read),
    "docx": _with_inside(word.read),
    "xlsx": _with_inside(sheets.read),
    "pptx": _with_inside(slides.read),
    "odt": _with_inside(opendocument.read),
    "ods": _with_inside(opendocument.read),
    "odp": _with_inside(opendocument.read),
    "rtf": _with_inside(rtf.read),
    "ole": _with_inside(compound.read),
    "pdf": _with_inside(pdf.read),
    "image": pictures.read,
    "zip": _with_inside(archives.read_zip),
    "7z": _with_inside(archives.read_7z),
    "tar": _with_inside(archives.read_tar),
    "gz": _with_inside(archives.read_gz),
    "bz2": _with_inside(archives.read_bz2),
    "xz": _with_inside(archives.read_xz),
    "mbox": _with_inside(archives.read_mbox),
}
_TEXT_ENDINGS: Final = frozenset({"txt", "text", "log"})
_WHY: Final = {
    "rar": "archives of this kind cannot be read",
}
