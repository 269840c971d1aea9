"""HTML: what it shows from kreuzberg, and what no reader of the page sees. Runs in the worker."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final

from lockgate.adapters.extraction import convert, texts
from lockgate.adapters.extraction.pieces import Pieces, Read, Room

_CHARSET: Final = re.compile(rb"<meta[^>]{1,200}charset=[\"']?([A-Za-z0-9_-]{1,40})")
_ATTRIBUTE: Final = re.compile(
    r"\s(alt|title|content|value|placeholder|label|summary|src|srcdoc|aria-label|data-[\w-]{1,60})\s{0,5}=\s{0,5}(\"[^\"<>]{3,5000}\"|'[^'<>]{3,5000}')",
    re.IGNORECASE,
)
_TAG: Final = re.compile(r"<[^<>]{0,20000}>")
_HIDDEN: Final = re.compile(
    r"<(\w{1,20})\b(?>[^<>]{0,5000}?(?:\shidden\b|display\s{0,5}:\s{0,5}none|visibility\s{0,5}:\s{0,5}hidden))"
    r"[^<>]{0,5000}>",
    re.IGNORECASE,
)
_BESIDE: Final = ("noscript", "svg", "iframe", "object", "noembed", "noframes")
"""Elements that kreuzberg leaves out with the words in them."""
_AFTER: Final = 100_000


def read(name: str, data: bytes, room: Room) -> Read:
    """Return text, and what is hidden, of a page.

    Raises:
        Unreadable: it is no text.

    """
    charset = _CHARSET.search(data[:4096])
    notes: tuple[str, ...] = ()
    try:
        text = data.decode(charset[1].decode() if charset else "utf-8")
    except (UnicodeDecodeError, LookupError):
        text, notes = texts.decode(data)
    body, title = convert.converted(text.encode("utf-8", "replace"), "text/html")
    pieces = Pieces(title)
    pieces.add(body)
    pieces.notes.extend(notes)
    _add(_between(text, "<!--", "-->"), "comments in HTML", pieces)
    _add(_elements(text, "script"), "scripts", pieces)
    _add(_elements(text, "style"), "styles", pieces)
    for tag in _BESIDE:
        _add((line for one in _elements(text, tag) for line in _lines(one)), tag, pieces)
    _add(_elements(text, "template"), "hidden text", pieces)
    _add((html.unescape(value[1:-1]) for _, value in _ATTRIBUTE.findall(text)), "attributes", pieces)
    _add(_unseen(text), "hidden text", pieces)
    return pieces.read()


def _add(found: Iterator[str], place: str, pieces: Pieces) -> None:
    lines = dict.fromkeys(line for line in map(str.strip, found) if line)
    if new := [line for line in lines if not pieces.says(line)]:
        pieces.aside("\n".join(new), place)
        if place == "hidden text":
            pieces.notes.append(place)


def _between(text: str, start: str, end: str) -> Iterator[str]:
    at = 0
    while (at := text.find(start, at)) >= 0:
        stop = text.find(end, at)
        if stop < 0:
            yield text[at + len(start) :]  # it hides all that is behind it
            return
        yield text[at + len(start) : stop]
        at = stop + len(end)


def _elements(text: str, tag: str) -> Iterator[str]:
    lower = text.lower() if len(text.lower()) == len(text) else text
    at = 0
    while (at := lower.find(f"<{tag}", at)) >= 0:
        begin = lower.find(">", at)
        stop = lower.find(f"</{tag}", begin)
        if begin < 0:
            return
        yield text[begin + 1 : stop if stop >= 0 else len(text)]
        if stop < 0:
            return
        at = stop


def _lines(markup: str) -> Iterator[str]:
    """Yield the words between tags, each stretch by itself: what the page shows anyhow is then recognized."""
    for words in _TAG.split(markup):
        yield html.unescape(" ".join(words.split()))


def _unseen(text: str) -> Iterator[str]:
    """Yield the text in elements that are not shown, up to the first end of an element of the same name."""
    last = 0
    for found in _HIDDEN.finditer(text):
        if found.start() < last or found[1].lower() in ("input", "img", "meta", "link", "br"):
            continue
        stop = text.find(f"</{found[1]}", found.end(), found.end() + _AFTER)
        last = stop if stop >= 0 else min(found.end() + _AFTER, len(text))
        yield html.unescape(" ".join(_TAG.sub(" ", text[found.end() : last]).split()))
