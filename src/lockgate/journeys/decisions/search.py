"""Searches: which subjects, resources or actions an evaluation would permit, page by page.

For reading, the filter that retrieval uses comes first, so that what may not be read is not even a candidate; each
candidate is then decided as an evaluation would be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from lockgate.audit.record import Kind as Recorded
from lockgate.audit.record import Record
from lockgate.content.document import Document
from lockgate.flow.resources import document_resource
from lockgate.journeys.decisions.decide import OTHERS, Decider, Standing, is_own, known_action, own
from lockgate.journeys.decisions.model import Entity, Found, Kind, Question, Result, Search
from lockgate.journeys.decisions.things import SUITS, SYSTEMS, Thing
from lockgate.journeys.enforce import base_record
from lockgate.policy.filter import Const, Filter, matches
from lockgate.policy.model import Action, Context, PrincipalKind, Subject

WORK: Final = 2000
"""Most candidates that are decided for one page."""
_STEP: Final = 128
_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that may be a result; `key` is its place in the order. `document` is asked again at its source."""

    key: str
    result: Result
    question: Question
    document: Document | None = None


async def search(
    decider: Decider, asker: Subject, context: Context, wanted: Search, after: str, limit: int
) -> Found:
    """Search and record; see `Pdp.search`."""
    standing = decider.standing(asker, context) if _about_others(asker, wanted) else Standing()
    candidates: Sequence[Candidate] = ()
    if standing.about_others or wanted.kind is Kind.SUBJECT or is_own(asker, wanted.subject):
        candidates = await asyncio.to_thread(_candidates, decider, asker, context, wanted, standing, after)
    found, examined = await _page(decider, asker, context, standing, candidates, limit)
    told = _record(asker, context, wanted, found, examined, standing)
    await decider.gate.settle(standing.verdicts, [told])
    return found


def _about_others(asker: Subject, wanted: Search) -> bool:
    return wanted.kind is Kind.SUBJECT or not is_own(asker, wanted.subject)


async def _page(
    decider: Decider,
    asker: Subject,
    context: Context,
    standing: Standing,
    candidates: Sequence[Candidate],
    limit: int,
) -> tuple[Found, int]:
    """Decide candidates until one more than the limit is permitted: a page then says "more" only if there is."""
    results: list[tuple[str, Result]] = []
    examined, left = 0, iter(candidates)
    while step := list(islice(left, _STEP)):
        if examined >= WORK:
            return Found(tuple(one for _, one in results), candidates[examined - 1].key), examined
        results += await _permitted(decider, asker, context, standing, step)
        examined += len(step)
        if len(results) > limit:
            kept = results[:limit]
            return Found(tuple(one for _, one in kept), kept[-1][0]), examined
    return Found(tuple(one for _, one in results)), examined


async def _permitted(
    decider: Decider, asker: Subject, context: Context, standing: Standing, step: Sequence[Candidate]
) -> list[tuple[str, Result]]:
    others = [one.question.resource for one in step if one.document is None]
    things = await decider.things.find(others)
    documents = [one.document for one in step if one.document is not None]
    fresh = await asyncio.gather(*(decider.things.current(one) for one in documents))
    for document, current in zip(documents, fresh, strict=True):
        choices = () if current is None else (document_resource(current),)
        things["document", document.id] = Thing(document.id, "source and catalogue", choices)
    cases = [decider.case(asker, one.question, context, standing, things) for one in step]
    judged = await decider.judge(cases)
    return [
        (one.key, replace(one.result, obligations=answer.obligations))
        for one, (answer, _) in zip(step, judged, strict=True)
        if answer.permits
    ]


def _candidates(
    decider: Decider, asker: Subject, context: Context, wanted: Search, standing: Standing, after: str
) -> list[Candidate]:
    """Return what may be a result and stands behind `after`, in order."""
    match wanted.kind:
        case Kind.SUBJECT:
            found = _subjects(decider, asker, wanted, standing)
        case Kind.RESOURCE:
            found = _resources(decider, asker, context, wanted, standing)
        case Kind.ACTION:
            found = [
                Candidate(one.value, Result(one.value), _question(wanted, action=one.value))
                for one in SUITS.get(wanted.resource.type, ())
            ]
    return sorted((one for one in found if one.key > after), key=lambda one: one.key)


def _question(
    wanted: Search, *, subject: Entity | None = None, action: str | None = None, resource: Entity | None = None
) -> Question:
    """Return the search as a question, with one candidate in the place of what is searched."""
    return Question(
        wanted.subject if subject is None else subject,
        wanted.action if action is None else action,
        wanted.resource if resource is None else resource,
        wanted.properties,
        wanted.stated,
    )


def _subjects(decider: Decider, asker: Subject, wanted: Search, standing: Standing) -> list[Candidate]:
    ids = {one.id for one in own(asker) if one.kind == wanted.subject.type}
    if standing.about_others and wanted.subject.type == PrincipalKind.USER:
        ids |= {person.id for person in decider.directory.people() if person.active}
    kind = wanted.subject.type
    return [Candidate(id, Result(id, kind), _question(wanted, subject=Entity(kind, id))) for id in ids]


def _resources(
    decider: Decider, asker: Subject, context: Context, wanted: Search, standing: Standing
) -> list[Candidate]:
    kind = wanted.resource.type
    if kind == "document":
        return [
            Candidate(one.id, Result(one.id, kind), _question(wanted, resource=Entity(kind, one.id)), one)
            for one in _documents(decider, asker, context, wanted, standing)
        ]
    ids = {"model": list(decider.things.routes.table().routes), "system": list(SYSTEMS)}.get(kind, [])
    return [Candidate(id, Result(id, kind), _question(wanted, resource=Entity(kind, id))) for id in ids]


def _documents(
    decider: Decider, asker: Subject, context: Context, wanted: Search, standing: Standing
) -> list[Document]:
    question = _question(wanted)
    found = decider.moment(asker, question, context, standing)
    subject, action = decider.subject(asker, wanted.subject, found), known_action(question)
    if subject is None or action is None or found.problem:
        return []
    permitted = _filter(decider, subject, action, found.context)
    return [one for one in decider.things.index.documents() if matches(permitted, subject, document_resource(one))]


def _filter(decider: Decider, subject: Subject, action: Action, context: Context) -> Filter:
    """Return what the judges leave of the catalogue, where it can be said as a filter; else everything."""
    if action is Action.READ:
        return decider.gate.readable(subject, context)
    return decider.gate.discoverable(subject, context) if action is Action.DISCOVER else Const(True)


def _record(
    asker: Subject, context: Context, wanted: Search, found: Found, examined: int, standing: Standing
) -> Record:
    """Return the record of a search: one for all the decisions that it took, with what came out."""
    refused = _about_others(asker, wanted) and not standing.about_others
    searched = wanted.subject if wanted.kind is Kind.SUBJECT else wanted.resource
    about = f"{wanted.subject.type}:{wanted.subject.id}"[:_NAME]
    known = known_action(_question(wanted))
    return replace(
        base_record(Recorded.DECISION, asker, context),
        action=f"search.{wanted.kind}" + (f".{known}" if known else ""),
        resource_type=wanted.resource.type if wanted.resource.type in SUITS else "unknown",
        resource_id=wanted.resource.id[:_NAME],
        effect="deny" if refused and wanted.kind is not Kind.SUBJECT else "permit",
        reasons=(OTHERS,) if refused else (),
        outcome="completed",
        facts=(
            ("about", about),
            ("examined", examined),
            ("results", ", ".join(one.id for one in found.results)),
            ("searched", searched.type[:_NAME]),
        ),
    )
