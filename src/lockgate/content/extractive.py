"""Does a sentence answer a question? Evidence per sentence, one small logistic model over it, and the choice.

Similarity of embeddings cannot tell: the sentence nearest to an unanswerable question is as near as one that
answers (measured). What can is whether each word of the question is accounted for (in the sentence, in its
context, by a synonym or a near word), whether names and numbers agree, and whether the sentence contains an answer
of the kind that is asked for. Everything here is a pure function of the question and the passages.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from lockgate.content.answer_weights import BIAS, THRESHOLD, WEIGHTS
from lockgate.content.answer_words import STOP, stem, stems, synonyms, words
from lockgate.content.question import KIND_WORDS, Expect, Question, Word, plain, shows
from lockgate.content.units import Unit

NOTHING_FOUND: Final = "I found nothing that you may see that answers this."

SHORTLIST: Final = 28
"""Units that are embedded."""
FINALISTS: Final = 8
"""Units whose words are compared with those of the question one by one."""
ANSWER_UNITS: Final = 3

SAME_NAME: Final = 0.8
"""From here on, two names are one (`_prefix`)."""

Similar = Callable[[str, str], float]
"""Similarity of two words in [-1, 1]."""

_NAMES: Final = """
covered covered_here asked asked_weakest weakest focus names numbers kind_shown kind_missing cosine
cosine_about margin passage short missing_words log_covered unbacked counted uncounted narrowed
predicate
"""
FEATURES: Final = tuple(_NAMES.split())


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit and what speaks for it, in the order of `FEATURES`."""

    unit: Unit
    values: tuple[float, ...]


def lexical(question: Question, unit: Unit) -> float:
    """Return how much of the question the unit and its context account for, word by word."""
    here, around = set(stems(plain(unit.claim))), set(stems(plain(unit.context)))
    total = 0.0
    for word in question.words:
        if word.stem in here:
            total += word.weight
        elif any(synonyms(word.stem, other) for other in here):
            total += 0.8 * word.weight
        elif word.stem in around:
            total += 0.7 * word.weight
    if question.expects is not None and total:
        asked = frozenset(word.stem for word in question.words)
        total += 0.4 * shows(question.expects, unit.values, asked, record=unit.record)
    return total


UNCERTAIN: Final = frozenset({Expect.PLACE, Expect.ADDRESS})
"""Kinds of answer that the value of a record may be without looking like it."""


def eligible(question: Question, unit: Unit) -> bool:
    """Tell whether a unit can answer at all: it says something new, of the kind that is asked for."""
    asked = frozenset(word.stem for word in question.words)
    if all(base in asked for base in stems(unit.values)):
        return False
    kind = question.expects
    if kind is None or (unit.record and kind in UNCERTAIN):
        return True
    return shows(kind, unit.claim if kind is Expect.REASON else unit.values, asked, record=unit.record)


def shortlist(question: Question, units: Sequence[Unit], keep: int = SHORTLIST) -> list[int]:
    """Return positions of the units worth embedding; ties go to the earlier passage."""
    scores = {i: lexical(question, unit) for i, unit in enumerate(units) if eligible(question, unit)}
    return sorted(scores, key=lambda i: (-scores[i], i))[:keep]


def about(unit: Unit) -> str:
    """Return the unit with what it is about, for embedding."""
    return f"{unit.context}. {unit.claim}" if unit.context else unit.claim


def content_words(text: str) -> list[str]:
    """Return the words of a text that are worth comparing, without repetitions."""
    return list(dict.fromkeys(w.lower() for w in words(text) if w.lower() not in STOP and not w[0].isdigit()))


@dataclass(frozen=True, slots=True)
class Nearness:
    """What embeddings say about a question and one unit.

    Attributes:
        cosine: of the question and the unit alone.
        cosine_about: of the question and the unit with its context.
        margin: `cosine_about` minus the median over the shortlist.
        gains: for each word of the question, by how much the cosine falls when it is left out of the question.
            A word that the unit speaks of in other words has a positive gain, a foreign one a negative.
        similar: compares two words.

    """

    cosine: float
    cosine_about: float
    margin: float
    gains: dict[str, float]
    similar: Similar


def measure(question: Question, unit: Unit, passage: str, near: Nearness) -> tuple[float, ...]:
    """Return the values of `FEATURES` for a unit that stands in `passage`."""
    here, around = _folded(plain(unit.claim)), _folded(plain(unit.context))
    whole = set(stems(passage))
    stemmed = frozenset(word.stem for word in question.words)
    sums = _Sums()
    kind = question.expects
    shown = kind is not None and shows(kind, unit.values, stemmed, record=unit.record)
    named = KIND_WORDS.get(kind, frozenset()) if shown and kind else frozenset()
    for word in question.words:
        inside = _match(word.text.lower(), word.stem, here, near.similar, exact=word.name)
        if word.stem in named:
            inside = max(inside, 0.9)
        outside = _match(word.text.lower(), word.stem, around, near.similar, exact=word.name)
        sums.add(word, inside, outside, near.gains.get(word.text, 0.0), known=word.stem in whole)
    total = sums.weight or 1.0
    is_count = kind is Expect.NUMBER and counted(question, unit)
    return (
        sums.covered / total,
        sums.covered_here / total,
        sums.asked / (sums.asked_weight or 1.0),
        sums.asked_weakest,
        sums.weakest,
        sums.focus,
        sums.names,
        sums.numbers,
        float(shown),
        float(kind is not None and not shown),
        near.cosine,
        near.cosine_about,
        near.margin,
        sums.known,
        1.0 / math.sqrt(1 + len(here)),
        min(sums.missing, 3) / 3,
        sums.logs / total,
        10 * sums.unbacked,
        float(is_count),
        float(kind is Expect.NUMBER and any(w.focus for w in question.words) and not is_count),
        float(
            any(
                w.modifier and sums.matches[w.stem] < 0.5 and sums.matches.get(w.modifier, 0) >= 0.8
                for w in question.words
            )
        ),
        min((sums.matches[w.stem] for w in question.words if w.predicate), default=1.0),
    )


