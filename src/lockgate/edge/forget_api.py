"""`POST /v1/documents/{document}/forget`: have a document forgotten, and get the proof. Never a piece of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from lockgate.edge.api import Door, json_response, only
from lockgate.edge.asgi import Route
from lockgate.edge.body import json_object
from lockgate.errors import Invalid
from lockgate.journeys.forget import Forget, Forgotten
from lockgate.journeys.forget.evidence import Remain
from lockgate.policy.model import Context, Scope, Subject


def forgotten_object(one: Forgotten) -> dict[str, Any]:
    """Return the proof as JSON: counts and names of files."""
    return {
        "document": one.document,
        "proven": one.proven,
        "passages": one.passages,
        "marks": one.marks,
        "copies": one.copies,
        "probes": one.probes,
        "seen_before": one.seen,
        "remains": [_remain(each) for each in one.remains],
        "kept": [_remain(each) for each in one.kept],
        "searched": one.searched,
        "may_return": one.may_return,
        "backups": [{"made": each.made.isoformat(), "keys": each.keys} for each in one.backups],
    }


def _remain(one: Remain) -> dict[str, Any]:
    return {"kind": str(one.kind), "file": one.file, "count": one.count}


@dataclass(frozen=True, slots=True)
class ForgetApi:
    """The route of forgetting."""

    door: Door
    forget: Forget

    def routes(self) -> list[BaseRoute]:
        """Return the route table."""
        return [
            Route(
                "/v1/documents/{document:path}/forget", self.door.handler(Scope.REVIEW, self.run), methods=["POST"]
            )
        ]

    async def run(self, request: Request, subject: Subject, context: Context) -> Response:
        """Forget a document for its owner, a steward or an administrator."""
        body = await json_object(request, self.door.limits)
        only(body, "allow_return")
        may_return = body.get("allow_return", False)
        if not isinstance(may_return, bool):
            raise Invalid("`allow_return` must be true or false")
        name = request.path_params["document"][:1000]
        done = await self.forget.run(subject, context, name, may_return=may_return)
        return json_response(forgotten_object(done), context.request_id)
