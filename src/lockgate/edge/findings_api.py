"""`/v1/findings`: what was found in a document, what people say of it, and how often detectors are right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from lockgate.content.judging import Judgement, Opinion, Precision
from lockgate.edge.api import Door, json_response, only, text_field
from lockgate.edge.asgi import Route
from lockgate.edge.body import json_object
from lockgate.edge.exposed import listing
from lockgate.edge.review_api import reason_of
from lockgate.errors import Invalid
from lockgate.journeys.findings import Findings, Listed, Place, Seen
from lockgate.policy.model import Context, Scope, Subject

_FAR = 10**9


def judgement_object(one: Judgement) -> dict[str, Any]:
    """Return a judgement."""
    return {
        "kind": one.kind,
        "passage": one.passage,
        "start": one.start,
        "end": one.end,
        "opinion": one.opinion.value,
        "by": list(one.by),
        "at": one.at.isoformat(),
        "reason": one.reason,
    }


def _seen(one: Seen) -> dict[str, Any]:
    return {
        "kind": one.finding.kind,
        "passage": one.place.passage,
        "start": one.place.start,
        "end": one.place.end,
        "confidence": one.finding.confidence,
        "detector": one.finding.detector,
        "judged": one.judged and judgement_object(one.judged),
    }


def _listed(one: Listed) -> dict[str, Any]:
    return {
        "document": one.document.id,
        "item": f"{one.document.collection}/{one.document.item}",
        "version": one.version,
        "data": [_seen(each) for each in one.findings],
    }


def _precision(one: Precision) -> dict[str, Any]:
    low, high = one.bounds
    return {
        "detector": one.detector,
        "kind": one.kind,
        "confirmed": one.confirmed,
        "rejected": one.rejected,
        "precision": round(one.share, 4),
        "low": round(low, 4),
        "high": round(high, 4),
    }


def _place(body: dict[str, Any]) -> Place | None:
    stated = [body.get(name) for name in ("passage", "start", "end")]
    if all(one is None for one in stated):
        return None
    numbers = [one for one in stated if isinstance(one, int) and not isinstance(one, bool) and 0 <= one < _FAR]
    if len(numbers) < len(stated):
        raise Invalid("`passage`, `start` and `end` must be whole numbers, all three or none")
    return Place(*numbers)


@dataclass(frozen=True, slots=True)
class FindingsApi:
    """The routes of findings."""

    door: Door
    findings: Findings

    def routes(self) -> list[BaseRoute]:
        """Return the route table."""
        table = (
            ("POST", "/v1/findings", self.judge),
            ("GET", "/v1/findings/precision", self.precision),
            ("GET", "/v1/findings/{document:path}", self.of),
        )
        return [
            Route(path, self.door.handler(Scope.REVIEW, body), methods=[method]) for method, path, body in table
        ]

    async def of(self, request: Request, subject: Subject, context: Context) -> Response:
        """List what is found in the passages of a document, for its owner or a steward. Never a value."""
        found = await self.findings.of(subject, context, request.path_params["document"][:1000])
        return json_response(_listed(found), context.request_id)

    async def judge(self, request: Request, subject: Subject, context: Context) -> Response:
        """Confirm or reject one finding, or all of a kind."""
        body = await json_object(request, self.door.limits)
        only(body, "document", "version", "kind", "opinion", "passage", "start", "end", "reason")
        stated = text_field(body, "opinion", 20)
        if stated not in list(Opinion):
            raise Invalid("`opinion` must be `confirmed` or `rejected`")
        made = await self.findings.judge(
            subject,
            context,
            text_field(body, "document", 100),
            text_field(body, "version", 100),
            text_field(body, "kind", 100),
            Opinion(stated),
            _place(body),
            reason_of(body),
        )
        return listing([judgement_object(one) for one in made], context)

    async def precision(self, _: Request, subject: Subject, context: Context) -> Response:
        """List how often each detector was right, by kind, for administrators."""
        found = await self.findings.precision(subject, context)
        return listing([_precision(one) for one in found], context)
