"""Text of bytes: encodings, ends of lines, control characters. Runs in the worker."""

from __future__ import annotations

import re
from typing import Final

BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_HEAD: Final = 4096
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufeff\ud800-\udfff]")
_LINES: Final = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")


NO_TEXT: Final = "it is no text"
ENCRYPTED: Final = "it is encrypted: it is protected by a password"


class Unreadable(Exception):
    """A document cannot be read; the message says why and quotes nothing of it."""


def failure(error: Exception) -> str:
    """Return what to tell of an error that no reader expects. Its own message could quote the document."""
    if isinstance(error, MemoryError):
        return "it needs more memory than is allowed"
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    return f"its reader failed ({type(error).__name__})"


def clean(text: str) -> str:
    """Return text with line feeds as the only line ends and without control characters."""
    return _CONTROL.sub("", _LINES.sub("\n", text))


def decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the text of bytes in UTF-8, or what a byte order mark says, else Latin-1 with a note.

    Raises:
        Unreadable: the bytes are no text.

    """
    for mark, encoding in BOMS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding), ()
            except UnicodeDecodeError as error:
                raise Unreadable(f"it is no valid {encoding.upper()}, which its first bytes announce") from error
    if b"\0" in data:
        if encoding := _wide(data):
            return data.decode(encoding, "replace"), ("its encoding is not stated, so it was read as UTF-16",)
        raise Unreadable(NO_TEXT)
    try:
        return data.decode(), ()
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
        if len(_CONTROL.findall(text)) * 50 > len(text):
            raise Unreadable(NO_TEXT) from None
        return text, ("its encoding is not stated, so it was read as Latin-1",)


def _wide(data: bytes) -> str:
    """Return the UTF-16 that bytes are in that seem to have every other one zero; empty for others."""
    head = data[:_HEAD]
    zeros = head[1::2].count(0), head[::2].count(0)
    if len(data) % 2 or min(zeros) * 20 > max(zeros) or max(zeros) * 3 < len(head):
        return ""
    return "utf-16-le" if zeros[0] > zeros[1] else "utf-16-be"
