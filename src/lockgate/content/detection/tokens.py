"""The engine of `Token` rows: what has a literal in it. Text in normal form (`core` sees to it)."""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.content.detection.secrets import TOKENS
from lockgate.content.finding import Finding


class Tokens:
    """Keys and tokens that can be told by their form alone."""

    name = "secret.token"
    version = "2"
    kinds = frozenset(row.kind for row in TOKENS)
    reach = 512
    anchors: tuple[str, ...] = tuple(sorted({anchor.lower() for row in TOKENS for anchor in row.anchors}))

    def scan(self, text: str, places: Sequence[int], /) -> tuple[Finding, ...]:
        """Return what the rows find."""
        by = f"{self.name}@{self.version}"
        lower = text.lower()
        found = []
        for row in TOKENS:
            if any(anchor in (lower if row.fold else text) for anchor in row.anchors):
                for match in row.pattern.finditer(text):
                    group = "v" if "v" in row.pattern.groupindex else 0
                    if row.check is None or row.check(match.group(group)):
                        found.append(Finding(*match.span(group), row.kind, row.confidence, by))
        return tuple(found)
