"""One generated organization for all tests of the demonstration."""

from __future__ import annotations

import pytest

from lockgate.demo.organization import Organization, generate


@pytest.fixture(scope="session")
def brightwater(tmp_path_factory: pytest.TempPathFactory) -> Organization:
    return generate(tmp_path_factory.mktemp("demo") / "brightwater")
