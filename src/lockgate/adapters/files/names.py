"""Ids of files: paths below the root, as text that any store and any log can hold.

A file name is bytes; a name that is not UTF-8, or that holds control characters or such that turn the direction
of writing (a reviewer would read another name), is written with `%XX` for each such byte. A `%` that would read as
such an escape is itself escaped, so that two names never share an id.

>>> encode("pay/2026.xlsx"), encode("50% off.txt"), encode("a%ff"), encode("a" + chr(0xdcff))
('pay/2026.xlsx', '50% off.txt', 'a%25ff', 'a%FF')
>>> encode("invoice" + chr(0x202e) + "fdp.exe")
'invoice%E2%80%AEfdp.exe'
"""

from __future__ import annotations

import os
import re
from typing import Final

from lockgate.errors import NotFound

_ESCAPE: Final = re.compile(r"%(?=[0-9A-Fa-f]{2})|[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]|[\ud800-\udfff]")
_ESCAPED: Final = re.compile(rb"%([0-9A-Fa-f]{2})")


def encode(path: str) -> str:
    """Return the id of a relative path as the operating system gives it (surrogate escapes for odd bytes)."""
    return _ESCAPE.sub(lambda found: "".join(f"%{byte:02X}" for byte in os.fsencode(found[0])), path)


def decode(id: str) -> tuple[str, ...]:
    """Return the path components that an id names.

    Raises:
        NotFound: the id names nothing below a root: it is absolute, climbs, or is malformed.

    """
    try:
        raw = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), id.encode())
    except UnicodeEncodeError as error:
        raise NotFound("no such item") from error
    parts = tuple(os.fsdecode(part) for part in raw.split(b"/"))
    if b"\0" in raw or any(part in ("", ".", "..") for part in parts) or encode("/".join(parts)) != id:
        raise NotFound("no such item")
    return parts
