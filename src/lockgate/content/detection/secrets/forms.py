"""How a row about a credential is written, what is a placeholder and no credential, and their check sums."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error, crc32
from collections.abc import Callable
from typing import Final

from lockgate.content.detection.table import Token

B: Final = r"(?<![0-9A-Za-z])"
"""No letter or digit before."""
W: Final = r"[0-9A-Za-z_-]"
"""What tokens are made of."""
A: Final = r"[0-9A-Za-z]"
"""Letters and digits."""
B64: Final = r"[0-9A-Za-z+/]"
"""What base64 is made of."""
H: Final = r"[0-9a-f]"
"""A digit of a number in base 16."""
UUID: Final = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
END: Final = r"(?![0-9A-Za-z])"
"""No letter or digit after."""

_MARKS: Final = re.compile(
    r"\$\{|\{\{|\.\.\.|xxxx|\*\*\*\*|XXXX|<[a-z]|your[-_ ]"
    r"|(?i:example|placeholder|redacted|changeme|notreal|-here)"
)
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def is_placeholder(value: str) -> bool:
    """Tell whether a value stands for a secret instead of being one: `AKIAIOSFODNN7EXAMPLE`, `xxxx`, `${KEY}`."""
    return (
        len(set(value)) < 3
        or _MARKS.search(value) is not None
        or value.startswith("<")
        or value.lower() in ("pass", "password", "passwd", "pwd")
    )


def not_placeholder(value: str) -> bool:
    """Tell whether a value may be a secret: the check of every row here."""
    return not is_placeholder(value)


def is_mixed(value: str) -> bool:
    """Tell whether, behind a prefix, there are small letters, capitals and digits: what no word or number has."""
    return all(re.search(one, value[3:]) for one in ("[0-9]", "[a-z]", "[A-Z]")) and not_placeholder(value)


def ends_in_crc(value: str) -> bool:
    """Tell whether the last six digits, base 62, are the CRC-32 of what stands between them and the prefix.

    GitHub and npm make their tokens so (GitHub's blog, "Behind GitHub's new authentication token formats").
    """
    rest = crc32(value.rpartition("_")[2][:-6].encode())
    for digit in reversed(value[-6:]):
        rest, last = divmod(rest, 62)
        if _DIGITS[last] != digit:
            return False
    return rest == 0


def holds_private_key(value: str) -> bool:
    """Tell whether base64 is that of a private key in armor."""
    try:
        return b"PRIVATE KEY" in b64decode(value[:120])
    except Error:
        return False


def token(
    kind: str,
    anchors: str,
    pattern: str,
    confidence: float = 0.97,
    *,
    lead: int = 0,
    fold: bool = False,
    front: str = "",
    check: Callable[[str], bool] = not_placeholder,
) -> Token:
    """Return the row of `secret.<kind>`; anchors are divided by spaces."""
    return Token(
        f"secret.{kind}", tuple(anchors.split()), re.compile(pattern), confidence, fold, check, lead, front
    )
