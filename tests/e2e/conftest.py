"""One running demonstration for every end-to-end test: real models, real server, real files."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

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
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("demo") / "organization"
    ready: list[Running] = []
    started, stop = threading.Event(), asyncio.Event()
    failed: list[BaseException] = []

    async def serve() -> None:
        embedder = MiniLmEmbedder(fetch_weights(lambda _: None))
        async with stage(folder, listen("127.0.0.1", 0), embedder, lambda _: None) as running:
            ready.append(Running(running, asyncio.get_running_loop(), folder))
            started.set()
            await stop.wait()

    def work() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            failed.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=work, name="demonstration")
    thread.start()
    started.wait(280)
    if failed or not ready:
        thread.join(5)
        raise failed[0] if failed else TimeoutError("the demonstration did not start")
    yield ready[0]
    ready[0].loop.call_soon_threadsafe(stop.set)
    thread.join(60)
    if failed:
        raise failed[0]
