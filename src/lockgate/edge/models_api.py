"""GET /v1/models and GET /v1/models/{id}: only what the subject may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from lockgate.edge.api import json_response
from lockgate.edge.body import credential
from lockgate.edge.problems import as_lockgate_error, openai_problem
from lockgate.edge.render import new_request_id
from lockgate.edge.scopes import admit
from lockgate.journeys.chat import Chat
from lockgate.policy.model import Context, Scope


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "lockgate"}


@dataclass(frozen=True, slots=True)
class ModelsApi:
    """Handlers of the list of models, in OpenAI's shape."""

    chat: Chat

    async def models(self, request: Request) -> Response:
        """List models, or show the one that the path names."""
        request_id = new_request_id()
        try:
            subject, now = await admit(self.chat, credential(request), request_id, Scope.CHAT)
            context = Context(now, request_id)
            wanted = request.path_params.get("model")
            if wanted is not None:
                body: dict[str, Any] = _model(self.chat.routes.find(subject, wanted, context).id)
            else:
                listed = self.chat.routes.listed(subject, context)
                body = {"object": "list", "data": [_model(route.id) for route in listed]}
        except Exception as error:
            return openai_problem(as_lockgate_error(error), request_id)
        return json_response(body, request_id)
