"""`POST /v1/classify`: what is in texts, in the forms of `lockgate classify`. Never a value; no text is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from lockgate.content.classification import Classification, rendered
from lockgate.edge.api import Door, only
from lockgate.edge.asgi import Route
from lockgate.edge.body import BadParameter, Limits, json_object
from lockgate.edge.render import own_headers
from lockgate.errors import TooLarge
from lockgate.journeys.classify import Classify
from lockgate.policy.model import Context, Scope, Subject

MOST: Final = 2048
"""Texts in a request."""
LONGEST_ID: Final = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """Texts with their ids. `single` tells that one was asked for by itself, and is answered by itself."""

    ids: tuple[str | int, ...]
    texts: tuple[str, ...]
    single: bool


def parse(body: Mapping[str, Any], limits: Limits) -> Asked:
    """Return what a body asks: `{"id", "text"}`, or `{"texts": [{"id", "text"}, ...]}`.

    Raises:
        Invalid: a field is unknown, missing or of the wrong type; which entry it is, is said.
        TooLarge: over a limit.

    """
    many = body.get("texts")
    if many is None:
        only(dict(body), "id", "text", "texts")
        rows: Sequence[object] = [body]
    else:
        only(dict(body), "texts")
        if not isinstance(many, list) or not many:
            raise BadParameter("`texts` must be a non-empty list of objects", "texts", code="invalid_type")
        if len(many) > MOST:
            raise TooLarge(f"`texts` has more than {MOST} entries")
        rows = many
    pairs = [_pair(row, "" if many is None else f"texts[{at}].") for at, row in enumerate(rows)]
    if sum(len(text) for _, text in pairs) > limits.characters:
        raise TooLarge(f"the texts are longer than {limits.characters} characters together")
    return Asked(tuple(id for id, _ in pairs), tuple(text for _, text in pairs), many is None)


def _pair(row: object, at: str) -> tuple[str | int, str]:
    if not isinstance(row, dict):
        where = at.removesuffix(".")
        raise BadParameter(f"`{where}` must be an object with `id` and `text`", where, code="invalid_type")
    if at:
        only(row, "id", "text")
    id, text = row.get("id"), row.get("text")
    if isinstance(id, bool) or not isinstance(id, str | int) or len(str(id)) > LONGEST_ID:
        raise BadParameter(f"`{at}id` must be a whole number, or text of up to {LONGEST_ID} characters", f"{at}id")
    if not isinstance(text, str):
        raise BadParameter(f"`{at}text` must be text", f"{at}text")
    return id, text


@dataclass(frozen=True, slots=True)
class ClassifyApi:
    """The route of classification."""

    door: Door
    classify: Classify

    def routes(self) -> list[BaseRoute]:
        """Return the route table."""
        return [Route("/v1/classify", self.door.handler(Scope.CLASSIFY, self.run), methods=["POST"])]

    async def run(self, request: Request, subject: Subject, context: Context) -> Response:
        """Say what is in one text or in many."""
        asked = parse(await json_object(request, self.door.limits), self.door.limits)
        found = await self.classify.run(subject, context, asked.texts)
        data = await asyncio.to_thread(self._answer, asked, found, context.request_id)
        return Response(data, 200, own_headers(context.request_id), "application/json")

    def _answer(self, asked: Asked, found: Sequence[Classification], request_id: str) -> bytes:
        taxonomy = self.door.taxonomy
        rows = [{"id": id, **rendered(one, taxonomy)} for id, one in zip(asked.ids, found, strict=True)]
        if asked.single:
            return orjson.dumps(rows[0] | {"request_id": request_id})
        return orjson.dumps({"object": "list", "data": rows, "request_id": request_id})
