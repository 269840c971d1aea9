"""The generative model on this machine. Until it is started here, it is unavailable."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from lockgate.errors import Unavailable


class Files(Protocol):
    """Where checked weights come from (`adapters/weights.py`)."""

    def path(self, name: str, /) -> Path: ...


class LlamaServer:
    """`openai_upstream.Endpoint` of a model on this machine."""

    def __init__(self, weights: Files) -> None:
        self._weights = weights

    async def locate(self) -> tuple[str, str]:
        """Return base URL and key.

        Raises:
            Unavailable: always, for now.

        """
        raise Unavailable("the local generative model cannot be started yet")

    async def close(self) -> None:
        """End it."""
