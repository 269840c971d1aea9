"""Attacks go against the same running demonstration as the end-to-end tests."""

from e2e.conftest import demo, embedder

__all__ = ["demo", "embedder"]
