"""Vectors of many passages in one byte a number: read through faster, and never wrong by more than is known.

A row `x` is kept as `scale * code` with codes of -127 to 127, and with the length of what that leaves out,
`error >= |x - scale * code|`. By Cauchy and Schwarz the product with a query `q` is then within `error * |q|` of
the true one, for every row and every query. Ranking takes whatever that bound does not exclude and computes it
exactly, from the vectors themselves: results are the same to the last bit (`content/ranking.py`).

Made of exactly the passages that one reader may read, as postings are: it says nothing about others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lockgate.content.ranking import Passages, blocks

_TOP: Final = 127
_TINY: Final = 1e-30
"""The least scale: below it, numbers are left out as a whole, as nothing is lost by it."""
_LOOSE: Final = 1.001
_REST: Final = 1e-6
"""Above what single precision can lose while the error itself is computed, for rows up to length 1."""
_CACHED: Final = 98_304
"""Numbers widened at a time: few enough to stay in the cache, and many enough for the calls not to count."""
_ENCODED: Final = 768
"""Rows encoded at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Codes:
    """Rows of many documents, one after the other. Arrays are never changed.

    Attributes:
        sizes: shape (documents,), int64: number of passages of each document.
        codes: shape (n, d), int8.
        scales: shape (n,), float32: what a code of 1 stands for.
        errors: shape (n,), float32: not less than the length of what the codes leave out.

    """

    sizes: NDArray[np.int64]
    codes: NDArray[np.int8]
    scales: NDArray[np.float32]
    errors: NDArray[np.float32]

    @property
    def nbytes(self) -> int:
        """Return what it takes in memory."""
        return sum(one.nbytes for one in (self.sizes, self.codes, self.scales, self.errors))

    def cosines(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return products with a vector, shape (n,), each within its error times the vector's length.

        Beside that, single precision rounds: by at most 2^-24 for each number of rows and vectors up to length 1.
        """
        n, d = self.codes.shape
        found = np.empty(n, np.float32)
        step = max(1, _CACHED // max(1, d))
        wide = np.empty((min(step, n), d), np.float32)
        for start in range(0, n, step):
            end = min(start + step, n)
            rows = wide[: end - start]
            rows[...] = self.codes[start:end]
            np.dot(rows, vector, out=found[start:end])
        found *= self.scales
        return found


def size_of(passages: int, dimensions: int, documents: int) -> int:
    """Return how many bytes the codes of so many passages take."""
    return passages * (dimensions + 8) + 8 * documents


def encode(parts: Sequence[Passages]) -> Codes:
    """Return the codes of the passages of at least one document; each has at least one."""
    sizes = np.array([len(part.ordinals) for part in parts], np.int64)
    total, dimensions = int(sizes.sum()), parts[0].vectors.shape[1]
    made = Codes(
        sizes, np.empty((total, dimensions), np.int8), np.empty(total, np.float32), np.empty(total, np.float32)
    )
    for block, start, end in blocks(parts, sizes, _ENCODED):
        rows = np.concatenate([part.vectors for part in block])
        scales = np.maximum(np.abs(rows).max(axis=1) / np.float32(_TOP), np.float32(_TINY))
        codes = np.rint(rows / scales[:, None])
        made.codes[start:end] = np.clip(codes, -_TOP, _TOP, out=codes)
        made.scales[start:end] = scales
        codes *= scales[:, None]
        rows -= codes
        made.errors[start:end] = np.sqrt(np.einsum("ij,ij->i", rows, rows)) * _LOOSE + _REST
    return made
