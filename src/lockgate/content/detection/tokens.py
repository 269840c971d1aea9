"""The engine of `Token` rows: what has a literal in it. Text in normal form (`core` sees to it)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from lockgate.content.detection.table import Raw, Token

NAME: Final = "token@2"


class Tokens:
    """All rows, and which of them an anchor is of."""

    def __init__(self, rows: Sequence[Token]) -> None:
        self.rows = tuple(rows)
        looks = [_Look(row) for row in self.rows]
        owners: dict[tuple[str, bool, tuple[str, int]], list[_Look]] = {}
        for row, look in zip(self.rows, looks, strict=True):
            for anchor in row.anchors:
                owners.setdefault((anchor.lower() if row.fold else anchor, row.fold, row.tail), []).append(look)
        self.anchors = tuple(
            (re.escape(anchor) + (f"[{chars}]{{{count}}}" if count else ""), fold)
            for anchor, fold, (chars, count) in owners
        )
        self._owners = tuple(
            (len(anchor) + count, tuple(some)) for (anchor, _, (_, count)), some in owners.items()
        )

    def scan(self, text: str, hits: Iterable[tuple[int, int]]) -> list[Raw]:
        """Return what the rows find; `hits` is where anchors end, and their numbers, in order.

        A row finds what its pattern's `finditer` finds: a match begins where an anchor is within its lead, and not
        within the match before.
        """
        found: list[Raw] = []
        nexts: dict[_Look, int] = {}
        for end, anchor in hits:
            length, looks = self._owners[anchor]
            begin = end - length
            for look in looks:
                start = begin - look.lead
                after = nexts.get(look, 0)
                if start < after:
                    start = after
                if look.front:
                    start += len(text[start:begin].rstrip(look.front))
                while start <= begin:
                    match = look.match(text, start)
                    start += 1
                    if match:
                        low, high = match.span(look.group)
                        if look.check is None or look.check(text[low:high]):
                            found.append((low, high, *look.said))
                        if start < match.end():
                            start = match.end()
                    nexts[look] = start
        return found


class _Look:
    """One row, ready to be tried."""

    def __init__(self, row: Token) -> None:
        self.match = row.pattern.match
        self.group = "v" if "v" in row.pattern.groupindex else 0
        self.check = row.check
        self.said = row.kind, row.confidence, NAME
        self.lead, self.front = row.lead, row.front
