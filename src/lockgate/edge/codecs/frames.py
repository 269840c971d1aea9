"""Server-sent events (WHATWG HTML, section 9.2) that hold one JSON object each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

_LINE_ENDS: Final = tuple((chr(one).encode(), b"\\u%04x" % one) for one in (0x85, 0x2028, 0x2029))
"""Line ends of Unicode that JSON leaves as they are. Some clients split a stream there, so that the text of an
answer could forge an event; in a JSON string the escape is the same character."""


def _encoded(value: object) -> bytes:
    data = orjson.dumps(value)
    if not data.isascii():
        for end, escape in _LINE_ENDS:
            data = data.replace(end, escape)
    return data


def frame(value: Mapping[str, Any], name: str = "") -> bytes:
    """Return one event; `name` is its type, empty for none."""
    return (b"event: " + name.encode() + b"\ndata: " if name else b"data: ") + _encoded(value) + b"\n\n"


@dataclass(frozen=True, slots=True)
class Template:
    """An event of which one text changes: the rest is written once for a stream, and not for each piece."""

    before: bytes = b""
    after: bytes = b""

    @classmethod
    def of(cls, made: bytes, field: str) -> Template:
        """Return the template of an event in which `field` is the empty string: no other place reads like it.

        Quotes inside of JSON strings are escaped, so that no text of anybody's can.
        """
        slot = b'"' + field.encode() + b'":'
        before, after = made.split(slot + b'""')
        return cls(before + slot, after)

    def filled(self, text: str) -> bytes:
        """Return the event with this text."""
        return self.before + _encoded(text) + self.after
