"""The journey itself."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from lockgate.audit.record import Kind, Record
from lockgate.content.detection import Scan
from lockgate.content.document import Chunk, Document, document_id
from lockgate.content.labeling import sure_kinds
from lockgate.errors import AccessDenied, Invalid, LockgateError, NotFound, Unavailable
from lockgate.flow.history import Piece, pieces
from lockgate.flow.resources import document_resource
from lockgate.journeys.conversation import Labeler, raised
from lockgate.journeys.enforce import Gate, base_record
from lockgate.journeys.forget.evidence import Probe, Remain, Trace, distinctive, probes, remains, seams
from lockgate.labels.label import Label
from lockgate.policy.filter import Const
from lockgate.policy.model import (
    AccessRequest,
    Action,
    Context,
    Principal,
    PrincipalKind,
    Resource,
    Session,
    Subject,
)
from lockgate.ports import Backup, Clock, Embedder, Index, Query, Remains, Vectors

_ID: Final = re.compile("d_[0-9a-f]+")
_HIDDEN: Final = "there is no such document, or you may not have it forgotten"
_HITS: Final = 50


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was removed, and the proof.

    Attributes:
        document: the id.
        passages: how many passages it had.
        marks: how many marks of its text were dropped from people's history: of words that no other document has,
            in what they were shown since it had them.
        copies: how many copies of the index, left by upgrades, were removed.
        probes: how many byte strings every file was searched for.
        seen: how many of them the same search found before: above 0, or it could find nothing at all.
        remains: what is still there and must not be.
        kept: what stays on purpose: the log names what it recorded, by path.
        searched: whether a search by its own words was tried; it found nothing, or `remains` would say so.
        may_return: whether the next sync may bring it back.
        backups: made earlier; they hold it as it was then.

    """

    document: str
    passages: int
    marks: int
    copies: int
    probes: int
    seen: int
    remains: tuple[Remain, ...]
    kept: tuple[Remain, ...]
    searched: bool
    may_return: bool
    backups: tuple[Backup, ...]

    @property
    def proven(self) -> bool:
        """Tell whether nothing is left, by a search that was able to find it before."""
        return not self.remains and self.seen > 0


