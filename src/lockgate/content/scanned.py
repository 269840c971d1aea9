"""What a scan found: the data that every report of it is made from. It says what and where, never a value.

`ScanReport` is complete in itself: the table, the HTML page and a machine's formats are views of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from lockgate.content.document import Evidence
from lockgate.labels.label import Sensitivity
from lockgate.labels.readers import Readers


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was found in the text of an item.

    Attributes:
        kind, confidence, detector: as in `Finding`.
        start, end: half-open span in code points of the extracted text.
        line, column, end_line, end_column: the same span, counted from 1; `end_column` is one behind the last.
            They count from the begin of `part`, where there is one.
        part: what of the item it stands in (a file of an archive, a hidden sheet); empty for its main text.

    """

    kind: str
    start: int
    end: int
    line: int
    column: int
    end_line: int
    end_column: int
    confidence: float
    detector: str
    part: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One item of a target, as a report lists it.

    Attributes:
        target, item: where it is: name of the target, path in it.
        size: bytes.
        level: the label that it should have; for what could not be read, the highest.
        declared: the level that a rule or manifest states for it, None without one.
        reasons: why it should have this label.
        evidence: kinds with their counts and the best confidence.
        places: where; of one kind at most `PLACES`, while the counts are complete.
        readers: who can reach it, as its source says.
        people, share: how many of the known people that is, and which part of them.
        everyone: whether that is all of them.
        owners: whose it is.
        digest: SHA-256 of its bytes, hex; empty where they were not read.
        problem: why it could not be read; empty if it could.
        unread: what in it could not be read, as "where: why", though the rest was.
        notes: what was narrowed or left out, in words.
        gone: it was there at the last scan and is not there any more.

    """

    target: str
    item: str
    size: int
    level: Sensitivity
    reasons: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    places: tuple[Place, ...]
    readers: Readers
    people: int
    share: float
    everyone: bool
    owners: tuple[str, ...]
    digest: str = ""
    declared: Sensitivity | None = None
    problem: str = ""
    unread: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    gone: bool = False

    @property
    def raises(self) -> bool:
        """Tell whether the label it should have is above the declared one, or nobody declared any."""
        return not self.problem and not self.gone and (self.declared is None or self.level > self.declared)

    @property
    def path(self) -> str:
        """Return target and item as one path."""
        return f"{self.target.rstrip('/')}/{self.item}"

    @property
    def score(self) -> int:
        """Return what rows are ordered by: level times audience."""
        return score(self.level, self.people)


PLACES = 50
"""Places of one kind that are kept for one item."""
_WEIGHT = (0, 1, 10, 100)


def score(level: Sensitivity, people: int) -> int:
    """Return sensitivity times audience; what nobody known can reach counts as if one person could."""
    return _WEIGHT[level] * max(people, 1)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many items and findings share something, and how many items there are of each level."""

    name: str
    items: int
    findings: int
    levels: tuple[int, int, int, int] = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Problem:
    """A reason why items could not be read, how many, and some of them."""

    why: str
    items: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of a scan.

    Attributes:
        items, bytes: everything that the targets hold.
        read, bytes_read: what this run read.
        unchanged: what was known from an earlier run.
        sensitive: items that should be confidential or above because of what was found in them.
        findings: of kinds that count for a label.
        unread: items that could not be read.
        partly: items of which a part could not be read: a file of an archive, an attachment.
        passed_over: symbolic links, which hold nothing of their own.
        gone: items that were there at the last scan.

    """

    items: int = 0
    bytes: int = 0
    read: int = 0
    bytes_read: int = 0
    unchanged: int = 0
    sensitive: int = 0
    findings: int = 0
    unread: int = 0
    passed_over: int = 0
    gone: int = 0
    partly: int = 0


@dataclass(frozen=True, slots=True)
class ScanReport:
    """A whole scan.

    Attributes:
        targets: names of what was scanned, without any password.
        roots: names of the sources that these belong to, as `Row.target` has them.
        started, finished: of the last run.
        broken: targets that could not be walked to their end, and why; nothing of these was taken as gone.
        rules: version of detectors and label rules; the same version gives the same findings.
        people: how many people are known, of whom audiences are counted.
        totals: see `Totals`.
        by_kind, by_label, by_folder, by_audience: the most first, except levels and audiences: the highest first.
        rows: what is sensitive, worst first; at most as many as were asked for (`rows_left_out` more).
        problems: why items could not be read, the most frequent first.
        gone: items that are gone, at most as many as rows.
        levels: the organization's names of the four levels, from the lowest.

    """

    targets: tuple[str, ...]
    started: datetime
    finished: datetime
    broken: tuple[str, ...]
    rules: str
    people: int
    totals: Totals
    by_kind: tuple[Tally, ...] = ()
    by_label: tuple[Tally, ...] = ()
    by_folder: tuple[Tally, ...] = ()
    by_audience: tuple[Tally, ...] = ()
    rows: tuple[Row, ...] = ()
    rows_left_out: int = 0
    problems: tuple[Problem, ...] = ()
    gone: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    levels: tuple[str, str, str, str] = field(default=("public", "general", "confidential", "restricted"))

    @property
    def complete(self) -> bool:
        """Tell whether every target was walked to its end and all of it could be read."""
        return not (self.broken or self.totals.unread or self.totals.partly)

    @property
    def coverage(self) -> float:
        """Return the part of the items that could be read, 0 to 1; of none, 1."""
        whole = self.totals.items - self.totals.passed_over
        return (whole - self.totals.unread) / whole if whole > 0 else 1.0
