"""A model under its registered name: whoever asked learns which one failed, and the log learns why."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Final, Protocol

from lockgate.errors import Unavailable
from lockgate.ports import Piece, Prompt

LOG: Final = logging.getLogger("lockgate.models")
_AGAIN: Final = "Try again, or choose another model."


class Generates(Protocol):
    """A `ports.Model` whose answers can be closed."""

    def generate(self, prompt: Prompt, /) -> AsyncGenerator[Piece, None]: ...


class Named:
    """`ports.Model` around another one."""

    def __init__(self, id: str, model: Generates) -> None:
        self._id, self._model = id, model

    async def generate(self, prompt: Prompt, /) -> AsyncGenerator[Piece, None]:
        """See `ports.Model`. Failures are logged without anything that was sent or came back."""
        try:
            async with aclosing(self._model.generate(prompt)) as pieces:
                async for piece in pieces:
                    yield piece
        except Unavailable as error:
            LOG.warning("model `%s`: %s%s", self._id, error, _cause(error))
            gone = error.code == "upstream_unavailable"
            told = f"the model `{self._id}` " + ("cannot be reached now" if gone else f"failed: {error}")
            raise Unavailable(told, code=error.code, remedy=error.remedy or _AGAIN) from error


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
