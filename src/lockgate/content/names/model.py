"""A linear-chain model over runs of words: the best tags of each run, and by how much they are the best.

Whole numbers throughout, so that every machine finds the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lockgate.content.names.features import Known
from lockgate.content.names.words import Bits, Ints

Scores = NDArray[np.int32]

KINDS: Final = ("pii.person", "entity.organization", "entity.location")
TAGS: Final = 1 + 2 * len(KINDS)
"""Outside; then of each kind the first word of a name, and another of it."""
NEVER: Final = -(1 << 28)
SLOTS: Final = 20
"""Bits of a feature by which it is looked up; no two of a model share them."""
_UNIT: Final = 256
"""Weights are given in parts of this."""


def legal() -> NDArray[np.bool_]:
    """Return which tag may follow which: a further word only its own name. The last row is the beginning."""
    allowed = np.ones((TAGS + 1, TAGS), bool)
    for tag in range(2, TAGS, 2):
        allowed[:, tag] = False
        allowed[[tag - 1, tag], tag] = True
    return allowed


@dataclass(frozen=True, slots=True)
class NameModel:
    """What was learned.

    Attributes:
        version: of what is learned.
        known: what is known of words.
        slots: the row of each slot, 0 if none.
        keys: the feature of each row.
        weights: (rows, TAGS) for each tag, in parts of `_UNIT`; row 0 is zero.
        moves: (TAGS + 1, TAGS) from tag to tag; the last row from nothing.
        steps: the margins at which the confidence rises.
        sure: (kinds, len(steps) + 1) the confidences.

    """

    version: str
    known: Known
    slots: NDArray[np.int32]
    keys: Bits
    weights: NDArray[np.int16]
    moves: Scores
    steps: Ints
    sure: NDArray[np.float64]

    @classmethod
    def of(cls, version: str, arrays: Mapping[str, NDArray[np.generic]]) -> NameModel:
        """Return the model of what `bench.train_names` has written."""
        keys = np.concatenate((np.zeros(1, np.uint64), arrays["keys"].astype(np.uint64)))
        slots = np.zeros(1 << SLOTS, np.int32)
        slots[(keys[1:] & np.uint64((1 << SLOTS) - 1)).astype(np.int64)] = np.arange(1, len(keys))
        weights = np.zeros((len(keys), TAGS), np.int16)
        weights[1:] = arrays["weights"]
        return cls(
            version,
            Known(
                np.append(arrays["words"].astype(np.uint64), np.uint64(0)),
                np.append(arrays["lists"].astype(np.uint8), np.uint8(0)),
                np.append(arrays["fine"].astype(np.int16), np.int16(0)),
                np.append(arrays["coarse"].astype(np.int16), np.int16(0)),
            ),
            slots,
            keys,
            weights,
            np.where(legal(), arrays["moves"].astype(np.int32), NEVER),
            arrays["steps"].astype(np.int64),
            arrays["sure"].astype(np.float64),
        )

    def scores(self, features: Bits) -> Scores:
        """Return for each word and tag what speaks for it."""
        total = np.zeros((len(features), TAGS), np.int32)
        mask = np.uint64((1 << SLOTS) - 1)
        for column in features.T:
            rows = self.slots[(column & mask).astype(np.int64)]
            rows[self.keys[rows] != column] = 0
            total += self.weights[rows]
        return total

    def confidence(self, kinds: Ints, margins: Ints) -> NDArray[np.float64]:
        """Return how sure names of these kinds and margins are: the share that was right among held-out ones."""
        step = np.searchsorted(self.steps, margins, "right")
        return self.sure[kinds, step]

    def tags(self, scores: Scores, begins: Ints) -> tuple[Ints, Ints]:
        """Return the best tag of each word, and by how much the best run with another tag there is worse."""
        tags = np.zeros(len(scores), np.int64)
        margins = np.zeros(len(scores), np.int64)
        lengths = np.diff(np.append(begins, len(scores)))
        for length in np.unique(lengths).tolist():
            at = begins[lengths == length][:, None] + np.arange(length)
            best = through(scores[at].astype(np.int64), self.moves.astype(np.int64))
            order = np.sort(best, axis=2)
            tags[at] = best.argmax(axis=2)
            margins[at] = order[:, :, -1] - order[:, :, -2]
        return tags, margins


def through(scores: NDArray[np.int64], moves: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for runs of one length, (runs, length, TAGS), the score of the best run that has this tag there."""
    length = scores.shape[1]
    ahead = np.empty_like(scores)
    ahead[:, 0] = scores[:, 0] + moves[TAGS]
    for step in range(1, length):
        ahead[:, step] = (ahead[:, step - 1][:, :, None] + moves[:TAGS]).max(axis=1) + scores[:, step]
    back = np.zeros_like(scores[:, 0])
    best = ahead.copy()
    for step in range(length - 2, -1, -1):
        back = (moves[:TAGS] + (back + scores[:, step + 1])[:, None, :]).max(axis=2)
        best[:, step] += back
    return best
