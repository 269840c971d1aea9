"""What a text looks like to categories: hashed words and pairs of words of each of its sections.

A section is a window of `WINDOW` words; windows overlap by half, so that what is padded with other text still
fills one. Of a section counts which words and pairs it has and not how often, so that repeating one adds nothing.
Digits are all alike, case and looks make no difference, and a script without spaces has a word in every character.

Words are hashed with the sums of a polynomial, all of a text at once: a text of 10 kB takes 0.3 ms.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lockgate.content.detection.normalize import normalize

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Floats = NDArray[np.float64]

VERSION: Final = 1
"""Of everything here: a model made with another one cannot be asked."""
BITS: Final = 16
"""A feature is one of 2 ** BITS places; words that share one are not told apart."""
SIZE: Final = 1 << BITS
WINDOW: Final = 256
STEP: Final = WINDOW // 2
LEAST: Final = 12
"""Words below which nothing is said about a text."""

_BASE: Final = 0x9E3779B97F4A7C15
_INVERSE: Final = pow(_BASE, -1, 1 << 64)
_ALL: Final = (1 << 64) - 1
_WORD, _DENSE = 1, 2
# Scripts that are written without spaces: every character is a word.
_SPACELESS: Final = (
    (0xE00, 0xEFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
)  # fmt: skip
_PLANES: Final = 0x20000
"""Above, everything is ideographs."""


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Words of a text in order: a hash of each, and where it stands, in code points of the text as given."""

    hashes: Hashes
    starts: Ints
    ends: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Sections:
    """Sections of texts, one behind the other.

    Attributes:
        features: of all sections; those of section `n` begin at `offsets[n]`, sorted and distinct.
        offsets: one more than there are sections.
        owners: the text that each is of.
        starts, ends: where it stands in its text, in code points as given.

    """

    features: Ints
    offsets: Ints
    owners: Ints
    starts: Ints
    ends: Ints

    def __len__(self) -> int:
        return len(self.owners)

    def sums(self, weights: Floats) -> Floats:
        """Return for each section what its features weigh together; a section's length makes no difference."""
        if not len(self):
            return np.zeros((0, *weights.shape[1:]))
        sums = np.add.reduceat(weights[self.features], self.offsets[:-1], axis=0)
        lengths = np.sqrt(np.diff(self.offsets))
        result: Floats = sums / (lengths if sums.ndim == 1 else lengths[:, None])
        return result


def words(text: str) -> Words:
    """Return the words of a text."""
    clean, places = normalize(text)
    if clean.isascii():
        points = np.frombuffer(clean.encode().translate(_ascii()), np.uint8)
        kinds = (points != 0x20).view(np.uint8)
    else:
        lower = clean.lower()
        if len(lower) != len(clean):  # some letters are two where they are small
            lower = "".join(one if len(one) == 1 else char for char in clean for one in (char.lower(),))
        points = np.frombuffer(lower.encode("utf-32-le", "surrogatepass"), np.uint32)
        kinds = _kinds()[np.minimum(points, _PLANES)]
        points = np.where((points >= 48) & (points < 58), np.uint32(48), points)
    word, dense = kinds == _WORD, kinds == _DENSE
    starts = np.flatnonzero(dense | (word & ~np.concatenate(([False], word[:-1]))))
    ends = np.flatnonzero(dense | (word & ~np.concatenate((word[1:], [False])))) + 1
    hashes = _hashes(points.astype(np.uint64), starts, ends)
    if isinstance(places, range):
        return Words(hashes, starts, ends)
    return Words(hashes, places[starts], places[ends - 1] + 1)


def sections(texts: Sequence[str]) -> Sections:
    """Return the sections of texts; a text with fewer than `LEAST` words has none."""
    keys: list[Hashes] = []
    owners: list[int] = []
    starts: list[int] = []
    ends: list[int] = []
    for owner, text in enumerate(texts):
        found = words(text)
        count = len(found.hashes)
        if count < LEAST:
            continue
        windows = max(1, -(-count // STEP) - 1)
        features = np.concatenate((places(found.hashes), places(pairs(found.hashes))))
        blocks = np.concatenate((np.arange(count), np.arange(count - 1))) // STEP
        last = np.minimum(blocks, windows - 1)
        earlier = (blocks > 0) & (blocks <= windows)
        numbers = np.concatenate((last, blocks[earlier] - 1)) + len(owners)
        keys.append((numbers.astype(np.uint64) << np.uint64(BITS)) | np.concatenate((features, features[earlier])))
        for number in range(windows):
            owners.append(owner)
            starts.append(int(found.starts[number * STEP]))
            ends.append(int(found.ends[min(number * STEP + WINDOW, count) - 1]))
    if not keys:
        nothing = np.zeros(0, np.int64)
        return Sections(nothing, np.zeros(1, np.int64), nothing, nothing, nothing)
    joined = np.concatenate(keys)
    joined.sort()
    joined = joined[np.concatenate(([True], joined[1:] != joined[:-1]))]
    edges = np.arange(len(owners) + 1, dtype=np.uint64) << np.uint64(BITS)
    return Sections(
        (joined & np.uint64(SIZE - 1)).astype(np.int64),
        np.searchsorted(joined, edges),
        np.array(owners),
        np.array(starts),
        np.array(ends),
    )


def pairs(hashes: Hashes) -> Hashes:
    """Return a hash of each two neighbors."""
    return _mixed(hashes[:-1] * np.uint64(_BASE) + hashes[1:])


def places(hashes: Hashes) -> Hashes:
    """Return the features that hashes are."""
    return hashes >> np.uint64(64 - BITS)


def _hashes(points: Hashes, starts: Ints, ends: Ints) -> Hashes:
    """Return a hash of each stretch: the sum of its points times powers of a base, as if it stood in front."""
    count = len(points)
    powers = np.full(count + 1, _BASE, np.uint64)
    back = np.full(count + 1, _INVERSE, np.uint64)
    powers[0] = back[0] = 1
    np.multiply.accumulate(powers, out=powers)
    np.multiply.accumulate(back, out=back)
    sums = np.concatenate(
        (np.zeros(1, np.uint64), np.cumsum((points + np.uint64(1)) * powers[:-1], dtype=np.uint64))
    )
    return _mixed((sums[ends] - sums[starts]) * back[starts])


def _mixed(hashes: Hashes) -> Hashes:
    """Return hashes whose every bit depends on all (the finalizer of SplitMix64)."""
    mixed = hashes ^ (hashes >> np.uint64(30))
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    result: Hashes = mixed ^ (mixed >> np.uint64(31))
    return result


@cache
def _ascii() -> bytes:
    """Return what each byte of ASCII becomes: small letters, one digit, and a space for all others."""
    return bytes(
        48 if 48 <= one < 58 else ord(chr(one).lower()) if one < 128 and chr(one).isalnum() else 32
        for one in range(256)
    )


@cache
def _kinds() -> NDArray[np.uint8]:
    """Return for each code point whether it is of a word, or a word by itself."""
    found = np.fromiter(
        (_WORD if unicodedata.category(chr(one))[0] in "LNM" else 0 for one in range(_PLANES)), np.uint8, _PLANES
    )
    for low, high in _SPACELESS:
        found[low : high + 1] = np.where(found[low : high + 1] == _WORD, _DENSE, 0)
    return np.append(found, np.uint8(_DENSE))
