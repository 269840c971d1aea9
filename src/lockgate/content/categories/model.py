"""A category as it is kept: a header in JSON and two arrays of numbers. Nothing in it is ever executed.

It holds no text: a weight for each hashed word or pair of words that stood in at least three different examples.
The same examples give the same bytes.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, NoReturn

import numpy as np
import orjson

from lockgate.content.categories.features import SIZE, VERSION, Floats
from lockgate.errors import Invalid

NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")
LARGEST: Final = 1 << 20
"""Bytes of a model at most; one of all features has 260 kB."""
KIND: Final = "business."
_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Figures:
    """How well a category is told apart, measured on examples that the measured model had not seen.

    Attributes:
        examples, groups: what it was learned from, and how many of these are no near-duplicates of each other.
        others, other_groups: the same of what is not of the category.
        wanted: the precision that was asked for.
        precision, recall: measured by cross-validation, with thresholds that had not seen what they were tried on.
        precision_least: the lower end of its 95 % interval (Wilson): few examples cannot show much.
        found, right: so many examples and others, near-duplicates once, were said to be of the category, and were.
        best_wrong: the highest score of something else.

    """

    examples: int
    groups: int
    others: int
    other_groups: int
    wanted: float
    precision: float
    recall: float
    precision_least: float
    found: int
    right: int
    best_wrong: float


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """One category.

    Attributes:
        name: `business.<name>` is the kind of its findings.
        weights, bias: see `fit.Plane`; `SIZE` weights.
        threshold: a section below it is not said to be of the category.
        slope, offset: from a score to a confidence (Platt).
        figures: see there.

    """

    name: str
    weights: Floats
    bias: float
    threshold: float
    slope: float
    offset: float
    figures: Figures

    @property
    def kind(self) -> str:
        """Return the kind of its findings."""
        return KIND + self.name

    def confidence(self, score: float) -> float:
        """Return how sure a score is, 0.5 to 0.99, at the ratio of examples to others that it was measured at."""
        sure = 1 / (1 + np.exp(-np.clip(self.slope * score + self.offset, -30, 30)))
        return round(float(min(max(sure, 0.5), 0.99)), 2)

    def pack(self) -> bytes:
        """Return it as bytes."""
        used = np.flatnonzero(self.weights.astype("<f2"))
        body = used.astype("<u2").tobytes() + self.weights[used].astype("<f2").tobytes()
        head = {
            "format": _FORMAT,
            "features": VERSION,
            "name": self.name,
            "bias": self.bias,
            "threshold": self.threshold,
            "slope": self.slope,
            "offset": self.offset,
            "figures": asdict(self.figures),
            "weights": len(used),
        }
        return orjson.dumps(head, option=orjson.OPT_SORT_KEYS) + b"\n" + body


def digest_of(data: bytes) -> str:
    """Return the digest by which the bytes of a model are known."""
    return hashlib.sha256(data).hexdigest()


def unpack(data: bytes) -> Model:
    """Return the model of these bytes.

    Raises:
        Invalid: they are no model, or one of another version.

    """
    line, newline, body = data.partition(b"\n")
    try:
        return _unpacked(orjson.loads(line), body) if newline and len(data) <= LARGEST else _damaged()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Invalid("it is damaged", remedy="Train the category again.") from error


def _unpacked(head: dict[str, Any], body: bytes) -> Model:
    if (head["format"], head["features"]) != (_FORMAT, VERSION):
        raise Invalid("it was made by another version", remedy="Train the category again.")
    count, name = head["weights"], head["name"]
    if type(count) is not int or not 0 <= count <= SIZE or len(body) != 4 * count or not NAME.fullmatch(name):
        return _damaged()
    used = np.frombuffer(body, "<u2", count)
    values = np.frombuffer(body, "<f2", count, 2 * count).astype(np.float64)
    bias, threshold, slope, offset = (float(head[key]) for key in ("bias", "threshold", "slope", "offset"))
    if not (np.isfinite(values).all() and np.isfinite([bias, threshold, slope, offset]).all() and slope >= 0):
        return _damaged()
    weights = np.zeros(SIZE)
    weights[used] = values
    figures = Figures(**{one.name: _number(head["figures"][one.name]) for one in fields(Figures)})
    return Model(name, weights, bias, threshold, slope, offset, figures)


def _damaged() -> NoReturn:
    raise ValueError


def _number(value: Any) -> Any:
    return value if type(value) in (int, float) else _damaged()
