"""Read what a client sends: bounded in size, time and depth, or a typed error."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.types import Message

from lockgate.edge.challenge import bearer
from lockgate.errors import Invalid, TooLarge, Unauthenticated

USER_ASSERTION: Final = "lockgate-user-assertion"
_ASSERTION: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*){2}")
_MARK: Final = "lockgate.request"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may ask of the gateway. Sizes in bytes or characters, times in seconds."""

    body_bytes: int = 1_000_000
    body_seconds: float = 20.0
    messages: int = 256
    characters: int = 400_000
    upload_bytes: int = 20_000_000


class BadParameter(Invalid):
    """A parameter is wrong; `param` names it, as OpenAI's errors do."""

    def __init__(self, message: str, param: str, *, code: str = "invalid_value", remedy: str = "") -> None:
        super().__init__(message, code=code, remedy=remedy)
        self.param = param


def purpose(request: Request) -> str:
    """Return what the client says it asks for (`Lockgate-Purpose`), cut to what a name may be; else nothing."""
    return request.headers.get("lockgate-purpose", "")[:64]


def credential(request: Request, key_header: str = "") -> str:
    """Return the bearer credential, read from headers alone; an empty string for none.

    Where a front end says who asks (`Lockgate-User-Assertion`), its assertion and a mark of this request follow
    the bearer credential, each after a space, which no token has. The mark is the same however often this is
    called for a request, and no two requests have the same: an assertion is used up by one of them.

    What cannot be a token comes back as `?`, which every authenticator refuses as malformed: the refusal is
    then recorded like any other. So does a request that shows two different ones.

    Args:
        request: what came in.
        key_header: another header that may carry the bare credential, for clients that cannot send
            `Authorization`.

    """
    header = request.headers.get("authorization")
    key = request.headers.get(key_header) if key_header else None
    if key is not None:
        alone = f"Bearer {key}"
        if header is not None and header != alone:
            return "?"
        header = alone
    try:
        shown = bearer(header)
    except Unauthenticated as error:
        return "" if error.code == "missing_token" else "?"
    stated = request.headers.getlist(USER_ASSERTION)
    if not stated:
        return shown
    assertion = stated[0] if len(stated) == 1 and _ASSERTION.fullmatch(stated[0]) else "?"
    return f"{shown} {assertion} {request.scope.setdefault(_MARK, secrets.token_hex(16))}"


async def raw(request: Request, most: int, seconds: float) -> bytes:
    """Return the body.

    Raises:
        TooLarge: more than `most` bytes.
        Invalid: it did not arrive in time, or the client hung up.

    """
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and (len(stated) > 15 or int(stated) > most):
        raise TooLarge(f"the body is larger than {most} bytes")
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            more = True
            while more:
                part = await request.receive()
                if part["type"] == "http.disconnect":
                    raise Invalid("the client hung up", code="client_closed")
                body += part.get("body", b"")
                more = part.get("more_body", False)
                if len(body) > most:
                    raise TooLarge(f"the body is larger than {most} bytes")
    except TimeoutError as error:
        raise Invalid(f"the body did not arrive within {seconds:g} seconds", code="body_timeout") from error
    return bytes(body)


async def whole(request: Request, limits: Limits) -> Request:
    """Return the same request with its body read, so that nothing of it has to be waited for any more.

    Raises:
        TooLarge, Invalid: see `raw`.

    """
    data: list[bytes] = [await raw(request, limits.body_bytes, limits.body_seconds)]

    async def replay() -> Message:
        if data:
            return {"type": "http.request", "body": data.pop(), "more_body": False}
        return await request.receive()

    return Request(request.scope, replay)


async def json_value(request: Request, limits: Limits) -> object:
    """Return the JSON value of the body.

    Raises:
        TooLarge: over the limit.
        Invalid: not JSON.

    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Invalid("the body must be sent as `Content-Type: application/json`", code="unsupported_media_type")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Invalid("the body must not be compressed", code="unsupported_content_encoding")
    try:
        value: object = orjson.loads(await raw(request, limits.body_bytes, limits.body_seconds))
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise Invalid("the body is not valid JSON", code="invalid_json") from error
    return value


async def json_object(request: Request, limits: Limits) -> dict[str, Any]:
    """Return the JSON object of the body.

    Raises:
        TooLarge: over the limit.
        Invalid: not JSON, or not an object.

    """
    value = await json_value(request, limits)
    if not isinstance(value, dict):
        raise Invalid("the body must be a JSON object", code="invalid_json")
    return value


def flag(body: Mapping[str, Any], name: str) -> bool:
    """Return a truth value of a JSON body; one that is not there is false.

    Raises:
        Invalid: it is something else.

    """
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise Invalid(f"`{name}` must be true or false")
    return value
