"""What a PDF says beside its pages: notes, fields, files, properties, labels. Runs in the worker."""

from __future__ import annotations

import ctypes
import re
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import pypdfium2
from pypdfium2 import raw

from lockgate.adapters.extraction import office
from lockgate.adapters.extraction.pieces import Pieces, ReadInside, Room
from lockgate.adapters.extraction.properties import LABEL
from lockgate.adapters.extraction.texts import Unreadable

_STATED: Final = ("Author", "Subject", "Keywords", "Company", "Manager", "Category", "Comments", "SourceModified")
_MARK: Final = re.compile(rb"/(MSIP_Label_[0-9A-Za-z-]{8,60}_[A-Za-z]{2,20})")
_XMP: Final = (b"<x:xmpmeta", b"</x:xmpmeta>")
_PACKET: Final = 200_000
_XMP_VALUE: Final = re.compile(
    rb"<(?:\w{1,20}:)?(MSIP_Label_[0-9A-Za-z-]{8,60}_\w{2,20})>([^<]{0,300})<|(?:\w{1,20}:)?(MSIP_Label_[0-9A-Za-z-]{8,60}_\w{2,20})=\"([^\"]{0,300})\""
)
_XMP_TEXT: Final = re.compile(rb">([^<>]{3,2000})<")
_STREAM: Final = re.compile(rb"stream\r?\n")
_STREAMS: Final = 2_000
_INFLATED: Final = 20_000_000
_FILES: Final = 1_000
_NOTES: Final = 100_000


def add(document: pypdfium2.PdfDocument, data: bytes, pieces: Pieces, room: Room, read_inside: ReadInside) -> None:
    """Add all of it. Fields and notes that are drawn into the page stand there already."""
    _attachments(document, pieces, room, read_inside)
    lines = [(key, _meta(document, key)) for key in _STATED]
    title = _meta(document, "Title")
    if title and not pieces.says(title):
        lines.insert(0, ("Title", title))
    said = [f"{key}: {value}" for key, value in lines if value]
    pieces.aside("\n".join(said), "document metadata")
    _labels(document, data, pieces)


def notes_of(page: pypdfium2.PdfPage) -> list[str]:
    """Return what the notes on a page say, and who wrote them; and what its fields hold."""
    lines: list[str] = []
    for at in range(min(raw.FPDFPage_GetAnnotCount(page), _NOTES)):
        note = raw.FPDFPage_GetAnnot(page, at)
        if not note:
            continue
        field = raw.FPDFAnnot_GetSubtype(note) == raw.FPDF_ANNOT_WIDGET
        keys = (b"V", b"DV", b"TU") if field else (b"Contents", b"T", b"RC")
        lines += [_wide(partial(raw.FPDFAnnot_GetStringValue, note, key)) for key in keys]
        raw.FPDFPage_CloseAnnot(note)
    return [line for line in lines if line]


def _attachments(document: pypdfium2.PdfDocument, pieces: Pieces, room: Room, read_inside: ReadInside) -> None:
    for at in range(min(raw.FPDFDoc_GetAttachmentCount(document), _FILES)):
        file = raw.FPDFDoc_GetAttachment(document, at)
        if not file:
            continue
        name = _wide(partial(raw.FPDFAttachment_GetName, file)) or "file"
        size = ctypes.c_ulong()
        if not raw.FPDFAttachment_GetFile(file, None, 0, ctypes.byref(size)):
            continue
        place = f"attachment `{name}`"
        try:
            room.file()
            room.unpack(size.value, size.value)
        except Unreadable as error:
            pieces.unread.append(f"{place}: {error}")
            continue
        buffer = ctypes.create_string_buffer(size.value)
        if raw.FPDFAttachment_GetFile(file, buffer, size.value, ctypes.byref(size)):
            office.embed(name, buffer.raw, pieces, room, read_inside, "attachment")


def _labels(document: pypdfium2.PdfDocument, data: bytes, pieces: Pieces) -> None:
    """Add labels of Microsoft from the information dictionary and from XMP, where they can be packed."""
    names: dict[bytes, None] = {}
    for body in (data, *_inflated(data)):
        names.update(dict.fromkeys(_MARK.findall(body)))
        for found in _packets(body):
            for one, value, other, said in _XMP_VALUE.findall(found):
                pieces.marks.append(((one or other).decode(), (value or said).decode("utf-8", "replace")))
            words = [one.decode("utf-8", "replace").strip() for one in _XMP_TEXT.findall(found)]
            new = [one for one in dict.fromkeys(words) if len(one) > 2 and not pieces.says(one)]
            pieces.aside("\n".join(new), "document metadata")
    for name in names:
        pieces.marks.append((name.decode(), _meta(document, name.decode())))


def _packets(body: bytes) -> Iterator[bytes]:
    """Yield packets of XMP."""
    at = 0
    while (at := body.find(_XMP[0], at)) >= 0 and (end := body.find(_XMP[1], at)) >= 0:
        yield body[at : min(end, at + _PACKET)]
        at = end


def _inflated(data: bytes) -> Iterator[bytes]:
    """Yield packed streams that may hold properties: those that are small, or say that they are metadata."""
    left = _INFLATED
    for count, found in enumerate(_STREAM.finditer(data)):
        head = data[max(0, found.start() - 300) : found.start()]
        if count >= _STREAMS or left <= 0:
            return
        if b"/Metadata" not in head and b"/ObjStm" not in head:
            continue
        try:
            end = data.find(b"endstream", found.end(), found.end() + _INFLATED)
            body = zlib.decompressobj().decompress(data[found.end() : max(end, found.end())], left)
        except zlib.error:
            continue
        left -= len(body)
        if LABEL.encode() in body or b"xmpmeta" in body:
            yield body


def _meta(document: pypdfium2.PdfDocument, key: str) -> str:
    return " ".join(document.get_metadata_value(key).split())


def _wide(ask: Callable[[Any, int], int]) -> str:
    """Return a string that PDFium writes as UTF-16 into a buffer, having told its size in bytes."""
    size = ask(None, 0)
    if not 2 < size < 2_000_000:
        return ""
    buffer = ctypes.create_string_buffer(size)
    ask(ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return " ".join(buffer.raw[: size - 2].decode("utf-16-le", "replace").split())
