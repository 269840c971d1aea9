"""Words beside a number: what turns a weak checksum into a finding."""

from __future__ import annotations

import re
from typing import Final

CLOSE: Final = 24
BEFORE: Final = 64
AFTER: Final = 32
TABLE: Final = 4096
"""How far back, in characters, the first line of a block of lines (a table's header) may stand."""

LOOKBEHIND: Final = TABLE
"""What any detector but the one for tables reads before a finding; a sliding window must keep as much."""


def context(words: str) -> re.Pattern[str]:
    """Compile alternatives (`card|visa`) that begin a word, in any case."""
    return re.compile(rf"(?i)(?<![a-z])(?:{words})")


def near(text: str, start: int, end: int, words: re.Pattern[str]) -> int:
    """Tell how close a word stands: 0 none, 1 heads the block of lines, 2 beside, 3 right before."""
    if words.search(text, max(0, start - CLOSE), start):
        return 3
    if words.search(text, max(0, start - BEFORE), min(len(text), end + AFTER)):
        return 2
    begin = max(0, start - TABLE)
    blank = text.rfind("\n\n", begin, start)
    if blank < 0 and begin > 0:
        return 0
    header = blank + 2 if blank >= 0 else 0
    stop = text.find("\n", header, min(start, header + 512))
    return 1 if stop > 0 and words.search(text, header, stop) else 0
