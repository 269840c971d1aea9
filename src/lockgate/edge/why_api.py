"""`GET /v1/documents/{document}/why?as=PERSON&application=ID`: why a person is or is not shown a document."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from lockgate.edge.api import json_response
from lockgate.flow.resources import document_resource
from lockgate.journeys.exposure import EXPOSURE, Exposures
from lockgate.journeys.why import Why
from lockgate.policy.filter import matches
from lockgate.policy.model import AccessRequest, Action, Context, Subject


@dataclass(frozen=True, slots=True)
class WhyApi:
    """The handler of explanations."""

    exposures: Exposures
    why: Why

    async def explain(self, request: Request, subject: Subject, context: Context) -> Response:
        """Explain. `as` names the person, `application` through what they would ask (left open if absent).

        The document is named by its id, path, `collection/path` or `collection:path`.
        """
        await self.exposures.gate.enforce(AccessRequest(subject, Action.ADMINISTER, EXPOSURE, context))
        person, document = request.query_params.get("as", "")[:200], request.path_params["document"][:1000]
        through = request.query_params.get("application", "")[:200]
        within = self.why.gate.within(subject, context)
        told = await self.why.explain(
            subject.principal.name,
            person,
            document,
            through,
            lambda one: matches(within, subject, document_resource(one)),
        )
        body = {
            "person": told.person,
            "document": told.document,
            "connector": told.connector,
            "item": f"{told.connector}/{told.item}",
            "title": told.title,
            "shown": told.shown,
            "opens": told.opens,
            "steps": [{"name": step.name, "passes": step.passes, "says": step.says} for step in told.steps],
            "remedies": list(told.remedies),
        }
        return json_response(body, context.request_id)
