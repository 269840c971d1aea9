"""Anchors that end in the first digit within so many characters: `ssn[^0-9]{0,36}[0-9]`.

The automaton would carry every such gap through its states, which makes its tables larger and slower to compile.
So it looks for what is before the gap only, and the digit is looked up among the places of all digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import numpy as np

from lockgate.content.detection.automaton import BITS, MASK
from lockgate.content.detection.batch import Ints
from lockgate.content.detection.runs import Runs

_GAP: Final = re.compile(
    r"(?P<front>.+)\[\^(?P<not>0-9|0-9\\n|\\n0-9)\]\{(?P<low>[01]),(?P<high>[0-9]{1,3})\}\[0-9\]", re.DOTALL
)
_DIGIT: Final = re.compile(rb"[0-9]")


class Ahead:
    """What anchors ask for behind what the automaton finds of them.

    Attributes:
        fronts: what it shall look for, one for each anchor, in order.
        gaps: by number of those that have one, how wide it is at least and at most, in bytes, and whether a line
            feed ends it.

    """

    def __init__(self, anchors: Iterable[str]) -> None:
        gaps = [(anchor, _GAP.fullmatch(anchor)) for anchor in anchors]
        self.fronts = [gap["front"] if gap else anchor for anchor, gap in gaps]
        self._low = np.array([int(gap["low"]) if gap else 0 for _, gap in gaps], np.int64)
        self._high = np.array([int(gap["high"]) if gap else -1 for _, gap in gaps], np.int64)
        self._line = np.array([gap is not None and "n" in gap["not"] for _, gap in gaps], np.bool_)
        self.gaps = {
            number: (int(gap["low"]), int(gap["high"]), "n" in gap["not"])
            for number, (_, gap) in enumerate(gaps)
            if gap
        }

    def many(self, data: bytes, runs: Runs, hits: Ints) -> Ints:
        """Return where whole anchors end, in order, of where their fronts do; `runs` is all digits in `data`."""
        numbers = hits & MASK
        high = self._high[numbers]
        far = high >= 0
        if not far.any():
            return hits
        ends, numbers = hits[far] >> BITS, numbers[far]
        starts, stops = np.append(runs.starts, 1 << 40), np.append(runs.ends, 1 << 41)
        digits = np.maximum(ends, starts[np.searchsorted(stops, ends, side="right")])
        gaps = digits - ends
        good = (gaps >= self._low[numbers]) & (gaps <= high[far])
        for at in np.flatnonzero(good & self._line[numbers]).tolist():
            good[at] = data.find(b"\n", ends[at], digits[at]) < 0
        found: Ints = np.concatenate((hits[~far], (digits[good] + 1) << BITS | numbers[good]))
        found.sort()
        return found

    def few(self, data: bytes, hits: list[int]) -> list[int]:
        """Return the same, one by one."""
        found: list[int] = []
        for hit in hits:
            gap = self.gaps.get(hit & MASK)
            if not gap:
                found.append(hit)
                continue
            low, high, line = gap
            end = hit >> BITS
            digit = _DIGIT.search(data, end, end + high + 1)
            if digit and digit.start() >= end + low and not (line and data.find(b"\n", end, digit.start()) >= 0):
                found.append(digit.end() << BITS | hit & MASK)
        found.sort()
        return found
