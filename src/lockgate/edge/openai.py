"""The OpenAI door: /v1/chat/completions (plain and SSE) and /v1/models."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from lockgate.content.extractive import NOTHING_FOUND
from lockgate.edge.body import Limits, credential, json_object
from lockgate.edge.openai_request import ChatRequest, parse_chat
from lockgate.edge.problems import as_lockgate_error, openai_error, openai_problem
from lockgate.edge.render import citations, lockgate_object, new_request_id
from lockgate.edge.scopes import admit
from lockgate.journeys.chat import Chat, Ready
from lockgate.journeys.release import Release
from lockgate.labels.wire import Taxonomy, header
from lockgate.policy.model import Context, Scope
from lockgate.ports import Piece, Usage

_SSE: Final = {"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}


def _usage(usage: Usage | None) -> dict[str, int]:
    counted = usage or Usage()
    return {
        "prompt_tokens": counted.prompt_tokens,
        "completion_tokens": counted.completion_tokens,
        "total_tokens": counted.prompt_tokens + counted.completion_tokens,
    }


@dataclass(slots=True)
class _Answer:
    """An answer as it adds up."""

    text: str = ""
    finish: str = "stop"
    usage: Usage | None = None
    cited: frozenset[int] = frozenset()

    def add(self, piece: Piece) -> None:
        self.text += piece.text
        self.finish = piece.finish or self.finish
        self.usage = piece.usage or self.usage
        self.cited |= frozenset(piece.cited)

    def extension(self, ready: Ready, taxonomy: Taxonomy) -> dict[str, Any]:
        """Return the `lockgate` object."""
        abstained = self.text == NOTHING_FOUND
        cited = [] if abstained else citations(ready, self.text, self.cited, taxonomy)
        return lockgate_object(ready, cited, abstained=abstained, taxonomy=taxonomy)


@dataclass(frozen=True, slots=True)
class OpenAiDoor:
    """Handlers of the OpenAI routes."""

    chat: Chat
    release: Release
    limits: Limits
    taxonomy: Taxonomy

    async def completions(self, request: Request) -> Response:
        """POST /v1/chat/completions."""
        request_id = new_request_id()
        try:
            shown = credential(request)
            # Nothing of a body is read for a stranger, who could hold a place with it for a long time. Who it is
            # will be asked again once it is there: that may take as long.
            await admit(self.chat, shown, request_id, Scope.CHAT)
            purpose = request.headers.get("lockgate-purpose", "")[:64]
            parsed = parse_chat(await json_object(request, self.limits), self.limits, purpose)
            ready = await self.chat.prepare(shown, parsed.ask, request_id)
            headers = self._headers(ready)
            pieces = self.release.answer(ready, whole=not parsed.stream)
            # The first piece is awaited here: an upstream that fails at once is a plain error, and from now on the
            # answer's end is recorded whatever happens to the connection.
            first = await anext(pieces)
            if parsed.stream:
                return StreamingResponse(self._stream(ready, parsed, first, pieces), headers=headers | _SSE)
            answer = _Answer()
            answer.add(first)
            async with aclosing(pieces):
                async for piece in pieces:
                    answer.add(piece)
        except Exception as error:
            return openai_problem(as_lockgate_error(error), request_id)
        return Response(orjson.dumps(self._whole(ready, answer)), 200, headers, "application/json")

    async def models(self, request: Request) -> Response:
        """GET /v1/models and GET /v1/models/{id}: only what the subject may use."""
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
        headers = {"Lockgate-Request-Id": request_id, "Cache-Control": "no-store"}
        return Response(orjson.dumps(body), 200, headers, "application/json")

    def _headers(self, ready: Ready) -> dict[str, str]:
        return {
            "Lockgate-Label": header(ready.label, self.taxonomy),
            "Lockgate-Request-Id": ready.request_id,
            "Cache-Control": "no-store",
        }

    def _frame(self, ready: Ready, kind: str) -> dict[str, Any]:
        created = int(ready.context.now.timestamp())
        name = f"chatcmpl-{ready.request_id}"
        return {"id": name, "object": kind, "created": created, "model": ready.route.id}

    def _whole(self, ready: Ready, answer: _Answer) -> dict[str, Any]:
        message = {"role": "assistant", "content": answer.text, "refusal": None}
        return self._frame(ready, "chat.completion") | {
            "choices": [{"index": 0, "message": message, "finish_reason": answer.finish, "logprobs": None}],
            "usage": _usage(answer.usage),
            "lockgate": answer.extension(ready, self.taxonomy),
        }

    async def _stream(
        self, ready: Ready, parsed: ChatRequest, first: Piece, pieces: AsyncGenerator[Piece]
    ) -> AsyncGenerator[bytes]:
        frame = self._frame(ready, "chat.completion.chunk")
        extra: dict[str, Any] = {"usage": None} if parsed.include_usage else {}

        def event(delta: dict[str, Any], finish: str | None = None, **more: object) -> bytes:
            choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
            return b"data: " + orjson.dumps(frame | extra | {"choices": [choice]} | more) + b"\n\n"

        answer = _Answer()
        try:
            async with aclosing(pieces):
                answer.add(first)
                yield event({"role": "assistant", "content": first.text, "refusal": None})
                async for piece in pieces:
                    answer.add(piece)
                    if piece.text:
                        yield event({"content": piece.text})
            yield event({}, answer.finish, lockgate=answer.extension(ready, self.taxonomy))
        except Exception as error:
            yield b"data: " + orjson.dumps(openai_error(as_lockgate_error(error))) + b"\n\n"
            return
        if parsed.include_usage:
            yield b"data: " + orjson.dumps(frame | {"choices": [], "usage": _usage(answer.usage)}) + b"\n\n"
        yield b"data: [DONE]\n\n"


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "lockgate"}
