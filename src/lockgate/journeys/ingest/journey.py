"""The journey itself: one run at a time for each connector, and the check of a single document at answer time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from lockgate.content.categories.sorter import UNEXAMINED, Sorter
from lockgate.content.detection import Scan, scan
from lockgate.content.document import Document
from lockgate.content.label_policy import NO_RULES, LabelPolicy
from lockgate.content.labeling import DEFAULT_LIMIT, Limit
from lockgate.errors import Conflict, Invalid, Unavailable
from lockgate.journeys.ingest.copies import Copies
from lockgate.journeys.ingest.look import Look
from lockgate.journeys.ingest.read import MOST, Pace, Read
from lockgate.journeys.ingest.report import Ledger, Report, Watch
from lockgate.journeys.ingest.settlement import Settler
from lockgate.journeys.ingest.taught import Taught
from lockgate.journeys.sieve import Sieve
from lockgate.ports import AuditSink, Clock, Connector, Directory, Embedder, Extractor, Index


class Ingest:
    """Runs ingests, one at a time for each connector.

    Args:
        index, extractor, embedder, clock, audit, directory: the ports.
        limit: above what audience something sensitive is too widely readable.
        ahead: documents that are read before the embedder needs them.
        lanes: calls of the embedder at a time. Leave a core free for questions.
        most: passages of one document that are searched. With `MOST` no file holds a run for more than minutes.
        changing: the lock of everybody who changes what is known of documents; the same as the reviews'.
        rules: the organization's rules for labels.
        sieve: which findings count.
        sorter: returns what looks for the categories that are in force.
        scan: finds what is in a text.
        sets: the version of the exact match sets that it finds with; what was read with others is read again.

    """

    def __init__(
        self,
        index: Index,
        extractor: Extractor,
        embedder: Embedder,
        clock: Clock,
        audit: AuditSink,
        directory: Directory,
        *,
        limit: Limit = DEFAULT_LIMIT,
        ahead: int = 4,
        lanes: int = 1,
        most: int = MOST,
        changing: asyncio.Lock | None = None,
        rules: LabelPolicy = NO_RULES,
        sieve: Sieve | None = None,
        sorter: Callable[[], Sorter] = Sorter,
        scan: Scan = scan,
        sets: Callable[[], str] = lambda: "",
    ) -> None:
        if min(ahead, lanes, most) < 1:
            raise Invalid("`ahead`, `lanes` and `most` of an ingest must be at least 1")
        self._index = index
        self._extractor = extractor
        self._embedder = embedder
        self._clock = clock
        self._audit = audit
        self.rules = rules
        self._sorter = sorter
        self._taught = Taught(index)
        self.settler = Settler(directory, limit, rules)
        self.changing = changing or asyncio.Lock()
        self._pace = Pace(ahead, lanes, most)
        self._copies = Copies(index)
        self.sieve = sieve or Sieve()
        self._running: set[str] = set()
        self._scan, self._sets = scan, sets

    async def run(
        self,
        connector: Connector,
        watch: Watch = lambda _: None,
        *,
        full: bool = False,
        patience: timedelta | None = None,
        subject: str = "service:lockgate",
    ) -> Report:
        """Bring the catalogue in step with a source. With `full`, read everything again.

        After `patience` no further large document is begun: those that are left are read by the next run, so that
        what is new meanwhile does not wait for all of them. At least one is read.

        Raises:
            Conflict: a run for this connector is under way.
            Unavailable: the source, the index, the embedder or the audit log failed; what was done stays done.

        """
        if connector.name in self._running:
            raise Conflict(f"an ingest of `{connector.name}` is already running")
        self._running.add(connector.name)
        report = Report(connector.name, self._clock.now())
        ledger = Ledger(report, self._clock, watch, subject, self.rules.version, self.sieve.tuning.version)
        sorter = self._sorter()
        parts = (self._audit, self._clock, self.settler, ledger, self.changing, self.sieve)
        outcome = "failed"
        try:
            new = await self._taught.again(connector.name, sorter)
            look = Look(connector, self._index, *parts, lambda document: _must_look(document, sorter, new))
            todo = await look.all(full, self._sets())
            until = None if patience is None else ledger.report.started + patience
            read = Read(look, self._extractor, self._embedder, self._pace, sorter.find, self._scan, self._sets)
            await read.all(todo, until)
            await self._copies.spread(look)
            if not report.left:
                self._taught.done(connector.name, sorter)
            outcome = "completed"
        finally:
            self._running.discard(connector.name)
            ledger.report.seconds = (self._clock.now() - ledger.report.started).total_seconds()
            await self._audit.append([ledger.of_run(outcome)])
        return ledger.report

    async def recheck(self, connector: Connector, document: Document) -> Document | None:
        """Return the document with the rights that its source shows at this moment; None if it is gone.

        Nothing is stored; the next run does that.

        Raises:
            Unavailable: the source cannot be asked; the caller denies.

        """
        item = await connector.stat(document.item)
        return None if item is None else self.settler.current(item, document, self._clock.now())

    def rechecker(self, connectors: Mapping[str, Connector]) -> Callable[[Document], Awaitable[Document | None]]:
        """Return `recheck` for documents of any of these connectors; of another, the source cannot be asked."""

        async def check(document: Document) -> Document | None:
            if self._index.document(document.id) is None:
                return None  # removed or forgotten while the answer runs
            connector = connectors.get(document.connector)
            if connector is None:
                raise Unavailable(f"the connector `{document.connector}` is not configured")
            return await self.recheck(connector, document)

        return check


def _must_look(document: Document, sorter: Sorter, new: frozenset[str]) -> bool:
    """Tell whether a document must be read for its categories: it is of a new one, or was not examined."""
    unexamined = any(one.kind == UNEXAMINED for one in document.evidence)
    return document.id in new or (unexamined and not sorter.missing)
