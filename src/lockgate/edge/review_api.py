"""`/v1/reviews`: what waits for a review, and reviews. Never a value found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from lockgate.edge.api import Door, json_response, only, text_field
from lockgate.edge.asgi import Route
from lockgate.edge.body import flag, json_object
from lockgate.edge.exposed import document_object, exposure_object, listing
from lockgate.errors import Invalid
from lockgate.journeys.review import Correction, Open, Reviews
from lockgate.journeys.review.reasons import LONGEST
from lockgate.labels.label import Sensitivity
from lockgate.labels.readers import Readers
from lockgate.labels.wire import Taxonomy
from lockgate.policy.model import Context, Scope, Subject

_CORRECTION = ("sensitivity", "readers", "forbidden_uses", "broad", "reason")


def open_object(one: Open, taxonomy: Taxonomy) -> dict[str, Any]:
    """Return one document that waits for a review, or is settled."""
    last = one.last and {
        "by": list(one.last.by),
        "at": one.last.at.isoformat(),
        "action": one.last.action,
        "reason": one.last.reason,
    }
    return exposure_object(one.exposure, taxonomy) | {
        "last": last,
        "version": one.version,
        "passages": [{"ordinal": ordinal, "kinds": sorted(kinds)} for ordinal, kinds in one.passages],
    }


def correction(body: dict[str, Any], taxonomy: Taxonomy) -> Correction | None:
    """Return the label parts that a body states; None if it states none.

    Raises:
        Invalid: one of them is malformed.

    """
    level, readers, uses = (body.get(name) for name in _CORRECTION[:3])
    if level is None and readers is None and uses is None:
        return None
    return Correction(
        None if level is None else taxonomy.level(text_field(body, "sensitivity", 60)),
        None if readers is None else _readers(readers),
        None if uses is None else frozenset(_names(uses, "forbidden_uses")),
    )


def reason_of(body: dict[str, Any]) -> str:
    """Return why, as a body says it; the journey looks at the words.

    Raises:
        Invalid: it is no text, or too long.

    """
    return text_field(body, "reason", LONGEST, "")


def _readers(value: object) -> Readers:
    if not isinstance(value, list) or not value:
        raise Invalid("`readers` must be a non-empty list of clauses, each a list of names")
    return Readers(frozenset(frozenset(_names(clause, "readers")) for clause in value))


def _names(value: object, what: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise Invalid(f"`{what}` must be a list of names")
    return value


def _number(text: str) -> bool:
    """Tell whether a text is a number of up to nine digits: of many more, `int` does not make one."""
    return text.isascii() and text.isdigit() and len(text) <= 9


@dataclass(frozen=True, slots=True)
class ReviewApi:
    """The routes of reviews."""

    door: Door
    reviews: Reviews

    def routes(self) -> list[BaseRoute]:
        """Return the route table."""
        table = (
            ("GET", "/v1/reviews", self.listed),
            ("POST", "/v1/reviews", self.review),
            ("POST", "/v1/reviews/rule", self.rule),
            ("POST", "/v1/reviews/undo", self.undo),
            ("GET", "/v1/reviews/{document}/passages/{ordinal}", self.passage),
            ("GET", "/v1/reviews/{document:path}", self.one),
        )
        return [
            Route(path, self.door.handler(Scope.REVIEW, body), methods=[method]) for method, path, body in table
        ]

    async def listed(self, request: Request, subject: Subject, context: Context) -> Response:
        """List what waits for this owner or steward, worst first."""
        limit = request.query_params.get("limit", "100")
        if not _number(limit) or not 1 <= int(limit) <= 1000:
            raise Invalid("`limit` must be a number from 1 to 1000")
        collection = request.query_params.get("collection", "")[:200]
        found = await self.reviews.list_open(subject, context, int(limit), collection)
        return listing([open_object(one, self.door.taxonomy) for one in found], context)

    async def one(self, request: Request, subject: Subject, context: Context) -> Response:
        """Show one document to its owner or a steward, in the version that a review of it names."""
        found = await self.reviews.one(subject, context, request.path_params["document"][:1000])
        return json_response(open_object(found, self.door.taxonomy), context.request_id)

    async def review(self, request: Request, subject: Subject, context: Context) -> Response:
        """Accept a proposal, or state another label."""
        body = await json_object(request, self.door.limits)
        only(body, "document", "version", *_CORRECTION)
        id, version = text_field(body, "document", 100), text_field(body, "version", 100)
        to, broad, why = correction(body, self.door.taxonomy), flag(body, "broad"), reason_of(body)
        if to is None:
            after = await self.reviews.accept(subject, context, id, version, broad=broad, reason=why)
        else:
            after = await self.reviews.correct(subject, context, id, version, to, broad=broad, reason=why)
        return json_response(document_object(after, self.door.taxonomy), context.request_id)

    async def rule(self, request: Request, subject: Subject, context: Context) -> Response:
        """Accept or correct everything under a path that has one and the same proposal."""
        body = await json_object(request, self.door.limits)
        only(body, "pattern", "proposed", *_CORRECTION)
        taxonomy = self.door.taxonomy
        proposed: Sensitivity | None = None
        if body.get("proposed") is not None:
            proposed = taxonomy.level(text_field(body, "proposed", 60))
        after = await self.reviews.by_rule(
            subject,
            context,
            text_field(body, "pattern", 1000),
            proposed=proposed,
            to=correction(body, taxonomy),
            broad=flag(body, "broad"),
            reason=reason_of(body),
        )
        return listing([document_object(one, taxonomy) for one in after], context)

    async def undo(self, request: Request, subject: Subject, context: Context) -> Response:
        """Take back this person's last review, or what was done under an id."""
        body = await json_object(request, self.door.limits)
        only(body, "id", "reason")
        id = text_field(body, "id", 100) if "id" in body else ""
        after = await self.reviews.undo(subject, context, id, reason=reason_of(body))
        return listing([document_object(one, self.door.taxonomy) for one in after], context)

    async def passage(self, request: Request, subject: Subject, context: Context) -> Response:
        """Show the text of one passage, for its owner, on request."""
        document, ordinal = request.path_params["document"], request.path_params["ordinal"]
        if not _number(ordinal):  # then it is the path of a document
            request.path_params["document"] = f"{document}/passages/{ordinal}"
            return await self.one(request, subject, context)
        text = await self.reviews.show(subject, context, document, int(ordinal))
        return json_response({"text": text}, context.request_id)
