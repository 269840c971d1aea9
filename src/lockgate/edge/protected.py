"""What a client that knows only our address needs to sign in (RFC 9728): metadata, and challenges that name it.

The address is configured and never taken from a request: a `Host` header is whoever sends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lockgate.edge.asgi import Route
from lockgate.edge.problems import problem
from lockgate.edge.render import new_request_id, own_headers
from lockgate.errors import NotFound

WELL_KNOWN: Final = "/.well-known/oauth-protected-resource"
_PATHS: Final = ("/mcp",)
"""Resources of their own below our address: their clients look for metadata with that path behind `WELL_KNOWN`."""


@dataclass(frozen=True, slots=True)
class ProtectedResource:
    """What is stated about this gateway as a protected resource.

    Attributes:
        url: the origin at which clients reach it, without a slash at its end; empty where nobody configured it,
            and then there is no metadata.
        issuers: the authorization servers whose tokens are accepted.
        scopes: what a client should ask them for.

    """

    url: str = ""
    issuers: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()

    def metadata(self, path: str = "") -> dict[str, Any]:
        """Return the metadata of the resource at a path (RFC 9728 section 2); what is not known is left out."""
        stated = {
            "resource": self.url + path,
            "authorization_servers": list(self.issuers),
            "scopes_supported": list(self.scopes),
            "bearer_methods_supported": ["header"],
            "resource_name": "Lockgate",
        }
        return {name: value for name, value in stated.items() if value}

    def address(self, path: str = "") -> str:
        """Return where the metadata for a request of this path is found; empty for nowhere."""
        own = next((one for one in _PATHS if path == one or path.startswith(f"{one}/")), "")
        return f"{self.url}{WELL_KNOWN}{own}" if self.url else ""

    def routes(self) -> list[BaseRoute]:
        """Return the routes of the metadata. They are open to everybody, and say nothing that is secret."""
        return [
            Route("/.well-known/oauth-protected-resource", self._whole, methods=["GET"]),
            Route("/.well-known/oauth-protected-resource/mcp", self._mcp, methods=["GET"]),
        ]

    async def _whole(self, _: Request) -> Response:
        return self._answer("")

    async def _mcp(self, _: Request) -> Response:
        return self._answer("/mcp")

    def _answer(self, path: str) -> Response:
        request_id = new_request_id()
        if not self.url:
            unknown = NotFound(
                "this gateway was not told its own address",
                code="no_public_url",
                remedy="Set `public_url` under [server] in lockgate.toml.",
            )
            return problem(unknown, request_id)
        # A client in a browser reads it from any page: there is nothing in it that depends on who asks.
        headers = own_headers(request_id) | {"Access-Control-Allow-Origin": "*"}
        return Response(orjson.dumps(self.metadata(path)), 200, headers, "application/json")


class Challenges:
    """ASGI middleware: every challenge of a bearer token, at whatever door, says where the metadata is."""

    def __init__(self, app: ASGIApp, resource: ProtectedResource) -> None:
        self._app = app
        self._resource = resource

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, with `resource_metadata` added to a 401 (RFC 9728 section 5.1)."""
        if scope["type"] != "http" or not self._resource.url:
            await self._app(scope, receive, send)
            return

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 401:
                headers = MutableHeaders(raw=message["headers"])
                stated = headers.get("www-authenticate", "")
                if stated.lower().startswith("bearer ") and "resource_metadata=" not in stated:
                    headers["www-authenticate"] = f'{stated}, resource_metadata="{self._where(scope)}"'
            await send(message)

        await self._app(scope, receive, completed)

    def _where(self, scope: Scope) -> str:
        return self._resource.address(scope["path"])
