"""Near-duplicates: which documents hold most of what another one says, whatever stands around it.

A sketch of a text keeps a sample of its runs of four words, by hash: the same runs in every text that has them. So
what two texts share is counted on the sample, and it is told apart how much of the one stands in the other
(containment, which padding does not change) from how much they are alike. Order, case, layout, invisible
characters and letters that look alike make no difference. A sample by hash: Broder, "On the resemblance and
containment of documents", 1997.

A sketch tells whether a guessed text is in a document. At rest it is encrypted with the document's own key.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lockgate.content.detection.normalize import nfkc, normalize

Hashes = NDArray[np.uint64]

WORDS: Final = 4
"""Words of a run."""
FEW: Final = 64
"""Runs up to which all of them are kept; of more, one in four, and at least so many.

With one in eight, 30 % of the short documents of a company were not found in twice as much padding.
"""
MOST: Final = 4_096
"""Runs that are kept at most: 32 kB a document."""
_ONE_IN: Final = 4
LEAST: Final = 8
"""Common runs of the sample below which nothing is said: short texts resemble each other by chance."""
BEST: Final = 256
"""Documents that are named where nobody asks for every one."""
EVERY: Final = 1 << 31
_OFTEN: Final = 2_000
"""Documents with one run that are looked at: what stands in more of them is a form that everybody fills in."""
_ALL: Final = (1 << 64) - 1
# Scripts that are written without spaces: every character is a word.
_DENSE: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD: Final = re.compile(rf"[{_DENSE}]|[^\W_{_DENSE}]+")


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """A sample of a text: all hashes of its runs up to `bound`, sorted and distinct."""

    hashes: Hashes = field(default_factory=lambda: np.zeros(0, np.uint64))
    bound: int = _ALL

    def pack(self) -> bytes:
        """Return it as bytes."""
        return self.bound.to_bytes(8, "little") + self.hashes.astype("<u8", copy=False).tobytes()


NOTHING: Final = Sketch()


def unpack(data: bytes) -> Sketch:
    """Return what `pack` returned; of nothing, the sketch of nothing.

    Raises:
        ValueError: it is cut.

    """
    if not data:
        return NOTHING
    hashes = np.frombuffer(data, "<u8", offset=8).astype(np.uint64)
    return Sketch(hashes, int.from_bytes(data[:8], "little"))


def sketch(texts: Iterable[str]) -> Sketch:
    """Return the sketch of texts that belong together; no run goes from one into the next."""
    known: dict[str, int] = {}
    parts: list[Hashes] = []
    for text in texts:
        words = _WORD.findall(nfkc(normalize(text)[0]).casefold())
        if len(words) < WORDS:
            continue
        for word in words:
            if word not in known:
                data = word.encode("utf-8", "surrogatepass")
                known[word] = int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")
        parts.append(_runs(np.array([known[word] for word in words], np.uint64)))
    if not parts:
        return NOTHING
    hashes = np.unique(np.concatenate(parts))
    kept = min(MOST, max(FEW, -(-len(hashes) // _ONE_IN)))
    if kept >= len(hashes):
        return Sketch(hashes)
    return Sketch(hashes[:kept].copy(), int(hashes[kept - 1]))


def _runs(words: Hashes) -> Hashes:
    """Return a well mixed hash of each run (the finalizer is that of SplitMix64)."""
    count = len(words) - WORDS + 1
    mixed = np.zeros(count, np.uint64)
    for at in range(WORDS):
        mixed = mixed * np.uint64(0x9E3779B97F4A7C15) + words[at : at + count]
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


@dataclass(frozen=True, slots=True)
class Overlap:
    """What two texts share: runs of the sample in both, and in each of them."""

    common: int
    first: int
    second: int

    @property
    def of_first(self) -> float:
        """Return which part of the first stands in the second; 0 where the sample is too small to tell."""
        return self.common / self.first if self.common >= LEAST else 0.0

    @property
    def of_second(self) -> float:
        """Return which part of the second stands in the first; 0 where the sample is too small to tell."""
        return self.common / self.second if self.common >= LEAST else 0.0

    def turned(self) -> Overlap:
        """Return the same seen from the second."""
        return Overlap(self.common, self.second, self.first)


def overlap(one: Sketch, other: Sketch) -> Overlap:
    """Return what two texts share, on the finest sample that both have."""
    bound = np.uint64(min(one.bound, other.bound))
    first = one.hashes[: np.searchsorted(one.hashes, bound, "right")]
    second = other.hashes[: np.searchsorted(other.hashes, bound, "right")]
    return Overlap(len(np.intersect1d(first, second, assume_unique=True)), len(first), len(second))


class Sketches:
    """Sketches of many documents, by what is in them.

    Hashes lie in sorted arrays; a new one is merged with those before it that are not larger, so that there are
    few and each hash is moved a few times. What was dropped goes when it is merged. Not safe for threads.
    """

    def __init__(self) -> None:
        self._runs: list[tuple[Hashes, NDArray[np.uint32]]] = []
        self._ids: list[str | None] = []
        self._slots: dict[str, int] = {}
        self._sketches: dict[str, Sketch] = {}

    def __len__(self) -> int:
        return len(self._sketches)

    def get(self, id: str) -> Sketch:
        """Return the sketch of a document; of an unknown one, that of nothing."""
        return self._sketches.get(id, NOTHING)

    def put(self, id: str, sketch: Sketch) -> None:
        """Keep the sketch of a document, in place of the one before."""
        if self._sketches.get(id) is sketch:
            return
        self.drop(id)
        if not len(sketch.hashes):
            return
        slot = self._slots[id] = len(self._ids)
        self._ids.append(id)
        self._sketches[id] = sketch
        self._add((sketch.hashes, np.full(len(sketch.hashes), slot, np.uint32)))

    def drop(self, id: str) -> None:
        """Let go of a document."""
        if self._sketches.pop(id, None) is None:
            return
        self._ids[self._slots.pop(id)] = None
        if len(self._ids) > 2 * len(self._sketches) + 1024:
            kept, self._runs, self._ids, self._slots = self._sketches, [], [], {}
            self._sketches = {}
            for one, its in kept.items():
                self.put(one, its)

    def _add(self, run: tuple[Hashes, NDArray[np.uint32]]) -> None:
        while self._runs and len(self._runs[-1][0]) <= 2 * len(run[0]):
            before = self._runs.pop()
            hashes, slots = np.concatenate([before[0], run[0]]), np.concatenate([before[1], run[1]])
            order = np.argsort(hashes, kind="stable")
            run = hashes[order], slots[order]
        self._runs.append(run)

    def alike(self, sketch: Sketch, most: int = BEST) -> list[tuple[str, Overlap]]:
        """Return documents that share something with a text, and what: those that share the most, best first."""
        found: list[NDArray[np.uint32]] = []
        for hashes, slots in self._runs:
            low = np.searchsorted(hashes, sketch.hashes, "left")
            count = np.minimum(np.searchsorted(hashes, sketch.hashes, "right") - low, _OFTEN)
            if total := int(count.sum()):
                starts = np.repeat(low - (np.cumsum(count) - count), count)
                found.append(slots[starts + np.arange(total)])
        if not found:
            return []
        slots, counts = np.unique(np.concatenate(found), return_counts=True)
        # What is counted is what they share, but for runs of forms that stand in too many documents.
        slots, counts = slots[counts >= LEAST // 2], counts[counts >= LEAST // 2]
        best = np.argsort(-counts, kind="stable")
        many: list[tuple[str, Overlap]] = []
        for slot in slots[best].tolist():
            id = self._ids[slot]
            if id is not None:
                many.append((id, overlap(sketch, self._sketches[id])))
                if len(many) == most:
                    break
        many.sort(key=lambda pair: (-pair[1].common, pair[0]))
        return [pair for pair in many if pair[1].common >= LEAST]
