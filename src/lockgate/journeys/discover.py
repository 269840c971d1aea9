"""Discover: learn that something exists, to ask for access to it. An action of its own, decided by policy.

The shipped policies permit nothing. Where operators' policies do, a person finds documents that they may not read
by the words of title and path, and never by content: what is inside must not show in whether it is found.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from lockgate.audit.record import Kind
from lockgate.content.document import Document
from lockgate.content.terms import terms
from lockgate.flow.resources import document_resource
from lockgate.journeys.enforce import Gate, base_record
from lockgate.policy.filter import NOTHING, matches
from lockgate.policy.model import AccessRequest, Action, Context, Subject
from lockgate.ports import Index

MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Discover:
    """Finds what a subject may learn about."""

    gate: Gate
    index: Index

    async def run(self, subject: Subject, context: Context, query: str) -> list[Document]:
        """Return documents that fit the words of the query, best first: title and owners may be shown, no more.

        Raises:
            Unavailable: the policy engine or the log failed.

        """
        found = await asyncio.to_thread(self._candidates, subject, context, query)
        verdicts = self.gate.judge(
            [AccessRequest(subject, Action.DISCOVER, document_resource(one), context) for one in found]
        )
        asked = replace(
            base_record(Kind.RETRIEVAL, subject, context),
            action=Action.DISCOVER.value,
            resource_type="index",
            resource_id="documents",
            outcome="completed",
            facts=(("documents", len(found)),),
        )
        await self.gate.settle(verdicts, [asked])
        return [one for one, verdict in zip(found, verdicts, strict=True) if verdict.passes]

    def _candidates(self, subject: Subject, context: Context, query: str) -> Sequence[Document]:
        permitted = self.gate.discoverable(subject, context)
        if permitted == NOTHING:
            return []
        wanted = set(terms(query))
        scored = []
        for one in self.index.documents():
            score = len(wanted & set(terms(f"{one.title} {one.item}")))
            if score and matches(permitted, subject, document_resource(one)):
                scored.append((-score, one.id, one))
        return [one for _, _, one in sorted(scored)[:MOST]]
