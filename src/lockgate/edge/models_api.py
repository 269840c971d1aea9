"""GET /v1/models and GET /v1/models/{id}: only what the subject may use.

Two vendors ask at the same address. Whoever says that they speak Anthropic's API, by the header that all its
clients send, gets its shape; everybody else OpenAI's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from lockgate.edge.api import json_response
from lockgate.edge.body import credential
from lockgate.edge.codecs import anthropic
from lockgate.edge.problems import as_lockgate_error, openai_problem, shaped
from lockgate.edge.render import new_request_id
from lockgate.edge.scopes import admit
from lockgate.journeys.chat import Chat
from lockgate.journeys.routes import Route
from lockgate.policy.model import Context, Scope


def _model(route: Route) -> dict[str, Any]:
    kind = "embeddings" if route.vectors else "chat"
    return {"id": route.id, "object": "model", "created": 0, "owned_by": "lockgate", "kind": kind}


@dataclass(frozen=True, slots=True)
class ModelsApi:
    """Handlers of the list of models."""

    chat: Chat

    async def models(self, request: Request) -> Response:
        """List models, or show the one that the path names."""
        request_id = new_request_id()
        if anthropic.VERSION in request.headers:
            response = await self._anthropic(request, request_id)
            response.headers[anthropic.REQUEST_ID] = request_id
            return response
        try:
            one, listed = await self._routes(request, request_id, "")
        except Exception as error:
            return openai_problem(as_lockgate_error(error), request_id)
        body = _model(one) if one else {"object": "list", "data": [_model(each) for each in listed]}
        return json_response(body, request_id)

    async def _anthropic(self, request: Request, request_id: str) -> Response:
        """Answer Anthropic's clients. Their API has no vectors, and their lists are of what answers."""
        try:
            one, listed = await self._routes(request, request_id, anthropic.KEY_HEADER)
            anthropic.revision(request.headers)
        except Exception as error:
            shown = as_lockgate_error(error)
            return shaped(shown, request_id, anthropic.anthropic_error(shown))
        names = [each.id for each in listed if not each.vectors]
        return json_response(anthropic.model(one.id) if one else anthropic.models(names), request_id)

    async def _routes(
        self, request: Request, request_id: str, key_header: str
    ) -> tuple[Route | None, Sequence[Route]]:
        """Return the route that the path names, or else None and all of the subject's."""
        subject, now = await admit(self.chat, credential(request, key_header), request_id, Scope.CHAT)
        context = Context(now, request_id)
        wanted = request.path_params.get("model")
        if wanted is not None:
            return self.chat.routes.find(subject, wanted, context), ()
        return None, self.chat.routes.listed(subject, context)
