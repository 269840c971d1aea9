"""Exposure as a use case: who may see the list, and what a person's AI could find today."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from lockgate.audit.record import Kind
from lockgate.content.audience import Census
from lockgate.content.document import Document
from lockgate.content.exposure import NO_USAGE, Exposure, Measures, Surroundings, Usage, exposures, measure
from lockgate.content.labeling import DEFAULT_LIMIT, Limit
from lockgate.errors import NotFound
from lockgate.flow.resources import document_resource
from lockgate.journeys.enforce import Gate, base_record
from lockgate.labels.label import PUBLIC
from lockgate.policy.filter import matches
from lockgate.policy.model import (
    AccessRequest,
    Action,
    Context,
    Principal,
    PrincipalKind,
    Resource,
    Risk,
    Session,
    Subject,
    Use,
)
from lockgate.policy.registered import registry, unlimited
from lockgate.ports import Directory, Index
from lockgate.ports.reviewing import MeasureLog, Usages

EXPOSURE: Final = Resource("system", "exposure", PUBLIC, reviewed=True, held=False, source_readers=PUBLIC.readers)
"""The list of everybody's documents as a resource: administrators see it."""

DAYS: Final = 90
"""How far back usage counts."""
_LEFT_OPEN: Final = "any application"
"""Through which application the person would ask is left open: the question is about the person."""


def census(directory: Directory) -> Census:
    """Return the people who are active now."""
    return Census([(person.id, person.groups) for person in directory.people() if person.active])


def left(directory: Directory) -> Mapping[str, int]:
    """Return for each group how many are still in it who have left."""
    return Counter(group for person in directory.people() if not person.active for group in person.groups)


@dataclass(frozen=True, slots=True)
class Exposures:
    """Lists what is exposed.

    Attributes:
        index: the catalogue.
        directory: who is who.
        gate: decides who may see the documents of others.
        limit: above what audience something sensitive is too widely readable.
        usages: tells who used what; None: that is not known.
        measured: where measures are kept, day by day; None: nowhere.

    """

    index: Index
    directory: Directory
    gate: Gate
    limit: Limit = DEFAULT_LIMIT
    usages: Usages | None = None
    measured: MeasureLog | None = None

    async def of(self, subject: Subject, context: Context, *, everybody: bool = False) -> list[Exposure]:
        """Return what is exposed among the subject's own documents, or among all; worst first.

        Raises:
            AccessDenied: `everybody`, and the subject is no administrator.
            Unavailable: the audit log cannot record it.

        """
        found, _ = await self.listed(subject, context, everybody=everybody)
        record = replace(base_record(Kind.ADMINISTRATION, subject, context), action="exposure.list")
        facts = (("documents", len(found)),)
        await self.gate.audit.append(
            [replace(record, resource_type="system", resource_id="exposure", facts=facts)]
        )
        return found

    async def listed(self, subject: Subject, context: Context, *, everybody: bool) -> tuple[list[Exposure], Usage]:
        """Return the same with the usage that it was made from, and record nothing but a decision.

        Raises:
            AccessDenied: `everybody`, and the subject is no administrator.

        """
        if everybody:
            await self.gate.enforce(AccessRequest(subject, Action.ADMINISTER, EXPOSURE, context))
        documents = self._within(subject, context)
        if not everybody:
            documents = [one for one in documents if subject.owns(one.label)]
        usage = await self.used(context.now)
        return await asyncio.to_thread(self.look, documents, usage), usage

    def look(self, documents: Sequence[Document], usage: Usage) -> list[Exposure]:
        """Return what of some documents is exposed."""
        around = Surroundings(left(self.directory), usage)
        return exposures(documents, census(self.directory), self.limit, around=around)

    async def used(self, now: datetime) -> Usage:
        """Return what was used in the last `DAYS`."""
        return NO_USAGE if self.usages is None else await self.usages.used(now, DAYS)

    async def take_measures(self, now: datetime) -> Measures:
        """Measure the catalogue as it is, and keep it as that of the day."""
        usage = await self.used(now)
        documents = list(self.index.documents())
        found = await asyncio.to_thread(lambda: measure(documents, self.look(documents, usage)))
        if self.measured is not None:
            await self.measured.measured(now.date(), found)
        return found

    async def trend(self, subject: Subject, context: Context) -> list[tuple[date, Measures]]:
        """Return the measures of each day, the oldest first; the last are those of now.

        Raises:
            AccessDenied: the subject is no administrator.
            Unavailable: the measures or the audit log failed.

        """
        await self.gate.enforce(AccessRequest(subject, Action.ADMINISTER, EXPOSURE, context))
        record = replace(base_record(Kind.ADMINISTRATION, subject, context), action="exposure.trend")
        await self.gate.audit.append([replace(record, resource_type="system", resource_id="exposure")])
        now = await self.take_measures(context.now)
        if self.measured is None:
            return [(context.now.date(), now)]
        return list(await self.measured.trend())

    async def findable(self, subject: Subject, context: Context, person: str) -> Sequence[Document]:
        """Return what the AI of a person could find today, at their best: signed in well, at no risk.

        The judges decide, as they do inside the index at a question.

        Raises:
            AccessDenied: the person is somebody else, and the subject is no administrator.
            NotFound: the directory knows no such active person.

        """
        if subject.principal.name != f"user:{person}" or subject.on_behalf_of is not None:
            await self.gate.enforce(AccessRequest(subject, Action.ADMINISTER, EXPOSURE, context))
        known = self.directory.person(person)
        if known is None or not known.active:
            raise NotFound(f"the directory knows no active person `{person}`")
        record = replace(base_record(Kind.ADMINISTRATION, subject, context), action="exposure.findable")
        await self.gate.audit.append([replace(record, resource_type="system", resource_id="exposure")])
        principal = Principal(PrincipalKind.USER, known.id, known.groups)
        session = Session("exposure", context.now + timedelta(hours=1), assurance=3, risk=Risk.LOW)
        asker = Subject(principal, session, _LEFT_OPEN)
        best = replace(context, use=Use.AI, device_compliant=True)
        documents = self._within(subject, context)
        return await asyncio.to_thread(self._matching, documents, asker, best)

    def _within(self, subject: Subject, context: Context) -> Sequence[Document]:
        """Return the documents of which the application that asks may be told."""
        within = self.gate.within(subject, context)
        return [one for one in self.index.documents() if matches(within, subject, document_resource(one))]

    def _matching(self, documents: Sequence[Document], asker: Subject, context: Context) -> list[Document]:
        gate = replace(self.gate, applications=lambda: registry([unlimited(_LEFT_OPEN)]))
        readable = gate.readable(asker, context)
        return [one for one in documents if matches(readable, asker, document_resource(one))]
