"""One running demonstration for every end-to-end test: real models, real server, real files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from e2e.beside import MODELS, beside
from e2e.lab import Lab, in_thread, plant
from e2e.upstream import Upstream
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.demo.run import Stage, fetch_weights, stage
from lockgate.edge.serve import listen

T = TypeVar("T")


@dataclass
class Running:
    """The demonstration, in a thread with a loop of its own, so that tests can use blocking clients."""

    stage: Stage
    loop: asyncio.AbstractEventLoop
    folder: Path

    @property
    def url(self) -> str:
        return self.stage.base_url

    def token(self, person: str) -> str:
        return self.stage.issuer.mint(person)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(120)


@pytest.fixture(scope="session")
def embedder() -> MiniLmEmbedder:
    """The real embedding model, loaded once."""
    made = MiniLmEmbedder(fetch_weights(lambda _: None))
    asyncio.run(made.open())
    return made


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLmEmbedder) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("demo") / "organization"

    @asynccontextmanager
    async def served() -> AsyncIterator[Running]:
        async with stage(folder, listen("127.0.0.1", 0), embedder, lambda _: None) as running:
            yield Running(running, asyncio.get_running_loop(), folder)

    with in_thread(served) as running:
        yield running


@pytest.fixture(scope="module")
def pair(
    request: pytest.FixtureRequest, embedder: MiniLmEmbedder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Lab, Upstream]]:
    """A gateway over a small share, with `MODELS` of the test's module, and an upstream that obeys."""
    folder = tmp_path_factory.mktemp("beside")
    plant(folder)
    with beside(folder, embedder, getattr(request.module, "MODELS", MODELS)) as both:
        yield both


@pytest.fixture
def lab(pair: tuple[Lab, Upstream]) -> Lab:
    """The gateway of `pair`, whose upstream answers as it should."""
    pair[1].reset()
    return pair[0]
