"""The hashes of exact match, all under the key: fast ones that sort out, and the keyed one that decides.

Nearly every place of a text is no value. Eight letters at a token, multiplied once, are looked up in a table of
bits; what is left is hashed from token to token by differences of sums, and looked up in another. Only what passes
both is hashed by BLAKE2b. The fast ones are under the key too, and the tables are never stored in clear: they
alone would tell who is in a set.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lockgate.content.match.stream import PAD, Ints, Stream

U64 = NDArray[np.uint64]
U32 = NDArray[np.uint32]

HEAD: Final = PAD
"""Letters of the first look; values that are shorter are looked up whole."""
LONGEST: Final = 256
"""Letters and digits of a value at most."""
_ODD: Final = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Hashes:
    """Everything derived from a key of 32 bytes."""

    key: bytes
    factor: np.uint64
    base: np.uint64
    back: np.uint64
    letters: U64

    @classmethod
    def of(cls, key: bytes) -> Hashes:
        """Derive what is needed."""
        raw = np.frombuffer(hashlib.shake_256(b"lockgate match\0" + key).digest(8 * 258), np.uint64)
        factor, base = int(raw[0]) | 1, int(raw[1]) | 1
        own = hashlib.blake2b(b"values", key=key, digest_size=32).digest()
        return cls(own, np.uint64(factor), np.uint64(base), np.uint64(pow(base, -1, 1 << 64)), raw[2:])

    def digest(self, value: bytes) -> int:
        """Return the keyed hash of a value, in 64 bits."""
        return int.from_bytes(hashlib.blake2b(value, key=self.key, digest_size=8).digest(), "little")

    def digests(self, values: list[bytes]) -> U64:
        """Return the keyed hash of each value."""
        key, make = self.key, hashlib.blake2b
        return np.frombuffer(b"".join(make(one, key=key, digest_size=8).digest() for one in values), np.uint64)

    def heads(self, text: Stream, starts: Ints) -> U32:
        """Return the hash of the first letters at these places, for values of `HEAD` letters and more."""
        return self._head(_words(text, starts))

    def short_heads(self, text: Stream, starts: Ints, length: int) -> U32:
        """Return the hash of so few letters at these places."""
        word = _words(text, starts) & np.uint64((1 << (8 * length)) - 1)
        return self._head(word | np.uint64(length << 56))

    def _head(self, words: U64) -> U32:
        return ((words * self.factor) >> np.uint64(32)).astype(np.uint32)

    def sums(self, text: Stream) -> tuple[U64, U64]:
        """Return what `wholes` takes: running sums of weighted letters, and the weights' inverses."""
        size = len(text.chars)
        weights: U64 = np.cumprod(np.full(size, self.base, np.uint64), dtype=np.uint64)
        backs: U64 = np.cumprod(np.full(size, self.back, np.uint64), dtype=np.uint64)
        sums = np.zeros(size + 1, np.uint64)
        np.cumsum(self.letters[text.narrow[:size]] * weights, out=sums[1:])
        return sums, backs

    def wholes(self, made: tuple[U64, U64], starts: Ints, ends: Ints) -> U32:
        """Return the fast hash of each stretch."""
        sums, backs = made
        found = (sums[ends] - sums[starts]) * backs[starts]
        return (((found ^ (found >> np.uint64(29))) * _ODD) >> np.uint64(32)).astype(np.uint32)


def _words(text: Stream, starts: Ints) -> U64:
    """Return the eight letters from each place on, as one number; behind the end are zeros."""
    size = len(text.narrow) - HEAD + 1
    every: NDArray[np.uint64] = np.ndarray((size,), np.dtype("<u8"), text.narrow.data, strides=(1,))
    return every[starts]


class Bits:
    """A table of bits over hashes of 32 bits: a look that errs to one side only."""

    def __init__(self, hashes: U32, spare: int = 4) -> None:
        size = 12
        while size < 32 and (1 << size) < (len(hashes) << spare):
            size += 1
        self._shift = np.uint32(32 - size)
        self._bits = np.zeros(1 << (size - 3), np.uint8)
        at = np.unique(hashes >> self._shift)
        np.bitwise_or.at(self._bits, at >> np.uint32(3), (1 << (at & 7)).astype(np.uint8))

    @property
    def nbytes(self) -> int:
        """Return the bytes that it takes."""
        return self._bits.nbytes

    def have(self, hashes: U32) -> NDArray[np.bool_]:
        """Tell which may be there."""
        at = hashes >> self._shift
        bits: NDArray[np.uint8] = self._bits[at >> np.uint32(3)] >> (at & np.uint32(7)).astype(np.uint8)
        found: NDArray[np.bool_] = (bits & 1) == 1
        return found
