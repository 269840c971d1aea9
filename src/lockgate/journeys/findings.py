"""Findings in a document as its reviewer sees them, and what people say of them.

Whoever may review a document may judge what was found in it. A confirmation changes nothing. What is rejected does
not count any more in this document, from the next time that it is looked at: its label then follows, so a
rejection is a lowering, and needs a reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from lockgate.audit.record import Kind, Record
from lockgate.content.classification import ScanMany
from lockgate.content.detection import scan_many
from lockgate.content.document import Document
from lockgate.content.finding import Finding
from lockgate.content.judging import Judgement, Opinion, Precision, latest, precision
from lockgate.errors import Conflict, Invalid, NotFound
from lockgate.flow.resources import document_resource
from lockgate.journeys.enforce import Gate, base_record
from lockgate.journeys.exposure import EXPOSURE
from lockgate.journeys.review import Reviews
from lockgate.journeys.review.reasons import worded
from lockgate.policy.model import AccessRequest, Action, Context, Subject
from lockgate.ports import Index
from lockgate.ports.judging import Judgements

MOST: Final = 10_000
"""Findings of a document that are listed at most."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding stands: the ordinal of a passage, and the span in its text, half open."""

    passage: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A finding in a passage, and the last judgement of its value in this document. Never the value."""

    place: Place
    finding: Finding
    value: str
    judged: Judgement | None


@dataclass(frozen=True, slots=True)
class Listed:
    """The findings in the passages of a document, in order, and the version of it that a judgement names."""

    document: Document
    version: str
    findings: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """The journey. `changing` is the lock of everybody who changes what is known of documents."""

    index: Index
    gate: Gate
    reviews: Reviews
    judgements: Judgements
    changing: asyncio.Lock
    scan_many: ScanMany = scan_many

    async def of(self, subject: Subject, context: Context, document: str) -> Listed:
        """Return what is found in the passages of a document, by its id or `collection/path`.

        Raises:
            NotFound: there is none, or the subject may not review it.
            Invalid: several documents are meant.
            Unavailable: the audit log or the judgements failed.

        """
        opened = await self.reviews.one(subject, context, document)
        known = {(one.kind, one.value): one for one in latest(await self.judgements.all(opened.document.id))}
        chunks = await self.index.chunks(opened.document.id)
        found = await asyncio.to_thread(self.scan_many, [one.text for one in chunks])
        seen: list[Seen] = []
        for chunk, findings in zip(chunks, found, strict=True):
            for one in findings[: MOST - len(seen)]:
                value = self.judgements.hashed(opened.document.id, one.kind, chunk.text[one.start : one.end])
                place = Place(chunk.ordinal, one.start, one.end)
                seen.append(Seen(place, one, value, known.get((one.kind, value))))
        return Listed(opened.document, opened.version, tuple(seen))

    async def judge(
        self,
        subject: Subject,
        context: Context,
        document: str,
        version: str,
        kind: str,
        opinion: Opinion,
        place: Place | None = None,
        reason: str = "",
    ) -> list[Judgement]:
        """Confirm or reject a finding, or without a place all of a kind. Return the judgements.

        Raises:
            NotFound: there is no such document or finding, or the subject may not review it.
            Conflict: the document has changed since `version`.
            Invalid: a rejection has no reason in words.
            AccessDenied: an obligation of the decision is not fulfilled.
            Unavailable: the audit log or the judgements failed; nothing has changed.

        """
        why = await asyncio.to_thread(worded, reason, lambda text: self.scan_many([text])[0])
        async with self.changing:
            listed = await self.of(subject, context, document)
            if listed.version != version:
                raise Conflict("the document has changed since you looked at it", remedy="Look at it again.")
            chosen = [
                one
                for one in listed.findings
                if one.finding.kind == kind and (place is None or one.place == place)
            ]
            if not chosen:
                where = "there" if place else "in the passages of this document"
                raise NotFound(
                    f"no `{kind[:60]}` is found {where}", remedy="`lockgate findings list` shows places."
                )
            if opinion is Opinion.REJECTED and not why:
                raise Invalid(
                    "a rejection can lower a label, and there is no reason for it",
                    code="reason_needed",
                    remedy="Say why with --reason, or as `reason` in the body.",
                )
            by = tuple(sorted(one.name for one in subject.parties))
            made = [_judgement(listed.document, one, opinion, by, context, why) for one in _each(chosen)]
            asked = AccessRequest(subject, Action.DOWNGRADE, document_resource(listed.document), context)
            verdicts = self.gate.judge([asked])
            passes = verdicts[0].passes
            await self.gate.settle(
                verdicts, [_record(subject, context, listed, one) for one in made] if passes else ()
            )
            verdicts[0].obligations()
            await self.judgements.add(made)
        return made

    async def precision(self, subject: Subject, context: Context) -> list[Precision]:
        """Return how often each detector was right, by kind; the worst first.

        Raises:
            AccessDenied: the subject is no administrator.
            Unavailable: the judgements or the audit log failed.

        """
        await self.gate.enforce(AccessRequest(subject, Action.ADMINISTER, EXPOSURE, context))
        record = replace(base_record(Kind.ADMINISTRATION, subject, context), action="finding.precision")
        await self.gate.audit.append([replace(record, resource_type="system", resource_id="findings")])
        return precision(await self.judgements.all())


def _each(chosen: Sequence[Seen]) -> list[Seen]:
    """Return one finding of each value: a judgement is about the value."""
    return list({one.value: one for one in reversed(chosen)}.values())[::-1]


def _judgement(
    document: Document, one: Seen, opinion: Opinion, by: tuple[str, ...], context: Context, why: str
) -> Judgement:
    return Judgement(
        document.id,
        document.digest,
        one.finding.kind,
        one.finding.detector,
        one.place.passage,
        one.place.start,
        one.place.end,
        one.value,
        opinion,
        by,
        context.now,
        why,
    )


def _record(subject: Subject, context: Context, listed: Listed, one: Judgement) -> Record:
    """Return the record of a judgement: what, where and why; neither the value nor its hash."""
    facts: dict[str, str | int | float | bool] = {
        "detector": one.detector,
        "kind": one.kind,
        "passage": one.passage,
        "span": f"{one.start}:{one.end}",
    }
    if one.reason:
        facts["reason"] = one.reason
    return replace(
        base_record(Kind.REVIEW, subject, context),
        action=f"finding.{'reject' if one.opinion is Opinion.REJECTED else 'confirm'}",
        resource_type="document",
        resource_id=listed.document.id,
        label=listed.document.label,
        outcome="completed",
        facts=tuple(sorted(facts.items())),
    )
