"""Lockgate's own routes: passages, documents, answers' proofs. Errors are RFC 9457 problems."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response

from lockgate.edge.body import Limits, credential, json_object, purpose, whole
from lockgate.edge.problems import as_lockgate_error, problem
from lockgate.edge.render import new_request_id, own_headers, verdict_object
from lockgate.edge.scopes import FRESH, admit, still
from lockgate.errors import Invalid
from lockgate.journeys.chat import Chat
from lockgate.journeys.discover import Discover
from lockgate.journeys.passages import Passages
from lockgate.journeys.standing import recent
from lockgate.labels.wire import Taxonomy, header, render
from lockgate.policy.model import Context, Scope, Subject

Handler = Callable[[Request], Awaitable[Response]]
Body = Callable[[Request, Subject, Context], Awaitable[Response]]


def json_response(value: Any, request_id: str, headers: dict[str, str] | None = None) -> Response:
    """Return a JSON response that no cache may keep."""
    kept = own_headers(request_id) | (headers or {})
    return Response(orjson.dumps(value), 200, kept, "application/json")


def text_field(body: dict[str, Any], name: str, most: int, default: str | None = None) -> str:
    """Return a string of a JSON body.

    Raises:
        Invalid: it is missing, empty, no string, or longer than `most`.

    """
    value = body.get(name, default)
    if not isinstance(value, str) or (not value.strip() and default is None) or len(value) > most:
        raise Invalid(f"`{name}` must be text of 1 to {most} characters")
    return value


def only(body: dict[str, Any], *known: str) -> None:
    """Refuse fields that are not known.

    Raises:
        Invalid: there is one.

    """
    for name in body:
        if name not in known:
            raise Invalid(f"`{name[:60]}` is unknown; known: {', '.join(known)}", code="unknown_parameter")


@dataclass(frozen=True, slots=True)
class Door:
    """What every handler of ours does: identify, call one journey, render, or a typed problem."""

    chat: Chat
    limits: Limits
    taxonomy: Taxonomy

    def handler(self, scope: Scope, body: Body) -> Handler:
        """Return a route's handler around a body that gets the subject and the context.

        `scope` is what a service key needs for the route.
        """

        async def handle(request: Request) -> Response:
            request_id = new_request_id()
            try:
                shown = credential(request)
                subject, now = await admit(self.chat, shown, request_id, scope)
                if request.method == "POST":
                    request = await whole(request, self.limits)
                    if not recent(
                        now, self.chat.clock.now(), FRESH
                    ):  # a body that drips in outlives a token, or a right
                        subject, now = await admit(self.chat, shown, request_id, scope)
                response = await body(request, subject, Context(now, request_id, purpose=purpose(request)))
                if request.method == "GET" or scope is Scope.RETRIEVE:  # what was done is done, and is told
                    await still(self.chat, shown, subject, now, request_id)
                return response
            except Exception as error:
                return problem(as_lockgate_error(error), request_id)

        return handle


@dataclass(frozen=True, slots=True)
class PassagesApi:
    """`POST /v1/retrieve`, `POST /v1/discover` and `GET /v1/documents/{id}`."""

    door: Door
    passages: Passages
    discoverer: Discover

    async def retrieve(self, request: Request, subject: Subject, context: Context) -> Response:
        """Labeled, cited passages for applications that do their own prompting."""
        body = await json_object(request, self.door.limits)
        only(body, "query", "collections", "k")
        question = text_field(body, "query", self.door.limits.characters)
        names = body.get("collections", [])
        if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
            raise Invalid("`collections` must be a list of names")
        most = body.get("k")
        if most is not None and (isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= 64):
            raise Invalid("`k` must be a whole number from 1 to 64")
        found, label, verdicts = await self.passages.search(subject, context, question, frozenset(names), most)
        taxonomy = self.door.taxonomy
        data = [
            {
                "number": number,
                "chunk": hit.chunk.id,
                "document": hit.document.id,
                "title": hit.document.title,
                "item": f"{hit.document.connector}/{hit.document.item}",
                "text": hit.chunk.text,
                "score": hit.score,
                "digest": hit.chunk.digest,
                "label": render(hit.document.label, taxonomy),
            }
            for number, hit in enumerate(found.hits, start=1)
        ]
        answer = {
            "object": "list",
            "data": data,
            "label": render(label, taxonomy),
            "decisions": [verdict_object(verdict) for verdict in verdicts],
            "request_id": context.request_id,
        }
        return json_response(answer, context.request_id, {"Lockgate-Label": header(label, taxonomy)})

    async def discover(self, request: Request, subject: Subject, context: Context) -> Response:
        """Name documents that the subject may learn about, and whom to ask."""
        body = await json_object(request, self.door.limits)
        only(body, "query")
        found = await self.discoverer.run(subject, context, text_field(body, "query", 1000))
        data = [{"document": one.id, "title": one.title, "ask": sorted(one.label.owners)} for one in found]
        return json_response(
            {"object": "list", "data": data, "request_id": context.request_id}, context.request_id
        )

    async def document(self, request: Request, subject: Subject, context: Context) -> Response:
        """Open a document as its reader; its bytes, under its label."""
        document, data = await self.passages.open(subject, context, request.path_params["document"])
        name = document.item.rpartition("/")[2]
        headers = {
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
            "X-Content-Type-Options": "nosniff",
            "Lockgate-Label": header(document.label, self.door.taxonomy),
        }
        return Response(data, 200, own_headers(context.request_id) | headers, "application/octet-stream")
