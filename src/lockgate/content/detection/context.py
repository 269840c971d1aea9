"""What stands around: patterns beside anchors, and words beside a number, which turn a weak check into a finding.

A word is told by where it ends; the automaton finds all of them, of all rules, in its one pass.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

import numpy as np

from lockgate.content.detection.batch import Batch, Ints

CLOSE: Final = 24
BEFORE: Final = 64
AFTER: Final = 32
TABLE: Final = 4096
"""How far back, in characters, the first line of a block of lines (a table's header) may begin."""
HEADER: Final = 512
"""How long that line may be."""
SEEN: Final = 6
"""So many characters of a match `begins` of `around` may look at."""

LOOKBEHIND: Final = TABLE
"""What any detector but the one for tables reads before a finding; a sliding window must keep as much."""


def word_anchor(words: str) -> str:
    """Return the expression of alternatives (`card|visa`) that begin a word, in any case."""
    return f"[^a-z](?:{words})"


def near(joined: str, start: int, end: int, words: Sequence[int]) -> int:
    """Tell how close a word stands: 0 none, 1 heads the block of lines, 2 beside, 3 right before.

    `words` is where words end, in order; everything in points of a batch.
    """
    if not words:
        return 0
    at = bisect_right(words, start)
    if at and words[at - 1] >= start - BEFORE:
        return 3 if words[at - 1] >= start - CLOSE else 2
    if at < len(words) and words[at] <= end + AFTER:
        return 2
    header = joined.rfind("\n\n", start - TABLE - 2 if start > TABLE + 2 else 0, start) + 2
    stop = joined.find("\n", header, min(start, header + HEADER)) if header > 1 else -1
    return 1 if stop > 0 and bisect_left(words, header) < bisect_right(words, stop) else 0


def near_all(batch: Batch, starts: Ints, ends: Ints, words: Ints) -> Ints:
    """Tell the same of many numbers at once."""
    if not len(words):
        return np.zeros(len(starts), np.int64)
    words = np.concatenate(([-2 * BEFORE], words, [1 << 60]))
    at = np.searchsorted(words, starts, side="right")
    gap = starts - words[at - 1]
    level = np.where(gap <= CLOSE, 3, np.where((gap <= BEFORE) | (words[at] <= ends + AFTER), 2, 0))
    left = np.flatnonzero(level == 0)
    if len(left):
        starts = starts[left]
        headers = batch.blocks[np.searchsorted(batch.blocks, starts, side="right") - 1]
        stops = batch.lines[np.searchsorted(batch.lines, headers)]
        heads = (headers >= starts - TABLE) & (stops < np.minimum(starts, headers + HEADER))
        heads &= np.searchsorted(words, headers) < np.searchsorted(words, stops, side="right")
        level[left[heads]] = 1
    return level


def around(
    pattern: re.Pattern[str],
    text: str,
    places: Sequence[int],
    before: int,
    after: int,
    begins: re.Pattern[str] | None = None,
) -> Iterator[re.Match[str]]:
    """Yield what `pattern.finditer` would of the matches that begin at most `before` characters before a place.

    `after` is how far behind the place the pattern may look, at most: so far a first look goes, which is confirmed
    in the whole text. Places are in order; flags of the pattern stand at its start, if anywhere. `begins` is one
    character with which every match begins (see `beginning`), and may look at `SEEN` characters of it: the pattern
    is tried there, and nowhere else.
    """
    if begins:
        yield from _beginning_with(begins, pattern, text, places, before)
        return
    start = 0
    first_within = _within(pattern, before).match
    for place in places:
        start = max(start, place - before)
        while start <= place and (first := first_within(text, start, place + after)):
            if first.start("_begin") > place:
                break
            match = pattern.match(text, first.start("_begin"))
            start = max(match.end(), match.start() + 1) if match else first.start("_begin") + 1
            if match:
                yield match
        start = max(start, place + 1)


def _beginning_with(
    begins: re.Pattern[str], pattern: re.Pattern[str], text: str, places: Sequence[int], before: int
) -> Iterator[re.Match[str]]:
    match_at, starts = pattern.match, begins.finditer
    start = 0
    for place in places:
        if start < place - before:
            start = place - before
        if start > place:
            continue
        for one in starts(text, start, place + SEEN):
            at = one.start()
            if at > place:
                break
            if at >= start and (match := match_at(text, at)):
                start = match.end()
                yield match
        if start <= place:
            start = place + 1


_PARTS: Final = re.compile(
    r"(?P<many>[?*]|\{0,[0-9]+\})|(?P<one>\[[^^\]]*\])|(?P<open>\(\?:|\(\?i:|[|)])|(?P<exact>\{[0-9,]+\})"
    r"|(?P<char>\\\W|[^\\.\[({$^])",
    re.DOTALL,
)


def beginning(front: str, word: str = "a-zA-Z") -> re.Pattern[str] | None:
    """Return a character that may begin a match of `front`, in any case, and is not behind one of `word`.

    It may say too many. None if there is something in `front` that it does not understand.
    """
    found: set[str] = set()
    may, at = True, 0
    while at < len(front):
        part = _PARTS.match(front, at)
        if not part:
            return None
        at = part.end()
        if part["open"] or part["many"]:
            may = True
        elif not part["exact"]:
            one = re.sub("-$", r"\\-", part["one"][1:-1]) if part["one"] else re.escape(part["char"][-1])
            if may:
                found |= {one} if "\\" in one else {one.lower(), one.upper()}
            may = False
    return re.compile(rf"(?s)[{''.join(sorted(found))}](?<![{word}].)")


@cache
def _within(pattern: re.Pattern[str], before: int) -> re.Pattern[str]:
    """Return what matches up to so many characters, as few as can be, and then the pattern.

    A search would go on behind the place, for as long as nothing is found; this does not.
    """
    body = re.sub(r"^\(\?[aimsx]+\)", "", pattern.pattern)
    return re.compile(rf"(?s:.{{0,{before}}}?)(?P<_begin>)(?:{body})", pattern.flags)
