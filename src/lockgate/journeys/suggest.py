"""Suggestions of labels by a model, through the path of every question.

The model is asked as whoever asks may ask it: it is given what their AI may read of this document, under the
ceilings and within the quotas of any question, and everything is recorded before it happens. What comes back is
untrusted (`content.suggestion`). It becomes evidence of the document: where the operator applies suggestions, the
label rises as by any finding; else the evidence stands in the review and demands nothing. It never lowers a label,
and never touches readers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from lockgate.audit.record import Kind, Record
from lockgate.content.document import Document
from lockgate.content.labeling import along, passage_held
from lockgate.content.reading import recalled
from lockgate.content.suggestion import (
    INSTRUCTIONS,
    LONGEST,
    Choices,
    Rejected,
    Suggestion,
    asked,
    evidence,
    note,
    question,
    sample,
    suggested,
)
from lockgate.errors import Conflict
from lockgate.journeys.chat import Ask, Chat, Ready
from lockgate.journeys.conversation import Turn
from lockgate.journeys.enforce import base_record
from lockgate.journeys.ingest.settlement import Settler
from lockgate.journeys.release import Release
from lockgate.journeys.retrieve import Found, Retrieve
from lockgate.journeys.review import Reviews
from lockgate.labels.label import Label
from lockgate.policy.model import Context, Subject
from lockgate.ports import Clock, Connector, Hit, Index

_BATCH: Final = 16
_PARAMS: Final = (("max_tokens", 1000), ("temperature", 0))
_OF_TEXT: Final = "text: "


class Result(StrEnum):
    """What became of a question about a document's label."""

    RAISED = "raised"
    """It demands more than the label said, as the operator applies suggestions."""
    PROPOSED = "proposed"
    """It stands in the review."""
    NOTHING = "nothing"
    """It raises nothing."""
    REJECTED = "rejected"
    """The answer counts for nothing."""
    UNSEEN = "unseen"
    """The model may not be given anything of it for whoever asked."""
    KNOWN = "known"
    """It was asked before about this very content."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The document as it is now, and what became of the question; `why` of a rejection in one word."""

    document: Document
    result: Result
    found: Suggestion | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class OfDocument(Retrieve):
    """Retrieval that finds the passages of one document, decided like all others."""

    document: str = ""

    @classmethod
    def within(cls, retrieve: Retrieve, document: str) -> OfDocument:
        """Return retrieval of one document that looks with what `retrieve` looks with: exact match sets, too."""
        parts = (retrieve.gate, retrieve.index, retrieve.embedder, retrieve.recheck)
        return cls(*parts, scan=retrieve.scan, document=document)

    async def run(
        self,
        subject: Subject,
        question: str,
        context: Context,
        collections: frozenset[str],
        ceiling: Label | None = None,
    ) -> Found:
        """Return what `subject`'s AI may read of the document now, under this ceiling. Raises as `Retrieve`."""
        known = self.index.document(self.document)
        if known is None or known.collection not in collections:
            return Found()
        chunks = sample(await self.index.chunks(known.id))
        found = Found()
        for start in range(0, len(chunks), _BATCH):  # detectors look at each: others must get a turn
            batch = [Hit(chunk, known, 0.0) for chunk in chunks[start : start + _BATCH]]
            more = await self.decide(subject, context, batch, ceiling)
            found = Found(found.hits + more.hits, found.verdicts + more.verdicts, found.kinds | more.kinds)
        return found


