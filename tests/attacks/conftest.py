"""Attacks go against the same running demonstration as the end-to-end tests, or against a lab of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from e2e.beside import beside
from e2e.conftest import demo, embedder
from e2e.lab import Lab, plant
from e2e.upstream import Upstream
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

    with beside(folder, embedder, MODELS) as both:
        yield both
