"""Fixtures of the tests of connectors."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from adapters.postgres import Opens, Server
    from lockgate.adapters.postgres import PostgresConnector


@pytest.fixture
def name(postgres: Server) -> Iterator[str]:
    """Return a database of this test alone."""
    made = postgres.database()
    yield made
    postgres.run("postgres", f"DROP DATABASE {made} WITH (FORCE)")


@pytest.fixture
def opens(postgres: Server, name: str) -> Iterator[Opens]:
    """Return what opens connectors to it, which are closed at the end."""
    with contextlib.ExitStack() as stack:

        def make(**given: Any) -> PostgresConnector:
            source = postgres.connector(name, **given)
            stack.callback(source.close)
            return source

        yield make
