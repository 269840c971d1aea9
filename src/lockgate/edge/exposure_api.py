"""`/v1/exposure`: what is exposed, what can be done about it, and how that changes over time."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from lockgate.edge.api import Door, json_response, only, text_field
from lockgate.edge.asgi import Route
from lockgate.edge.body import flag, json_object
from lockgate.edge.exposed import (
    alike_object,
    document_object,
    exposure_object,
    fix_object,
    listing,
    measures_object,
    simulation_object,
)
from lockgate.journeys.exposure import Exposures
from lockgate.journeys.fixing import Fixes
from lockgate.journeys.similar import Similar
from lockgate.policy.model import Context, Scope, Subject


@dataclass(frozen=True, slots=True)
class ExposureApi:
    """The routes of exposure."""

    door: Door
    exposures: Exposures
    fixes: Fixes
    similar: Similar

    def routes(self) -> list[BaseRoute]:
        """Return the route table."""
        table = (
            ("GET", "/v1/exposure", self.exposed),
            ("GET", "/v1/exposure/findable/{person}", self.findable),
            ("GET", "/v1/exposure/fixes", self.listed),
            ("POST", "/v1/exposure/fixes", self.fix),
            ("GET", "/v1/exposure/trend", self.trend),
            ("GET", "/v1/exposure/similar/{document:path}", self.alike),
        )
        return [
            Route(path, self.door.handler(Scope.REVIEW, body), methods=[method]) for method, path, body in table
        ]

    async def exposed(self, request: Request, subject: Subject, context: Context) -> Response:
        """List what is exposed of one's own, or with `all=true`, as an administrator, of everybody."""
        found = await self.exposures.of(subject, context, everybody=_everybody(request))
        return listing([exposure_object(one, self.door.taxonomy) for one in found], context)

    async def findable(self, request: Request, subject: Subject, context: Context) -> Response:
        """List what a person's AI could find today."""
        found = await self.exposures.findable(subject, context, request.path_params["person"])
        return listing([document_object(one, self.door.taxonomy) for one in found], context)

    async def listed(self, request: Request, subject: Subject, context: Context) -> Response:
        """List what can be done about it, the most risk removed first."""
        found = await self.fixes.listed(subject, context, everybody=_everybody(request))
        return listing([fix_object(one, self.door.taxonomy) for one in found], context)

    async def fix(self, request: Request, subject: Subject, context: Context) -> Response:
        """Tell what a fix would do; with `apply`, do it."""
        body = await json_object(request, self.door.limits)
        only(body, "fix", "all", "hold", "apply")
        id, everybody, hold = text_field(body, "fix", 100), flag(body, "all"), flag(body, "hold")
        taxonomy = self.door.taxonomy
        if not flag(body, "apply"):
            found = await self.fixes.simulate(subject, context, id, everybody=everybody, hold=hold)
            return json_response(simulation_object(found, taxonomy), context.request_id)
        undo, after = await self.fixes.apply(subject, context, id, everybody=everybody, hold=hold)
        done = {"undo": undo, "documents": len(after), "data": [document_object(one, taxonomy) for one in after]}
        return json_response(done, context.request_id)

    async def alike(self, request: Request, subject: Subject, context: Context) -> Response:
        """List copies of a document, and what holds parts of it."""
        found = await self.similar.of(subject, context, request.path_params["document"][:1000])
        return listing([alike_object(one, self.door.taxonomy) for one in found], context)

    async def trend(self, _: Request, subject: Subject, context: Context) -> Response:
        """List the measures of each day, the oldest first."""
        found = await self.exposures.trend(subject, context)
        return listing([measures_object(day, one, self.door.taxonomy) for day, one in found], context)


def _everybody(request: Request) -> bool:
    return request.query_params.get("all") == "true"
