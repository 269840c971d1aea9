"""A gateway of a test's own beside an upstream that does what the test says, both in a thread."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from e2e.lab import Lab, in_thread, opened
from e2e.upstream import Behavior, Upstream, good, upstream
from lockgate.ports import Embedder

MODELS = """
[[models]]
id = "big"
base_url = "{big}"
model = "big"
users = ["everyone"]
ceiling = "restricted"
[[models]]
id = "cheap"
base_url = "{cheap}"
model = "cheap"
users = ["everyone"]
ceiling = "general"
[[assistants]]
id = "grounded"
model = "big"
collections = ["brightwater"]
users = ["everyone"]
"""
"""Models of a gateway beside an upstream, where the module of a test states none."""

SLOW = """
[[models]]
id = "slow"
base_url = "{slow}"
model = "slow"
users = ["group:staff"]
ceiling = "restricted"
region = "eu"
[[assistants]]
id = "grounded"
model = "slow"
collections = ["brightwater"]
users = ["group:staff"]
"""
"""A model whose answers last, and an assistant on it: for what changes while an answer runs."""


class _Addresses(dict[str, str]):
    """What `{name}` stands for: the upstream's address for the model of that name."""

    def __init__(self, server: Upstream) -> None:
        self._server = server

    def __missing__(self, name: str) -> str:
        return self._server.base_url(name)


@contextmanager
def beside(
    folder: Path, embedder: Embedder, models: str, behave: Behavior = good, **more: Any
) -> Iterator[tuple[Lab, Upstream]]:
    """Serve both. `{name}` in `models` becomes an address of the upstream; `more` is for `opened`."""

    @asynccontextmanager
    async def served() -> AsyncIterator[tuple[Lab, Upstream]]:
        async with upstream() as server:
            server.reset(behave)
            async with opened(folder, embedder, models=models.format_map(_Addresses(server)), **more) as lab:
                yield lab, server

    with in_thread(served) as both:
        yield both
