"""What stands behind a gateway that is broken or killed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from e2e.lab import in_thread, plant
from e2e.upstream import Upstream, parrot, upstream
from faults.harness import Gateway, gateway


@pytest.fixture(scope="module")
def server() -> Iterator[Upstream]:
    """An upstream that says all that it was sent."""

    @asynccontextmanager
    async def served() -> AsyncIterator[Upstream]:
        async with upstream() as made:
            made.reset(parrot)
            yield made

    with in_thread(served) as made:
        yield made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("load")
    plant(made)
    return made


@pytest.fixture(scope="module")
def running(server: Upstream, folder: Path) -> Iterator[Gateway]:
    with gateway(folder, server.base_url("parrot")) as one:
        yield one
