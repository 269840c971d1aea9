"""Which models there are, and the names that clients may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack

from lockgate.adapters.extractive import ExtractiveModel
from lockgate.adapters.llama.server import LlamaServer
from lockgate.adapters.openai_upstream import Configured, Limits, OpenAiUpstream
from lockgate.adapters.weights import Weights
from lockgate.config import Settings
from lockgate.config.settings import Assistant, ModelSettings
from lockgate.journeys.enforce import Gate
from lockgate.journeys.routes import Route, Routes, Upstream
from lockgate.labels.readers import Readers
from lockgate.ports import Embedder, Model, ModelCard
from lockgate.wiring.named import Named


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


async def _model(one: ModelSettings, embedder: Embedder, local: LlamaServer, stack: AsyncExitStack) -> Model:
    if one.kind == "extractive":
        return Named(one.id, ExtractiveModel(embedder))
    endpoint = (
        local
        if one.kind == "local"
        else Configured(one.base_url, key_file=one.api_key_file, plain_http=one.plain_http)
    )
    upstream = OpenAiUpstream(one.model or "local", endpoint, limits=_limits(one))
    stack.push_async_callback(upstream.close)
    return Named(one.id, upstream)


def _assistant(one: Assistant) -> Route:
    return Route(one.id, one.users, (one.model, *one.reroute), one.instructions, one.collections)


async def routes(
    settings: Settings, gate: Gate, embedder: Embedder, weights: Weights, stack: AsyncExitStack
) -> Routes:
    """Return every route; what was opened is closed by `stack`. Local models start at their first use."""
    local = LlamaServer(weights)  # one process, however many names it has
    stack.push_async_callback(local.close)
    upstreams: Mapping[str, Upstream] = {
        one.id: Upstream(_card(one), await _model(one, embedder, local, stack)) for one in settings.models
    }
    plain = {one.id: Route(one.id, Readers.everyone(), (one.id,)) for one in settings.models}
    virtual = {one.id: _assistant(one) for one in settings.assistants}
    return Routes(gate, plain | virtual, upstreams)
