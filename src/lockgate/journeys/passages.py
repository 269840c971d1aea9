"""Labeled, cited passages for applications that do their own prompting, and documents: read by AI, or opened."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from lockgate.content.document import Document
from lockgate.errors import AccessDenied, LockgateError, NotFound
from lockgate.flow.resources import answer_resource, document_resource
from lockgate.journeys.conversation import Labeler, Turn
from lockgate.journeys.enforce import Gate, Verdict
from lockgate.journeys.ingest.settlement import same
from lockgate.journeys.retrieve import Found, Retrieve, opened
from lockgate.journeys.standing import EVERY, recent
from lockgate.labels.label import Label, join_all
from lockgate.policy.model import AccessRequest, Action, Context, Resource, Subject, Use
from lockgate.ports import Clock, Connector, Hit

MOST: Final = 64
"""The most passages that are handed out at a time."""
_BATCH: Final = 16
_NO_DOCUMENT = "there is no such document, or you may not open it"


@dataclass(frozen=True, slots=True)
class Reading:
    """Passages of one document, in order. `following` is the ordinal at which to read on; None at the end."""

    found: Found
    label: Label
    verdicts: tuple[Verdict, ...]
    following: int | None


@dataclass(frozen=True, slots=True)
class Passages:
    """What `POST /v1/retrieve`, `GET /v1/documents/{id}` and the tools of `POST /mcp` do."""

    gate: Gate
    labeler: Labeler
    retrieve: Retrieve
    connectors: Mapping[str, Connector]
    clock: Clock | None = None

    async def search(
        self,
        subject: Subject,
        context: Context,
        question: str,
        collections: frozenset[str],
        most: int | None = None,
    ) -> tuple[Found, Label, tuple[Verdict, ...]]:
        """Return the best passages that the subject may read, their joined label, and the verdicts.

        Recorded before return; what is handed out counts as shown. A collection that does not exist is one of
        which nothing may be read: whoever has none of its documents does not learn its name.

        Raises:
            Invalid: the question is empty.
            AccessDenied: the subject may not receive the passages.
            TooManyRequests: they would be more than a quota allows.
            Unavailable: index, embedder, history or log failed.

        """
        asked = await self.labeler.label(subject, [Turn("user", question)], context.now)
        wanted = collections or frozenset(self.connectors)
        retrieve = self.retrieve if most is None else replace(self.retrieve, passages=most)
        found = await retrieve.run(subject, asked.question, context, wanted)
        label = join_all([asked.label, *found.labels])
        emit = await self._release(subject, context, found, label)
        return found, label, (*(v for v in found.verdicts if v.passes), emit)

    async def read(self, subject: Subject, context: Context, document_id: str, first: int = 0) -> Reading:
        """Return passages of a document from an ordinal on, as far as AI may be given them for this subject.

        What a search would never show is never shown here: what is held, unreviewed, or excluded from AI. Recorded
        before return; what is handed out counts as shown.

        Raises:
            NotFound: there is nothing that the subject may be shown: absent and forbidden are never told apart.
            TooManyRequests: they would be more than a quota allows.
            AccessDenied: the subject may not receive the passages.
            Unavailable: index, history or log failed.

        """
        document = await self._standing(document_id)
        whole = self._judged(subject, context, document_id, document)
        known = self.retrieve.index.document(document_id)
        if document is None or known is None or not whole.passes:
            await self.gate.settle([whole])
            raise NotFound(_NO_DOCUMENT)
        chunks = (await self.retrieve.index.chunks(document_id))[first:]
        found = Found(verdicts=(whole,))
        for start in range(0, min(len(chunks), MOST), _BATCH):  # detectors look at each: others must get a turn
            batch = [Hit(chunk, known, 0.0) for chunk in chunks[start : min(start + _BATCH, MOST)]]
            more = await self.retrieve.decide(subject, context, batch)
            found = Found(found.hits + more.hits, found.verdicts + more.verdicts, found.kinds | more.kinds)
        if not found.hits:
            await self.gate.settle(found.verdicts)
            raise NotFound(_NO_DOCUMENT)
        label = join_all(found.labels)
        emit = await self._release(subject, context, found, label)
        passed = (*(v for v in found.verdicts if v.passes), emit)
        return Reading(found, label, passed, first + MOST if len(chunks) > MOST else None)

    async def open(self, subject: Subject, context: Context, document_id: str) -> tuple[Document, bytes]:
        """Return a document's bytes to a reader of the source, as the source shows it now.

        Opening is no use by AI: a document that is excluded from AI, unreviewed or held opens for its readers.

        Raises:
            NotFound: it does not exist, is gone, or the subject may not open it: never told apart.
            TooManyRequests: its passages would be more than a quota allows.
            Unavailable: the log failed.

        """
        document = await self._standing(document_id)
        opening = replace(context, use=Use.OPEN)
        verdict = self._judged(subject, opening, document_id, document)
        if document is None or not verdict.passes:
            await self.gate.settle([verdict])
            raise NotFound(_NO_DOCUMENT)
        passages = await self.retrieve.index.chunks(document.id)
        await self.gate.settle([verdict], [opened(subject, context, document, len(passages))])
        connector = self.connectors.get(document.connector)
        if connector is None:
            raise NotFound(_NO_DOCUMENT)
        data = await connector.fetch(document.item)
        # What was fetched may be another file than the one whose rights were asked: they must hold after it too.
        after = await self._current(document)
        if after is None or not same(after, document):
            raise NotFound(_NO_DOCUMENT)
        return document, data

    async def _release(self, subject: Subject, context: Context, found: Found, label: Label) -> Verdict:
        """Decide whether the subject may receive what was found, record everything, and count it as shown.

        Raises:
            AccessDenied: the subject may not receive it.
            Unavailable: history or log failed.

        """
        answer = answer_resource(context.request_id, label)
        emit = self.gate.judge([AccessRequest(subject, Action.EMIT, answer, replace(context, data=label))])[0]
        await self.gate.settle([*found.verdicts, emit], [found.record(subject, context)])
        emit.obligations()
        shown = await asyncio.to_thread(self._marks, subject, found)
        beside = self.labeler.named(subject, (hit.document for hit in found.hits))
        await self.labeler.history.remember(subject, shown, label, context.now, also=beside)
        await self._still(subject, context, found)
        return emit

    async def _still(self, subject: Subject, context: Context, found: Found) -> None:
        """Decide again about passages that took long to record, on a disk that is busy: nothing has left yet.

        Raises:
            AccessDenied: they do not hold any more.

        """
        now = context.now if self.clock is None else self.clock.now()
        if recent(context.now, now, EVERY):
            return
        again = await self.retrieve.decide(subject, replace(context, now=now), found.hits)
        if now < subject.session.expires and [one.chunk.id for one in again.hits] == [
            one.chunk.id for one in found.hits
        ]:
            return
        denied = [one for one in again.verdicts if not one.passes]
        if denied:
            await self.gate.settle(denied)
        raise AccessDenied("a right that this rests on was withdrawn", code="revoked")

    def _marks(self, subject: Subject, found: Found) -> list[bytes]:
        return sorted({mark for hit in found.hits for mark in self.labeler.marks(subject, hit.chunk.text).covers})

    def _judged(self, subject: Subject, context: Context, asked: str, document: Document | None) -> Verdict:
        absent = Resource("document", asked[:64])
        resource = absent if document is None else document_resource(document)
        return self.gate.judge([AccessRequest(subject, Action.READ, resource, context)])[0]

    async def _standing(self, document_id: str) -> Document | None:
        """Return a document as its source has it now; None if there is none, in the time that one takes."""
        known = self.retrieve.index.document(document_id)
        # For what does not exist, the source is asked about another: otherwise the time would tell what exists.
        asked = known or self._another(document_id)
        current = await self._current(asked) if asked is not None else None
        return current if known is not None else None

    def _another(self, document_id: str) -> Document | None:
        documents = self.retrieve.index.documents()
        return (
            documents[zlib.crc32(document_id.encode("utf-8", "replace")) % len(documents)] if documents else None
        )

    async def _current(self, document: Document) -> Document | None:
        try:
            return await self.retrieve.recheck(document)
        except LockgateError:
            return None
