"""What is told of every request: to metrics, to the log, to a trace. The door, and never what went through it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Final

from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lockgate.edge.problems import ERROR_CODE
from lockgate.ports.telemetry import Served, Span, Tracer, Watcher

LOG: Final = logging.getLogger("lockgate.access")
NO_DOOR: Final = "none"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Observers:
    """Who hears of requests."""

    watchers: Sequence[Watcher] = ()
    tracer: Tracer | None = None
    timer: Callable[[], float] = time.monotonic


class Observed:
    """ASGI middleware around everything: times each request, and says how it ended.

    A door is named as the route table names it. A path, a query or a header of the request is never told: there
    are names of documents in paths, and whatever a stranger likes in the others.
    """

    def __init__(self, app: ASGIApp, table: Sequence[BaseRoute], observers: Observers) -> None:
        self._app = app
        self._doors = dict(_doors(table))
        self._to = observers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, and tell how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "other"
        tracer = self._to.tracer
        span = tracer.request(method, _headers(scope)) if tracer else nullcontext()
        with span as made:
            await self._watched(scope, receive, send, method, made)

    async def _watched(self, scope: Scope, receive: Receive, send: Send, method: str, span: Span | None) -> None:
        began, seen = self._to.timer(), _Seen()

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.take(message)
                if seen.streamed:
                    for one in self._to.watchers:
                        one.streams()
            await send(message)

        for one in self._to.watchers:
            one.began()
        cut = ""
        try:
            await self._app(scope, receive, told)
        except asyncio.CancelledError:
            cut = "cut_off"
            raise
        except BaseException:
            cut = "internal_error"
            raise
        finally:
            request = Served(
                door=self._doors.get(scope.get("endpoint"), NO_DOOR),
                status=seen.status,
                code=cut or scope.get(ERROR_CODE, ""),
                seconds=self._to.timer() - began,
                streamed=seen.streamed,
            )
            for one in self._to.watchers:
                one.served(request)
            if span is not None:
                _trace(span, method, request, seen.request_id)
            _log(method, request, seen.request_id)


class _Seen:
    """What the head of the response says."""

    status = 0
    streamed = False
    request_id = ""

    def take(self, message: Message) -> None:
        self.status = int(message["status"])
        for name, value in message["headers"]:
            lower = name.lower()
            if lower == b"lockgate-request-id":
                self.request_id = value.decode("latin-1")
            elif lower == b"content-type":
                self.streamed = value.startswith(b"text/event-stream")


def _doors(table: Iterable[BaseRoute]) -> Iterable[tuple[Any, str]]:
    for one in table:
        if isinstance(one, Route):
            yield one.endpoint, one.path
        elif isinstance(one, Mount):
            yield from ((endpoint, one.path + path) for endpoint, path in _doors(one.routes))


def _headers(scope: Scope) -> Mapping[str, str]:
    """Return the one header that a trace may begin with; a second one makes both worth nothing."""
    found = [value for name, value in scope["headers"] if name == b"traceparent"]
    return {"traceparent": found[0].decode("latin-1")} if len(found) == 1 else {}


def _trace(span: Span, method: str, request: Served, request_id: str) -> None:
    span.set(
        {
            "http.request.method": method,
            "http.route": request.door,
            "http.response.status_code": request.status,
            "lockgate.request.id": request_id,
        }
    )
    if request.code:
        span.failed(request.code)


def _log(method: str, request: Served, request_id: str) -> None:
    if not LOG.isEnabledFor(logging.INFO):
        return
    told: dict[str, str | int | float] = {
        "request_id": request_id,
        "method": method,
        "door": request.door,
        "status": request.status,
        "ms": round(request.seconds * 1000, 1),
    }
    if request.code:
        told["code"] = request.code
    LOG.info("request", extra={"fields": told})
