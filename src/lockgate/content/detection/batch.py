"""Many texts as one run of bytes, with the way back from a byte to a text and a place in it.

Three ways to say where: a byte of `data`, a point (a code point of all texts with their margins), and a place in
a text. As long as everything is ASCII the first two are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

MARGIN = "\n" * 80
"""Before, between and after texts: nothing that a number or word goes on in, wider than what counts as beside."""


class Batch:
    """Texts in normal form, encoded one behind the other.

    Attributes:
        texts: as given.
        joined: all of them, with margins.
        data: that in UTF-8.
        begins: the point where each text begins.

    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.joined = MARGIN.join(("", *texts, ""))
        self.data = self.joined.encode()
        self.ascii = len(self.joined) == len(self.data)
        self.begins: list[int] = []
        point = len(MARGIN)
        for text in texts:
            self.begins.append(point)
            point += len(text) + len(MARGIN)

    @cached_property
    def array(self) -> NDArray[np.uint8]:
        """Return the bytes as an array."""
        return np.frombuffer(self.data, np.uint8)

    @cached_property
    def _points(self) -> Ints:
        return np.concatenate(([0], np.cumsum((self.array & 0xC0) != 0x80)))

    def points(self, bytes_: Ints) -> Ints:
        """Return the points of bytes at which a character begins."""
        return bytes_ if self.ascii else self._points[bytes_]

    def owners(self, points: Ints) -> Ints:
        """Return the numbers of the texts in which points are; a margin belongs to the text before it."""
        return np.maximum(np.searchsorted(self.begins, points, side="right") - 1, 0)

    @cached_property
    def lines(self) -> Ints:
        """Return the points of all line feeds."""
        return self.points(np.flatnonzero(self.array == 10))

    @cached_property
    def blocks(self) -> Ints:
        """Return the points at which blocks of lines begin: behind two line feeds."""
        lines = self.lines
        blocks: Ints = lines[1:][lines[1:] == lines[:-1] + 1] + 1
        return blocks


def slices(owners: Ints) -> Iterator[tuple[int, int, int]]:
    """Yield each number of an array in order, and from where to where it stands there."""
    if len(owners):
        cuts = [0, *(np.flatnonzero(owners[1:] != owners[:-1]) + 1).tolist(), len(owners)]
        for low, high in pairwise(cuts):
            yield int(owners[low]), low, high
