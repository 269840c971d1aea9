"""Lockgate as a policy decision point that other systems ask (OpenID AuthZEN 1.0)."""

from lockgate.journeys.decisions.model import (
    Answer,
    Entity,
    Found,
    Kind,
    Malformed,
    Pdp,
    Question,
    Result,
    Search,
    Semantic,
)
from lockgate.journeys.decisions.pages import Pages, Seal, Window

__all__ = [
    "Answer",
    "Entity",
    "Found",
    "Kind",
    "Malformed",
    "Pages",
    "Pdp",
    "Question",
    "Result",
    "Seal",
    "Search",
    "Semantic",
    "Window",
]
