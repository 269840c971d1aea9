"""All anchors of all rows and detectors, looked for in one pass by Vectorscan.

Compiling takes some hundredths of a second, so it is done once in a process, at the first scan. A pass costs about
a millisecond for a megabyte, and lets other threads run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import hyperscan

_WIDE: Final = re.compile(r"[^\x00-\x7f]")


def expression(anchor: str) -> str:
    """Return an anchor for bytes of UTF-8: what is not ASCII is one unit, in either case."""
    return _WIDE.sub(lambda char: f"(?:{char[0].lower()}|{char[0].upper()})", anchor)


def _note(number: int, _start: int, end: int, _flags: int, hits: Any) -> None:
    hits.append(end << BITS | number)


BITS: Final = 16
"""A hit is one integer: where an anchor ends, in bytes, and in this many lowest bits the anchor's number."""
MASK: Final = (1 << BITS) - 1


class Automaton:
    """A compiled set of anchors.

    Args:
        anchors: pairs of an expression, in the syntax that `re` and Vectorscan share, and whether it stands for
            any mixture of capitals. The position in this sequence is the number by which `scan` reports it.

    """

    def __init__(self, anchors: Sequence[tuple[str, bool]]) -> None:
        self._database = hyperscan.Database()
        self._database.compile(
            expressions=[expression(anchor).encode() for anchor, _ in anchors],
            ids=list(range(len(anchors))),
            elements=len(anchors),
            flags=[hyperscan.HS_FLAG_CASELESS if fold else 0 for _, fold in anchors],
        )
        # Working memory is for one scan at a time. Taking from a list and giving back is atomic.
        self._spare: list[hyperscan.Scratch] = []

    def scan(self, data: bytes) -> list[int]:
        """Return every place in UTF-8 where an anchor ends, in order; see `BITS`."""
        hits: list[int] = []
        try:
            scratch = self._spare.pop()
        except IndexError:
            scratch = hyperscan.Scratch(self._database)
        self._database.scan(data, match_event_handler=_note, context=hits, scratch=scratch)
        self._spare.append(scratch)
        hits.sort()
        return hits
