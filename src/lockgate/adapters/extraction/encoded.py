"""Encoded stretches of text: base64 and percent-encoding are undone and looked into. Runs in the worker.

What was decoded goes behind the text, as a part that names the stretch that it came from.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from lockgate.adapters.extraction import texts
from lockgate.adapters.extraction.pieces import Part, Read, cleaned
from lockgate.adapters.extraction.texts import Unreadable

_RUN: Final = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_TAIL: Final = re.compile(r"\n[A-Za-z0-9+/]{1,120}={0,2}(?=\s|\Z)")
_LINE: Final = 40
"""Lines of a block of base64 have at least so many characters, and all but the last have the same number."""
_PERCENT: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_BEFORE: Final = re.compile(r"[^\s\"'<>|]*\Z")
_BEHIND: Final = re.compile(r"[^\s\"'<>|]{0,4000}")
_NEAR: Final = 200
_MOST: Final = 2_000_000
"""Characters that are decoded of one document."""
_STRETCHES: Final = 5_000
TOO_MUCH: Final = "what is encoded in it: there is more than is decoded"
_DEPTH: Final = 3
_SHORTEST: Final = 6
_WORDY: Final = 0.9
"""Share of letters, digits, blanks and ASCII in what counts as text."""
_ODD: Final = 0.1
_SURE: Final = 20
"""A text of so many characters may have a few odd ones: else a single byte before a secret would hide it."""
_ALPHABET: Final = str.maketrans("-_", "+/")
_STRANGE: Final = re.compile(r"[^\w\s\x20-\x7e]")
_MARKS: Final = tuple(mark for mark, _ in texts.BOMS)
_FILES: Final = (b"PK", b"%PDF-", b"{\\rtf", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
"""How files begin that are looked into where they are encoded."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffd]")

Look = Callable[[bytes], str]
"""Returns the text of bytes that are a file of their own, nothing for others."""


class _Found(NamedTuple):
    start: int
    end: int
    text: str
    how: str


def add(read: Read, look: Look) -> Read:
    """Return a document with what is encoded in its text decoded behind it, at every depth."""
    text, parts, left, count = read.text, list(read.parts), _MOST, _STRETCHES
    start = 0
    more_than_room = False
    for _ in range(_DEPTH):
        more: list[str] = []
        length = len(text)
        for found in (*_base64(text, start, look), *_percent(text, start)):
            if count <= 0 or left < len(found.text):
                more_than_room = True
                if count <= 0:
                    break
                continue  # a large one must not shield the small ones behind it
            count, left = count - 1, left - len(found.text)
            more.append(found.text)
            at, length = length + 2, length + 2 + len(found.text)
            parts.append(Part(at, length, f"decoded from {found.how}", (found.start, found.end), unseen=True))
        if not more:
            break
        start, text = len(text), "\n\n".join((text, *more))
    unread = (*read.unread, TOO_MUCH) if more_than_room else read.unread
    return read._replace(text=text, parts=tuple(parts), unread=unread)


def _base64(text: str, start: int, look: Look) -> Iterator[_Found]:
    for first, last in _blocks(text, start):
        if text[first + 1 : last].islower():
            continue  # a long word, or hexadecimal
        packed = text[first:last].replace("\n", "").rstrip("=").translate(_ALPHABET)
        packed = packed[: len(packed) - (len(packed) % 4 == 1)]
        data = base64.b64decode(packed + "=" * (-len(packed) % 4))
        if words := _words(data) or (data.startswith(_FILES) and look(data)) or "":
            yield _Found(first, last, words, "base64")


def _blocks(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield runs of the alphabet of base64, those that go on over lines of one length together."""
    first = last = width = -1
    for run in _RUN.finditer(text, start):
        length = run.end() - run.start()
        if first >= 0:
            if run.start() == last + 1 and text[last] == "\n" and width >= _LINE and length <= width:
                last = run.end()
                width = length if length == width and text[last - 1] != "=" else 0  # padding ends a block
                continue
            yield first, _with_tail(text, last, width)
        first, last = run.start(), run.end()
        width = length if text[last - 1] != "=" else 0
    if first >= 0:
        yield first, _with_tail(text, last, width)


def _with_tail(text: str, last: int, width: int) -> int:
    tail = _TAIL.match(text, last) if width >= _LINE else None
    return tail.end() if tail and tail.end() - last - 1 < width else last


def _words(data: bytes) -> str:
    """Return bytes as text, or nothing if they are none."""
    try:
        text = texts.decode(data)[0] if b"\0" in data or data.startswith(_MARKS) else data.decode()
    except (Unreadable, UnicodeDecodeError):
        text = data.decode("utf-8", "replace")
    odd = len(_CONTROL.findall(text))
    if len(text) < _SHORTEST or odd > _ODD * len(text) or (odd and len(text) < _SURE):
        return ""
    if not text.isascii() and len(_STRANGE.findall(text)) > (1 - _WORDY) * len(text):
        return ""
    return cleaned(text)


def _percent(text: str, start: int) -> Iterator[_Found]:
    last = start
    for sign in _PERCENT.finditer(text, start):
        if sign.start() < last:
            continue
        near = max(last, sign.start() - _NEAR)
        before = _BEFORE.search(text[near : sign.start()])
        first = near + before.start() if before else sign.start()
        behind = _BEHIND.match(text, sign.start())
        last = behind.end() if behind else sign.end()
        stretch = text[first:last]
        words = _words(unquote_to_bytes(stretch))
        if words and words != stretch:
            yield _Found(first, last, words, "percent-encoding")
