"""Which models there are, and the names that clients may ask for."""

from __future__ import annotations

from dataclasses import dataclass

from lockgate.adapters.embed_local import LocalVectors
from lockgate.adapters.extractive import ExtractiveModel
from lockgate.adapters.llama.server import LlamaServer
from lockgate.adapters.openai_upstream import Configured, Limits, OpenAiUpstream, OpenAiVectors
from lockgate.adapters.weights import Weights
from lockgate.config import Settings
from lockgate.config.settings import Assistant, ModelSettings
from lockgate.journeys.routes import Route, Table, Upstream
from lockgate.labels.readers import Readers
from lockgate.ports import Embedder, ModelCard
from lockgate.wiring.named import Held, Named, NamedVectors
from lockgate.wiring.tracing import Traces


def _card(one: ModelSettings) -> ModelCard:
    return ModelCard(
        id=one.id,
        users=one.users,
        ceiling=one.ceiling,
        provider=one.provider or one.kind,
        version=one.version,
        extra_params=one.extra_params,
    )


def _limits(one: ModelSettings) -> Limits:
    return Limits(
        connect=one.connect_seconds,
        first_byte=one.first_byte_seconds,
        between_chunks=one.stall_seconds,
        total=one.total_seconds,
    )


def _configured(one: ModelSettings) -> Configured:
    return Configured(one.base_url, key_file=one.api_key_file, plain_http=one.plain_http)


def _assistant(one: Assistant) -> Route:
    return Route(one.id, one.users, (one.model, *one.reroute), one.instructions, one.collections)


@dataclass(frozen=True, slots=True)
class _Open:
    """A client, and the settings that it was made from."""

    settings: ModelSettings
    named: Held
    upstream: Upstream


class Models:
    """The registered models: one client for each, kept as long as its settings stay as they are.

    Local models start at their first use, in one process, however many names they have.
    """

    def __init__(self, embedder: Embedder, weights: Weights, traces: Traces = Traces()) -> None:  # noqa: B008 - frozen
        self._embedder = traces.embedder(embedder)
        self._traces = traces
        self._local = LlamaServer(weights)
        self._open: list[_Open] = []

    def table(self, settings: Settings) -> Table:
        """Return every route of these settings. What is in use goes on as it is: see `retire`.

        Raises:
            Invalid: a model's settings are wrong.

        """
        upstreams = {one.id: self._opened(one).upstream for one in settings.models}
        plain = {
            one.id: Route(one.id, Readers.everyone(), (one.id,), vectors=one.kind == "embeddings")
            for one in settings.models
        }
        virtual = {one.id: _assistant(one) for one in settings.assistants}
        return Table(plain | virtual, upstreams)

    async def retire(self, table: Table) -> None:
        """Close the clients that a table does not use, each when the last answer that runs on it has ended."""
        kept = {id(one) for one in table.upstreams.values()}
        gone = [one for one in self._open if id(one.upstream) not in kept]
        self._open = [one for one in self._open if id(one.upstream) in kept]
        for one in gone:
            await one.named.retire()

    async def close(self) -> None:
        """Close every client."""
        for one in self._open:
            await one.named.close()
        await self._local.close()

    @property
    def failing(self) -> bool:
        """Tell whether the process of the local models ends again and again."""
        return self._local.failing

    def _opened(self, wanted: ModelSettings) -> _Open:
        for one in self._open:
            if one.settings == wanted:
                return one
        opened = self._vectors(wanted) if wanted.kind == "embeddings" else self._answers(wanted)
        self._open.append(opened)
        return opened

    def _vectors(self, one: ModelSettings) -> _Open:
        if one.base_url:
            client = OpenAiVectors(one.model, _configured(one), limits=_limits(one))
            named = NamedVectors(one.id, client, client.close)
        else:
            named = NamedVectors(one.id, LocalVectors(self._embedder))
        return _Open(one, named, Upstream(_card(one), vectors=named))

    def _answers(self, one: ModelSettings) -> _Open:
        if one.kind == "extractive":
            named = Named(one.id, ExtractiveModel(self._embedder))
        else:
            endpoint = self._local if one.kind == "local" else _configured(one)
            keep = one.kind != "local"
            upstream = OpenAiUpstream(one.model or "local", endpoint, limits=_limits(one), keep=keep)
            named = Named(one.id, upstream, upstream.close)
        card = _card(one)
        return _Open(one, named, Upstream(card, self._traces.model(named, card)))
