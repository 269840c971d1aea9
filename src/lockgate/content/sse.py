r"""Server-sent events out of untrusted bytes (WHATWG HTML, section 9.2.6), cut anywhere.

>>> parser = EventParser()
>>> parser.feed(b"data: a\r"), parser.feed(b"\n: comment\n\ndata: b\n"), parser.feed(b"\n")
([], ['a'], ['b'])
"""

from __future__ import annotations

import re
from typing import Final

from lockgate.errors import Invalid, TooLarge

_END: Final = re.compile(rb"\r\n|\n|\r")
_BLANK: Final = re.compile(rb"[\r\n]+")


class EventParser:
    """Feed it bytes as they arrive; it returns the data of each event that has become complete.

    Only `data` matters to the protocols spoken here; `event`, `id`, `retry` and comments are skipped. An event
    that the end of the stream cuts is dropped, as the standard says.

    Args:
        limit: the most bytes that one event may have.

    """

    def __init__(self, limit: int = 1 << 20) -> None:
        self._limit = limit
        self._rest = bytearray()
        self._data: list[bytes] = []
        self._size = 0
        self._start = True

    def feed(self, chunk: bytes) -> list[str]:
        """Return the data of the events that end in `chunk`.

        Raises:
            TooLarge: an event is longer than the limit.
            Invalid: an event is not UTF-8.

        """
        scan_from = max(0, len(self._rest) - 1)
        self._rest += chunk
        events: list[str] = []
        position = 0
        while match := _END.search(self._rest, max(position, scan_from)):
            if match.group() == b"\r" and match.end() == len(self._rest):
                break  # the LF of a CRLF may be in the next chunk
            self._line(bytes(self._rest[position : match.start()]), events)
            position = match.end()
            # Lines of nothing after an event say nothing, and a flood of them would cost a second a megabyte.
            if not self._data and (blank := _BLANK.match(self._rest, position)):
                position = blank.end()
        del self._rest[:position]
        self._check(len(self._rest))
        return events

    def _line(self, line: bytes, events: list[str]) -> None:
        if self._start:
            line, self._start = line.removeprefix(b"\xef\xbb\xbf"), False
        if not line:
            if self._data:
                try:
                    events.append(b"\n".join(self._data).decode("utf-8"))
                except UnicodeDecodeError as error:
                    raise Invalid("an event is not UTF-8") from error
            self._data, self._size = [], 0
            return
        name, _, value = line.partition(b":")
        if name == b"data":
            self._size += len(value) + 1
            self._check(0)
            self._data.append(value.removeprefix(b" "))

    def _check(self, pending: int) -> None:
        if self._size + pending > self._limit:
            raise TooLarge(f"an event is longer than {self._limit} bytes")
