r"""Ids of things in a source, as text that any store and any log can hold.

What is no Unicode, or controls a terminal, or turns the direction of writing (a reviewer would read another name)
is written with `%XX` for each byte. A `%` that would read as such an escape is itself escaped, so that two names
never share an id.

>>> escape("50% off.txt"), escape("a%ff"), escape("a" + chr(0xdcff)), escape("a\n")
('50% off.txt', 'a%25ff', 'a%FF', 'a%0A')
>>> unescape("a%FF") == b"a\xff", unescape("a%0a")
(True, None)
"""

from __future__ import annotations

import re
from typing import Final

_ESCAPE: Final = re.compile(r"%(?=[0-9A-Fa-f]{2})|[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]|[\ud800-\udfff]")
_ESCAPED: Final = re.compile(rb"%([0-9A-Fa-f]{2})")


def escape(name: str) -> str:
    """Return the id of a name. Bytes that are no UTF-8 come as surrogates, as `os.fsdecode` gives them."""
    return _ESCAPE.sub(
        lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogateescape")), name
    )


def unescape(id: str) -> bytes | None:
    """Return the bytes of the name that has this id; None where no name has it."""
    try:
        raw = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), id.encode())
    except UnicodeEncodeError:
        return None
    return raw if escape(raw.decode("utf-8", "surrogateescape")) == id else None
