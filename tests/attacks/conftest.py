"""Attacks go against the same running demonstration as the end-to-end tests, or against a lab of their own."""

from __future__ import annotations

from e2e.conftest import demo, embedder, lab, pair

__all__ = ["demo", "embedder", "lab", "pair"]
