"""What operators see of a running gateway: metrics, readiness, traces; and how it stops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from lockgate import __version__
from lockgate.adapters.history_sqlite import SqliteHistory
from lockgate.adapters.index_memory import MemoryIndex
from lockgate.adapters.metrics import CONTENT_TYPE, Figure, Metrics
from lockgate.adapters.policy_files import PolicyFiles
from lockgate.adapters.tapped import TappedLog
from lockgate.config import Settings
from lockgate.edge.api import Door
from lockgate.edge.drain import Drain
from lockgate.edge.observed import Observers
from lockgate.edge.operations_api import OperationsApi
from lockgate.journeys.ingest.report import Report
from lockgate.ports import AuditSink
from lockgate.ports.telemetry import Watcher
from lockgate.storage.group import GroupWriter
from lockgate.storage.threads import Looks
from lockgate.wiring.central import InForce
from lockgate.wiring.models import Models
from lockgate.wiring.readiness import FAILED, KEPT, OK, Look, Readiness, writable
from lockgate.wiring.tracing import Traces, open_traces


@dataclass(slots=True)
class Synced:
    """How the syncs of a collection went."""

    at: datetime | None = None
    items: int = 0
    unreadable: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Watched:
    """The parts that are looked at."""

    settings: Settings
    writer: GroupWriter
    history: SqliteHistory
    index: MemoryIndex
    policies: PolicyFiles
    in_force: InForce
    models: Models
    keys_known: Callable[[], Awaitable[bool]]
    looks: Looks


@dataclass(slots=True)
class Operations:
    """Counts from the beginning, and looks at the parts once they are there (`attach`)."""

    metrics: Metrics = field(init=False)
    traces: Traces = field(default_factory=Traces)
    drain: Drain = field(default_factory=Drain)
    readiness: Readiness = field(init=False)
    synced: dict[str, Synced] = field(default_factory=dict)
    _watched: Watched | None = None

    @classmethod
    def open(cls, settings: Settings, stack: AsyncExitStack) -> Self:
        """Begin to count and, where a receiver is configured, to trace, until the stack is left.

        Raises:
            Unavailable: traces are configured, and what makes them is not installed.

        """
        traces = open_traces(settings.telemetry)
        stack.push_async_callback(asyncio.to_thread, traces.close)
        return cls(traces)

    def __post_init__(self) -> None:
        self.metrics = Metrics(__version__, self._figures)
        self.readiness = Readiness({}, lambda: self.drain.stopping)

    @property
    def observers(self) -> Observers:
        """Return who hears of requests."""
        return Observers(self._watchers, self.traces.tracing)

    def tapped(self, log: AuditSink) -> AuditSink:
        """Return the log, with what it takes counted."""
        return TappedLog(log, self._watchers)

    @property
    def _watchers(self) -> Sequence[Watcher]:
        return (self.metrics,) if self.traces.tracing is None else (self.metrics, self.traces.tracing)

    def attach(self, watched: Watched) -> None:
        """Begin to look at the parts."""
        self._watched = watched
        self.readiness = Readiness(_looks(watched), lambda: self.drain.stopping)

    @property
    def writes(self) -> bool:
        """Tell whether the thread that writes the log runs."""
        return self._watched is not None and self._watched.writer.alive

    def api(self, door: Door) -> OperationsApi:
        """Return the routes for operators."""
        return OperationsApi(door, self.readiness.parts, self.metrics.exposition, CONTENT_TYPE)

    def sync_done(self, report: Report, now: datetime) -> None:
        """Note that a collection is in step."""
        state = self.synced.setdefault(report.connector, Synced())
        state.at, state.items, state.unreadable = now, report.seen, len(report.problems)

    def sync_failed(self, collection: str) -> None:
        """Note that a sync ended before it was done."""
        self.synced.setdefault(collection, Synced()).failures += 1

    def _figures(self) -> Iterable[Figure]:
        if self._watched is None:
            return
        watched = self._watched
        writer, policies, in_force = watched.writer, watched.policies, watched.in_force
        yield Figure("lockgate_writer_batches", "Times that the writing thread wrote.", writer.batches)
        yield Figure("lockgate_writer_jobs", "Writes that these had together.", writer.jobs)
        yield Figure("lockgate_writer_waiting", "Writes that wait for their turn.", writer.waiting)
        yield Figure("lockgate_index_documents", "Documents in the catalogue.", len(watched.index.documents()))
        yield Figure(
            "lockgate_policies_info", "Version of the policies in force.", 1, {"version": policies.current.version}
        )
        yield Figure("lockgate_policies_refused", "1: the files are not what is in force.", bool(policies.error))
        yield Figure(
            "lockgate_settings_info", "SHA-256 of the settings in force.", 1, {"version": in_force.version}
        )
        yield Figure("lockgate_settings_refused", "1: the file is not what is in force.", bool(in_force.problem))
        yield Figure("lockgate_settings_waiting", "Settings that wait for a restart.", len(in_force.waiting))
        for name, late in sorted(watched.looks.late.items()):
            yield Figure(
                "lockgate_watch_late", "Looks that ended over a second after the last.", late, {"watch": name}
            )
        for part, state in self.readiness.last.items():
            yield Figure("lockgate_ready", "1: this part serves.", state in {OK, KEPT}, {"part": part})
        yield from self._syncs(watched.settings)

    def _syncs(self, settings: Settings) -> Iterable[Figure]:
        """Yield how collections are: by the names that the configuration gives them."""
        for one in settings.collections:
            state, label = self.synced.get(one.name, Synced()), {"collection": one.name}
            at = state.at.timestamp() if state.at else 0
            yield Figure("lockgate_sync_last_success_timestamp_seconds", "End of the last whole sync.", at, label)
            yield Figure("lockgate_sync_items", "Items that it saw.", state.items, label)
            yield Figure("lockgate_sync_unreadable", "Items that nobody may read.", state.unreadable, label)
            yield Figure("lockgate_sync_failed", "Syncs that failed since the start.", state.failures, label)


def _looks(watched: Watched) -> dict[str, Look]:
    disk = writable(watched.settings.data)

    async def audit() -> str:
        return await disk() if watched.writer.alive else FAILED

    async def history() -> str:
        return OK if await watched.history.answers() else FAILED

    async def index() -> str:
        watched.index.documents()
        return OK

    async def policies() -> str:
        return KEPT if watched.policies.error else OK

    async def settings() -> str:
        return KEPT if watched.in_force.problem else OK

    async def changes() -> str:
        watched.looks.punctual()
        return OK

    async def keys() -> str:
        names: Sequence[str] = ("audit.pem", "master.key", "history.key")
        return OK if all((watched.settings.data / "keys" / name).is_file() for name in names) else FAILED

    async def issuer() -> str:
        return OK if await watched.keys_known() else FAILED

    async def models() -> str:
        return FAILED if watched.models.failing else OK

    return {
        "audit": audit,
        "history": history,
        "index": index,
        "policies": policies,
        "settings": settings,
        "changes": changes,
        "keys": keys,
        "issuer": issuer,
        "models": models,
    }
