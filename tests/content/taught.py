"""Examples for categories in tests: made-up documents of a few kinds, each another one, the same in every run."""

from __future__ import annotations

import random
from functools import cache

from lockgate.content.categories.learning import Example, example, learn
from lockgate.content.categories.model import Model, digest_of, unpack
from lockgate.content.categories.sorter import Sorter

_COMMON = (
    "the",
    "a",
    "of",
    "to",
    "and",
    "in",
    "for",
    "is",
    "on",
    "with",
    "our",
    "it",
    "this",
    "that",
    "be",
    "we",
    "at",
)
_OWN = {
    "payroll": "salary bonus gross net payroll band grade increase euro annual employee compensation raise",
    "forecast": "forecast quarter revenue margin outlook pipeline churn growth target guidance ebit booking",
    "menu": "soup salad dessert lunch canteen vegetarian noodle curry bread kitchen coffee fruit dish",
    "travel": "train hotel flight ticket booking trip station luggage visa receipt airport taxi platform",
    "sports": "match goal team player coach league season score stadium training referee cup fans",
}
_FILLER = [
    f"{one}{two}" for one in ("ba", "co", "du", "fe", "gi", "lo", "mu", "na", "po", "ri") for two in _COMMON
]


def document(kind: str, number: int, length: int = 160) -> str:
    """Return one document of a kind: words of the kind among those of every text."""
    chance = random.Random(f"{kind} {number}")
    own = _OWN[kind].split()
    words = []
    for _ in range(length):
        pick = chance.random()
        words.append(chance.choice(own if pick < 0.25 else _COMMON if pick < 0.6 else _FILLER))
    return " ".join(words)


def some(kind: str, count: int, first: int = 0) -> list[str]:
    return [document(kind, number) for number in range(first, first + count)]


def examples(texts: list[str]) -> list[Example]:
    return [one for text in texts if (one := example(text)) is not None]


OTHERS = ("menu", "travel", "sports")


@cache
def model(kind: str = "payroll") -> Model:
    others = [text for other in OTHERS for text in some(other, 20)]
    return learn(kind, examples(some(kind, 30)), examples(others)).model


@cache
def sorter(*kinds: str) -> Sorter:
    packed = [model(kind).pack() for kind in kinds or ("payroll",)]
    return Sorter([(unpack(data), digest_of(data)) for data in packed])
