"""Fixes of exposures as a use case: listed, simulated, applied through reviews, and taken back like these."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from lockgate.audit.record import Kind
from lockgate.content.document import Document
from lockgate.content.exposure import Act, Fix, fixes
from lockgate.content.exposure.effect import Effect, effect
from lockgate.content.exposure.fixes import held
from lockgate.content.exposure.usage import Usage
from lockgate.errors import LockgateError, NotFound
from lockgate.journeys.enforce import base_record
from lockgate.journeys.exposure import Exposures, census
from lockgate.journeys.review import Correction, Reviews, Wanted, version_of
from lockgate.policy.model import Context, Subject

APPLY = "exposure.fix"


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a fix would do.

    Attributes:
        fix: the fix.
        clears: how many documents would not be listed any more.
        stays: those that would, by item, with the reason.
        refused: those that it would not be done for, by item, with the reason.
        effect: what would change for people.

    """

    fix: Fix
    clears: int
    stays: tuple[tuple[str, str], ...]
    refused: tuple[tuple[str, str], ...]
    effect: Effect


@dataclass(frozen=True, slots=True)
class Fixes:
    """Lists, simulates and applies fixes of what `exposures` lists, by `reviews`."""

    exposures: Exposures
    reviews: Reviews

    async def listed(self, subject: Subject, context: Context, *, everybody: bool = False) -> list[Fix]:
        """Return what can be done about the subject's own documents or all, most risk removed first.

        Raises:
            AccessDenied: `everybody`, and the subject is no administrator.
            Unavailable: the audit log cannot record it.

        """
        found, _ = await self._found(subject, context, everybody)
        await self._record(subject, context, "exposure.fixes", ("fixes", len(found)))
        return found

    async def simulate(
        self, subject: Subject, context: Context, id: str, *, everybody: bool = False, hold: bool = False
    ) -> Simulation:
        """Return what a fix would do: it is worked out as `apply` does it, and nothing changes.

        `id` names the fix; with `hold`, the documents are kept out of AI instead; `everybody` as in `listed`.

        Raises:
            NotFound: there is no such fix: it is done, or one of its documents has changed.
            AccessDenied, Unavailable: as `listed`.

        """
        fix, usage = await self._one(subject, context, id, everybody, hold)
        await self._record(subject, context, "exposure.simulate", ("documents", len(fix.exposures)))
        changes = await self.reviews.simulate(context, _wanted(fix))
        good = [(one.before, one.after) for one in changes if not isinstance(one, LockgateError)]
        still = self.exposures.look([after for _, after in good], usage)
        refused = [
            (_item(document), str(one))
            for document, one in zip(fix.documents, changes, strict=True)
            if isinstance(one, LockgateError)
        ]
        worked = await asyncio.to_thread(effect, good, census(self.exposures.directory), usage)
        stays = tuple((_item(one.document), str(one.why[0])) for one in still)
        return Simulation(fix, len(good) - len(still), stays, tuple(refused), worked)

    async def apply(
        self, subject: Subject, context: Context, id: str, *, everybody: bool = False, hold: bool = False
    ) -> tuple[str, list[Document]]:
        """Do it: a review of each document, decided and recorded as such. Return by which id it is taken back.

        Raises:
            NotFound, AccessDenied, Conflict, Invalid, Unavailable: as `Reviews.apply`, or as `simulate`.

        """
        fix, _ = await self._one(subject, context, id, everybody, hold)
        return await self.reviews.apply(subject, context, _wanted(fix), APPLY, f"{fix.step}: {fix.folder}")

    async def _found(self, subject: Subject, context: Context, everybody: bool) -> tuple[list[Fix], Usage]:
        listed, usage = await self.exposures.listed(subject, context, everybody=everybody)
        directory = self.exposures.directory
        groups = {f"user:{one.id}": one.groups for one in directory.people() if one.active}
        limit = self.exposures.limit
        return await asyncio.to_thread(fixes, listed, census(directory), groups, limit, usage), usage

    async def _one(
        self, subject: Subject, context: Context, id: str, everybody: bool, hold: bool
    ) -> tuple[Fix, Usage]:
        found, usage = await self._found(subject, context, everybody)
        for one in found:
            if one.id == id:
                return (held(one) if hold else one), usage
        raise NotFound(
            "there is no such fix: it is done, or one of its documents has changed",
            remedy="List the fixes again.",
        )

    async def _record(self, subject: Subject, context: Context, action: str, fact: tuple[str, int]) -> None:
        base = replace(base_record(Kind.ADMINISTRATION, subject, context), action=action, facts=(fact,))
        await self.exposures.gate.audit.append([replace(base, resource_type="system", resource_id="exposure")])


def _wanted(fix: Fix) -> list[Wanted]:
    """Return the review of each document. What is kept out of AI altogether may be as broad as it is."""
    found = []
    for one in fix.documents:
        readers, uses, owners = fix.step.ruling(one)
        to = None if fix.step.act is Act.LABEL else Correction(None, readers, uses, owners)
        found.append(Wanted(one.id, version_of(one), to, fix.step.act is Act.HOLD))
    return found


def _item(document: Document) -> str:
    return f"{document.collection}/{document.item}"
