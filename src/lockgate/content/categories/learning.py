"""From examples to a category: fit, measure by cross-validation, and choose from where on it is said.

Near-duplicates stay together, so that no model is tried on a copy of what it was fitted to. What else is a
near-duplicate of an example is no counterexample, and is left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lockgate.content.categories.features import LEAST, SIZE, Floats, Ints, Sections, sections
from lockgate.content.categories.fit import Bools, Plane, fit
from lockgate.content.categories.model import Figures, Model
from lockgate.content.judging import wilson
from lockgate.content.similar import Sketch, Sketches, overlap, sketch
from lockgate.errors import Invalid

EXAMPLES: Final = 10
"""Different examples below which nothing is learned."""
FEW: Final = 25
"""Different examples below which figures say little."""
OTHERS: Final = 20
"""Different others below which precision cannot be measured."""
FOLDS: Final = 5
KNOWN: Final = 3
"""A word that stands in fewer different examples and others weighs nothing: rare words do not get into a model."""
ALIKE: Final = 0.7
RECALL: Final = 0.95
CAUTION: Final = 0.75
"""How far the threshold is raised from where others begin towards where `RECALL` of what can be found still is:
texts will come that are unlike all others that were given."""
_SECTIONS: Final = 32
"""Sections of an example that count, evenly chosen."""
_READ: Final = 400_000
"""Characters of an example that are looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """What is kept of an example while a category is learned: not its text."""

    digest: str
    features: tuple[NDArray[np.uint16], ...]
    sketch: Sketch


@dataclass(frozen=True, slots=True)
class Learned:
    """A category, and what should be told about how it came to be."""

    model: Model
    notes: tuple[str, ...]


def example(text: str) -> Example | None:
    """Return an example of a text; None where it has fewer than `LEAST` words."""
    text = text[:_READ]
    its = sections([text])
    if not len(its):
        return None
    chosen = np.unique(np.linspace(0, len(its) - 1, _SECTIONS).astype(int))
    features = tuple(its.features[its.offsets[at] : its.offsets[at + 1]].astype(np.uint16) for at in chosen)
    return Example(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(), features, sketch([text]))


def learn(
    name: str,
    examples: Sequence[Example],
    others: Sequence[Example],
    wanted: float = 0.95,
    tell: Callable[[str], None] = lambda _: None,
) -> Learned:
    """Learn a category from examples of it and of other things, whose order makes no difference.

    Args:
        name: of the category.
        examples: of it, see `example`; of equal ones, one counts.
        others: of what it is not.
        wanted: the precision from which on something is said, among these examples and others.
        tell: hears what is being done.

    Raises:
        Invalid: there are too few, or the precision is not reached.

    """
    mine = sorted({one.digest: one for one in examples}.values(), key=lambda one: one.digest)
    rest = sorted({one.digest: one for one in others}.values(), key=lambda one: one.digest)
    tell("looking for near-duplicates")
    groups, kept = _groups(mine, rest)
    notes = []
    if len(kept) < len(rest):
        notes.append(f"{len(rest) - len(kept)} of the others are copies of examples, and are left out")
    rest = kept
    y = np.array([True] * len(mine) + [False] * len(rest), bool)
    count, other = len(np.unique(groups[y])), len(np.unique(groups[~y]))
    _enough(len(mine), count, other, notes)
    whole = _Set([*mine, *rest], groups, y)
    scores = np.zeros(len(y))
    folds = whole.folds()
    for fold in range(FOLDS):
        tell(f"measuring, part {fold + 1} of {FOLDS}")
        inside = folds != fold
        scores[~inside] = whole.best(whole.fitted(inside), ~inside)
    tell("fitting")
    plane = whole.fitted(np.ones(len(y), bool))
    threshold = _threshold(scores, whole, np.ones(len(y), bool), wanted)
    if threshold is None:
        raise Invalid(
            f"the examples are not told apart from the others with a precision of {wanted:.2f}",
            remedy="Give more examples that are alike, take out what is not of the category, or ask for a lower "
            "--precision.",
        )
    figures = _measured(scores, whole, folds, wanted, (len(mine), count, len(rest), other))
    if figures.precision < wanted:
        notes.append(f"measured precision is below the {wanted:.2f} that is wanted: give more examples and others")
    slope, offset = _platt(scores, whole.y, whole.shares)
    return Learned(Model(name, plane.weights, plane.bias, threshold, slope, offset, figures), tuple(notes))


