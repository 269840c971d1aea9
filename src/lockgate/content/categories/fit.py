"""A linear model: logistic regression over features of sections, fitted in a fixed number of exact steps.

No randomness and no library: the same sections in the same order give the same weights. It is Nesterov's
accelerated gradient for strongly convex functions: a section's features have length one, so the steepness of the
loss is known beforehand, and no step size has to be looked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lockgate.content.categories.features import SIZE, Floats, Ints, Sections

STRENGTH: Final = 0.001
"""How strongly weights are held small. Between 0.0003 and 0.003 it makes little difference."""
STEPS: Final = 150

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """Weights of all features, and what is added to their sum."""

    weights: Floats
    bias: float

    def scores(self, sections: Sections) -> Floats:
        """Return the score of each section: above zero speaks for the category."""
        return sections.sums(self.weights) + self.bias


def fit(sections: Sections, positive: Bools, shares: Floats, usable: Bools) -> Plane:
    """Fit sections that are (`positive`) or are not of a category, each with a share in the whole.

    Positive and other sections count the same together. Features that are not usable weigh nothing.
    """
    kept, local = _local(sections.features, usable)
    rows = np.repeat(np.arange(len(sections)), np.diff(sections.offsets))
    scale = 1.0 / np.sqrt(np.diff(sections.offsets))
    rows = rows[kept]
    values = scale[rows]
    sizes = int(local.max()) + 1 if len(local) else 0
    share = np.where(positive, shares / shares[positive].sum(), shares / shares[~positive].sum()) / 2
    signs = np.where(positive, 1.0, -1.0)
    # One more column, of ones, is the bias: the square of a row is at most 2, so the slope changes by 1/2 at most.
    weights = np.zeros(sizes + 1)
    ahead = weights.copy()
    rate = 1.0 / (0.5 + STRENGTH)
    root = np.sqrt(STRENGTH * rate)
    momentum = (1 - root) / (1 + root)
    for _ in range(STEPS):
        scores = np.bincount(rows, ahead[local] * values, len(sections)) + ahead[-1]
        slope = -signs * share / (1.0 + np.exp(np.clip(signs * scores, -50, 50)))
        gradient = np.append(np.bincount(local, slope[rows] * values, sizes), slope.sum()) + STRENGTH * ahead
        after = ahead - rate * gradient
        ahead = after + momentum * (after - weights)
        weights = after
    full = np.zeros(SIZE)
    full[np.unique(sections.features[kept])] = weights[:-1]
    return Plane(full, float(weights[-1]))


def _local(features: Ints, usable: Bools) -> tuple[Ints, Ints]:
    """Return which entries are of usable features, and the number that each of these has among them."""
    kept = np.flatnonzero(usable[features])
    names = np.zeros(SIZE, np.int64)
    used = np.unique(features[kept])
    names[used] = np.arange(len(used))
    return kept, names[features[kept]]
