"""Every format that can be read: one table. Runs in the worker.

Text formats, the structure of e-mail and archives come from the standard library, HTML and the bodies of Word and
Excel files from kreuzberg, PDF from PDFium. All tables come out as lines `| a | b |`, all headings as `# ...`,
whatever the format.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from lockgate.adapters.extraction import convert, kinds, mail, markdown, pdf, records, sheets, slides, texts, word
from lockgate.adapters.extraction.pieces import Pieces, Read, Room, cleaned
from lockgate.adapters.extraction.texts import ENCRYPTED, Unreadable


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
        found = reader(data, room or Room())
    except Unreadable as error:
        if kind == "txt" and not known and str(error) == texts.NO_TEXT:
            raise Unreadable("its format is unknown") from error
        raise
    return found._replace(notes=(note, *found.notes)) if note else found


def _read_plain(data: bytes, room: Room) -> Read:
    text, notes = texts.decode(data)
    return Read(cleaned(text), notes=notes)


def _read_markdown(data: bytes, room: Room) -> Read:
    text, notes = texts.decode(data)
    text = markdown.RULE.sub("", markdown.ESCAPED.sub(r"\1", texts.clean(text)))
    title = re.match(r"\s*# +(.+)", text)
    return _whole(text, title[1].strip() if title else "", notes)


def _read_csv(data: bytes, room: Room) -> Read:
    text, notes = texts.decode(data)
    try:
        return _whole(records.separated(texts.clean(text)), "", notes)
    except Unreadable as error:
        return _whole(text, "", (*notes, f"{error}, so it was read as plain text"))


def _read_json(data: bytes, room: Room) -> Read:
    text, notes = texts.decode(data)
    try:
        body, title = records.fields(text)
    except Unreadable as error:
        return _whole(text, "", (*notes, f"{error}, so it was read as plain text"))
    return _whole(body, title, notes)


def _read_html(data: bytes, room: Room) -> Read:
    charset = re.search(rb"<meta[^>]{1,200}charset=[\"']?([A-Za-z0-9_-]{1,40})", data[:4096])
    notes: tuple[str, ...] = ()
    try:
        text = data.decode(charset[1].decode() if charset else "utf-8")
    except (UnicodeDecodeError, LookupError):
        text, notes = texts.decode(data)
    body, title = convert.converted(text.encode("utf-8", "replace"), "text/html")
    return _whole(body, title, notes)


def _read_pdf(data: bytes, room: Room) -> Read:
    return _whole(*pdf.read(data))


def _whole(text: str, title: str, notes: tuple[str, ...]) -> Read:
    pieces = Pieces(title)
    pieces.add(text)
    pieces.notes.extend(notes)
    return pieces.read()


def _with_inside(
    reader: Callable[[bytes, Room, Callable[[str, bytes, Room], Read]], Read],
) -> Callable[[bytes, Room], Read]:
    """Return a reader of what can have other documents in it, which are read by this table too."""
    return lambda data, room: reader(data, room, read)


_READERS: Final[dict[str, Callable[[bytes, Room], Read]]] = {
    "txt": _read_plain,
    "md": _read_markdown,
    "csv": _read_csv,
    "json": _read_json,
    "html": _read_html,
    "eml": _with_inside(mail.read),
    "docx": _with_inside(word.read),
    "xlsx": _with_inside(sheets.read),
    "pptx": _with_inside(slides.read),
    "pdf": _read_pdf,
}
_TEXT_ENDINGS: Final = frozenset({"txt", "text", "log"})
_WHY: Final = {
    "ole": f"{ENCRYPTED}, or in the format of Office 97",
    "image": "it is an image, which would need OCR",
    "zip": "it is broken",
}
