"""Errors as HTTP. The only file with status codes.

OpenAI routes answer in OpenAI's shape, MCP in that of JSON-RPC, everything else with RFC 9457 problem details.
What is no `LockgateError` is a defect of ours: the caller gets 500 without detail, the log gets the type.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from typing import Any, Final

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lockgate.content.mcp import INTERNAL_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND
from lockgate.content.mcp import error as rpc_error
from lockgate.edge.challenge import InsufficientScope, challenge
from lockgate.edge.mcp_request import Refused
from lockgate.edge.render import own_headers
from lockgate.errors import (
    AccessDenied,
    Conflict,
    Invalid,
    LockgateError,
    NotFound,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    shortage,
)

LOG: Final = logging.getLogger("lockgate.edge")
ERROR_CODE: Final = "lockgate.error_code"
"""Where in the scope of a request stands the code of the error that it is answered with."""


class WrongMethod(Invalid):
    """The route does not take this method; `allow` lists those that it takes (RFC 9110 section 15.5.6)."""

    code = "method_not_allowed"

    def __init__(self, method: str, allow: str) -> None:
        super().__init__(f"`{method[:20]}` is not supported here", remedy=f"Use {allow}." if allow else "")
        self.allow = allow


class NotAcceptable(Invalid):
    """The client does not accept the form that answers have (RFC 9110 section 15.5.7)."""

    code = "not_acceptable"


_STATUS: Final[tuple[tuple[type[LockgateError], int, str, str], ...]] = (
    (WrongMethod, 405, "Method not allowed", "invalid_request_error"),
    (NotAcceptable, 406, "Not acceptable", "invalid_request_error"),
    (Invalid, 400, "Invalid request", "invalid_request_error"),
    (Unauthenticated, 401, "Not authenticated", "authentication_error"),
    (AccessDenied, 403, "Access denied", "permission_error"),
    (NotFound, 404, "Not found", "invalid_request_error"),
    (Conflict, 409, "Conflict", "invalid_request_error"),
    (TooManyRequests, 429, "Too many requests", "rate_limit_error"),
    (TooLarge, 413, "Too large", "invalid_request_error"),
    (Unavailable, 503, "Unavailable", "server_error"),
)


class _Problem(Response):
    """An error's response, which leaves the error's code to whoever watches requests (`edge/observed.py`)."""

    def __init__(self, error: LockgateError, status: int, body: Mapping[str, Any], id: str, kind: str) -> None:
        super().__init__(orjson.dumps(body), status, _headers(error, id), kind)
        self._code = error.code

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[ERROR_CODE] = self._code
        await super().__call__(scope, receive, send)


def as_lockgate_error(error: Exception) -> LockgateError:
    """Return the error to show. A defect is logged by type and place, and shown as nothing but a defect."""
    if isinstance(error, LockgateError):
        return error
    place = "".join(traceback.format_tb(error.__traceback__))  # the message might quote content: it is left out
    if short := shortage(error):
        LOG.warning("short of %s\n%s", short, place)
        return Unavailable(f"the gateway is short of {short}", remedy="Try again in a moment.")
    LOG.error("defect: %s\n%s", type(error).__name__, place)
    return LockgateError("an internal error; it is in the server's log", code="internal_error")


def _row(error: LockgateError) -> tuple[int, str, str]:
    for kind, status, title, openai in _STATUS:
        if isinstance(error, kind):
            return status, title, openai
    return 500, "Internal error", "server_error"


def _rate_limit(error: TooManyRequests) -> dict[str, str]:
    """Return when to come again (RFC 9110 section 10.2.3), and which quota it is.

    The form of the quota is that of draft-ietf-httpapi-ratelimit-headers-10.
    """
    window = "" if error.measure == "streams" else ";w=3600"
    return {
        "Retry-After": str(error.retry_after),
        "RateLimit-Policy": f'"{error.measure}";q={error.limit}{window}',
        "RateLimit": f'"{error.measure}";r=0;t={error.retry_after}',
    }


def _headers(error: LockgateError, request_id: str) -> dict[str, str]:
    headers = own_headers(request_id)
    if isinstance(error, Unauthenticated | InsufficientScope):
        headers["WWW-Authenticate"] = challenge(error)
    if isinstance(error, WrongMethod) and error.allow:
        headers["Allow"] = error.allow
    if isinstance(error, TooManyRequests):
        headers |= _rate_limit(error)
    if isinstance(error, Unavailable):
        headers["Retry-After"] = "5"
    return headers


def openai_error(error: LockgateError) -> dict[str, Any]:
    """Return the body of an error as OpenAI clients expect it."""
    _, _, kind = _row(error)
    message = f"{error}. {error.remedy}" if error.remedy else str(error)
    return {
        "error": {"message": message, "type": kind, "param": getattr(error, "param", None), "code": error.code}
    }


def shaped(error: LockgateError, request_id: str, body: Mapping[str, Any]) -> Response:
    """Return the response to an error whose body has a vendor's shape."""
    status, _, _ = _row(error)
    return _Problem(error, status, body, request_id, "application/json")


def openai_problem(error: LockgateError, request_id: str) -> Response:
    """Return the response of an OpenAI route."""
    return shaped(error, request_id, openai_error(error))


def problem(error: LockgateError, request_id: str) -> Response:
    """Return the response of any other route (RFC 9457)."""
    status, title, _ = _row(error)
    body: Mapping[str, Any] = {
        "type": f"urn:lockgate:problem:{error.code}",
        "title": title,
        "status": status,
        "detail": str(error),
        "code": error.code,
        "remedy": error.remedy,
        "request_id": request_id,
    }
    return _Problem(error, status, body, request_id, "application/problem+json")


def rpc_problem(error: LockgateError, request_id: str, id: str | int | None) -> Response:
    """Return an error of the MCP route, about the message with this id.

    Since 2026-07-28 an unknown method has status 404. Before, 404 meant that a session was over, so it has 200.
    """
    status, _, _ = _row(error)
    if isinstance(error, Refused):
        if error.number == METHOD_NOT_FOUND:
            status = 404 if error.stateless else 200
        body = rpc_error(error.id if id is None else id, error.number, str(error), error.data)
    else:
        number = INTERNAL_ERROR if status >= 500 else INVALID_REQUEST
        body = rpc_error(id, number, str(error), {"code": error.code, "remedy": error.remedy})
    return _Problem(error, status, body, request_id, "application/json")
