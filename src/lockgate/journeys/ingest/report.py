"""What a run of an ingest counts, tells and records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from lockgate.audit.record import Kind, Record
from lockgate.content.document import Document
from lockgate.ports import Clock


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: `phase` is `look` (total unknown, 0) or `read` (total is what needs reading).

    `embedded` of `embedding` passages have their vectors: of one large document, or of a few small ones.
    """

    phase: str
    done: int
    total: int
    errors: int
    passages: int
    bytes: int
    seconds: float
    embedded: int = 0
    embedding: int = 0

    @property
    def rate(self) -> float:
        """Return documents per second since the run began."""
        return self.done / self.seconds if self.seconds else 0.0


Watch: TypeAlias = Callable[[Progress], None]


@dataclass
class Report:
    """What a run did.

    `problems` and `partly` are (item, why): what nobody may read, and what is searched in part only. `left` is how
    many large documents were left for the next run, `forgotten` how many items were passed over for good.
    """

    connector: str
    started: datetime
    seen: int = 0
    unchanged: int = 0
    relabeled: int = 0
    removed: int = 0
    stored: int = 0
    passages: int = 0
    bytes: int = 0
    seconds: float = 0.0
    left: int = 0
    forgotten: int = 0
    problems: list[tuple[str, str]] = field(default_factory=list)
    partly: list[tuple[str, str]] = field(default_factory=list)


class Ledger:
    """Counts into a report, tells whoever watches, and writes records."""

    def __init__(
        self, report: Report, clock: Clock, watch: Watch, subject: str, rules: str = "", tuning: str = ""
    ) -> None:
        self.report = report
        self._clock = clock
        self._watch = watch
        self._subject = subject
        self._rules = rules
        self._tuning = (("detector_rules", tuning),) if tuning else ()

    def tell(self, phase: str, done: int, total: int, embedded: int = 0, embedding: int = 0) -> None:
        """Tell how far the run is."""
        report = self.report
        seconds = (self._clock.now() - report.started).total_seconds()
        errors = len(report.problems)
        self._watch(
            Progress(phase, done, total, errors, report.passages, report.bytes, seconds, embedded, embedding)
        )

    def problem(self, item: str, why: str) -> None:
        """Note an item that could not be read or understood."""
        self.report.problems.append((item, why))

    def of_document(self, action: str, document: Document, passages: int) -> Record:
        """Return the record of a change of a document: `ingest.put` or `ingest.relabel`."""
        return replace(
            self._record(action, "document", document.id),
            label=document.label,
            reasons=(document.problem,) if document.problem else document.notes,
            outcome="problem" if document.problem else "",
            facts=(
                *self._tuning,
                ("digest", document.digest),
                ("label_rules", self._rules),
                ("passages", passages),
                ("revision", document.revision),
            ),
        )

    def of_removal(self, id: str) -> Record:
        """Return the record of a document that is gone from its source."""
        return self._record("ingest.remove", "document", id)

    def of_run(self, outcome: str) -> Record:
        """Return the record of the run as a whole."""
        report = self.report
        return replace(
            self._record("ingest.run", "connector", report.connector),
            outcome=outcome,
            facts=(
                ("forgotten", report.forgotten),
                ("left", report.left),
                ("passages", report.passages),
                ("problems", len(report.problems)),
                ("relabeled", report.relabeled),
                ("removed", report.removed),
                ("seen", report.seen),
                ("stored", report.stored),
            ),
        )

    def _record(self, action: str, resource: str, id: str) -> Record:
        run = f"ingest-{self.report.connector}-{self.report.started:%Y%m%dT%H%M%S.%f}"
        return Record(
            Kind.INGEST,
            self._clock.now(),
            run,
            subject=self._subject,
            action=action,
            resource_type=resource,
            resource_id=id,
        )
