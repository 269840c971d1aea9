"""What a report says, before it is HTML: figures, charts, cases, troubles and the method."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Tone(StrEnum):
    """How a figure is meant."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"


Levels: TypeAlias = tuple[int, int, int, int]
"""How many items there are of each level, from the lowest to the highest."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number at the head of the page, what it counts, and a line about it."""

    value: str
    what: str
    more: str = ""
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart: its name, and what it is made of. `told` is what stands at its end."""

    name: str
    levels: Levels
    told: str

    @property
    def length(self) -> int:
        """Return the items of all levels."""
        return sum(self.levels)


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars under a heading, with a sentence that says how to read them; `left_out` more bars are not drawn."""

    title: str
    about: str
    bars: tuple[Bar, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """One of the worst items.

    Attributes:
        place: where it is.
        level: 0 to 3.
        audience: who can reach it, in words.
        owner: whose it is, in words; empty is an orphan.
        found: kinds with counts, and where in the item; never a value.
        why: why it stands here.
        fix: what to do.

    """

    place: str
    level: int
    audience: str
    owner: str
    found: tuple[str, ...]
    why: tuple[str, ...]
    fix: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """What could not be done, how often, and some of the items."""

    what: str
    items: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report.

    Attributes:
        title, about: what was looked at, and when.
        verdict: what a manager must know, in sentences, the most important first.
        figures, charts, troubles: see there.
        actions: what to do, the most effective first; each a sentence and what it clears.
        cases: the worst first; `cases_left_out` more are not listed.
        method: names and values: how it was measured, with versions.
        levels: the organization's names of the four levels, from the lowest.

    """

    title: str
    about: str
    verdict: tuple[str, ...]
    figures: tuple[Figure, ...]
    charts: tuple[Chart, ...] = ()
    actions: tuple[tuple[str, str], ...] = ()
    cases: tuple[Case, ...] = ()
    cases_left_out: int = 0
    troubles: tuple[Trouble, ...] = ()
    method: tuple[tuple[str, str], ...] = ()
    levels: tuple[str, str, str, str] = ("public", "general", "confidential", "restricted")
