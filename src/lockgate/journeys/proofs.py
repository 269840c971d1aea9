"""Proof of an answer: its records, each with the path that shows it in the signed log.

People see the records of their own answers, auditors those of all. A denied decision about a document has the
label of what the person may not know to exist, and a decision for another system what it was decided from: those
records are left out for everybody but auditors.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from lockgate.audit import checkpoint
from lockgate.audit.entry import Entry
from lockgate.audit.record import Kind
from lockgate.errors import NotFound
from lockgate.journeys.enforce import Gate
from lockgate.labels.label import PUBLIC
from lockgate.policy.model import AccessRequest, Action, Context, Resource, Subject

_SHOWING: Final = frozenset({Action.READ, Action.DOWNGRADE, Action.APPROVE, Action.FORGET})
"""Whoever is permitted these sees the label of the document anyway. To discover it shows no label."""
_PLAIN: Final = frozenset({*Action, "authenticate"})
"""Not those for other systems (`evaluate.read`, `search.resource`): they count what was looked at."""

AUDIT: Final = Resource("system", "audit", PUBLIC, reviewed=True, held=False, source_readers=PUBLIC.readers)
"""The audit log as a resource."""


class Log(Protocol):
    """What proofs read of the log. Blocking: called in a thread."""

    def by_request(self, request_id: str) -> list[Entry]: ...
    def checkpoint(self) -> str: ...
    def inclusion_proof(self, index: int, size: int | None = None) -> tuple[bytes, ...]: ...


@dataclass(frozen=True, slots=True)
class Proof:
    """Records of one request, the path of each, and the checkpoint that they are proven against."""

    entries: tuple[Entry, ...]
    paths: tuple[tuple[bytes, ...], ...]
    note: str
    tree: checkpoint.Checkpoint


@dataclass(frozen=True, slots=True)
class Proofs:
    """Proves answers."""

    gate: Gate
    log: Log

    async def of(self, subject: Subject, context: Context, request_id: str) -> Proof:
        """Return the proof of an answer.

        Raises:
            NotFound: there is no such answer, or the subject may not see its records: never told apart.
            Unavailable: the log cannot be read.

        """
        entries = await asyncio.to_thread(self.log.by_request, request_id)
        own = _belongs(entries, subject)
        verdict = self.gate.judge([AccessRequest(subject, Action.ADMINISTER, AUDIT, context)])[0]
        if not own:
            await self.gate.settle([verdict])
        if not entries or not (own or verdict.passes):
            raise NotFound("there is no such answer, or you may not see its records")
        shown = [entry for entry in entries if verdict.passes or _visible(entry)]
        return await asyncio.to_thread(self._prove, shown)

    def _prove(self, entries: Sequence[Entry]) -> Proof:
        note = self.log.checkpoint()
        tree = checkpoint.parse(note)
        inside = tuple(entry for entry in entries if entry.index < tree.size)
        paths = tuple(self.log.inclusion_proof(entry.index, tree.size) for entry in inside)
        return Proof(inside, paths, note, tree)


def _belongs(entries: Sequence[Entry], subject: Subject) -> bool:
    """Tell whether the request was this subject's own, through this application: another may be told less."""
    asked = {(one.record.subject, one.record.on_behalf_of, one.record.application) for one in entries}
    person = subject.on_behalf_of.name if subject.on_behalf_of else ""
    return asked == {(subject.principal.name, person, subject.application)}


def _visible(entry: Entry) -> bool:
    """Tell whether a record tells the person who asked nothing but what the answer told."""
    found = entry.record
    if found.kind is not Kind.DECISION:
        return True
    if found.resource_type != "document":
        return found.action in _PLAIN
    return found.effect != "deny" and found.action in _SHOWING
