"""Servers that several tests share: started at first use, ended with the tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from adapters.moto import Cloud


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    """Return a real S3 server."""
    from adapters import moto

    with pytest.MonkeyPatch.context() as patch:
        for name, value in moto.KEYS.items():
            patch.setenv(name, value)
        with moto.server() as running:
            yield running
