"""How a row about a credential is written, and what is a placeholder and no credential."""

from __future__ import annotations

import re
from typing import Final

from lockgate.content.detection.table import Token

B: Final = r"(?<![0-9A-Za-z])"
"""No letter or digit before."""
W: Final = r"[0-9A-Za-z_-]"
"""What tokens are made of."""
END: Final = r"(?![0-9A-Za-z])"
"""No letter or digit after."""


def is_placeholder(value: str) -> bool:
    """Tell whether a value stands for a secret instead of being one."""
    lower = value.lower()
    return (
        len(set(value)) < 3
        or any(mark in lower for mark in ("${", "{{", "xxxx", "****", "..."))
        or value.startswith("<")
        or lower in ("pass", "password", "passwd", "pwd")
    )


def not_placeholder(value: str) -> bool:
    """Tell whether a value may be a secret: the check of every row here."""
    return not is_placeholder(value)


def token(
    kind: str, anchors: str, pattern: str, confidence: float = 0.97, *, lead: int = 0, fold: bool = False
) -> Token:
    """Return the row of `secret.<kind>`; anchors are divided by spaces."""
    return Token(
        f"secret.{kind}", tuple(anchors.split()), re.compile(pattern), confidence, fold, not_placeholder, lead
    )
