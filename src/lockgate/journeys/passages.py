"""Labeled, cited passages for applications that do their own prompting, and opening a document as its reader."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from lockgate.content.document import Document
from lockgate.errors import Invalid, LockgateError, NotFound
from lockgate.flow.resources import document_resource
from lockgate.journeys.conversation import Labeler, Turn
from lockgate.journeys.enforce import Gate, Verdict
from lockgate.journeys.ingest.settlement import same
from lockgate.journeys.retrieve import Found, Retrieve
from lockgate.labels.label import Label, join_all
from lockgate.policy.model import AccessRequest, Action, Context, Resource, Subject, Use
from lockgate.ports import Connector

_NO_DOCUMENT = "there is no such document, or you may not open it"


@dataclass(frozen=True, slots=True)
class Passages:
    """What `POST /v1/retrieve` and `GET /v1/documents/{id}` do."""

    gate: Gate
    labeler: Labeler
    retrieve: Retrieve
    connectors: Mapping[str, Connector]

    async def search(
        self,
        subject: Subject,
        context: Context,
        question: str,
        collections: frozenset[str],
        most: int | None = None,
    ) -> tuple[Found, Label, tuple[Verdict, ...]]:
        """Return the best passages that the subject may read, their joined label, and the verdicts.

        Recorded before return; what is handed out counts as shown.

        Raises:
            Invalid: the question is empty, or a collection is unknown.
            AccessDenied: the subject may not receive the passages.
            Unavailable: index, embedder, history or log failed.

        """
        unknown = sorted(collections - self.connectors.keys())
        if unknown:
            raise Invalid(f"there is no collection `{unknown[0][:60]}`", code="unknown_collection")
        asked = await self.labeler.label(subject, [Turn("user", question)], context.now)
        wanted = collections or frozenset(self.connectors)
        retrieve = self.retrieve if most is None else replace(self.retrieve, passages=most)
        found = await retrieve.run(subject, asked.question, context, wanted)
        label = join_all([asked.label, *found.labels])
        answer = Resource(
            "answer", context.request_id, label, reviewed=True, held=False, source_readers=label.readers
        )
        emit = self.gate.judge([AccessRequest(subject, Action.EMIT, answer, replace(context, data=label))])[0]
        await self.gate.settle([*found.verdicts, emit], [found.record(subject, context)])
        emit.obligations()
        shown = {mark for hit in found.hits for mark in self.labeler.marks(subject, hit.chunk.text).covers}
        await self.labeler.history.remember(subject, sorted(shown), label, context.now)
        return found, label, (*(v for v in found.verdicts if v.passes), emit)

    async def open(self, subject: Subject, context: Context, document_id: str) -> tuple[Document, bytes]:
        """Return a document's bytes to a reader of the source, as the source shows it now.

        Opening is no use by AI: a document that is excluded from AI, unreviewed or held opens for its readers.

        Raises:
            NotFound: it does not exist, is gone, or the subject may not open it: never told apart.
            Unavailable: the log failed.

        """
        known = self.retrieve.index.document(document_id)
        # For what does not exist, the source is asked about another: otherwise the time would tell what exists.
        asked = known or self._another(document_id)
        current = await self._current(asked) if asked is not None else None
        document = current if known is not None else None
        opening = replace(context, use=Use.OPEN)
        absent = Resource("document", document_id[:64])
        resource = absent if document is None else document_resource(document)
        verdict = self.gate.judge([AccessRequest(subject, Action.READ, resource, opening)])[0]
        await self.gate.settle([verdict])
        if document is None or not verdict.passes:
            raise NotFound(_NO_DOCUMENT)
        connector = self.connectors.get(document.connector)
        if connector is None:
            raise NotFound(_NO_DOCUMENT)
        data = await connector.fetch(document.item)
        # What was fetched may be another file than the one whose rights were asked: they must hold after it too.
        after = await self._current(document)
        if after is None or not same(after, document):
            raise NotFound(_NO_DOCUMENT)
        return document, data

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
