"""`POST /v1/reviews/suggest`: a model suggests the label of a document. Its words stay inside, and the quote."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from lockgate.edge.api import Door, json_response, only, text_field
from lockgate.edge.asgi import Route
from lockgate.edge.body import credential, flag, json_object
from lockgate.edge.exposed import document_object
from lockgate.edge.scopes import admit
from lockgate.journeys.suggest import Suggest
from lockgate.policy.model import Context, Scope, Subject


@dataclass(frozen=True, slots=True)
class SuggestApi:
    """The route of suggestions."""

    door: Door
    suggest: Suggest

    def routes(self) -> list[BaseRoute]:
        """Return the route table."""
        handler = self.door.handler(Scope.REVIEW, self.run)
        return [Route("/v1/reviews/suggest", handler, methods=["POST"])]

    async def run(self, request: Request, subject: Subject, context: Context) -> Response:
        """Ask a model about a document that the caller may review."""
        body = await json_object(request, self.door.limits)
        only(body, "document", "model", "again")
        document, model = text_field(body, "document", 1000), text_field(body, "model", 200)
        again = flag(body, "again")
        shown = credential(request)
        # A model is asked: a key must open both.
        await admit(self.door.chat, shown, context.request_id, Scope.CHAT)
        done = await self.suggest.run(shown, subject, context, document, model, again=again)
        taxonomy, found = self.door.taxonomy, done.found
        suggestion = found and {
            "level": taxonomy.name(found.level),
            "category": found.category,
            "passage": found.passage,
            "start": found.start,
            "end": found.end,
        }
        answer = {"outcome": done.result.value, "why": done.why, "suggestion": suggestion}
        return json_response(document_object(done.document, taxonomy) | answer, context.request_id)
