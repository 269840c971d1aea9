"""What a model is told of a word: numbers for how it is written, what stands beside it, and lists it is in.

Only words that may belong to a name are asked about: those with a capital, and small ones between two of them
(`of`, `de`, an apostrophe). They stand in runs; what is not in a run is no name.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lockgate.content.names.words import DIGIT, LINE, PADDING, SIGN, Bits, Bools, Ints, Words, mixed, number

_WIDEST: Final = 32
"""Characters of a word that can be a name; a longer one is a key or encoded bytes."""
LONGEST: Final = 16
"""Words of a run; a longer one (a line in capitals) is cut."""
_LINKS: Final = """
of the and for in on at de la le les el los las del della delle di da do dos das du des van von der den ter ten
zu zum bin ibn al y e et und & ' ’ - . , / s st
"""


@cache
def _links() -> Bits:
    return np.sort(np.array([number(word) for word in _LINKS.split()], np.uint64))


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of single words: `numbers`, sorted, and for each its lists and two classes of meaning."""

    numbers: Bits
    lists: NDArray[np.uint8]
    fine: NDArray[np.int16]
    coarse: NDArray[np.int16]

    def rows(self, numbers: Bits) -> Ints:
        """Return the row of each, or the last row, which knows nothing."""
        at = np.searchsorted(self.numbers[:-1], numbers)
        at[at == len(self.numbers) - 1] = 0
        at[self.numbers[at] != numbers] = len(self.numbers) - 1
        return at


def _among(sorted_: Bits, numbers: Bits) -> Bools:
    at = np.minimum(np.searchsorted(sorted_, numbers), len(sorted_) - 1)
    found: Bools = sorted_[at] == numbers
    return found


def candidates(words: Words, open_: Bools) -> tuple[Ints, Ints]:
    """Return the words that may belong to names, and where among them each run begins, in open lines.

    `open_` tells so for each line.
    """
    capital = (words.upper > 0) & open_[words.line] & (words.end - words.start <= _WIDEST)
    capital[:PADDING] = False
    capital[len(capital) - PADDING :] = False
    linked = np.zeros(len(capital), bool)
    small = np.flatnonzero(~capital)
    small = small[(words.end[small] - words.start[small] <= 5)]
    link = _among(_links(), words.numbers(words.start[small], words.end[small]))
    link |= words.first[small] == DIGIT
    linked[small[link]] = True
    near = linked[1:-1] & capital[:-2] & capital[2:]
    both = linked[1:-2] & linked[2:-1] & capital[:-3] & capital[3:]
    taken = capital.copy()
    taken[1:-1] |= near
    taken[1:-2] |= both
    taken[2:-1] |= both
    chosen = np.flatnonzero(taken)
    if not len(chosen):
        return chosen, chosen
    new = np.concatenate(([True], np.diff(chosen) > 1))
    begins = np.flatnonzero(new)
    place = np.arange(len(chosen)) - begins[np.cumsum(new) - 1]
    return chosen, np.flatnonzero(place % LONGEST == 0)


def _shapes(words: Words, at: Ints) -> Bits:
    """Return how words are written: letters, capitals, digits, how long."""
    length = words.end[at] - words.start[at]
    upper, lower, digits = words.upper[at], words.lower[at], words.digits[at]
    first = words.first[at].astype(np.int64)
    shape = first + 6 * np.minimum(upper, 3) + 24 * np.minimum(lower, 2) + 72 * np.minimum(digits, 2)
    sign = (first == SIGN) | (first == LINE)
    whole: Bits = (shape + 216 * np.where(sign, 0, np.minimum(length, 5))).astype(np.uint64)
    return whole


def features(words: Words, known: Known, chosen: Ints, begins: Ints, loud: Bools) -> Bits:
    """Return a row of numbers for each chosen word. `loud` tells of each line whether it is all in capitals."""
    near: dict[int, Ints] = {0: chosen}
    for step in (1, 2):
        for sign in (1, -1):
            last = near[sign * (step - 1)]
            near[sign * step] = np.where(words.first[last] == LINE, last, last + sign)
    length = np.diff(np.append(begins, len(chosen)))
    run = np.repeat(np.arange(len(begins)), length)
    head, tail = chosen[begins][run], chosen[begins + length - 1][run]
    spots = {**near, 7: head, 8: tail, 9: head - 1, 10: tail + 1}
    word = {k: words.numbers(words.start[v], words.end[v]) for k, v in spots.items()}
    shape = {k: _shapes(words, near[k]) for k in (-1, 0, 1)}
    row = {k: known.rows(v) for k, v in word.items()}
    lists = {k: known.lists[v].astype(np.uint64) for k, v in row.items()}
    fine = {k: known.fine[v].astype(np.uint64) for k, v in row.items()}
    coarse = {k: known.coarse[v].astype(np.uint64) for k, v in row.items()}
    start, end = words.start[chosen], words.end[chosen]
    place = (np.arange(len(chosen)) - begins[run]).astype(np.uint64)
    size = np.minimum(length[run], 6).astype(np.uint64)
    before = words.first[near[-1]]
    opens = np.where(before == LINE, 2, before == SIGN).astype(np.uint64)
    noisy = loud[words.line[chosen]].astype(np.uint64)

    def edge(count: int, *, tail: bool) -> Bits:
        low = np.maximum(start, end - count) if tail else start
        return words.numbers(low, end if tail else np.minimum(end, start + count))

    thousand = np.uint64(1 << 20)
    rows = [
        np.zeros(len(chosen), np.uint64),
        word[0],
        word[-1],
        word[1],
        word[-2],
        word[2],
        mixed(word[-1]) + word[0],
        mixed(word[0]) + word[1],
        mixed(word[-2]) + word[-1],
        mixed(word[1]) + word[2],
        edge(2, tail=True),
        edge(3, tail=True),
        edge(4, tail=True),
        edge(3, tail=False),
        edge(4, tail=False),
        shape[0] * np.uint64(2) + noisy,
        (shape[-1] * thousand + shape[0]) * thousand + shape[1],
        lists[0] * np.uint64(4) + opens,
        lists[-1] * thousand + lists[0],
        lists[0] * thousand + lists[1],
        lists[7] * thousand + lists[8],
        fine[0],
        fine[-1],
        fine[1],
        fine[-2],
        fine[2],
        fine[0] * thousand + coarse[-1],
        fine[0] * thousand + coarse[1],
        (coarse[-1] * thousand + coarse[0]) * thousand + coarse[1],
        place * np.uint64(8) + size,
        word[7],
        word[8],
        fine[7],
        fine[8],
        word[9],
        word[10],
        fine[9],
        fine[10],
        fine[9] * thousand + fine[10],
        shape[0] * thousand + fine[9],
        fine[0] * np.uint64(4) + opens,
    ]
    kind = np.arange(1, len(rows) + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return mixed(np.stack(rows, axis=1) + kind)
