"""Classify texts for programs: what is in them, and the label that this demands. Nothing of them is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lockgate.audit.record import Kind
from lockgate.content.categories.sorter import Sorter, both
from lockgate.content.classification import Classification, ScanMany, classify
from lockgate.content.detection import scan_many
from lockgate.content.label_policy import NO_RULES, LabelPolicy
from lockgate.journeys.enforce import Gate, base_record
from lockgate.journeys.turns import Turns
from lockgate.policy.model import Context, Subject

INLINE: Final = 2_000
"""Characters that are looked at on the event loop (some milliseconds at most); more go to a thread."""


@dataclass(frozen=True, slots=True)
class Classify:
    """What `POST /v1/classify` does.

    It decides nothing: the texts are the asker's own, and what is said about them comes from the texts, and from
    what categories have learned. It must stay so: what looks into data of others (an exact match, say) would tell
    who is in it, and is no part.

    Attributes:
        gate: records it.
        turns: long texts wait for them, as those of conversations do.
        rules: the organization's; their version is recorded.
        scan: what finds.
        sorter: returns what looks for the categories that are in force.

    """

    gate: Gate
    turns: Turns
    rules: LabelPolicy = NO_RULES
    scan: ScanMany = scan_many
    sorter: Callable[[], Sorter] = Sorter

    async def run(self, subject: Subject, context: Context, texts: Sequence[str]) -> list[Classification]:
        """Return what is in each text. How many there were is recorded first, and never what was found.

        Raises:
            Unavailable: the log cannot take the record.

        """
        asked = replace(
            base_record(Kind.ADMINISTRATION, subject, context),
            action="classify",
            facts=(
                ("characters", sum(map(len, texts))),
                ("label_rules", self.rules.version),
                ("texts", len(texts)),
            ),
        )
        await self.gate.settle([], [asked])
        if sum(map(len, texts)) <= INLINE:
            return classify(texts, self.rules, self._finding())
        async with self.turns.of(subject.person.name):
            return await asyncio.to_thread(classify, texts, self.rules, self._finding())

    def _finding(self) -> ScanMany:
        return both(self.scan, self.sorter().find_many)