class _Set:
    """Examples and others, with their groups, as arrays."""

    def __init__(self, every: Sequence[Example], groups: Ints, y: Bools) -> None:
        self.y, self.groups = y, groups
        self.shares: Floats = 1.0 / np.bincount(groups)[groups]  # near-duplicates count once together
        self.owners = np.repeat(np.arange(len(every)), [len(one.features) for one in every])
        self._parts = [part for one in every for part in one.features]
        self._sizes = np.array([len(part) for part in self._parts])

    def folds(self) -> Ints:
        """Return the part that each is tried in: groups in the order of their digests, in turn."""
        found = np.zeros(len(self.y), np.int64)
        for side in (self.y, ~self.y):
            _, numbers = np.unique(self.groups[side], return_inverse=True)
            found[side] = numbers % FOLDS
        return found

    def fitted(self, inside: Bools) -> Plane:
        """Return what is fitted to these."""
        chosen = np.flatnonzero(inside[self.owners])
        its = self._sections(chosen)
        per = np.bincount(its.owners, minlength=len(self.y))
        shares = (self.shares / np.maximum(per, 1))[its.owners]
        return fit(its, self.y[its.owners], shares, self._known(its))

    def best(self, plane: Plane, inside: Bools) -> Floats:
        """Return the best score of each of these, in order."""
        its = self._sections(np.flatnonzero(inside[self.owners]))
        found = np.full(len(self.y), -np.inf)
        np.maximum.at(found, its.owners, plane.scores(its))
        return found[inside]

    def _sections(self, chosen: Ints) -> Sections:
        features = np.concatenate([self._parts[at] for at in chosen]).astype(np.int64)
        offsets = np.concatenate(([0], np.cumsum(self._sizes[chosen])))
        nothing = np.zeros(0, np.int64)
        return Sections(features, offsets, self.owners[chosen], nothing, nothing)

    def _known(self, its: Sections) -> Bools:
        """Return which features stand in enough groups."""
        rows = np.repeat(self.groups[its.owners], np.diff(its.offsets))
        seen = np.unique(its.features * (1 << 32) + rows)
        known: Bools = np.bincount(seen >> 32, minlength=SIZE) >= KNOWN
        return known


def _groups(mine: Sequence[Example], rest: Sequence[Example]) -> tuple[Ints, list[Example]]:
    """Return the group of each example, then of each other that is kept."""
    every = [*mine, *rest]
    known = Sketches()
    for at, one in enumerate(every):
        known.put(str(at), one.sketch)
    root = list(range(len(every)))

    def top(at: int) -> int:
        while root[at] != at:
            root[at] = at = root[root[at]]
        return at

    for at, one in enumerate(every):
        for name, _ in known.alike(one.sketch):
            other = int(name)
            shared = overlap(one.sketch, every[other].sketch)
            if other > at and max(shared.of_first, shared.of_second) >= ALIKE:
                low, high = sorted((top(at), top(other)))
                root[high] = low
    tops = [top(at) for at in range(len(every))]
    taken = set(tops[: len(mine)])
    kept = [at for at in range(len(mine), len(every)) if tops[at] not in taken]
    _, groups = np.unique([*tops[: len(mine)], *(tops[at] for at in kept)], return_inverse=True)
    return groups, [every[at] for at in kept]


