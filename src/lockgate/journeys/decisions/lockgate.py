"""`Pdp` over Lockgate's own policies, directory, catalogue, models and log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lockgate.journeys.decisions.decide import Decider, evaluate
from lockgate.journeys.decisions.model import Answer, Found, Malformed, Question, Search, Semantic
from lockgate.journeys.decisions.search import search
from lockgate.policy.model import Context, Subject


@dataclass(frozen=True, slots=True)
class Decisions:
    """What other systems ask. It tells what policies decide, also where the gateway itself only reports."""

    decider: Decider

    async def evaluate(
        self, asker: Subject, context: Context, items: Sequence[Question | Malformed], semantic: Semantic, /
    ) -> Sequence[Answer]:
        """See `Pdp`."""
        return await evaluate(self.decider, asker, context, items, semantic)

    async def search(self, asker: Subject, context: Context, wanted: Search, after: str, limit: int, /) -> Found:
        """See `Pdp`."""
        return await search(self.decider, asker, context, wanted, after, limit)
