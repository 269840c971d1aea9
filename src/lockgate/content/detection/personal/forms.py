"""How a row about an identifier is written."""

from __future__ import annotations

from collections.abc import Callable

from lockgate.content.detection.table import Rule


def rule(kind: str, forms: str, check: Callable[[str], bool], alone: float, words: str) -> Rule:
    """Return a row; forms and words are divided by `|`."""
    return Rule(kind, tuple(forms.split("|")), check, alone, words)


def national(country: str, forms: str, check: Callable[[str], bool], alone: float, words: str) -> Rule:
    """Return the row of `id.national.<country>` (ISO 3166)."""
    return rule(f"id.national.{country}", forms, check, alone, words)
