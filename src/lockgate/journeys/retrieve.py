"""Retrieval trimmed by permission: what this subject may read, what this model may be given, and no more.

The filter of both judges goes into the index query, so that nothing unreadable is ever ranked or counted. Each
survivor is then checked at its source, looked at again by the detectors, and decided in full: partial
evaluation is a preview, not a permission.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from lockgate.audit.record import Kind, Record, Source
from lockgate.content.detection import Scan, scan
from lockgate.content.document import Document
from lockgate.content.judging import Rejected, left
from lockgate.content.labeling import passage_held, sure_kinds
from lockgate.errors import LockgateError
from lockgate.flow.resources import document_resource
from lockgate.journeys.conversation import raised
from lockgate.journeys.enforce import Gate, Mode, Verdict, base_record
from lockgate.journeys.sieve import Sieve
from lockgate.labels.label import Label, join_all
from lockgate.policy.filter import All, Filter, InCollections, Within
from lockgate.policy.model import AccessRequest, Action, Context, Subject
from lockgate.ports import Embedder, Hit, Index, Query

Recheck = Callable[[Document], Awaitable[Document | None]]
"""Ask the source of a document for its rights at this moment; None if it is gone."""

_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, and the verdicts that let it through or held it back. Not yet recorded."""

    hits: tuple[Hit, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    kinds: frozenset[str] = frozenset()

    @property
    def labels(self) -> tuple[Label, ...]:
        """Return the label of each passage."""
        return tuple(hit.document.label for hit in self.hits)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Return the lineage: every passage with its source, hash and label."""
        return tuple(
            Source(
                chunk=hit.chunk.id,
                document=hit.document.id,
                connector=hit.document.connector,
                item=hit.document.item,
                revision=hit.document.revision,
                digest=hit.chunk.digest,
                label=hit.document.label,
            )
            for hit in self.hits
        )

    def record(self, subject: Subject, context: Context) -> Record:
        """Return the record of this retrieval."""
        return replace(
            base_record(Kind.RETRIEVAL, subject, context),
            action=Action.READ.value,
            resource_type="index",
            resource_id="documents",
            label=join_all(self.labels) if self.hits else None,
            outcome="completed",
            sources=self.sources,
            facts=(("passages", len(self.hits)),),
        )


def opened(subject: Subject, context: Context, document: Document, passages: int) -> Record:
    """Return the record that a document is shown whole: as many passages as the index has of it."""
    return replace(
        base_record(Kind.RETRIEVAL, subject, context),
        action=Action.READ.value,
        resource_type="document",
        resource_id=document.id,
        label=document.label,
        outcome="completed",
        facts=(("passages", passages),),
    )


@dataclass(frozen=True, slots=True)
class Retrieve:
    """Everything that retrieval needs."""

    gate: Gate
    index: Index
    embedder: Embedder
    recheck: Recheck
    passages: int = 8
    sieve: Sieve = field(default_factory=Sieve)
    """Which findings count."""
    scan: Scan = scan

    async def run(
        self,
        subject: Subject,
        question: str,
        context: Context,
        collections: frozenset[str],
        ceiling: Label | None = None,
    ) -> Found:
        """Return the best passages that `subject` may read, from these collections, under this ceiling.

        The caller records the verdicts (`Gate.settle`) before it releases anything.

        Raises:
            Unavailable: index or embedder failed.

        """
        parts: list[Filter] = [self.gate.readable(subject, context), InCollections(collections)]
        if ceiling is not None:
            parts.append(Within(ceiling))
        vector = await self.embedder.embed([question])
        wanted = self.passages
        query = Query(
            text=question,
            vector=vector,
            subject=subject,
            filter=All(tuple(parts)),
            k=wanted,
            held_passages=self.gate.mode is Mode.REPORT,
        )
        found = Found()
        for _ in range(_ROUNDS):
            hits = await self.index.search(query)
            found = await self.decide(subject, context, hits, ceiling)
            if len(found.hits) >= wanted or len(hits) < query.k:
                break
            query = replace(query, k=query.k * 2)  # rights changed since the last sync: look further down
        return replace(found, hits=found.hits[:wanted])

    async def decide(
        self, subject: Subject, context: Context, hits: Sequence[Hit], ceiling: Label | None = None
    ) -> Found:
        """Return which of these passages `subject` may read now, by rights, label and content as they are now."""
        documents = {hit.document.id: hit.document for hit in hits}
        fresh = await asyncio.gather(*(self._fresh(document) for document in documents.values()))
        current = dict(zip(documents, fresh, strict=True))
        candidates = []
        for hit in hits:
            document = current[hit.document.id]
            if document is None or document.digest != hit.document.digest:
                continue
            rejected = self.sieve.of(document.id, document.collection, document.item)
            looked = _look(replace(hit, document=document), rejected, self.scan)
            if ceiling is None or looked.hit.document.label.fits_under(ceiling):
                candidates.append(looked)
        verdicts = self.gate.judge([_request(subject, context, one) for one in candidates])
        kept = [one for one, verdict in zip(candidates, verdicts, strict=True) if verdict.passes]
        return Found(
            tuple(one.hit for one in kept), tuple(verdicts), frozenset().union(*(one.kinds for one in kept))
        )

    async def _fresh(self, document: Document) -> Document | None:
        try:
            return await self.recheck(document)
        except LockgateError:
            return None  # a source that cannot be asked gives nothing


@dataclass(frozen=True, slots=True)
class _Looked:
    """A passage as the detectors see it now."""

    hit: Hit
    kinds: frozenset[str]
    held: bool


def _look(hit: Hit, rejected: Rejected | None, scan: Scan) -> _Looked:
    """Look at a passage again: what it contains raises its label, unless that was accepted or rejected."""
    findings, text = scan(hit.chunk.text), hit.chunk.text
    kinds = hit.chunk.kinds | sure_kinds(left(text, findings, rejected))
    document = hit.document
    held = hit.chunk.held or passage_held(kinds, document.label, document.accepted_kinds)
    label = raised(document.label, kinds - document.accepted_kinds)
    # What was rejected may be said in an answer, so its kind is one that is expected there.
    said = kinds | sure_kinds(findings)
    return _Looked(replace(hit, document=replace(document, label=label)), said, held)


def _request(subject: Subject, context: Context, looked: _Looked) -> AccessRequest:
    """Return the question about one passage: its document, held back also for what this passage contains."""
    whole = document_resource(looked.hit.document)
    passage = replace(whole, id=looked.hit.chunk.id, held=whole.held or looked.held)
    return AccessRequest(subject, Action.READ, passage, context)
