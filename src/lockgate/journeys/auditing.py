"""What auditors read of the log through the gateway: searches, proofs, checkpoints.

Each is decided (`administer` on the log, which policies give to auditors alone) and recorded with what was looked
for, in one durable write, before anything of the log is read for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from lockgate.audit.proof import Consistency, Inclusion
from lockgate.audit.record import Kind, Record
from lockgate.audit.search import Page, Query
from lockgate.journeys.enforce import Gate, base_record
from lockgate.journeys.proofs import AUDIT
from lockgate.policy.model import AccessRequest, Action, Context, Subject


class Log(Protocol):
    """What auditors read of the log. Blocking: called in a thread."""

    def checkpoint(self) -> str: ...
    def checkpoint_of(self, size: int) -> str: ...
    def find(self, query: Query, *, before: int | None = None, limit: int = 100) -> Page: ...
    def prove(self, indexes: Iterable[int], *, reveal: bool = True) -> list[Inclusion]: ...
    def prove_consistency(self, old: str, new: str | None = None) -> Consistency: ...


@dataclass(frozen=True, slots=True)
class Auditing:
    """Reads the log for auditors. Every method raises `AccessDenied` for whoever is none."""

    gate: Gate
    log: Log

    async def search(
        self, subject: Subject, context: Context, query: Query, before: int | None, limit: int
    ) -> Page:
        """Return a page of records, the newest first."""
        conditions = [(f"query_{name}", value) for name, value in query.told()]
        if before is not None:
            conditions.append(("before", before))
        await self._admit(subject, context, "audit.search", *conditions)
        return await asyncio.to_thread(self.log.find, query, before=before, limit=limit)

    async def checkpoint(self, subject: Subject, context: Context) -> str:
        """Return the newest signed checkpoint, to be kept elsewhere."""
        await self._admit(subject, context, "audit.checkpoint")
        return await asyncio.to_thread(self.log.checkpoint)

    async def inclusion(self, subject: Subject, context: Context, index: int, *, reveal: bool) -> Inclusion:
        """Return the proof of one record.

        Raises:
            NotFound: there is none at this place.

        """
        await self._admit(subject, context, "audit.prove", ("index", index), ("reveal", reveal))
        return (await asyncio.to_thread(self.log.prove, [index], reveal=reveal))[0]

    async def consistency(self, subject: Subject, context: Context, old: int, new: int | None) -> Consistency:
        """Return the proof between the checkpoints of two sizes, or from one to the newest.

        Raises:
            Invalid: the later one is smaller.
            NotFound: no checkpoint was signed at a size.

        """
        until = () if new is None else (("until", new),)
        await self._admit(subject, context, "audit.prove", ("since", old), *until)
        return await asyncio.to_thread(self._consistency, old, new)

    def _consistency(self, old: int, new: int | None) -> Consistency:
        until = None if new is None else self.log.checkpoint_of(new)
        return self.log.prove_consistency(self.log.checkpoint_of(old), until)

    async def _admit(self, subject: Subject, context: Context, what: str, *facts: tuple[str, str | int]) -> None:
        verdict = self.gate.judge([AccessRequest(subject, Action.ADMINISTER, AUDIT, context)])[0]
        read: Record = replace(
            base_record(Kind.ADMINISTRATION, subject, context),
            action=what,
            resource_type="system",
            resource_id="audit",
            facts=tuple(sorted(facts)),
        )
        await self.gate.settle([verdict], [read] if verdict.passes else [])
        verdict.obligations()
