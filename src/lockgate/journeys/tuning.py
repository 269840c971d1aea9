"""A tuning of detectors over the catalogue: which labels would fall, and the record that somebody applies it.

What applies it is the ingest: it reads again whatever the tuning is about. Nothing is read for a simulation: the
passages of each such document are looked at again, with and without.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lockgate.audit.record import Kind, Record
from lockgate.content.detection import Scan, scan
from lockgate.content.document import Chunk, Document, Evidence
from lockgate.content.judging import Rejected
from lockgate.content.labeling import Proposal, demanded
from lockgate.content.reading import read
from lockgate.content.tuning import Tuning
from lockgate.errors import Invalid
from lockgate.journeys.ingest.settlement import Settler, content_of
from lockgate.journeys.labels import Change
from lockgate.journeys.review.reasons import worded
from lockgate.journeys.sieve import Sieve
from lockgate.labels.label import Sensitivity
from lockgate.ports import AuditSink, Clock, Connector, Index


@dataclass(frozen=True, slots=True)
class Tunings:
    """Simulates and records tunings. `sieve` is the one in force; `scan` looks at reasons."""

    index: Index
    clock: Clock
    audit: AuditSink
    connectors: Mapping[str, Connector]
    settler: Settler
    sieve: Sieve
    scan: Scan = scan

    async def simulate(self, tuning: Tuning) -> AsyncIterator[Change]:
        """Yield every document in which other findings would count, as it would be. Nothing changes.

        Raises:
            Unavailable: a source cannot be asked.

        """
        wanted = replace(self.sieve, tuning=tuning)
        for document in tuple(self.index.documents()):
            if not tuning.must_read(document):
                continue
            connector = self.connectors.get(document.connector)
            item = await connector.stat(document.item) if connector is not None else None
            if item is None or document.problem:
                continue
            place = (document.id, document.collection, document.item)
            chunks = await self.index.chunks(document.id)
            evidence = await asyncio.to_thread(
                _evidence, document, chunks, self.sieve.of(*place), wanted.of(*place)
            )
            if evidence == document.evidence:
                continue
            kinds = frozenset(one.kind for one in evidence)
            proposal = Proposal(max(demanded(kinds), Sensitivity.GENERAL), kinds, evidence, ())
            content = replace(content_of(document), proposal=proposal)
            after = self.settler.document(item, content, document, self.clock.now())
            yield Change(document, after, tuple(_why(document.evidence, evidence)))

    async def applied(self, tuning: Tuning, account: str, reason: str, changes: Sequence[Change]) -> None:
        """Record that somebody applies a tuning, before it is done.

        Raises:
            Invalid: it leaves something out, and there is no reason in words.
            Unavailable: the log cannot take it; then nothing may be applied.

        """
        why = worded(reason, self.scan)
        if tuning.rows and not why:
            raise Invalid(
                "a tuning can lower labels, and there is no reason for it",
                code="reason_needed",
                remedy="Say why with --reason.",
            )
        now = self.clock.now()
        facts: dict[str, str | int | float | bool] = {
            "account": account,
            "detector_rules": tuning.version,
            "documents": len(changes),
            "lower": sum(one.after.label.sensitivity < one.before.label.sensitivity for one in changes),
            "reason": why,
        }
        base = Record(Kind.ADMINISTRATION, now, f"detectors-{now:%Y%m%dT%H%M%S.%f}", subject="service:lockgate")
        await self.audit.append([replace(base, action="detectors.apply", facts=tuple(sorted(facts.items())))])


def _evidence(
    document: Document, chunks: Sequence[Chunk], before: Rejected | None, after: Rejected | None
) -> tuple[Evidence, ...]:
    """Return the evidence as it would be: what is in no passage stays as it is."""
    text = _text(chunks)
    old = {one.kind: one for one in read(text, rejected=before).proposal.evidence}
    new = {one.kind: one for one in read(text, rejected=after).proposal.evidence}
    known = {one.kind: one for one in document.evidence}
    found = []
    for kind in sorted(known.keys() | (new.keys() - old.keys())):
        was, is_ = old.get(kind), new.get(kind)
        if was == is_:
            found.append(known[kind])
            continue
        stored = known.get(kind, Evidence(kind, 0, 0.0))
        count = stored.count + (is_.count if is_ else 0) - (was.count if was else 0)
        if count > 0:
            found.append(Evidence(kind, count, is_.confidence if is_ else stored.confidence))
    order = {one.kind: at for at, one in enumerate(document.evidence)}
    return tuple(sorted(found, key=lambda one: order.get(one.kind, len(order))))


def _text(chunks: Sequence[Chunk]) -> str:
    """Return the text that passages were cut from; what is in none of them is white space."""
    parts: list[str] = []
    at = 0
    for one in sorted(chunks, key=lambda chunk: chunk.start):
        parts.append("\n" * max(0, one.start - at))
        parts.append(one.text[len(one.text) - (one.end - one.start) :])
        at = one.end
    return "".join(parts)


def _why(before: Sequence[Evidence], after: Sequence[Evidence]) -> list[str]:
    left = {one.kind: one.count for one in after}
    told = [f"{one.count - left.get(one.kind, 0)} x {one.kind} would not count" for one in before
            if one.count > left.get(one.kind, 0)]  # fmt: skip
    had = {one.kind: one.count for one in before}
    return told + [
        f"{one.count - had.get(one.kind, 0)} x {one.kind} would count again"
        for one in after
        if one.count > had.get(one.kind, 0)
    ]
