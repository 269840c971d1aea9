"""OpenAI's embeddings: `POST /v1/embeddings`. Each vector comes with the label of its text."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from lockgate.edge.body import BadParameter, Limits, credential, json_object, purpose
from lockgate.edge.codecs import fields
from lockgate.edge.problems import as_lockgate_error, openai_problem
from lockgate.edge.render import new_request_id, own_headers, verdict_object
from lockgate.edge.scopes import admit
from lockgate.errors import TooLarge
from lockgate.journeys.embed import Embed, Made, Texts
from lockgate.labels.wire import Taxonomy, header, render
from lockgate.policy.model import Scope
from lockgate.ports import Usage

MOST: Final = 2048
"""Texts in a request, as OpenAI has it."""
_KNOWN: Final = frozenset({"model", "input", "dimensions", "encoding_format", "user"})
_FORMATS: Final = ("float", "base64")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a client asked, and whether it wants its vectors in base64 instead of as lists of numbers."""

    texts: Texts
    base64: bool


def _inputs(value: object, limits: Limits) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not listed:
        raise BadParameter("`input` must be a string or a non-empty list of strings", "input", code="invalid_type")
    if len(listed) > MOST:
        raise TooLarge(f"`input` has more than {MOST} texts")
    for one in listed:
        if not isinstance(one, str):
            raise BadParameter(
                "`input` may hold strings only",
                "input",
                code="unsupported_content",
                remedy="Send text and not tokens: tokens cannot be looked at. (In LangChain: "
                "`check_embedding_ctx_length=False`.)",
            )
        if not one.strip():
            raise BadParameter("`input` must not hold an empty text", "input")
    if sum(map(len, listed)) > limits.characters:
        raise TooLarge(f"the texts are longer than {limits.characters} characters together")
    return tuple(listed)


def parse(body: Mapping[str, Any], limits: Limits) -> Parsed:
    """Return the request that a JSON object states.

    Raises:
        BadParameter: a parameter is wrong; it is named.
        TooLarge: over a limit.

    """
    model = fields.model_name(body)
    texts = _inputs(body.get("input"), limits)
    dimensions = body.get("dimensions")
    if dimensions is not None:
        fields.whole_from(1)("dimensions", dimensions)
    wanted = body.get("encoding_format") or "float"
    if wanted not in _FORMATS:
        raise BadParameter("`encoding_format` must be `float` or `base64`", "encoding_format")
    fields.string("user", body.get("user"))
    return Parsed(Texts(model, texts, dimensions, extras=fields.extras(body, _KNOWN)), wanted == "base64")


def rendered(made: Made, request_id: str, taxonomy: Taxonomy, *, encoded: bool) -> dict[str, Any]:
    """Return the answer as OpenAI's clients read it. Base64 is of float32, little-endian."""
    rows: Sequence[Any] = list(made.embedded.vectors)
    if encoded:
        rows = [base64.b64encode(row.astype("<f4").tobytes()).decode() for row in rows]
    tokens = (made.embedded.usage or Usage()).prompt_tokens
    return {
        "object": "list",
        "data": [{"object": "embedding", "index": i, "embedding": row} for i, row in enumerate(rows)],
        "model": made.route,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        "lockgate": {
            "request_id": request_id,
            "label": render(made.label, taxonomy),
            "labels": [render(one, taxonomy) for one in made.labels],
            "model": made.model,
            "decisions": [verdict_object(verdict) for verdict in made.verdicts],
        },
    }


@dataclass(frozen=True, slots=True)
class EmbeddingsApi:
    """The handler of vectors."""

    embed: Embed
    limits: Limits
    taxonomy: Taxonomy

    async def embeddings(self, request: Request) -> Response:
        """Return the vectors of texts."""
        request_id = new_request_id()
        try:
            shown = credential(request)
            await admit(self.embed.chat, shown, request_id, Scope.CHAT)  # before a body is read, as at every door
            asked = parse(await json_object(request, self.limits), self.limits)
            made = await self.embed.run(shown, replace(asked.texts, purpose=purpose(request)), request_id)
            value = rendered(made, request_id, self.taxonomy, encoded=asked.base64)
        except Exception as error:
            return openai_problem(as_lockgate_error(error), request_id)
        headers = own_headers(request_id) | {"Lockgate-Label": header(made.label, self.taxonomy)}
        return Response(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY), 200, headers, "application/json")
