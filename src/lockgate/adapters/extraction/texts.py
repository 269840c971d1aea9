"""Text formats, read with the standard library: plain text, Markdown, CSV, JSON. Runs in the worker."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any, Final

BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufeff\ud800-\udfff]")
_LINES: Final = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")


class Unreadable(Exception):
    """A document cannot be read; the message says why and quotes nothing of it."""


def clean(text: str) -> str:
    """Return text with line feeds as the only line ends and without control characters."""
    return _CONTROL.sub("", _LINES.sub("\n", text))


def decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the text of bytes in UTF-8, or what a byte order mark says, else Latin-1 with a note.

    Raises:
        Unreadable: the bytes are no text.

    """
    for mark, encoding in BOMS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding), ()
            except UnicodeDecodeError as error:
                raise Unreadable(f"it is no valid {encoding.upper()}, which its first bytes announce") from error
    if b"\0" in data:
        raise Unreadable("it is no text")
    try:
        return data.decode(), ()
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
        if len(_CONTROL.findall(text)) * 50 > len(text):
            raise Unreadable("it is no text") from None
        return text, ("its encoding is not stated, so it was read as Latin-1",)


def rows(text: str) -> str:
    """Return comma-, semicolon- or tab-separated values as table rows.

    Raises:
        Unreadable: it is malformed.

    """
    first = text[:4096].partition("\n")[0]
    delimiter = max(",;\t|", key=first.count)
    csv.field_size_limit(10_000_000)
    try:
        return "\n".join(_row(cells) for cells in csv.reader(io.StringIO(text), delimiter=delimiter) if any(cells))
    except csv.Error as error:
        raise Unreadable("it is no well-formed table of separated values") from error


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "/") for cell in cells) + " |"


def fields(text: str) -> str:
    """Return JSON (or one JSON value per line) as lines `path: value`.

    Raises:
        Unreadable: it is malformed or nested too deep.

    """
    try:
        return "\n".join(_fields(json.loads(text)))
    except RecursionError as error:
        raise Unreadable("it is nested too deep") from error
    except ValueError:
        pass
    try:
        values = [json.loads(line) for line in text.splitlines() if line.strip()]
        return "\n\n".join("\n".join(_fields(value)) for value in values)
    except RecursionError as error:
        raise Unreadable("it is nested too deep") from error
    except ValueError as error:
        raise Unreadable("it is no well-formed JSON") from error


def _fields(value: Any) -> Iterator[str]:
    stack: list[tuple[str, Any]] = [("", value)]
    while stack:
        path, found = stack.pop()
        if isinstance(found, dict):
            stack.extend((f"{path}.{key}" if path else str(key), below) for key, below in reversed(found.items()))
        elif isinstance(found, list):
            stack.extend((f"{path}[{at}]", found[at]) for at in range(len(found) - 1, -1, -1))
        elif found is not None and found != "":
            yield f"{path}: {found}" if path else str(found)
