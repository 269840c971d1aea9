"""How requests reach our handlers and answers leave: Starlette's router and requests, without its layers between.

Starlette wraps what is sent three times for each request, to be able to answer exceptions that its handlers let
out. Ours let none out, so one layer at the edge of the application, which wraps nothing, is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

from starlette import routing
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

Shown: TypeAlias = Callable[[Request, Exception], Response]


class Route(routing.Route):
    """A route whose handler is `async (request) -> response`, called as it is.

    The fixed begin of its path has to be written as it is here, with nothing percent-encoded.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **how: Any) -> None:
        super().__init__(path, endpoint, **how)
        self._fixed = path.partition("{")[0].encode()

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that fits the path.

        Raises:
            HTTPException: not with this method, or not under this spelling.

        """
        # `%2F` is no slash to a proxy that lets some paths through and others not (RFC 3986 section 2.2).
        # ASGI lets a server leave `raw_path` out; uvicorn, which is ours, never does.
        if not (scope.get("raw_path") or scope["path"].encode()).startswith(self._fixed):
            raise HTTPException(404)
        if self.methods and scope["method"] not in self.methods:
            raise HTTPException(405, headers={"Allow": ", ".join(self.methods)})
        response = await self.endpoint(Request(scope, receive))
        await response(scope, receive, send)


class Application(Starlette):
    """Starlette with one layer for exceptions.

    `no_route` answers where no route fits, `defect` where something fails outside of every handler.
    """

    def __init__(
        self,
        routes: Sequence[routing.BaseRoute],
        middleware: Sequence[Middleware],
        lifespan: Any,
        *,
        no_route: Shown,
        defect: Shown,
    ) -> None:
        super().__init__(routes=routes, middleware=middleware, lifespan=lifespan)
        self._no_route, self._defect = no_route, defect

    def build_middleware_stack(self) -> ASGIApp:
        """Return the router in our middleware, in what answers exceptions."""
        app: ASGIApp = _Fitting(self.router, self._no_route)
        for cls, args, kwargs in reversed(self.user_middleware):
            app = cls(app, *args, **kwargs)
        return _Whole(app, self._defect)


class _Fitting:
    """Answers where no route fits. The router says so before anything is sent."""

    def __init__(self, app: ASGIApp, shown: Shown) -> None:
        self._app, self._shown = app, shown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except HTTPException as error:
            if error.status_code not in {404, 405}:
                raise
            await self._shown(Request(scope, receive), error)(scope, receive, send)


class _Whole:
    """Answers what fails, if nothing was sent, and lets the server know."""

    def __init__(self, app: ASGIApp, shown: Shown) -> None:
        self._app, self._shown = app, shown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            if scope["type"] == "http":
                with suppress(RuntimeError):  # the server's word for an answer that has begun
                    await self._shown(Request(scope, receive), error)(scope, receive, send)
            raise
