"""Attacks go against the same running demonstration as the end-to-end tests, or against a lab of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from e2e.conftest import demo, embedder
from e2e.lab import Lab, in_thread, opened, plant
from e2e.upstream import Upstream, upstream
from lockgate.adapters.embed_onnx import MiniLmEmbedder

__all__ = ["demo", "embedder"]

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


@pytest.fixture(scope="module")
def pair(embedder: MiniLmEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, Upstream]]:
    """A gateway over a small share, and an upstream that does what a test says."""
    folder = tmp_path_factory.mktemp("attacked")
    plant(folder)

    @asynccontextmanager
    async def served() -> AsyncIterator[tuple[Lab, Upstream]]:
        async with upstream() as server:
            models = MODELS.format(big=server.base_url("big"), cheap=server.base_url("cheap"))
            async with opened(folder, embedder, models=models) as lab:
                yield lab, server

    with in_thread(served) as running:
        yield running
