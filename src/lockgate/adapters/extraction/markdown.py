"""The Markdown that kreuzberg makes, as text: tables without rules; no emphasis, escapes or syntax of links.

Pure; runs in the worker. Headings stay as `# ...` and items as `- ...`: passages are cut by them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lockgate.adapters.extraction import records

ESCAPED: Final = re.compile(r"\\([!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{}~])")  # not `\|`: it is inside a table cell
RULE: Final = re.compile(r"^\|(?: ?:?-{3,}:? *\|)+\n?", re.MULTILINE)
_STRONG: Final = re.compile(r"(?<!\\)\*\*(?=[^\s*])([^\n]{1,300}?)(?<=[^\s\\*])\*\*")
_EMPHASIS: Final = re.compile(r"(?<![\\*\w])\*(?=[^\s*])([^*\n]{1,500}?)(?<=[^\s\\*])\*(?![*\w])")
_IMAGE: Final = re.compile(r"!\[([^\[\]\n]{0,500})\]\([^()\s]{0,2000}\)")
_LINK: Final = re.compile(r"(?<!\\)\[([^\[\]\n]{1,500})\]\(([^()\s]{0,2000})\)")
_NOTE: Final = re.compile(r"\[\^\d{1,5}\](?!:)")
_NOTE_TEXT: Final = re.compile(r"^\[\^\d{1,5}\]:\s*", re.MULTILINE)
_BAR: Final = re.compile(r"(?<!\\)\|")
_MIDNIGHT: Final = re.compile(r"^(\d{4}-\d\d-\d\d) 00:00:00$")


def plain(markdown: str) -> str:
    """Return the text of Markdown that a converter made."""
    text = _NOTE_TEXT.sub("", _NOTE.sub("", markdown))
    text = _LINK.sub(_link, _IMAGE.sub(r"\1", text))
    text = _EMPHASIS.sub(r"\1", _STRONG.sub(r"\1", text))
    return ESCAPED.sub(r"\1", "\n".join(_blocks(text.split("\n"))))


def _link(found: re.Match[str]) -> str:
    """Return the words of a link, and where it leads if that is an address that the words do not say."""
    words, target = found[1], found[2]
    return f"{words} ({target})" if target.startswith(("https://", "http://")) and target != words else words


def _blocks(lines: list[str]) -> Iterator[str]:
    rows: list[list[str]] = []
    for line in [*lines, ""]:
        if line.startswith("|"):
            if not RULE.match(line):
                rows.append(_cells(line))
            continue
        if rows:
            yield records.table(rows)
            rows = []
        yield line


def _cells(line: str) -> list[str]:
    cells = [
        cell.replace("\\|", "|").strip() for cell in _BAR.split(line.rstrip().removeprefix("|").removesuffix("|"))
    ]
    if len(cells) > 1 and len(cells[0]) > 12 and len(set(cells)) == 1:
        cells = cells[:1]  # a cell that spans the row
    return [_MIDNIGHT.sub(r"\1", cell) for cell in cells]
