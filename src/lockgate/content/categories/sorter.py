"""The categories in force: which sections of a text are of which of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from lockgate.content.categories.features import SIZE, Floats, pairs, places, sections, words
from lockgate.content.categories.model import Model
from lockgate.content.finding import Finding

TOGETHER: Final = 1 << 18
"""Characters that are looked at together; of a longer text, one piece after the other."""
OVERLAP: Final = 1 << 12
"""Characters that the next piece of a long text has again."""
_GAP: Final = re.compile(r"\s")

UNEXAMINED: Final = "unexamined.category"
"""The kind of what was not looked at, because a model is damaged."""
_NOBODY: Final = "category@-"

FindMany: TypeAlias = Callable[[Sequence[str]], Sequence[tuple[Finding, ...]]]


@dataclass(frozen=True, slots=True)
class Score:
    """What a category says about a whole text: the best of its sections."""

    model: Model
    score: float
    confidence: float

    @property
    def found(self) -> bool:
        """Tell whether it is enough; below, nothing is said."""
        return self.score >= self.model.threshold


class Sorter:
    """Looks for categories in texts.

    Args:
        models: each with its digest.
        missing: categories that cannot be looked for. Every text then has a finding that says so, and that demands
            the highest level: nobody knows what it is.

    """

    def __init__(self, models: Sequence[tuple[Model, str]] = (), missing: Sequence[str] = ()) -> None:
        self.models = tuple(model for model, _ in models)
        self.missing = tuple(missing)
        self._models = tuple(models)
        self._names = tuple(f"category.{model.name}@{digest[:8]}" for model, digest in models)
        self._weights = np.zeros((SIZE, len(models)))
        for at, model in enumerate(self.models):
            self._weights[:, at] = model.weights
        self._bias = np.array([model.bias for model in self.models])
        self._thresholds = np.array([model.threshold for model in self.models])

    @property
    def names(self) -> frozenset[str]:
        """Return the detectors of its categories, each with its version."""
        return frozenset(self._names)

    def only(self, names: frozenset[str]) -> Sorter:
        """Return what looks for some of its categories."""
        return Sorter([one for one, name in zip(self._models, self._names, strict=True) if name in names])

    def find_many(self, texts: Sequence[str]) -> list[tuple[Finding, ...]]:
        """Return the findings of each text: stretches of sections that are of a category, sorted."""
        found: list[list[Finding]] = [[] for _ in texts]
        if self.models:
            for some in _together(texts):
                self._look(some, found)
        if self.missing:
            for one, text in zip(found, texts, strict=True):
                one += [Finding(0, len(text), UNEXAMINED, 1.0, _NOBODY)] if text else []
        return [tuple(sorted(_joined(one))) for one in found]

    def find(self, text: str) -> tuple[Finding, ...]:
        """Return the findings of one text."""
        return self.find_many([text])[0]

    def scores(self, text: str) -> list[Score]:
        """Return what every category says about a text; nothing about one that is too short."""
        best = np.full(len(self.models), -np.inf)
        for some in _together([text]):
            its = sections([piece for _, _, piece in some])
            if len(its):
                best = np.maximum(best, (its.sums(self._weights) + self._bias).max(axis=0))
        if not len(best) or np.isinf(best).any():
            return []
        return [
            Score(model, float(score), model.confidence(float(score)))
            for model, score in zip(self.models, best, strict=True)
        ]

    def _look(self, some: Sequence[_Piece], found: list[list[Finding]]) -> None:
        its = sections([piece for _, _, piece in some])
        scores: Floats = its.sums(self._weights) + self._bias
        for at, number in np.argwhere(scores >= self._thresholds).tolist():
            owner, shift, _ = some[its.owners[at]]
            model = self.models[number]
            start, end = shift + int(its.starts[at]), shift + int(its.ends[at])
            sure = model.confidence(float(scores[at, number]))
            found[owner].append(Finding(start, end, model.kind, sure, self._names[number]))


_Piece: TypeAlias = tuple[int, int, str]
"""The number of a text, where in it a piece begins, and the piece."""


def both(first: FindMany, second: FindMany) -> Callable[[Iterable[str]], list[tuple[Finding, ...]]]:
    """Return what finds everything that either finds, sorted."""

    def find_many(texts: Iterable[str]) -> list[tuple[Finding, ...]]:
        every = list(texts)
        pairs = zip(first(every), second(every), strict=True)
        return [one if not more else tuple(sorted((*one, *more))) for one, more in pairs]

    return find_many


def weighing(model: Model, text: str, most: int = 20) -> list[tuple[str, float]]:
    """Return the words and pairs of a text that speak most for a category, and those against it, strongest first.

    A model knows no words, so they are those of the text.
    """
    found = words(text)
    known: dict[str, float] = {}
    alone, two = places(found.hashes).tolist(), places(pairs(found.hashes)).tolist() if len(found.hashes) else []
    for at, feature in enumerate(alone):
        known[text[found.starts[at] : found.ends[at]].casefold()] = float(model.weights[feature])
    for at, feature in enumerate(two):
        shown = " ".join(text[found.starts[at] : found.ends[at + 1]].casefold().split())
        known[shown] = float(model.weights[feature])
    strongest = sorted(known.items(), key=lambda one: (-abs(one[1]), one[0]))
    return [one for one in strongest[:most] if one[1]]


def _together(texts: Sequence[str]) -> Iterator[list[_Piece]]:
    some: list[_Piece] = []
    size = 0
    for owner, text in enumerate(texts):
        for start, piece in _pieces(text):
            some.append((owner, start, piece))
            size += len(piece)
            if size >= TOGETHER:
                yield some
                some, size = [], 0
    if some:
        yield some


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    while len(text) - start > TOGETHER:
        gap = _GAP.search(text, start + TOGETHER - OVERLAP // 2, start + TOGETHER)
        end = gap.start() if gap else start + TOGETHER
        yield start, text[start:end]
        start = end - OVERLAP
    yield start, text[start:]


def _joined(found: list[Finding]) -> Iterator[Finding]:
    """Yield one finding for sections of a category that touch each other, as sure as the surest."""
    last: Finding | None = None
    for one in sorted(found, key=lambda one: (one.kind, one.start)):
        if last is not None and last.kind == one.kind and one.start <= last.end + 1:
            last = last._replace(end=max(last.end, one.end), confidence=max(last.confidence, one.confidence))
            continue
        if last is not None:
            yield last
        last = one
    if last is not None:
        yield last