def _folded(text: str) -> dict[str, str]:
    """Return stem to word; compounds in parts, and neighbors joined (`time sheets` is `timesheets`)."""
    plain = content_words(text)
    joined = {stem(one + other): one + other for one, other in itertools.pairwise(plain)}
    return joined | {s: s for s in stems(text)} | {stem(word): word for word in plain}


@dataclass(slots=True)
class _Sums:
    """Running sums over the words of a question."""

    weight: float = 0.0
    covered: float = 0.0
    covered_here: float = 0.0
    asked: float = 0.0
    asked_weight: float = 0.0
    asked_weakest: float = 1.0
    weakest: float = 1.0
    focus: float = 1.0
    names: float = 1.0
    numbers: float = 1.0
    known: float = 1.0
    missing: int = 0
    logs: float = 0.0
    unbacked: float = 0.0
    matches: dict[str, float] = field(default_factory=dict)

    def add(self, word: Word, inside: float, outside: float, gain: float, *, known: bool) -> None:
        best = max(inside, 0.9 * outside)
        self.matches[word.stem] = best
        self.weight += word.weight
        self.covered += word.weight * best
        self.covered_here += word.weight * inside
        self.logs += word.weight * math.log(max(best, 0.08))
        if word.name:
            self.known = min(self.known, float(known))
            if any(c.isdigit() for c in word.text):
                self.numbers = min(self.numbers, best)
            else:
                self.names = min(self.names, best)
            return
        if outside < 0.95:  # not about the topic, so part of what is asked
            self.asked += word.weight * inside
            self.asked_weight += word.weight
        if word.weight < 1:
            return
        if outside < 0.95:
            self.asked_weakest = min(self.asked_weakest, inside)
        self.weakest = min(self.weakest, best)
        self.missing += best < 0.35
        if word.focus:
            self.focus = min(self.focus, best)
        if best < 0.6:
            self.unbacked = min(self.unbacked, gain)


def counted(question: Question, unit: Unit) -> bool:
    """Tell whether a number stands right before what "how many" counts, or under a key that names it."""
    wanted = [word.stem for word in question.words if word.focus]
    if not wanted:
        return False
    if unit.record and (head := set(stems(unit.claim)) - set(stems(unit.values))):
        return any(w == h or synonyms(w, h) for w in wanted for h in head)
    tokens = [stem(w) for w in words(unit.claim)]
    return any(
        t[0].isdigit() and any(w == n or synonyms(w, n) for w in wanted for n in tokens[i + 1 : i + 4])
        for i, t in enumerate(tokens)
    )


def _match(text: str, base: str, others: dict[str, str], similar: Similar, *, exact: bool) -> float:
    """Return how well the best of `others` (stem to word) stands for a word of the question."""
    if base in others:
        return 1.0
    if exact:
        near = max((_prefix(base, other) for other in others), default=0.0)
        return near
    best = 0.0
    for other, surface in others.items():
        if synonyms(base, other):
            return 0.9
        best = max(best, _prefix(base, other), min(1.0, max(0.0, (similar(text, surface) - 0.3) / 0.4)) * 0.85)
    return best


def _prefix(one: str, other: str) -> float:
    """Return 0.8 for words of one root that the stemmer did not bring together (`alert`, `alerting`)."""
    length = min(len(one), len(other))
    return (
        0.8 if length >= 5 and one[: max(5, length - 1)] == other[: max(5, length - 1)] and one.isalpha() else 0.0
    )


def agrees(values: Sequence[float]) -> bool:
    """Tell whether every name and number of the question stands in the unit, its context or its passage."""
    found = dict(zip(FEATURES, values, strict=True))
    return found["passage"] > 0 or min(found["names"], found["numbers"]) >= SAME_NAME


def probability(values: Sequence[float]) -> float:
    """Return how likely a unit answers, by a logistic model (`bench/train_answers.py` makes the coefficients)."""
    z = BIAS + sum(
        weight * value for weight, value in zip((WEIGHTS[name] for name in FEATURES), values, strict=True)
    )
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, z))))


def choose(question: Question, candidates: Sequence[Candidate]) -> list[Unit]:
    """Return the units that answer: the best, then those nearly as good (more for a list); perhaps none."""
    scored = [(probability(candidate.values), candidate.unit) for candidate in candidates]
    scored.sort(key=lambda pair: -pair[0])
    if not scored or scored[0][0] < THRESHOLD:
        return []
    near = max(THRESHOLD, (0.8 if question.listing else 0.9) * scored[0][0])
    good: dict[tuple[int, str], Unit] = {}
    for p, unit in scored:
        if p >= near:
            good.setdefault((unit.passage, unit.text), unit)  # cells of one row, once
    return list(good.values())[: ANSWER_UNITS if question.listing else 2]
