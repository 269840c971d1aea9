"""Heads of requests on which two servers could disagree are refused (request smuggling, RFC 9112 section 11.2).

A proxy in front of the gateway must see the same requests in the same bytes. h11 is lenient where RFC 9112 lets a
server be: lines that end in a bare LF, folded lines, a length beside a coding, a length said twice, any version.
Here each of them is an error.
"""

from __future__ import annotations

import re
from typing import Final

import h11
from h11._receivebuffer import ReceiveBuffer  # private: h11 has no other place for it; tests on sockets watch it

_BLANK: Final = re.compile(rb"\n\r?\n")
_BARE: Final = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_FOLDED: Final = re.compile(rb"\n[ \t]")
_FRAMING: Final = re.compile(rb"\n(content-length|transfer-encoding)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)
_REQUEST: Final = re.compile(rb"[^ \r\n]+ [^ \r\n]+ HTTP/1\.[01]\r\n")
_ONCE: Final = re.compile(
    rb"\n(authorization|host|content-type|content-encoding|x-api-key|lockgate-purpose)[ \t]*:", re.IGNORECASE
)


def complaint(head: bytes | bytearray) -> str:
    """Return what is wrong with a head, its blank line included; an empty string for nothing."""
    if _BARE.search(head):
        return "a line ends in something else than CR LF"
    if _FOLDED.search(head):
        return "a header is folded over lines"
    if not _REQUEST.match(head):
        return "the first line is not one of HTTP/1.0 or HTTP/1.1"
    framing = _FRAMING.findall(head)
    if len(framing) > 1:
        return "the length of the body is said twice"
    if framing and framing[0][0].lower() == b"content-length" and not framing[0][1].strip().isdigit():
        return "the length of the body is no number"
    if framing and framing[0][0].lower() != b"content-length" and b" HTTP/1.0\r\n" in head:
        return "a coding in HTTP/1.0, which has none"  # RFC 9112 section 6.1: its framing is faulty
    once = [name.lower() for name in _ONCE.findall(head)]
    if len(once) != len(set(once)):
        return "a header is there twice that may be there once"
    return ""


class StrictBuffer(ReceiveBuffer):
    """What has been received; heads that are open to two readings do not come out of it."""

    def __init__(self) -> None:
        super().__init__()
        self._trailers = False

    def maybe_extract_next_line(self) -> bytearray | None:
        """Return a line that says how long the next chunk is, or None. After the last one come trailers."""
        line = super().maybe_extract_next_line()
        if line is not None:
            self._trailers = True
        return line

    def maybe_extract_lines(self) -> list[bytearray] | None:
        """Return the lines of a head, or None while it has no end.

        Raises:
            h11.LocalProtocolError: two servers could read it differently.

        """
        end = _BLANK.search(self._data, self._multiple_lines_search)
        if end is not None and not self._trailers:
            wrong = complaint(self._data[: end.end()])
            if wrong:
                raise h11.LocalProtocolError(wrong)
        lines: list[bytearray] | None = super().maybe_extract_lines()
        if lines is not None:
            self._trailers = False
        return lines
