"""What may be written to a terminal."""

from __future__ import annotations


def plain(text: str) -> str:
    """Return text without control characters: a file name must not drive the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)