def _enough(examples: int, groups: int, others: int, notes: list[str]) -> None:
    if groups < EXAMPLES:
        raise Invalid(
            f"{examples} examples ({groups} that are no near-duplicates) are too few: {EXAMPLES} are needed",
            remedy=f"Give a few dozen documents of at least {LEAST} words that are no copies of each other.",
        )
    if others < OTHERS:
        raise Invalid(
            f"{others} other documents are too few to tell what the category is not: {OTHERS} are needed",
            remedy="Name a folder of everyday documents with --others; those of other categories count too.",
        )
    if groups < FEW:
        notes.append(f"only {groups} different examples: the figures are rough, give {FEW} or more")


def _threshold(scores: Floats, whole: _Set, inside: Bools, wanted: float) -> float | None:
    """Return the score from which on the category is said, None where no score is precise enough.

    Of the scores with the wanted precision it is the one that finds the most, raised by `CAUTION`.
    """
    y, shares, found = whole.y[inside], whole.shares[inside], scores[inside]
    order = np.argsort(-found, kind="stable")
    right = np.cumsum(np.where(y, shares, 0.0)[order])
    wrong = np.cumsum(np.where(y, 0.0, shares)[order])
    last = np.append(np.diff(found[order]) != 0, True)  # equal scores are found together
    good = np.flatnonzero(last & (right > 0) & (right / np.maximum(right + wrong, 1e-12) >= wanted))
    if not len(good):
        return None
    values = found[order]
    most = good[right[good] >= right[good].max() - 1e-9][0]
    high = good[right[good] >= RECALL * right[good].max()][0]
    below = float(values[most + 1]) if most + 1 < len(values) else float(values[most]) - 1
    threshold = below + CAUTION * (float(values[high]) - below)
    at = int(np.searchsorted(-values, -threshold, "right")) - 1
    return threshold if at in good else float(values[high])


def _measured(scores: Floats, whole: _Set, folds: Ints, wanted: float, counts: tuple[int, ...]) -> Figures:
    """Measure: each part with the threshold that the others alone give."""
    said = np.zeros(len(scores), bool)
    for fold in range(FOLDS):
        threshold = _threshold(scores, whole, folds != fold, wanted)
        if threshold is not None:
            said |= (folds == fold) & (scores >= threshold)
    found = float(whole.shares[said].sum())
    right = float(whole.shares[said & whole.y].sum())
    every = float(whole.shares[whole.y].sum())
    examples, groups, others, other_groups = counts
    return Figures(
        examples=examples,
        groups=groups,
        others=others,
        other_groups=other_groups,
        wanted=wanted,
        precision=round(right / found, 4) if found else 0.0,
        recall=round(right / every, 4),
        precision_least=round(wilson(round(right), round(found))[0], 4) if found else 0.0,
        found=round(found),
        right=round(right),
        best_wrong=round(float(scores[~whole.y].max()), 4),
    )


def _platt(scores: Floats, y: Bools, shares: Floats) -> tuple[float, float]:
    """Return slope and offset from scores to probabilities (Platt 1999; Newton's method, Lin 2007)."""
    yes, no = float(shares[y].sum()), float(shares[~y].sum())
    target = np.where(y, (yes + 1) / (yes + 2), 1 / (no + 2))
    rows = np.stack([scores, np.ones_like(scores)])
    at = np.array([1.0, float(np.log((yes + 1) / (no + 1)))])
    for _ in range(100):
        sure = 1 / (1 + np.exp(-np.clip(at @ rows, -30, 30)))
        slope = rows @ (shares * (sure - target))
        bend = (rows * (shares * sure * (1 - sure))) @ rows.T + np.eye(2) * 1e-6
        step = np.linalg.solve(bend, slope)
        length = min(1.0, 2.0 / float(np.abs(step).max() + 1e-12))
        at = at - length * step
        if float(np.abs(step).max()) < 1e-9:
            break
    return max(0.0, round(float(at[0]), 6)), round(float(at[1]), 6)
