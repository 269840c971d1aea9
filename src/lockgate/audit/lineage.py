"""Lineage: what an answer was made from, and whether its label says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lockgate.audit.entry import Entry
from lockgate.audit.record import Kind, Record, Source
from lockgate.errors import NotFound
from lockgate.labels.label import Label, join_all


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where an answer comes from.

    Attributes:
        request_id: the answer's id.
        index: place of the answer's record in the log.
        record: the answer's record.
        sources: every passage that the model saw.
        joined: the join of their labels; None where there are none.
        faults: what does not fit, in words; empty is good.

    """

    request_id: str
    index: int
    record: Record
    sources: tuple[Source, ...]
    joined: Label | None
    faults: tuple[str, ...]


def trace(request_id: str, entries: Sequence[Entry]) -> Lineage:
    """Return the lineage of an answer from the records of its request, and check it.

    The answer's label must be at least the join of its sources' labels, and each source must stand in a
    retrieval record of the same request.

    Raises:
        NotFound: the request has no answer.
        Invalid: a record cannot be read.

    """
    records = [(entry.index, entry.record) for entry in entries]
    answers = [(index, record) for index, record in records if record.kind is Kind.ANSWER]
    if not answers:
        raise NotFound(
            f"there is no answer `{request_id}` in the audit log",
            remedy="the id of an answer is in its header Lockgate-Request-Id",
        )
    index, answer = answers[-1]
    retrieved = {s.chunk: s for _, record in records if record.kind is Kind.RETRIEVAL for s in record.sources}
    faults = []
    if not any(record.kind is Kind.DECISION for _, record in records):
        faults.append("there is no decision about this answer")
    for source in answer.sources:
        found = retrieved.get(source.chunk)
        if found is None:
            faults.append(f"passage `{source.chunk}` is in no retrieval record")
        elif (found.digest, found.revision) != (source.digest, source.revision):
            faults.append(f"passage `{source.chunk}` is not the one that was retrieved")
    joined = join_all(s.label for s in answer.sources) if answer.sources else None
    if answer.label is None:
        faults.append("the answer has no label")
    elif joined is not None and not joined.flows_to(answer.label):
        faults.append("the answer's label is lower than that of what it was made from")
    return Lineage(request_id, index, answer, answer.sources, joined, tuple(faults))
