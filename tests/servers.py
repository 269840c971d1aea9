"""Servers that several tests share: started at first use, ended with the tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from adapters.moto import Cloud
    from adapters.postgres import Server


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    """Return a real S3 server."""
    from adapters import moto

    with pytest.MonkeyPatch.context() as patch:
        for name, value in moto.KEYS.items():
            patch.setenv(name, value)
        with moto.server() as running:
            yield running


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """Return a real PostgreSQL. Its tests are marked `needs_postgres`."""
    from adapters import postgres

    with postgres.server() as running:
        yield running
