"""`ports.Tracer` on OpenTelemetry's SDK: spans of sampled requests, and of what happens inside of them.

Everything here is made for one gateway and set nowhere globally. Exceptions are never recorded, as they may quote
what somebody sent: a span that failed has the code of the error.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind, Status, StatusCode

from lockgate.adapters.telemetry import conventions as names
from lockgate.audit.record import Kind, Receipt, Record
from lockgate.errors import LockgateError
from lockgate.ports.telemetry import Served, Span, Value

_PARENT: Final = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_MOST: Final = 64
"""Decisions that a span names at most."""


class Made:
    """`ports.Span` around one of the SDK. Attributes are handed over once, at its end: each time costs a lock."""

    def __init__(self, inner: trace.Span) -> None:
        self.inner = inner
        self.attributes: dict[str, Value] = {}
        self.decisions: list[int] = []
        self.denied = 0

    def set(self, attributes: Mapping[str, Value], /) -> None:
        """Set attributes."""
        self.attributes.update(attributes)

    def failed(self, code: str, /) -> None:
        """Note the code of the error that ended it."""
        self.attributes[names.ERROR] = code
        self.inner.set_status(Status(StatusCode.ERROR))

    def end(self) -> None:
        """End it."""
        if self.decisions:
            self.attributes |= {names.DECISIONS: self.decisions, names.DENIED: self.denied}
        self.inner.set_attributes(self.attributes)
        self.inner.end()


class Quiet:
    """`ports.Span` of what is not traced."""

    def set(self, attributes: Mapping[str, Value], /) -> None:
        """Do nothing."""

    def failed(self, code: str, /) -> None:
        """Do nothing."""


_QUIET: Final = Quiet()


class Tracing:
    """`ports.Tracer`, and a `ports.Watcher` that names decisions.

    Args:
        exporter: where spans go.
        service: what the resource is called.
        version: of the software.
        sample: share of requests, 0 to 1.
        accept_parent: take the trace of a `traceparent` header (W3C Trace Context), and nothing else of it.
        chance: a number in [0, 1) for each request.

    """

    def __init__(
        self,
        exporter: SpanExporter,
        service: str,
        version: str,
        sample: float,
        *,
        accept_parent: bool = False,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._sample, self._accept, self._chance = sample, accept_parent, chance
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,  # what is sampled is decided in `request`: by chance, and by nobody else
            resource=Resource({"service.name": service, "service.version": version}),
            shutdown_on_exit=False,
            span_limits=SpanLimits(
                max_attributes=64,
                max_events=0,
                max_links=0,
                max_attribute_length=256,
                max_span_attribute_length=256,
            ),
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                exporter,
                max_queue_size=4096,
                schedule_delay_millis=2000,
                max_export_batch_size=512,
                export_timeout_millis=10_000,
            )
        )
        self._tracer = self._provider.get_tracer("lockgate", version)
        self._current: ContextVar[Made | None] = ContextVar("lockgate.span", default=None)

    def close(self) -> None:
        """Send what waits, for some seconds at most, and stop. Blocks."""
        self._provider.force_flush(5_000)
        self._provider.shutdown()

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str], /) -> Iterator[Span]:
        """Begin the trace of a request, if it is one that is sampled. It is named when its door is known."""
        if self._chance() >= self._sample:
            yield _QUIET
            return
        parent = self._parent(headers.get("traceparent", "")) if self._accept else Context()
        made = Made(self._tracer.start_span(method, parent, SpanKind.SERVER, record_exception=False))
        token = self._current.set(made)
        try:
            yield made
        finally:
            self._current.reset(token)
            made.end()

    def begin(self, operation: str, name: str = "", *, outside: bool = False) -> tuple[Span, Callable[[], None]]:
        """Begin a span below the request that this runs for; return it, and what ends it.

        Args:
            operation: of the conventions.
            name: of the model.
            outside: it is another process that does the work.

        """
        over = self._current.get()
        if over is None:
            return _QUIET, _nothing
        made = Made(
            self._tracer.start_span(
                f"{operation} {name}" if name else operation,
                trace.set_span_in_context(over.inner, Context()),
                SpanKind.CLIENT if outside else SpanKind.INTERNAL,
                record_exception=False,
            )
        )
        made.set({names.OPERATION: operation} | ({names.MODEL: name} if name else {}))
        return made, made.end

    @contextmanager
    def inside(self, operation: str, name: str = "") -> Iterator[Span]:
        """Hold a span around a block."""
        span, end = self.begin(operation, name)
        try:
            yield span
        except LockgateError as error:
            span.failed(error.code)
            raise
        except BaseException as error:
            span.failed(type(error).__name__)
            raise
        finally:
            end()

    # ------------------------------------------------------------------ what it hears of the log

    def recorded(self, records: Sequence[Record], receipt: Receipt, seconds: float, /) -> None:
        """Name the decisions of this request by their places in the log."""
        made = self._current.get()
        if made is None:
            return
        for index, one in enumerate(records, receipt.first):
            if one.kind is Kind.DECISION and one.effect:
                made.denied += one.effect == "deny"
                if len(made.decisions) < _MOST:
                    made.decisions.append(index)
            elif one.kind is Kind.ANSWER and one.label is not None:
                made.set(names.of_label(one.label))

    def began(self) -> None:
        """Hear nothing."""

    def streams(self) -> None:
        """Hear nothing."""

    def unrecorded(self) -> None:
        """Hear nothing."""

    def served(self, request: Served, /) -> None:
        """Name the span by the door, now that it is known."""
        made = self._current.get()
        if made is not None and request.door:
            method = getattr(made.inner, "name", "")
            made.inner.update_name(f"{method} {request.door}")

    def _parent(self, stated: str) -> Context:
        """Return the context that a `traceparent` states; an empty one where it is none (section 3.2.2)."""
        match = _PARENT.fullmatch(stated)
        if match is None:
            return Context()
        # The flags are left out: that somebody else samples is no reason to.
        found = trace.SpanContext(int(match[1], 16), int(match[2], 16), is_remote=True)
        return trace.set_span_in_context(trace.NonRecordingSpan(found), Context()) if found.is_valid else Context()


def _nothing() -> None:
    return