@dataclass(frozen=True, slots=True)
class Forget:
    """Everything that forgetting needs.

    `changing` is the lock of all who change what is known of documents, `own` are words of the storage itself.
    `stored` returns since when a document has been known with its present content, as far as the log says.
    """

    index: Index
    labeler: Labeler
    embedder: Embedder
    gate: Gate
    clock: Clock
    storage: Remains
    changing: asyncio.Lock
    stored: Callable[[Document], Awaitable[datetime | None]]
    own: str = ""

    async def run(self, subject: Subject, context: Context, name: str, *, may_return: bool = False) -> Forgotten:
        """Forget a document for somebody: by its id, or as `collection/path`.

        Raises:
            NotFound: there is none, or the subject may not read it, let alone have it forgotten.
            AccessDenied: policy, a hold, or retention that still runs forbids it.
            Invalid: several documents are called so.
            Unavailable: the log cannot record it, or a store failed; repeat it then.

        """
        known = self._named(name)
        resources = [document_resource(one) for one in known] or [Resource("document", name[:64])]
        verdicts = self.gate.judge([AccessRequest(subject, Action.FORGET, one, context) for one in resources])
        passing = [one for one, verdict in zip(known, verdicts, strict=False) if verdict.passes]
        begun = replace(
            base_record(Kind.ADMINISTRATION, subject, context), action="forget", resource_type="document"
        )
        only = passing[0] if len(passing) == 1 else None
        await self.gate.settle(verdicts, [] if only is None else [_begun(begun, only)])
        if not passing:
            if known and any(self.gate.told(subject, context, one) for one in resources):
                verdicts[0].obligations()
            raise NotFound(_HIDDEN)
        if only is None:
            raise Invalid(f"`{name}` means several documents", remedy="Name it by its id, `d_...`.")
        for verdict in verdicts:
            verdict.obligations()
        return await self._forget(only, begun, may_return)

    async def by_operator(self, operator: str, name: str, *, may_return: bool = False) -> Forgotten | None:
        """Forget a document for whoever may use the keys. None: it was forgotten before, and may return now.

        Raises:
            NotFound: there is none.
            AccessDenied: a hold, or retention that still runs, forbids it.
            Invalid: several documents are called so.
            Unavailable: see `run`.

        """
        now = self.clock.now()
        begun = Record(
            Kind.ADMINISTRATION,
            now,
            f"forget-{now:%Y%m%dT%H%M%S.%f}",
            subject=operator,
            action="forget",
            resource_type="document",
        )
        known = self._named(name)
        if not known:
            id = name if _ID.fullmatch(name) else document_id(*_split(name))
            if not self.index.forgotten(id):
                raise NotFound(f"there is no document `{name}`")
            if not may_return:
                raise NotFound(f"`{name}` is forgotten already", remedy="With --allow-return it may come back.")
            await self.gate.audit.append([replace(begun, resource_id=id, outcome="may_return")])
            await self.index.forget(id, now, may_return=True)
            return None
        if len(known) > 1:
            raise Invalid(f"`{name}` means several documents", remedy="Name it by its id, `d_...`.")
        if not known[0].label.retention.may_delete(now.date()):
            raise AccessDenied(
                "a hold, or retention that still runs, forbids to delete it",
                remedy="Lift the hold where the label is stated, or ask again when the time is over.",
            )
        await self.gate.audit.append([_begun(begun, known[0])])
        return await self._forget(known[0], begun, may_return)

    def _named(self, name: str) -> list[Document]:
        if _ID.fullmatch(name):
            known = self.index.document(name)
            return [] if known is None else [known]
        return [one for one in self.index.documents() if name == f"{one.collection}/{one.item}"]

    async def _forget(self, document: Document, begun: Record, may_return: bool) -> Forgotten:
        id = document.id
        async with self.changing:  # else a sync could store it anew between the look and the removal
            chunks = await self.index.chunks(id)
            others = [one for one in self.index.documents() if one.id != id]
            wanted = await asyncio.to_thread(
                probes, document, chunks, await self.index.traces(id), others, self.own
            )
            before = await self.storage.search([one.data for one in wanted])
            seen = sum(wanted[number].kind in {Trace.KEY, Trace.TITLE} for number in before)
            wanted = distinctive(wanted, before)
            vector = await self._vector(chunks)
            words = await self._own_words(document, chunks, others)
            # What was shown before it was there, or under a label above its own, did not come from it alone; else
            # a copy of a secret, made to be forgotten, would take the marks of the secret with it.
            since = await self.stored(document) or self.clock.now()
            label = await asyncio.to_thread(_highest, document, chunks, self.labeler.scan)
            marks = await self.labeler.unmark(words, since, label)  # first: they can be found by the text only
            await self.index.forget(id, self.clock.now(), may_return=may_return)
        # An answer that was on its way stops within a moment; what it showed until then goes too.
        marks += await self.labeler.unmark(words, since, label)
        copies = await self.storage.drop_copies()
        left, kept = await self._left(document, wanted)
        if left:
            await self.storage.compact()
            left, kept = await self._left(document, wanted)
        found = await self._found(document, chunks, vector)
        if found:
            left = (*left, Remain(Trace.TEXT, "index (search)", found))
        report = Forgotten(
            id,
            len(chunks),
            marks,
            copies,
            len(wanted),
            seen,
            left,
            kept,
            vector is not None,
            may_return,
            tuple(await self.storage.backups()),
        )
        await self.gate.audit.append([_ended(begun, document, report, self.clock.now())])
        return report

    async def _own_words(
        self, document: Document, chunks: Sequence[Chunk], others: Sequence[Document]
    ) -> frozenset[Piece]:
        """Return the sentences and runs of words that no other document has: the marks of theirs stay."""
        own = await asyncio.to_thread(_pieces, document, chunks)
        for one in others:
            if not own:
                break
            own -= await asyncio.to_thread(_pieces, one, await self.index.chunks(one.id))
        return own

    async def _left(
        self, document: Document, wanted: Sequence[Probe]
    ) -> tuple[tuple[Remain, ...], tuple[Remain, ...]]:
        return remains(document, wanted, await self.storage.search([one.data for one in wanted]))

    async def _vector(self, chunks: Sequence[Chunk]) -> Vectors | None:
        """Return the vector of what is searched for afterwards; None where nothing can be."""
        if not chunks:
            return None
        try:
            return await self.embedder.embed([chunks[0].text])
        except LockgateError:
            return None  # without a model nobody can search either

    async def _found(self, document: Document, chunks: Sequence[Chunk], vector: Vectors | None) -> int:
        """Return how much of it a search by its own words finds, by somebody who may read all that it was."""
        id = document.id
        left = len(await self.index.chunks(id)) + (self.index.document(id) is not None)
        if vector is None:
            return left
        try:
            query = Query(chunks[0].text, vector, _reader(document, self.clock.now()), Const(True), _HITS, True)
            return left + sum(hit.document.id == id for hit in await self.index.search(query))
        except Unavailable:
            raise
        except LockgateError:
            return left


def _pieces(document: Document, chunks: Sequence[Chunk]) -> frozenset[Piece]:
    return frozenset().union(*map(pieces, (*seams(chunks), document.title, document.item)))


def _highest(document: Document, chunks: Sequence[Chunk], scan: Scan) -> Label:
    """Return the highest label that a passage of it was ever shown under: what was found in it raises that."""
    kinds = frozenset().union(*(chunk.kinds | sure_kinds(scan(chunk.text)) for chunk in chunks))
    return raised(document.label, kinds - document.accepted_kinds)


def _split(name: str) -> tuple[str, str]:
    collection, _, item = name.partition("/")
    return collection, item


def _reader(document: Document, now: datetime) -> Subject:
    clauses = document.label.readers.clauses | document.source_readers.clauses
    names = frozenset(name for clause in clauses for name in clause) | document.label.owners
    return Subject(Principal(PrincipalKind.USER, "nobody", names), Session("forget", now))


def _begun(begun: Record, document: Document) -> Record:
    return replace(begun, resource_id=document.id, label=document.label, outcome="begun")


def _ended(begun: Record, document: Document, report: Forgotten, now: datetime) -> Record:
    facts: tuple[tuple[str, str | int | float | bool], ...] = (
        ("backups", len(report.backups)),
        ("copies", report.copies),
        ("marks", report.marks),
        ("may_return", report.may_return),
        ("passages", report.passages),
        ("probes", report.probes),
        ("remains", len(report.remains)),
        ("seen", report.seen),
    )
    outcome = "completed" if report.proven else "incomplete"
    return replace(begun, time=now, resource_id=document.id, label=document.label, outcome=outcome, facts=facts)
