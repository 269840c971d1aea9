"""Server-sent events (WHATWG HTML, section 9.2) that hold one JSON object each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

_LINE_ENDS: Final = tuple((chr(one).encode(), b"\\u%04x" % one) for one in (0x85, 0x2028, 0x2029))
"""Line ends of Unicode that JSON leaves as they are. Some clients split a stream there, so that the text of an
answer could forge an event; in a JSON string the escape is the same character."""


def frame(value: Mapping[str, Any], name: str = "") -> bytes:
    """Return one event; `name` is its type, empty for none."""
    data = orjson.dumps(value)
    if not data.isascii():
        for end, escape in _LINE_ENDS:
            data = data.replace(end, escape)
    return (b"event: " + name.encode() + b"\ndata: " if name else b"data: ") + data + b"\n\n"
