"""Metrics in Prometheus' text format, in a registry of their own.

No label has a value that a person, a document, a prompt or a stranger could choose. What comes as a text (codes,
actions, outcomes) is checked for its form and counted: beyond `MOST` values of one label, more are `other`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from lockgate.audit.record import Kind, Receipt, Record
from lockgate.ports.telemetry import Served

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
MOST: Final = 100
"""Values that one label has at most."""
OTHER: Final = "other"
_WORD: Final = re.compile(r"[a-z][a-z0-9_.]{0,39}")
_CREATED: Final = re.compile(rb"(# (HELP|TYPE) )?lockgate_\w+_created[ {]")
_LATENCY: Final = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_DURABLE: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5)


@dataclass(frozen=True, slots=True)
class Figure:
    """A value that is looked up when somebody asks. Labels are those of the configuration, or digests."""

    name: str
    about: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


class _Words:
    """A label whose values are words of our own; whatever else comes is `other`."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def of(self, value: str) -> str:
        if value in self._known:
            return value
        if len(self._known) >= MOST or not _WORD.fullmatch(value):
            return OTHER
        self._known.add(value)
        return value


class _Asked(Collector):
    """Figures that are looked up at every scrape."""

    def __init__(self, figures: Callable[[], Iterable[Figure]]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        families: dict[str, GaugeMetricFamily] = {}
        for one in self._figures():
            family = families.get(one.name)
            if family is None:
                family = GaugeMetricFamily(one.name, one.about, labels=list(one.labels))
                families[one.name] = family
            family.add_metric(list(one.labels.values()), one.value)
        yield from families.values()

    def describe(self) -> Iterable[Metric]:
        """Describe nothing, so that nothing is collected at registration."""
        return []


class Metrics:
    """`ports.Watcher` that counts, and shows the counts.

    Args:
        version: of the software.
        figures: what is looked up when somebody asks.

    """

    def __init__(self, version: str, figures: Callable[[], Iterable[Figure]] = tuple) -> None:
        self._registry = registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=registry)
        registry.register(_Asked(figures))
        Gauge("lockgate_build_info", "Version of the software.", ["version"], registry=registry).labels(
            version
        ).set(1)
        made: dict[str, Any] = {"registry": registry}
        self._requests = Counter("lockgate_requests", "Requests that ended.", ["door", "status"], **made)
        self._seconds = Histogram(
            "lockgate_request_seconds", "From head to last byte.", ["door"], buckets=_LATENCY, **made
        )
        self._refusals = Counter("lockgate_refusals", "Errors that were shown.", ["code"], **made)
        self._running = Gauge("lockgate_requests_running", "Requests under way.", **made)
        self._streams = Gauge("lockgate_streams_running", "Of these, answers that come as events.", **made)
        self._decisions = Counter(
            "lockgate_decisions", "Decisions that were recorded.", ["action", "effect"], **made
        )
        self._unknown = Counter(
            "lockgate_authentication_failures", "Credentials refused, and recorded.", ["code"], **made
        )
        self._answers = Counter("lockgate_answers", "Answers that ended.", ["outcome"], **made)
        self._tokens = Counter("lockgate_tokens", "Tokens, as models state them.", ["direction"], **made)
        self._alerts = Counter("lockgate_alerts", "Alerts that were recorded.", ["action"], **made)
        self._records = Counter("lockgate_audit_records", "Records that are durable.", **made)
        self._durable = Histogram(
            "lockgate_audit_append_seconds", "Wait for durable records.", buckets=_DURABLE, **made
        )
        self._lost = Counter("lockgate_audit_failures", "Writes of the log that failed.", **made)
        self._words: dict[str, _Words] = {name: _Words() for name in ("code", "action", "effect", "outcome")}
        self._children: dict[tuple[str, ...], Any] = {}

    def exposition(self) -> bytes:
        """Return everything in Prometheus' text format 0.0.4, but for the times at which counters were made.

        The client writes those as series of their own, which is as many again, and nobody asks for them.
        """
        lines = generate_latest(self._registry).splitlines(keepends=True)
        return b"".join(line for line in lines if not _CREATED.match(line))

    def began(self) -> None:
        """Count one more under way."""
        self._running.inc()

    def streams(self) -> None:
        """Count one more that comes as events."""
        self._streams.inc()

    def served(self, request: Served, /) -> None:
        """Count a request that ended."""
        self._running.dec()
        if request.streamed:
            self._streams.dec()
        self._child(self._requests, "requests", request.door, str(request.status)).inc()
        self._child(self._seconds, "seconds", request.door).observe(request.seconds)
        if request.code:
            self._child(self._refusals, "refusals", self._words["code"].of(request.code)).inc()

    def recorded(self, records: Sequence[Record], _: Receipt, seconds: float, /) -> None:
        """Count what is durable."""
        self._records.inc(len(records))
        self._durable.observe(seconds)
        for one in records:
            match one.kind:
                case Kind.DECISION:
                    action, effect = self._words["action"].of(one.action), self._words["effect"].of(one.effect)
                    self._child(self._decisions, "decisions", action, effect).inc()
                case Kind.OUTCOME:
                    self._outcome(one)
                case Kind.AUTHENTICATION:
                    self._child(self._unknown, "unknown", self._words["code"].of(one.outcome)).inc()
                case Kind.ALERT:
                    self._child(self._alerts, "alerts", self._words["action"].of(one.action)).inc()

    def unrecorded(self) -> None:
        """Count a failure of the log."""
        self._lost.inc()

    def _outcome(self, one: Record) -> None:
        self._child(self._answers, "answers", self._words["outcome"].of(one.outcome)).inc()
        for name, value in one.facts:
            if name in {"prompt_tokens", "completion_tokens"} and isinstance(value, int) and value > 0:
                self._child(self._tokens, "tokens", name.removesuffix("_tokens")).inc(value)

    def _child(self, metric: Any, name: str, *labels: str) -> Any:
        """Return a metric with its labels; kept, for looking one up takes a lock and costs more than counting."""
        key = (name, *labels)
        found = self._children.get(key)
        if found is None:
            found = self._children[key] = metric.labels(*labels)
        return found
