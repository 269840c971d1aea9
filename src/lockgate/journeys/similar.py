"""Similar: which documents are copies of one, or hold parts of it, and who may read them who may not read it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lockgate.audit.record import Kind
from lockgate.content.audience import Census
from lockgate.content.document import Document
from lockgate.content.similar import Overlap
from lockgate.errors import Invalid, NotFound
from lockgate.flow.resources import document_resource
from lockgate.journeys.enforce import Gate, base_record
from lockgate.journeys.exposure import EXPOSURE, census
from lockgate.policy.filter import matches
from lockgate.policy.model import AccessRequest, Action, Context, Subject
from lockgate.ports import Directory, Index


@dataclass(frozen=True, slots=True)
class Alike:
    """A document that shares something with the one asked about.

    `of_asked` is the part of the asked one that stands in this one, `of_this` the reverse. `wider`: somebody may
    read this one who may not read the asked one. `people` of the directory may read it.
    """

    document: Document
    of_asked: float
    of_this: float
    wider: bool
    people: int


@dataclass(frozen=True, slots=True)
class Similar:
    """Finds copies, for administrators."""

    index: Index
    directory: Directory
    gate: Gate

    async def of(self, subject: Subject, context: Context, name: str) -> Sequence[Alike]:
        """Return what shares something with a document, the most first. It is named by id or `collection/path`.

        Raises:
            AccessDenied: the subject is no administrator.
            NotFound: there is no such document.
            Invalid: several documents are meant.
            Unavailable: the audit log cannot record it.

        """
        await self.gate.enforce(AccessRequest(subject, Action.ADMINISTER, EXPOSURE, context))
        asked = self._named(name, subject, context)
        record = replace(base_record(Kind.ADMINISTRATION, subject, context), action="similar")
        await self.gate.audit.append([replace(record, resource_type="document", resource_id=asked.id)])
        return await asyncio.to_thread(self._alike, asked, subject, context)

    def _named(self, name: str, subject: Subject, context: Context) -> Document:
        within = self.gate.within(subject, context)
        found = [
            one
            for one in self.index.documents()
            if name in (one.id, f"{one.collection}/{one.item}")
            and matches(within, subject, document_resource(one))
        ]
        if not found:
            raise NotFound("there is no such document", remedy="Name it by its id, or as collection/path.")
        if len(found) > 1:
            raise Invalid("this name means several documents", remedy="Use the id of one.")
        return found[0]

    def _alike(self, asked: Document, subject: Subject, context: Context) -> list[Alike]:
        within, people = self.gate.within(subject, context), census(self.directory)
        return [
            _one(asked, document, shared, people)
            for document, shared in self.index.alike(self.index.sketch(asked.id))
            if document.id != asked.id and matches(within, subject, document_resource(document))
        ]


def _one(asked: Document, document: Document, shared: Overlap, people: Census) -> Alike:
    wider = not asked.label.readers.flows_to(document.source_readers)
    breadth = people.breadth(document.source_readers)
    return Alike(document, shared.of_first, shared.of_second, wider, breadth.people)
