"""OpenID AuthZEN Authorization API 1.0: evaluation, evaluations, search, and the metadata of the decision point.

A denial is an answer, with status 200; other statuses speak of the request alone (section 10.1.2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from lockgate.edge import authzen_request as read
from lockgate.edge.api import Body, Door, Handler, json_response
from lockgate.edge.asgi import Route
from lockgate.edge.body import json_object
from lockgate.edge.problems import problem
from lockgate.edge.render import new_request_id
from lockgate.errors import NotFound
from lockgate.journeys.decisions import Answer, Kind, Malformed, Pages, Pdp, Question, Result, Semantic
from lockgate.journeys.decisions.model import OBLIGATION_TYPES, profile_type
from lockgate.policy.decision import Obligation, ObligationKind
from lockgate.policy.model import Context, Scope, Subject

_REQUEST_ID: Final = "x-request-id"
_ENDPOINTS: Final = {
    "access_evaluation_endpoint": "/access/v1/evaluation",
    "access_evaluations_endpoint": "/access/v1/evaluations",
    "search_subject_endpoint": "/access/v1/search/subject",
    "search_resource_endpoint": "/access/v1/search/resource",
    "search_action_endpoint": "/access/v1/search/action",
}


@dataclass(frozen=True, slots=True)
class AuthZenApi:
    """The routes of a policy decision point.

    `url` is the https address at which other systems reach it, without a slash at its end; empty where nobody
    configured it, and then there is no metadata.
    """

    door: Door
    pdp: Pdp
    pages: Pages
    url: str = ""

    def routes(self) -> list[BaseRoute]:
        """Return the route table."""
        asked = (
            ("POST", "/access/v1/evaluation", self.evaluation),
            ("POST", "/access/v1/evaluations", self.evaluations),
            ("POST", "/access/v1/search/subject", self.subjects),
            ("POST", "/access/v1/search/resource", self.resources),
            ("POST", "/access/v1/search/action", self.actions),
        )
        table: list[BaseRoute] = [
            Route(path, self._handler(body), methods=[method]) for method, path, body in asked
        ]
        return [Route("/.well-known/authzen-configuration", self.metadata, methods=["GET"]), *table]

    def _handler(self, body: Body) -> Handler:
        """Return a handler that also gives back the caller's own id of the request (section 10.1.3)."""
        inner = self.door.handler(Scope.DECIDE, body)

        async def handle(request: Request) -> Response:
            response = await inner(request)
            if _REQUEST_ID in request.headers:
                response.headers[_REQUEST_ID] = request.headers[_REQUEST_ID]
            return response

        return handle

    async def evaluation(self, request: Request, subject: Subject, context: Context) -> Response:
        """Answer one question."""
        body = await json_object(request, self.door.limits)
        return await self._one(read.question(body), subject, context)

    async def evaluations(self, request: Request, subject: Subject, context: Context) -> Response:
        """Answer many questions; without any, one."""
        body = await json_object(request, self.door.limits)
        batch = read.batch(body)
        if batch is None:
            return await self._one(read.question(body), subject, context)
        answers = await self.pdp.evaluate(subject, context, *batch)
        return json_response({"evaluations": [_decision(one) for one in answers]}, context.request_id)

    async def subjects(self, request: Request, subject: Subject, context: Context) -> Response:
        """Say who may do something to a resource."""
        return await self._search(Kind.SUBJECT, request, subject, context)

    async def resources(self, request: Request, subject: Subject, context: Context) -> Response:
        """Say to which resources a subject may do something."""
        return await self._search(Kind.RESOURCE, request, subject, context)

    async def actions(self, request: Request, subject: Subject, context: Context) -> Response:
        """Say what a subject may do to a resource."""
        return await self._search(Kind.ACTION, request, subject, context)

    async def metadata(self, _: Request) -> Response:
        """Say where everything is (section 9). Open to everybody: it says nothing that is secret."""
        request_id = new_request_id()
        if not self.url:
            unknown = NotFound(
                "this gateway was not told its own address",
                code="no_public_url",
                remedy="Set `public_url` under [server] in lockgate.toml.",
            )
            return problem(unknown, request_id)
        stated: dict[str, Any] = {"policy_decision_point": self.url}
        stated |= {name: self.url + path for name, path in _ENDPOINTS.items()}
        return json_response(stated | {"supported_obligations": list(OBLIGATION_TYPES)}, request_id)

    async def _one(self, question: Question | Malformed, subject: Subject, context: Context) -> Response:
        (answer,) = await self.pdp.evaluate(subject, context, [question], Semantic.ALL)
        return json_response(_decision(answer), context.request_id)

    async def _search(self, kind: Kind, request: Request, subject: Subject, context: Context) -> Response:
        body = await json_object(request, self.door.limits)
        search = read.search(kind, body)
        token, limit = read.page(body)
        window = self.pages.window(subject, read.asked(search, body), token, limit, context.now)
        found = await self.pdp.search(subject, context, search, window.after, window.limit)
        page = {"next_token": self.pages.token(window, found.after, context.now), "count": len(found.results)}
        results = [_result(kind, one) for one in found.results]
        return json_response({"page": page, "results": results}, context.request_id)


def _decision(answer: Answer) -> dict[str, Any]:
    context: dict[str, Any] = {}
    if answer.obligations:
        context["obligations"] = obligations(answer.obligations)
    if answer.reason:
        context["reason_admin"] = {"en": answer.reason}
    if answer.error:
        context["error"] = {"status": answer.error[0], "message": answer.error[1]}
    return {"decision": answer.permits} | ({"context": context} if context else {})


def _result(kind: Kind, result: Result) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": result.id} if kind is Kind.ACTION else {"type": result.type, "id": result.id}
    return shown | ({"obligations": obligations(result.obligations)} if result.obligations else {})


def obligations(found: Sequence[Obligation]) -> list[Mapping[str, Any]]:
    """Return obligations in the form of the draft: what it has no type for is `custom`, of vendor `lockgate`."""
    return [
        {"id": f"obligation-{number}", "type": profile_type(one), "properties": _properties(one)}
        for number, one in enumerate(found, start=1)
    ]


def _properties(one: Obligation) -> dict[str, str]:
    if one.kind is ObligationKind.STEP_UP:
        return {"acr_value": f"urn:lockgate:assurance:{one.value}"}
    return {"vendor": "lockgate", "action": str(one.kind), "value": one.value}
