"""Servers that several tests share: started at first use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters import moto


@pytest.fixture(scope="session")
def cloud() -> Iterator[moto.Cloud]:
    """Return a real S3 server."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in moto.KEYS.items():
            patch.setenv(name, value)
        with moto.server() as running:
            yield running
