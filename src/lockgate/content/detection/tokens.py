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
        self._groups = [1 if "v" in row.pattern.groupindex else 0 for row in self.rows]
        owners: dict[tuple[str, bool], list[int]] = {}
        for number, row in enumerate(self.rows):
            for anchor in row.anchors:
                owners.setdefault((anchor.lower() if row.fold else anchor, row.fold), []).append(number)
        self.anchors = tuple((re.escape(anchor), fold) for anchor, fold in owners)
        self._owners = tuple((len(anchor), tuple(rows)) for (anchor, _), rows in owners.items())

    def scan(self, text: str, hits: Iterable[tuple[int, int]]) -> list[Raw]:
        """Return what the rows find; `hits` is where anchors end, and their numbers, in order.

        A row finds what its pattern's `finditer` finds: a match begins where an anchor is within its lead, and not
        within the match before.
        """
        found: list[Raw] = []
        nexts: dict[int, int] = {}
        for end, anchor in hits:
            length, rows = self._owners[anchor]
            begin = end - length
            for number in rows:
                row = self.rows[number]
                start = nexts.get(number, 0)
                if row.lead:
                    front = max(start, begin - row.lead)
                    if row.front:
                        front = begin - len(text[front:begin]) + len(text[front:begin].rstrip(row.front))
                    start = front
                elif begin < start:
                    continue
                else:
                    start = begin
                self._try(text, row, number, (start, begin), nexts, found)
        return found

    def _try(
        self,
        text: str,
        row: Token,
        number: int,
        window: tuple[int, int],
        nexts: dict[int, int],
        found: list[Raw],
    ) -> None:
        start, begin = window
        while start <= begin:
            match = row.pattern.match(text, start)
            if match:
                span = match.span("v") if self._groups[number] else match.span()
                if row.check is None or row.check(text[span[0] : span[1]]):
                    found.append((*span, row.kind, row.confidence, NAME))
                start = max(match.end(), start + 1)
                nexts[number] = start
            else:
                start += 1
                nexts[number] = start
