"""The MCP door: `POST /mcp`, streamable HTTP without sessions and without streams, for reading only.

Every request stands alone: it brings its own credential, is decided on its own, and is answered with one JSON
object. So there is nothing to hijack, to resume or to time out, and both eras of the protocol are one code path
(docs/adr/0021). Closing the connection stops the work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from lockgate import __version__
from lockgate.content.mcp import HANDSHAKE, INVALID_PARAMS, META, PARSE_ERROR, STATELESS
from lockgate.edge.api import Door
from lockgate.edge.asgi import Route
from lockgate.edge.body import credential, json_value, purpose
from lockgate.edge.mcp_request import Message, Refused, accepts_json, parse
from lockgate.edge.mcp_tools import INSTRUCTIONS, Tools, definitions
from lockgate.edge.problems import NotAcceptable, as_lockgate_error, problem, rpc_problem
from lockgate.edge.render import new_request_id, own_headers
from lockgate.edge.scopes import FRESH, admit, still
from lockgate.errors import AccessDenied, Conflict, Invalid, LockgateError, NotFound, TooLarge
from lockgate.journeys.passages import Passages
from lockgate.journeys.standing import recent
from lockgate.labels.label import Label
from lockgate.labels.wire import header
from lockgate.policy.model import Context, Scope, Subject

_T = TypeVar("_T")
_SERVER: Final = {"name": "lockgate", "title": "Lockgate", "version": __version__}
_CAPABILITIES: Final = {"tools": {"listChanged": False}}
_TOOLS: Final = frozenset({"search", "fetch"})
_TOLD: Final = (AccessDenied, NotFound, Invalid, TooLarge, Conflict)
"""Errors that the assistant can do something about: it reads them as the tool's result."""


@dataclass(frozen=True, slots=True)
class McpDoor:
    """The handler of `/mcp`. `origin` is the gateway's own, the only one that a browser may call from."""

    door: Door
    passages: Passages
    origin: str = ""

    def routes(self) -> list[BaseRoute]:
        """Return the route. There is nothing to GET, and no session to DELETE: both are answered with 405."""
        return [Route("/mcp", self.handle, methods=["POST"])]

    async def handle(self, request: Request) -> Response:
        """POST /mcp: one message."""
        request_id = new_request_id()
        message: Message | None = None
        try:
            self._check_origin(request.headers.get("origin"))
            subject, now = await self._admit(request, request_id)  # nothing of a body is read for a stranger
            message = await self._message(request)
            label: Label | None = None
            if message.id is None:
                return Response(status_code=202, headers=own_headers(request_id))
            if message.method == "tools/call":
                if not recent(now, self.door.chat.clock.now(), FRESH):
                    subject, now = await self._admit(request, request_id)
                context = Context(now, request_id, purpose=purpose(request))
                result, label = await _unless_gone(request, self._call(subject, context, message.params))
                await still(self.door.chat, credential(request), subject, now, request_id)
            else:
                result = self._about(message)
        except Exception as error:
            shown = as_lockgate_error(error)
            if message is None and not isinstance(shown, Refused):
                return problem(shown, request_id)
            return rpc_problem(shown, request_id, message.id if message else None)
        if message.stateless:
            result = result | {"resultType": "complete"}
        headers = own_headers(request_id)
        if label is not None:
            headers["Lockgate-Label"] = header(label, self.door.taxonomy)
        body = orjson.dumps({"jsonrpc": "2.0", "id": message.id, "result": result})
        return Response(body, 200, headers, "application/json")

    def _check_origin(self, origin: str | None) -> None:
        """Refuse a page of another site, and a name that was pointed at this machine (DNS rebinding).

        Raises:
            AccessDenied: a browser sends this for a page that is not ours.

        """
        if origin is not None and (not self.origin or origin.lower() != self.origin.lower()):
            raise AccessDenied("pages of other origins may not call this address", code="foreign_origin")

    async def _admit(self, request: Request, request_id: str) -> tuple[Subject, Any]:
        return await admit(self.door.chat, credential(request), request_id, Scope.RETRIEVE)

    async def _message(self, request: Request) -> Message:
        """Read the message.

        Raises:
            NotAcceptable: the client would not take the answer.
            Refused: it is malformed, or its headers say something else.
            Invalid: the body is no JSON by its type, or did not arrive.
            TooLarge: it is.

        """
        if not accepts_json(request.headers.get("accept")):
            raise NotAcceptable("the answer is JSON; accept `application/json`")
        try:
            body = await json_value(request, self.door.limits)
        except Invalid as error:
            if error.code == "invalid_json":
                raise Refused(PARSE_ERROR, str(error)) from error
            raise
        return parse(body, request.headers)

    def _about(self, message: Message) -> dict[str, Any]:
        """Answer what says nothing about data."""
        match message.method:
            case "initialize":
                asked = message.params.get("protocolVersion")
                if not isinstance(asked, str):
                    raise Refused(INVALID_PARAMS, "`protocolVersion` must be text", message.id)
                return {
                    "protocolVersion": asked if asked in HANDSHAKE else HANDSHAKE[-1],
                    "capabilities": _CAPABILITIES,
                    "serverInfo": _SERVER,
                    "instructions": INSTRUCTIONS,
                }
            case "server/discover":
                return _private(
                    {
                        "supportedVersions": [STATELESS, *reversed(HANDSHAKE)],
                        "capabilities": _CAPABILITIES,
                        "instructions": INSTRUCTIONS,
                        "_meta": {META + "serverInfo": _SERVER},
                    }
                )
            case "tools/list":
                if message.params.get("cursor") is not None:
                    raise Refused(INVALID_PARAMS, "there is one page; no cursor was given out", message.id)
                tools = {"tools": definitions(self.door.limits.characters)}
                return _private(tools) if message.stateless else tools
            case _:
                return {}

    async def _call(
        self, subject: Subject, context: Context, params: Mapping[str, Any]
    ) -> tuple[dict[str, Any], Label | None]:
        name = params.get("name")
        if not isinstance(name, str) or name not in _TOOLS:
            raise Refused(INVALID_PARAMS, f"there is no such tool; there are: {', '.join(sorted(_TOOLS))}")
        tools = Tools(self.passages, self.door.taxonomy, self.door.limits.characters)
        try:
            return await tools.call(subject, context, name, params.get("arguments"))
        except _TOLD as error:
            return _failed(error, context.request_id), None


def _private(result: dict[str, Any]) -> dict[str, Any]:
    """Return a result with what 2026-07-28 requires of those that could be kept: nobody may keep it."""
    return result | {"ttlMs": 0, "cacheScope": "private"}


def _failed(error: LockgateError, request_id: str) -> dict[str, Any]:
    """Return the result of a call that failed: words for the assistant, the code for programs."""
    words = f"{error}. {error.remedy}" if error.remedy else str(error)
    about = {"request_id": request_id, "code": error.code, "remedy": error.remedy}
    return {"content": [{"type": "text", "text": words}], "isError": True, "_meta": {"lockgate": about}}


async def _unless_gone(request: Request, work: Coroutine[Any, Any, _T]) -> _T:
    """Do the work, and stop it when the client hangs up.

    Raises:
        Invalid: it has hung up.

    """
    doing, gone = asyncio.create_task(work), asyncio.create_task(_hung_up(request))
    try:
        await asyncio.wait({doing, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise Invalid("the client hung up", code="client_closed")
        return doing.result()
    finally:
        for task in (doing, gone):
            task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await doing


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
