"""What stands behind a gateway that is broken or killed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from e2e.lab import in_thread
from e2e.upstream import Upstream, parrot, upstream


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