@dataclass(frozen=True, slots=True)
class Suggest:
    """What `POST /v1/reviews/suggest` does.

    Attributes:
        chat, release: the path of every question.
        reviews: who may ask about a document is who may review it.
        index, connectors, settler: change evidence, with the rights of the source as they are now.
        changing: the lock of everybody who changes what is known of documents.
        clock: tells when.
        choices: what a model may choose from.
        apply: suggestions demand their level; otherwise they wait in the review.

    """

    chat: Chat
    release: Release
    reviews: Reviews
    index: Index
    connectors: Mapping[str, Connector]
    settler: Settler
    changing: asyncio.Lock
    clock: Clock
    choices: Choices = field(default_factory=Choices)
    apply: bool = False

    async def run(
        self, credential: str, subject: Subject, context: Context, name: str, model: str, *, again: bool = False
    ) -> Outcome:
        """Ask a model for the label of a document, by its id or `collection/path`.

        Raises:
            NotFound: there is no such document, or the subject may not review it; or no such model.
            AccessDenied: a judge denies; the remedy says what to do.
            TooManyRequests: it would be more than a quota allows.
            Conflict: the document changed while the model was asked.
            Unavailable: the model, the source, the index or the log failed.

        """
        document = (await self.reviews.one(subject, context, name)).document
        if not again and asked(document.notes, model):
            return Outcome(document, Result.KNOWN)
        retrieve = self.chat.retrieve
        narrowed = OfDocument.within(retrieve, document.id)
        ask = Ask(model, (Turn("user", question(self.choices)),), _PARAMS, context.purpose)
        ready = await replace(self.chat, retrieve=narrowed).prepare(credential, ask, context.request_id)
        # Always as if it drew from documents: without a passage that it may be given, no model is asked.
        ready = replace(ready, prompt=replace(ready.prompt, instructions=INSTRUCTIONS, grounded=True))
        try:
            answer = await self._answer(ready)
            if not ready.hits:
                return await self._told(ready, document, Outcome(document, Result.UNSEEN))
            found = suggested(answer, self.choices, [hit.chunk for hit in ready.hits])
        except Rejected as error:
            return await self._told(ready, document, Outcome(document, Result.REJECTED, why=error.why))
        return await self._kept(ready, model, document, found)

    async def _answer(self, ready: Ready) -> str:
        """Return the whole answer as any reader would get it: inspected, metered and recorded."""
        texts: list[str] = []
        size, finish = 0, ""
        async with aclosing(self.release.answer(ready)) as pieces:
            async for piece in pieces:
                texts.append(piece.text)
                size += len(piece.text)
                finish = piece.finish or finish
                if size > LONGEST:
                    raise Rejected("endless")
        if finish == "content_filter":
            raise Rejected("withheld")
        return "".join(texts)

    async def _kept(self, ready: Ready, model: str, asked_of: Document, found: Suggestion) -> Outcome:
        """Make a suggestion evidence, recorded first. The rights are those of the source now."""
        async with self.changing:
            passages = await self.index.chunks(asked_of.id)
            stored = self.index.document(asked_of.id)
            connector = self.connectors.get(asked_of.connector)
            item = None if stored is None or connector is None else await connector.stat(asked_of.item)
            if stored is None or item is None or stored.digest != asked_of.digest:
                raise Conflict("the document changed while the model was asked", remedy="Ask again.")
            above = found.level > stored.label.sensitivity
            more = evidence(found.level, stored.evidence, apply=self.apply) if above else ()
            told = note(model, found.level, found) if above else note(model)
            notes = (*stored.notes, *(() if _OF_TEXT + told in stored.notes else (_OF_TEXT + told,)))
            widened = replace(stored, evidence=along(recalled(stored), more).evidence, notes=notes)
            fresh = self.settler.current(item, widened, self.clock.now())
            result = Result.NOTHING if not above else Result.RAISED if self.apply else Result.PROPOSED
            outcome = Outcome(fresh, result, found)
            held = (p.ordinal for p in passages if passage_held(p.kinds, fresh.label, fresh.accepted_kinds))
            await self.chat.gate.audit.append([self._record(ready, fresh, outcome)])
            await self.index.relabel(fresh, frozenset(held))
        return outcome

    async def _told(self, ready: Ready, document: Document, outcome: Outcome) -> Outcome:
        await self.chat.gate.audit.append([self._record(ready, document, outcome)])
        return outcome

    def _record(self, ready: Ready, document: Document, outcome: Outcome) -> Record:
        """Return the record: who suggested what, of which bytes, and where the quote stands. Never its text."""
        found, card = outcome.found, ready.upstream.card
        facts: dict[str, str | int | float | bool] = {
            "applied": self.apply,
            "digest": document.digest,
            "label_rules": self.settler.rules.version,
            "model": card.id,
            "passages": len(ready.hits),
            "version": card.version,
            "why": outcome.why,
        }
        if found is not None:
            facts |= {"category": found.category, "level": found.level.name.lower()}
            facts |= {"quote": f"{document.id}#{found.passage}", "start": found.start, "end": found.end}
        return base_record(
            Kind.ADMINISTRATION,
            ready.subject,
            ready.context,
            time=self.clock.now(),
            action="labels.suggest",
            resource_type="document",
            resource_id=document.id,
            label=document.label,
            outcome=outcome.result.value,
            facts=tuple(sorted(facts.items())),
        )
