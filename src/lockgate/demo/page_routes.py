"""The page of `lockgate demo` and `lockgate try`, and what it needs beyond the public API.

Everything here acts for whoever started the command: it hands out tokens and changes rights. So it answers only
requests to the loopback name that the browser was sent to (no DNS rebinding), and only those that carry the key
of this run in a header, which neither another site's page nor another account of this machine has. The page's
own files are the same for everybody and say nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Any, Final, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from lockgate.adapters.page_key import HEADER
from lockgate.edge.api import json_response, only, text_field
from lockgate.edge.body import Limits, json_object, raw
from lockgate.edge.problems import as_lockgate_error, problem
from lockgate.edge.render import new_request_id
from lockgate.errors import AccessDenied, Invalid

_FILES: Final = {
    "index.html": "text/html; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
} | {
    f"{name}.js": "text/javascript; charset=utf-8"
    for name in ("app", "documents", "dom", "gates", "proof", "side", "state", "stream")
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})


class Host(Protocol):
    """What `lockgate demo` and `lockgate try` each offer to the page."""

    def state(self) -> dict[str, Any]:
        """Return people, groups, models, questions and the two people to begin with."""
        ...

    async def token(self, person: str, /) -> dict[str, Any]:
        """Return `{"token", "expires"}` for a person of the page."""
        ...

    async def set_membership(self, person: str, group: str, member: bool, /) -> None:
        """Change who is in a group, for the next request."""
        ...

    async def drop(self, name: str, data: bytes, person: str, audience: str, /) -> dict[str, Any]:
        """Take a document in and return its proposed label, with the reasons."""
        ...

    async def exposure(self) -> dict[str, Any]:
        """Return what would be exposed, worst first, and how much more there is."""
        ...


def _check_name(request: Request) -> None:
    name = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
    if name not in _LOOPBACK:
        raise AccessDenied("this page answers on the loopback address only")


def _static(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        try:
            _check_name(request)
        except AccessDenied as error:
            return problem(error, new_request_id())
        data = resources.files("lockgate.demo").joinpath("page", name).read_bytes()
        headers = {
            "Content-Security-Policy": _POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }
        return Response(data, 200, headers, _FILES[name])

    return handle


class PageApi:
    """The handlers behind the page."""

    def __init__(self, host: Host, limits: Limits, key: str) -> None:
        self._host, self._limits, self._key = host, limits, key.encode()

    def routes(self) -> list[BaseRoute]:
        """Return the page's routes."""
        files = [Route(f"/page/{name}", _static(name), methods=["GET"]) for name in _FILES if name != "index.html"]
        return [
            Route("/", _static("index.html"), methods=["GET"]),
            *files,
            Route("/page/state", self._guarded(self._state), methods=["GET"]),
            Route("/page/token", self._guarded(self._token), methods=["POST"]),
            Route("/page/membership", self._guarded(self._membership), methods=["POST"]),
            Route("/page/drop", self._guarded(self._drop), methods=["POST"]),
            Route("/page/exposure", self._guarded(self._exposure), methods=["GET"]),
        ]

    def _guarded(self, body: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            request_id = new_request_id()
            try:
                _check_name(request)
                self._check_key(request)
                return json_response(await body(request), request_id)
            except Exception as error:
                return problem(as_lockgate_error(error), request_id)

        return handle

    def _check_key(self, request: Request) -> None:
        given = request.headers.get(HEADER, "").encode()
        if not self._key or not secrets.compare_digest(given, self._key):
            raise AccessDenied(
                "this page belongs to the account that started it, and the request lacks its key",
                code="page_key",
                remedy="Open the whole address that the command printed, with what follows the #.",
            )

    async def _state(self, _: Request) -> Any:
        return self._host.state()

    async def _token(self, request: Request) -> Any:
        body = await json_object(request, self._limits)
        only(body, "person")
        return await self._host.token(text_field(body, "person", 200))

    async def _membership(self, request: Request) -> Any:
        body = await json_object(request, self._limits)
        only(body, "person", "group", "member")
        member = body.get("member")
        if not isinstance(member, bool):
            raise Invalid("`member` must be true or false")
        await self._host.set_membership(text_field(body, "person", 200), text_field(body, "group", 200), member)
        return self._host.state()

    async def _drop(self, request: Request) -> Any:
        query = request.query_params
        name = query.get("name", "").replace("\\", "/").rpartition("/")[2]
        if not name or name.startswith(".") or len(name) > 120 or not name.isprintable():
            raise Invalid("the file needs a plain name of up to 120 characters")
        data = await raw(request, self._limits.upload_bytes, 60)
        return await self._host.drop(name, data, query.get("person", ""), query.get("audience", ""))

    async def _exposure(self, _: Request) -> Any:
        return await self._host.exposure()
