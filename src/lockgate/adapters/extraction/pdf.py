"""PDF: words and where they stand on each page, from PDFium; `layout.py` makes text of them. Runs in the worker.

PDFium gives characters in the order in which the page draws them, spaces and ends of lines guessed from positions.
Form fields and notes on a page are drawn into it first, so that they are read where they stand.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import pypdfium2
from pypdfium2 import raw

from lockgate.adapters.extraction import pdf_aside, pictures
from lockgate.adapters.extraction.layout import LINE_CHARS, Line, Page, placed, text_of
from lockgate.adapters.extraction.pieces import Pieces, Read, ReadInside, Room
from lockgate.adapters.extraction.texts import ENCRYPTED, Unreadable

if TYPE_CHECKING:
    from PIL.Image import Image

_HYPHENS: Final = (0x02, 0xFFFE)
"""What PDFium puts where a word is hyphenated at the end of a line."""
_MADE_UP: Final = re.compile(
    r"^\s*(?:\W*(?:untitled|unnamed|anonymous|unspecified)\W*$|Microsoft \w+ - .*)", re.IGNORECASE
)
_COLUMN: Final = 0.9
"""A gap of so many heights of a letter parts two cells; a wide space in justified text is narrower."""
_SAME_LINE: Final = 0.5
"""Words whose middles are no more than so many heights apart stand on one line."""


PAGES: Final = 20_000
_LITTLE: Final = 100
"""Characters of a page that may be no more than a stamp or a number on a scan: such pages are looked at, too."""
_OBJECTS: Final = 1_000
_DOTS: Final = 200
"""Dots per inch at which a page is drawn to be read."""
_PIXELS: Final = 12_000_000
_SIDE: Final = 20_000


def read(name: str, data: bytes, room: Room, read_inside: ReadInside) -> Read:
    """Return text, and what is beside it, of a PDF.

    Raises:
        Unreadable: it is broken, encrypted, has too many pages, or holds no text.

    """
    pieces = Pieces()
    try:
        with pypdfium2.PdfDocument(data) as document:
            document.init_forms()
            pieces.title = _MADE_UP.sub("", document.get_metadata_value("Title"))
            drawn: list[int] = []
            pages, notes = _pages(document, pieces, room, drawn)
            pieces.add(text_of(pages))
            if pictures.eyes() is not None:
                _pictures(document, drawn, pieces, room)
            new = [note for note in dict.fromkeys(notes) if not pieces.says(note)]
            pieces.add("\n".join(new), "notes and fields")
            body = pieces.length
            pdf_aside.add(document, data, pieces, room, read_inside)
    except pypdfium2.PdfiumError as error:
        protected = error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY)
        raise Unreadable(ENCRYPTED if protected else "it is broken") from error
    found = pieces.read()
    if not body and all(part.where == "document metadata" for part in found.parts):
        raise Unreadable("it holds no text, only images" if pages else "it is broken")
    return found


def _pages(
    document: pypdfium2.PdfDocument, pieces: Pieces, room: Room, drawn: list[int]
) -> tuple[list[Page], list[str]]:
    """Return what can be read of the pages, and the notes on them; add to `drawn` which may be pictures."""
    count = len(document)
    if count > PAGES:
        raise Unreadable(f"it has more than {PAGES} pages")
    pages: list[Page] = []
    notes: list[str] = []
    for number in range(count):
        try:
            room.go_on()
        except Unreadable as error:
            pieces.unread.append(f"pages {number + 1} to {count}: {error}")
            break
        try:
            page = _page(document, number, notes)
            pages.append(page)
            said = sum(len(line.text) for line in page.lines)
            if not said or (said < _LITTLE and _has_picture(document, number)):
                drawn.append(number)
        except pypdfium2.PdfiumError:
            pieces.unread.append(f"page {number + 1}: it is broken")
    empty = sum(not page.lines for page in pages)
    if empty:
        pieces.notes.append(f"{empty} of its {count} pages hold no text")
    return pages, notes


def _has_picture(document: pypdfium2.PdfDocument, number: int) -> bool:
    page = document[number]
    count = min(raw.FPDFPage_CountObjects(page), _OBJECTS)
    kinds = (raw.FPDFPageObj_GetType(raw.FPDFPage_GetObject(page, at)) for at in range(count))
    found = any(kind == raw.FPDF_PAGEOBJ_IMAGE for kind in kinds)  # forms are what fields show, too
    page.close()
    return found


def _pictures(document: pypdfium2.PdfDocument, numbers: list[int], pieces: Pieces, room: Room) -> None:
    """Add what is written on pages that are pictures. After all text, which costs less and is surer."""
    for number in numbers:
        try:
            room.go_on()
            pieces.add(pictures.look(_drawn(document, number), room), f"picture on page {number + 1}")
        except (Unreadable, pypdfium2.PdfiumError) as error:
            why = str(error) if isinstance(error, Unreadable) else "it cannot be drawn"
            pieces.unread.append(f"picture on page {number + 1}: {why}")


def _drawn(document: pypdfium2.PdfDocument, number: int) -> Image:
    """Return a page as a picture in shades of gray."""
    page = document[number]
    width, height = page.get_size()
    scale = min(_DOTS / 72, (_PIXELS / max(width * height, 1.0)) ** 0.5, _SIDE / max(width, height, 1.0))
    bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=True)
    try:
        made: Image = bitmap.to_pil().copy()
        return made
    finally:
        bitmap.close()
        page.close()


def _page(document: pypdfium2.PdfDocument, number: int, notes: list[str]) -> Page:
    page = document[number]
    width, height = page.get_size()
    lines = _read(page)
    if raw.FPDFPage_GetAnnotCount(page) > 0:
        notes += pdf_aside.notes_of(page)
        raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY)
        page.close()
        page = document[number]
        drawn = _read(page)  # what was drawn into the page comes last
        lines = placed(drawn[: len(lines)], drawn[len(lines) :])
    page.close()
    return Page(width, height, tuple(lines))


def _read(page: pypdfium2.PdfPage) -> list[Line]:
    text = page.get_textpage()
    lines = list(_lines(text))
    text.close()
    return lines


def _lines(page: pypdfium2.PdfTextPage) -> Iterator[Line]:
    """Yield runs of words that stand side by side on one line with no more than a space between them."""
    held: Line | None = None
    for word in _words(page):
        if held is not None and len(held.text) < LINE_CHARS and _goes_on(held, word):
            held = held.joined(word)
            continue
        if held is not None:
            yield held
        held = word
    if held is not None:
        yield held


def _goes_on(line: Line, word: Line) -> bool:
    height = max(line.height, word.height)
    if abs(line.middle - word.middle) > _SAME_LINE * min(line.height, word.height) or line.hyphen:
        return False
    return -0.5 * height < word.left - line.right < _COLUMN * height


def _words(page: pypdfium2.PdfTextPage) -> Iterator[Line]:
    """Yield the words of a page with their boxes, in the order in which they are drawn."""
    count = raw.FPDFText_CountChars(page)
    start, held = 0, bytearray()
    for at in range(count + 1):
        unit = raw.FPDFText_GetUnicode(page, at) if at < count else 0x20
        hyphen = unit in _HYPHENS
        if not hyphen and not _is_space(unit):
            if not held:
                start = at
            held += unit.to_bytes(4, "little")
        elif held:
            yield _word(page, held.decode("utf-32-le", "replace"), start, at - 1, hyphen=hyphen)
            held.clear()


def _is_space(unit: int) -> bool:
    return unit <= 0x20 or unit in (0xA0, 0x3000) or 0x2000 <= unit <= 0x200B


def _word(page: pypdfium2.PdfTextPage, text: str, first: int, last: int, *, hyphen: bool) -> Line:
    one, other = _box(page, first), _box(page, last)
    return Line(
        text,
        min(one.left, other.left),
        max(one.right, other.right),
        max(one.top, other.top),
        min(one.bottom, other.bottom),
        hyphen=hyphen,
    )


def _box(page: pypdfium2.PdfTextPage, at: int) -> raw.FS_RECTF:
    box = raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(page, at, ctypes.byref(box))
    return box
