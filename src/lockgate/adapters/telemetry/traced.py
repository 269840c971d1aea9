"""Models and embedders with a span around what they do."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Protocol

from lockgate.adapters.telemetry import conventions as names
from lockgate.adapters.telemetry.tracing import Tracing
from lockgate.errors import LockgateError
from lockgate.labels.label import join_all
from lockgate.ports import Embedder, ModelCard, Piece, Prompt, Vectors


class Generates(Protocol):
    """`ports.Model`, whose iterators can be closed."""

    def generate(self, prompt: Prompt, /) -> AsyncGenerator[Piece, None]: ...


class TracedModel:
    """`ports.Model` around another one."""

    def __init__(self, model: Generates, card: ModelCard, tracing: Tracing) -> None:
        self._model, self._card, self._tracing = model, card, tracing

    async def generate(self, prompt: Prompt, /) -> AsyncIterator[Piece]:
        """See `ports.Model`. The span ends with the last piece, or when the iterator is closed."""
        span, end = self._tracing.begin(names.CHAT, self._card.id, outside=True)
        span.set({names.PROVIDER: self._card.provider, names.PASSAGES: len(prompt.passages)})
        labels = [one.content.label for one in prompt.messages] + [one.text.label for one in prompt.passages]
        if labels:
            span.set(names.of_label(join_all(labels)))
        pieces = self._model.generate(prompt)
        try:
            async for piece in pieces:
                if piece.finish:
                    span.set({names.FINISH: [piece.finish]})
                if piece.usage is not None:
                    span.set({names.INPUT_TOKENS: piece.usage.prompt_tokens})
                    span.set({names.OUTPUT_TOKENS: piece.usage.completion_tokens})
                yield piece
        except LockgateError as error:
            span.failed(error.code)
            raise
        except GeneratorExit:
            span.failed("cut_off")
            raise
        except BaseException as error:
            span.failed(type(error).__name__)
            raise
        finally:
            end()
            await pieces.aclose()


class TracedEmbedder:
    """`ports.Embedder` around another one."""

    def __init__(self, embedder: Embedder, tracing: Tracing) -> None:
        self._embedder, self._tracing = embedder, tracing
        self.name, self.dimensions, self.most_tokens = embedder.name, embedder.dimensions, embedder.most_tokens

    async def embed(self, texts: Sequence[str], /) -> Vectors:
        """See `ports.Embedder`."""
        with self._tracing.inside(names.EMBEDDINGS, self._embedder.name) as span:
            span.set({names.TEXTS: len(texts)})
            return await self._embedder.embed(texts)

    async def tokens(self, texts: Sequence[str], /) -> Sequence[int]:
        """See `ports.Embedder`."""
        return await self._embedder.tokens(texts)
