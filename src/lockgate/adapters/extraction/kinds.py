"""What a file is: its first bytes say it; only among texts its name does. Runs in the worker.

The kinds are endings of names: "docx", "zip", "txt". "image", "binary" and "ole" stand for several.
"""

from __future__ import annotations

import re
from typing import Final

from lockgate.adapters.extraction import texts, zips
from lockgate.adapters.extraction.texts import Unreadable

TEXTS: Final = {
    "md": "md",
    "markdown": "md",
    "csv": "csv",
    "tsv": "csv",
    "json": "json",
    "jsonl": "json",
    "ndjson": "json",
    "html": "html",
    "htm": "html",
    "xhtml": "html",
    "eml": "eml",
    "mbox": "mbox",
    "mbx": "mbox",
}
"""Formats of text: what they are cannot be told from a few bytes, so that the name decides."""
_OFFICE: Final = frozenset(
    {"doc", "docx", "docm", "dotx", "xls", "xlsx", "xlsm", "xlsb", "ppt", "pptx", "pptm", "ppsx"}
)
_ARCHIVES: Final = frozenset({"zip", "tar", "gz", "tgz", "bz2", "xz", "7z"})
_BINARY: Final = _OFFICE | _ARCHIVES | {"odt", "ods", "odp", "odg", "msg", "pdf", "rtf"}
"""Formats with first bytes of their own. Text in a file of such a name is text, and its name is noted as wrong."""
_FIRST: Final = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"\xd0\xcf\x11\xe0", "ole"),
    (b"{\\rtf", "rtf"),
    (b"\x1f\x8b", "gz"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\x89PNG\r\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF87a", "image"),
    (b"GIF89a", "image"),
    (b"II*\x00", "image"),
    (b"MM\x00*", "image"),
    (b"II+\x00", "image"),
    (b"MM\x00+", "image"),
)
_BMP: Final = tuple(size.to_bytes(4, "little") for size in (12, 40, 52, 56, 64, 108, 124))
"""Sizes of the second head of a BMP: its first two bytes begin many a text."""
_PDF: Final = 1024
"""A PDF may begin anywhere in so many bytes (ISO 32000-1, note to 7.5.2)."""
_MAIL: Final = re.compile(
    rb"\A(?:(?:Return-Path|Received|Delivered-To|DKIM-Signature|MIME-Version|Message-ID|X-[A-Za-z-]{2,40}):[^\n]*\n"
    rb"(?:[ \t][^\n]*\n)*){2}",
    re.IGNORECASE,
)
_MBOX: Final = re.compile(rb"\AFrom \S[^\n]{0,300}\d{4}[^\n]{0,20}\r?\n[A-Za-z-]{2,40}:")
_WEB: Final = re.compile(
    rb"\A\s*(?:<\?xml[^<>]{0,200}>\s*)?(?:<!--[^<>]{0,2000}-->\s*)?<(?:!doctype html|html)\b", re.IGNORECASE
)
_ODF: Final = {"text": "odt", "spreadsheet": "ods", "presentation": "odp", "graphics": "odp"}
_MAIN: Final = (("word/", "docx"), ("xl/", "xlsx"), ("ppt/", "pptx"))


def kind_of(name: str, data: bytes) -> tuple[str, str]:
    """Return what a file is, and a note if its name says something else."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    kind = by_bytes(data)
    if kind == "zip":
        kind = _packed(data)
    if not kind and ending in TEXTS:
        return TEXTS[ending], ""
    if not kind and ending in _BINARY:
        try:
            texts.decode(data)
        except Unreadable:
            return ending, ""
        return "txt", f"its name ends with .{ending}, but it is plain text"
    if not kind:
        kind = next(
            (one for pattern, one in ((_MBOX, "mbox"), (_MAIL, "eml"), (_WEB, "html")) if pattern.match(data)),
            "txt",
        )
    claimed = ending in TEXTS or ending in _BINARY or ending in ("txt", "text", "log")
    wrong = claimed and kind in _BINARY and _family(kind) != _family(ending)
    return kind, f"its name ends with .{ending}, but it is {_article(kind)}" if wrong else ""


def by_bytes(data: bytes) -> str:
    """Return what the first bytes of a file say it is; empty for text and what is not known."""
    for first, kind in _FIRST:
        if data.startswith(first):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image"
    if data[:2] == b"BM" and data[6:10] == bytes(4) and data[14:18] in _BMP:
        return "image"
    if data[257:262] == b"ustar":
        return "tar"
    if b"%PDF-" in data[:_PDF]:
        return "pdf"
    return ""


def _packed(data: bytes) -> str:
    """Return what a ZIP is: an Office file, an OpenDocument, or an archive."""
    try:
        with zips.opened(data) as archive:
            names = archive.namelist()
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                said = re.match(rb"application/vnd\.oasis\.opendocument\.(\w{1,20})", archive.read("mimetype"))
                if said and said[1].decode() in _ODF:
                    return _ODF[said[1].decode()]
    except Exception:  # what is broken shows when it is read
        return "zip"
    if "[Content_Types].xml" in names:
        return next((kind for folder, kind in _MAIN if any(name.startswith(folder) for name in names)), "zip")
    return "zip"


def _family(kind: str) -> str:
    for family in ("doc docx docm dotx rtf", "xls xlsx xlsm xlsb xltx", "ppt pptx pptm ppsx", "gz tgz", "odp odg"):
        if kind in family.split():
            return family
    return kind


def _article(kind: str) -> str:
    return f"a file of the kind .{kind}"
