"""A set of fingerprints: what is kept of a table of records. No value, nor what tells one without the key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lockgate.errors import Invalid
from lockgate.labels.label import Sensitivity

NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")
DEFAULT: Final = Sensitivity.CONFIDENTIAL
COLUMNS: Final = 16
FARTHEST: Final = 2_000


@dataclass(frozen=True, slots=True)
class Terms:
    """What a person stated of a set.

    Attributes:
        name: lower case; the kind of its findings is `match.<name>`.
        columns: names of the columns.
        require: so many columns of one row must stand together; 1: each value is a finding.
        within: they stand within so many characters, from the first of the first to the last of the last.
        level: what a finding demands.

    """

    name: str
    columns: tuple[str, ...]
    require: int = 2
    within: int = 200
    level: Sensitivity = DEFAULT

    def __post_init__(self) -> None:
        """Check it.

        Raises:
            Invalid: something is out of bounds.

        """
        if not NAME.fullmatch(self.name):
            raise Invalid(
                "its name has at most 63 lower case letters, digits, `-` and `_`, and begins with a letter"
            )
        if not 1 <= len(self.columns) <= COLUMNS or len(set(self.columns)) < len(self.columns):
            raise Invalid(f"a set has 1 to {COLUMNS} different columns")
        if not 1 <= self.require <= len(self.columns):
            raise Invalid(
                f"`require` must be 1 to {len(self.columns)}, the number of columns",
                remedy="Name more columns, or state `--require 1` where each value is a finding by itself.",
            )
        if not 1 <= self.within <= FARTHEST:
            raise Invalid(f"`within` must be 1 to {FARTHEST:,} characters")

    @property
    def kind(self) -> str:
        """Return the kind of its findings."""
        return kind_of(self.name, self.level)


def kind_of(name: str, level: Sensitivity) -> str:
    """Return the kind of findings of a set: it ends in the level where that is not the usual one."""
    return f"match.{name}" if level is DEFAULT else f"match.{name}.{level.name.lower()}"


@dataclass(frozen=True, slots=True)
class MatchSet:
    """A set, as it is looked up.

    Attributes:
        terms: see `Terms`.
        rows: how many different rows there are.
        digests: keyed hashes of the values, sorted, each once.
        offsets: where the postings of each begin, and the end.
        posts: row times `COLUMNS` plus column, sorted for each value.
        heads, wholes: fast hashes, for the first looks.
        lengths: the numbers of letters and digits that values have, sorted.

    """

    terms: Terms
    rows: int
    digests: NDArray[np.uint64]
    offsets: NDArray[np.uint32]
    posts: NDArray[np.uint32]
    heads: NDArray[np.uint32]
    wholes: NDArray[np.uint32]
    lengths: NDArray[np.uint16]
