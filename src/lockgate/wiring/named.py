"""A model under its registered name: whoever asked learns which one failed, and the log learns why."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from lockgate.errors import Unavailable
from lockgate.ports import Embedded, Piece, Prompt, VectorModel

LOG: Final = logging.getLogger("lockgate.models")
_AGAIN: Final = "Try again, or choose another model."

Close: TypeAlias = Callable[[], Awaitable[None]]


class Generates(Protocol):
    """A `ports.Model` whose answers can be closed."""

    def generate(self, prompt: Prompt, /) -> AsyncGenerator[Piece, None]: ...


class Held:
    """A client with a name, open while it is entered. `close` gives back what it holds."""

    def __init__(self, id: str, close: Close | None = None) -> None:
        self._id, self._close = id, close
        self._running = 0
        self._retired = False

    async def retire(self) -> None:
        """Close as soon as nothing runs: an answer that has begun keeps what it began with."""
        self._retired = True
        if not self._running:
            await self.close()

    async def close(self) -> None:
        """Close now. What begins after it opens anew, and closes at its end."""
        if self._close is not None:
            await self._close()

    async def __aenter__(self) -> None:
        """Hold it open."""
        self._running += 1

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Let go. Failures are logged without anything that was sent or came back."""
        self._running -= 1
        if self._retired:
            await self.retire()
        if isinstance(error, Unavailable):
            LOG.warning("model `%s`: %s%s", self._id, error, _cause(error))
            gone = error.code == "upstream_unavailable"
            told = f"the model `{self._id}` " + ("cannot be reached now" if gone else f"failed: {error}")
            raise Unavailable(told, code=error.code, remedy=error.remedy or _AGAIN) from error


class Named(Held):
    """`ports.Model` around another one."""

    def __init__(self, id: str, model: Generates, close: Close | None = None) -> None:
        super().__init__(id, close)
        self._model = model

    async def generate(self, prompt: Prompt, /) -> AsyncGenerator[Piece, None]:
        """See `ports.Model`."""
        async with self, aclosing(self._model.generate(prompt)) as pieces:
            async for piece in pieces:
                yield piece


class NamedVectors(Held):
    """`ports.VectorModel` around another one."""

    def __init__(self, id: str, model: VectorModel, close: Close | None = None) -> None:
        super().__init__(id, close)
        self._model = model

    async def vectors(
        self, texts: Sequence[str], dimensions: int | None, extras: Sequence[tuple[str, object]], /
    ) -> Embedded:
        """See `ports.VectorModel`."""
        async with self:
            return await self._model.vectors(texts, dimensions, extras)


def _cause(error: Unavailable) -> str:
    """Return in the system's words what is behind an error, never in the upstream's."""
    cause = error.__cause__
    if cause is None:
        return ""
    reason = f": {cause.strerror}" if isinstance(cause, OSError) and cause.strerror else ""
    where = (
        f": `{cause.filename}`" if isinstance(cause, OSError) and isinstance(cause.filename, str | Path) else ""
    )
    return f" ({type(cause).__name__}{reason}{where})"
