"""PDF: words and where they stand on each page, from PDFium; `layout.py` makes text of them. Runs in the worker.

PDFium gives characters in the order in which the page draws them, spaces and ends of lines guessed from positions.
Form fields and notes on a page are drawn into it first, so that they are read where they stand.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from typing import Final

import pypdfium2
from pypdfium2 import raw

from lockgate.adapters.extraction.layout import LINE_CHARS, Line, Page, placed, text_of
from lockgate.adapters.extraction.texts import Unreadable

_HYPHENS: Final = (0x02, 0xFFFE)
"""What PDFium puts where a word is hyphenated at the end of a line."""
_MADE_UP: Final = re.compile(
    r"^\s*(?:\W*(?:untitled|unnamed|anonymous|unspecified)\W*$|Microsoft \w+ - .*)", re.IGNORECASE
)
_COLUMN: Final = 0.9
"""A gap of so many heights of a letter parts two cells; a wide space in justified text is narrower."""
_SAME_LINE: Final = 0.5
"""Words whose middles are no more than so many heights apart stand on one line."""


def read(data: bytes) -> tuple[str, str, tuple[str, ...]]:
    """Return text, title and notes of a PDF.

    Raises:
        Unreadable: it is broken, protected, or holds no text.

    """
    try:
        with pypdfium2.PdfDocument(data) as document:
            document.init_forms()
            title = _MADE_UP.sub("", document.get_metadata_value("Title"))
            pages = [_page(document, number) for number in range(len(document))]
    except pypdfium2.PdfiumError as error:
        protected = error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY)
        raise Unreadable("it is protected by a password" if protected else "it is broken") from error
    text = text_of(pages)
    if not text.strip():
        raise Unreadable("it holds no text, only images")
    empty = sum(not page.lines for page in pages)
    return text, title, (f"{empty} of its {len(pages)} pages hold no text",) if empty else ()


def _page(document: pypdfium2.PdfDocument, number: int) -> Page:
    page = document[number]
    width, height = page.get_size()
    lines = _read(page)
    if raw.FPDFPage_GetAnnotCount(page) > 0:
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
