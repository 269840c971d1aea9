"""Traces, where a receiver is configured. Where none is, nothing of OpenTelemetry is loaded, or wrapped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockgate import __version__
from lockgate.config.settings import TelemetrySettings
from lockgate.errors import Unavailable
from lockgate.journeys.retrieve import Found, Retrieve
from lockgate.labels.label import Label, join_all
from lockgate.policy.model import Context, Subject
from lockgate.ports import Embedder, Model, ModelCard

if TYPE_CHECKING:
    from lockgate.adapters.telemetry.traced import Generates
    from lockgate.adapters.telemetry.tracing import Tracing


@dataclass(frozen=True, slots=True)
class Traces:
    """What puts spans around parts; does nothing where there are no traces."""

    tracing: Tracing | None = None

    def model(self, model: Generates, card: ModelCard) -> Model:
        """Return a model with a span around each answer."""
        if self.tracing is None:
            return model
        from lockgate.adapters.telemetry.traced import TracedModel  # only where traces are

        return TracedModel(model, card, self.tracing)

    def embedder(self, embedder: Embedder) -> Embedder:
        """Return an embedder with a span around what is embedded for a request."""
        if self.tracing is None:
            return embedder
        from lockgate.adapters.telemetry.traced import TracedEmbedder  # only where traces are

        return TracedEmbedder(embedder, self.tracing)

    def retrieve(self, plain: Retrieve) -> Retrieve:
        """Return retrieval with a span around it."""
        if self.tracing is None:
            return plain
        embedder = self.embedder(plain.embedder)
        parts = (plain.recheck, plain.passages, plain.sieve, plain.scan)
        return _Traced(plain.gate, plain.index, embedder, *parts, self.tracing)

    def close(self) -> None:
        """Send what waits. Blocks for some seconds at most."""
        if self.tracing is not None:
            self.tracing.close()


@dataclass(frozen=True)
class _Traced(Retrieve):
    tracing: Tracing | None = None

    async def run(
        self,
        subject: Subject,
        question: str,
        context: Context,
        collections: frozenset[str],
        ceiling: Label | None = None,
    ) -> Found:
        """See `Retrieve.run`."""
        if self.tracing is None:
            return await Retrieve.run(self, subject, question, context, collections, ceiling)
        from lockgate.adapters.telemetry import conventions as names  # only where traces are

        with self.tracing.inside(names.RETRIEVAL) as span:
            found = await Retrieve.run(self, subject, question, context, collections, ceiling)
            span.set({names.PASSAGES: len(found.hits)})
            if found.labels:
                span.set(names.of_label(join_all(found.labels)))
            return found


def open_traces(settings: TelemetrySettings) -> Traces:
    """Return traces, if a receiver is configured.

    Raises:
        Unavailable: one is, and the packages are not installed.

    """
    if not settings.otlp_endpoint:
        return Traces()
    try:
        from lockgate.adapters.telemetry.export import OtlpHttp  # an extra
        from lockgate.adapters.telemetry.tracing import Tracing
    except ImportError as error:
        raise Unavailable(
            "traces are configured, and what makes them is not installed",
            remedy="pip install 'lockgate[telemetry]', or take `otlp_endpoint` out of [telemetry].",
        ) from error
    exporter = OtlpHttp(settings.otlp_endpoint, settings.otlp_token_file)
    return Traces(
        Tracing(
            exporter,
            settings.service_name,
            __version__,
            settings.sample,
            accept_parent=settings.accept_traceparent,
        )
    )
