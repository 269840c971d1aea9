"""Ports of a scan: the engine that spreads the work, what goes to it and comes back, and what scans remember.

A unit says which item, never its bytes: whoever does the work fetches them itself, in the place where it runs. So
the same port serves processes of this machine and, later, those of others.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from lockgate.content.document import Evidence
from lockgate.content.labeling import Proposal
from lockgate.content.scanned import Place, Problem, Row, Tally, Totals
from lockgate.labels.label import Sensitivity
from lockgate.labels.readers import Readers
from lockgate.ports import Item

PASSED_OVER: Final = "it is a symbolic link, which is not followed"
"""The problem of items that hold nothing of their own, so that nothing is missed by not reading them."""
STATE: Final = "scan_state_unavailable"
"""The code of `Unavailable` where it is the state of the scan that fails, and not a source."""


@dataclass(frozen=True, slots=True)
class Unit:
    """An item that must be looked at.

    Attributes:
        target: place of its target in the list that the work was opened with.
        item, revision, size: as the source showed it.
        known: digest of bytes whose findings are known already; equal bytes need no second look.
        before: what its last look found; it still counts where not all can be read now.

    """

    target: int
    item: str
    revision: str
    size: int
    known: str = ""
    before: Proposal | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a unit. `target`, `item` and `revision` are those of the unit and identify it.

    Attributes:
        digest: SHA-256 of the bytes, hex; empty where they were not seen.
        size: how many there were.
        level, reasons, evidence, places: what was found, and the label that it demands.
        notes: what of it was not looked at.
        unread: what in it could not be read, as "where: why"; the rest was.
        same: the bytes are those that are known; what was found in them stays as it is.
        gone: it is not there any more.
        problem: why it could not be read; `again` tells that another run may succeed.

    """

    target: int
    item: str
    revision: str
    digest: str = ""
    size: int = 0
    level: Sensitivity = Sensitivity.RESTRICTED
    reasons: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    places: tuple[Place, ...] = ()
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    same: bool = False
    gone: bool = False
    problem: str = ""
    again: bool = False


class Work(Protocol):
    """Does units: fetches, extracts, detects, proposes."""

    def __call__(self, units: Sequence[Unit], /) -> AsyncIterator[Outcome | None]:
        """Yield exactly one outcome for each unit, in any order, and None at any time as a sign of life.

        What goes wrong with a unit is its outcome.
        """
        ...


class Engine(Protocol):
    """Spreads work, within bounded memory, over whatever it has."""

    def run(self, units: AsyncIterator[Unit], /) -> AsyncGenerator[Outcome, None]:
        """Yield exactly one outcome for each unit, as they come.

        Whatever does the work may die at any time: its units are done again, each once alone, and what ends its
        worker a second time has the problem `could not read: it ended the process that read it`.

        Raises:
            Unavailable: no work can be done at all.

        """
        ...


@dataclass(frozen=True, slots=True)
class Reach:
    """Who can reach an item, counted over the people who are known."""

    readers: Readers
    people: int
    share: float
    everyone: bool


@dataclass(frozen=True, slots=True)
class Sight:
    """An item as a walk saw it: rights, but not content.

    Attributes:
        target: name of its target.
        rights: digest of everything here that may change without its content; see `journeys.scan`.
        wanted: it will be read in this run.

    """

    target: str
    item: Item
    reach: Reach
    rights: str
    wanted: bool


@dataclass(frozen=True, slots=True)
class Known:
    """What a state knows of an item: revision, digest and rules of its last look, and the rights of the last walk.

    `run` is the run that last saw it; `again` tells that its last look failed in a way that may pass. `id` is the
    state's own.
    """

    id: int
    revision: str
    digest: str
    rules: str
    rights: str
    run: int
    again: bool


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows a report is about.

    Attributes:
        run: only what this run saw, or found gone.
        changed: only what is new or changed in this run.
        since: only what was modified at this time or later, or where the source does not tell.

    """

    run: int
    changed: bool = False
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a scan. `resumed` tells that it goes on with one that was interrupted; `last` ended before it.

    `pending` items, of `pending_bytes` together, were to be read when it was interrupted.
    """

    id: int
    started: datetime
    resumed: bool = False
    last: datetime | None = None
    pending: int = 0
    pending_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Pending:
    """An item that waits to be read in this run, in the order of `id`, with what its last look knew and found."""

    id: int
    target: str
    item: str
    revision: str
    size: int
    digest: str
    rules: str
    again: bool
    before: Proposal | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What a state counts for a report; the fields are those of `ScanReport`."""

    totals: Totals
    by_kind: tuple[Tally, ...]
    by_label: tuple[Tally, ...]
    by_folder: tuple[Tally, ...]
    by_audience: tuple[Tally, ...]
    rows: tuple[Row, ...]
    rows_left_out: int
    problems: tuple[Problem, ...]
    gone: tuple[str, ...]


class ScanState(Protocol):
    """What scans of the same targets remember. One scan at a time; durable at each return.

    All methods may raise `Unavailable` with code `STATE`: it cannot be written (a full disk).
    """

    async def begin(self, targets: Sequence[str], rules: str, now: datetime, /, *, resume: bool) -> Run:
        """Begin a run, or with `resume` go on with the last one if it was interrupted."""
        ...

    async def known(self, target: str, items: Sequence[str], /) -> Sequence[Known | None]:
        """Return what is known of each of these items."""
        ...

    async def see(self, run: int, sights: Sequence[Sight], unchanged: Sequence[int], /) -> None:
        """Note items with new rights or to be read (`sights`), and the ids of those where nothing has changed."""
        ...

    async def pending(self, run: int, after: int, most: int, /) -> Sequence[Pending]:
        """Return items that wait to be read, from the first id above `after` on."""
        ...

    async def keep(self, run: int, rules: str, outcomes: Sequence[tuple[str, Outcome]], /) -> None:
        """Keep outcomes, each with the name of its target. Keeping one twice is keeping it once."""
        ...

    async def walked(self, run: int, target: str, gone: Callable[[str], bool | None], /) -> None:
        """Note the end of a walk. Of each item that it did not see, `gone` tells whether it is gone.

        True: it is. False: it may be there, and what is known of it stands. None: it was not part of this walk.
        """
        ...

    async def end(self, run: int, now: datetime, /, *, complete: bool) -> None:
        """Note that the run is over."""
        ...

    async def summary(self, of: Selection, most: int, /) -> Summary:
        """Return counts, and the worst rows."""
        ...

    def rows(self, of: Selection, /) -> AsyncIterator[Row]:
        """Yield every row with findings or a problem, and what is gone: worst first."""
        ...
