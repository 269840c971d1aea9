"""The real embedding model, loaded once."""

from __future__ import annotations

from e2e.conftest import embedder

__all__ = ["embedder"]
