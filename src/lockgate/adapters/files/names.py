"""Ids of files: paths below the root, escaped so that any store and any log can hold them.

>>> encode("pay/2026.xlsx"), decode("pay/2026.xlsx")
('pay/2026.xlsx', ('pay', '2026.xlsx'))
>>> encode("invoice" + chr(0x202e) + "fdp.exe")
'invoice%E2%80%AEfdp.exe'
"""

from __future__ import annotations

import os

from lockgate.content.escapes import escape, unescape
from lockgate.errors import NotFound


def encode(path: str) -> str:
    """Return the id of a relative path as the operating system gives it (surrogate escapes for odd bytes)."""
    return escape(path)


def decode(id: str) -> tuple[str, ...]:
    """Return the path components that an id names.

    Raises:
        NotFound: the id names nothing below a root: it is absolute, climbs, or is malformed.

    """
    raw = unescape(id)
    if raw is None or b"\0" in raw:
        raise NotFound("no such item")
    parts = tuple(os.fsdecode(part) for part in raw.split(b"/"))
    if any(part in ("", ".", "..") for part in parts):
        raise NotFound("no such item")
    return parts
