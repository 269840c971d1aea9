"""What all text of the demonstration draws from: one stream of chance, unique figures, names and places."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, TypeVar

from lockgate.demo.draft import Ask, Block, Clauses, Draft

_T = TypeVar("_T")

PRODUCTS: Final = (
    "Halo Gauge",
    "Tidewell",
    "Northlight Hub",
    "Corvid Sensor",
    "Marlin Valve",
    "Pebble Logger",
    "Aster Gateway",
    "Quill Meter",
    "Onyx Relay",
    "Fern Probe",
)
"""What Brightwater makes: instruments for water networks."""

CUSTOMERS: Final = (
    "Hartmann Waterworks",
    "Nordkyst Utilities",
    "Rivera Breweries",
    "Alder & Sons Dairy",
    "Lumen Hospitals",
    "Kestrel Ports",
    "Stadtwerke Eichtal",
    "Orchard Foods",
    "Polder Pumps",
    "Glacier Springs",
    "Montclair Hotels",
    "Vantaa Paper",
    "Sankt Anna Klinik",
    "Bluefin Aquaculture",
)

SUPPLIERS: Final = (
    "Copperline Components",
    "Feinmechanik Ostertag",
    "Lattice Cloud Hosting",
    "Summit Office Supplies",
    "Meridian Freight",
    "Juno Translation Bureau",
    "Papierhaus Reuter",
    "Castor Calibration Lab",
)

FIRST: Final = (
    "Amelie",
    "Bastian",
    "Clara",
    "Dmitri",
    "Elena",
    "Fabio",
    "Gwen",
    "Henrik",
    "Iris",
    "Jakub",
    "Kira",
)
LAST: Final = (
    "Abbot",
    "Baumann",
    "Costa",
    "Drewes",
    "Engel",
    "Fischer",
    "Garnier",
    "Hellstrom",
    "Ivanov",
    "Janssen",
)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where documents of one kind lie, as the truth has it."""

    folder: str
    family: str
    readers: Clauses
    owners: tuple[str, ...]
    declared: str
    integrity: str = "internal"
    forbidden: tuple[str, ...] = ()

    def put(
        self,
        name: str,
        title: str,
        *blocks: Block,
        asks: Sequence[Ask] = (),
        canaries: Sequence[str] = (),
        mail: tuple[str, str, str] = ("", "", ""),
    ) -> Draft:
        """Return a draft that lies on this shelf."""
        return Draft(
            f"{self.folder}/{name}",
            title,
            self.family,
            blocks,
            self.readers,
            self.owners,
            self.declared,
            integrity=self.integrity,
            forbidden=self.forbidden,
            canaries=tuple(canaries),
            asks=tuple(asks),
            mail=mail,
        )


@dataclass(slots=True)
class World:
    """One run of the generator. Figures never repeat, so that a figure names the document that it stands in."""

    seed: int
    rng: random.Random = field(init=False)
    secrets: list[str] = field(default_factory=list)
    _used: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.rng = random.Random(f"brightwater {self.seed}")  # noqa: S311 (a story, not a key)

    def number(self, low: int, high: int) -> int:
        """Return a number that was not given out before and that nobody would write by chance."""
        while True:
            value = self.rng.randint(low, high)
            if value % 10 and value // 10 % 10 and value not in self._used:
                self._used.add(value)
                return value

    def figure(self, low: int, high: int) -> str:
        """Return `number` with its thousands apart: `84,217`."""
        return f"{self.number(low, high):,}"

    def secret(self, value: str) -> str:
        """Return a secret, and keep it as one that is planted."""
        self.secrets.append(value)
        return value

    def pick(self, many: Sequence[_T]) -> _T:
        """Return one of them."""
        return self.rng.choice(many)

    def some(self, many: Sequence[_T], count: int) -> list[_T]:
        """Return `count` different ones."""
        return self.rng.sample(list(many), count)

    def day(self, first: str = "2026-01-05", span: int = 300) -> date:
        """Return a working day within `span` days."""
        value = date.fromisoformat(first) + timedelta(days=self.rng.randint(0, span))
        return value - timedelta(days=max(0, value.weekday() - 4))

    def outsider(self) -> str:
        """Return the name of somebody who does not work here."""
        return f"{self.pick(FIRST)} {self.pick(LAST)}"


def spoken(day: date) -> str:
    """Return a date as people write it: `4 March 2026`."""
    return f"{day.day} {day:%B} {day.year}"
