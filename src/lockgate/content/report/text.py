"""Foreign text in a page: escaped, without what would hide, turn around or overflow it."""

from __future__ import annotations

import unicodedata
from html import escape
from typing import Final

_MOST: Final = 300
"""Characters of a name that are shown; of a longer one, its beginning and its end."""
_MARKS: Final = 3
"""Combining characters on one letter that are kept: more of them paint over the lines around."""
_JOINERS: Final = "\u200c\u200d"
"""They are invisible, but without them words of Persian and Hindi are misspelled."""


def text(value: str) -> str:
    """Return text for the body of an element or a quoted attribute.

    Control characters, directions of writing, tags, private and half characters show as a replacement character,
    so that two names that differ never look as if a reader saw all of one.
    """
    return escape(shown(value), quote=True)


def shown(value: str) -> str:
    """Return what is shown of a text, before it is escaped."""
    if len(value) > _MOST:
        value = f"{value[: _MOST * 2 // 3]} … {value[-(_MOST // 3) :]}"
    kept: list[str] = []
    marks = 0
    for one in value:
        marks = marks + 1 if unicodedata.combining(one) else 0
        if marks <= _MARKS:
            kept.append(_printable(one))
    return "".join(kept)


def _printable(one: str) -> str:
    if one.isprintable() or one in _JOINERS:
        return one
    return " " if unicodedata.category(one) == "Zs" else "\N{REPLACEMENT CHARACTER}"


def name(value: str) -> str:
    """Return a name as an element of its own: one that is written from right to left turns nothing around it."""
    return f"<bdi>{text(value)}</bdi>"


def path(value: str) -> str:
    """Return a path that may break behind each slash."""
    parts = text(value).replace("/", "/<wbr>")
    return f"<bdi>{parts}</bdi>"
