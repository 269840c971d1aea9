"""`GET /readyz` and `GET /metrics`: for whoever runs the gateway."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from lockgate.edge.api import Door
from lockgate.edge.asgi import Route
from lockgate.edge.render import new_request_id, own_headers
from lockgate.policy.model import Context, Scope, Subject

WELL: Final = frozenset({"ok", "kept"})
"""States of a part that serves: as it is, or with what it had before something that is refused."""


@dataclass(frozen=True, slots=True)
class OperationsApi:
    """What operators and their machines ask.

    Attributes:
        door: how whoever wants metrics is identified.
        parts: returns the state of each part by its name.
        exposition: returns the metrics.
        content_type: of the exposition.

    """

    door: Door
    parts: Callable[[], Awaitable[Mapping[str, str]]]
    exposition: Callable[[], bytes]
    content_type: str

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            Route("/readyz", self._ready, methods=["GET"]),
            Route("/metrics", self.door.handler(Scope.METRICS, self._metrics), methods=["GET"]),
        ]

    async def _ready(self, _: Request) -> Response:
        """Tell which parts are ready: names, and a word each. Open to everybody: balancers have no key."""
        parts = await self.parts()
        ready = all(state in WELL for state in parts.values())
        body = {"status": "ready" if ready else "not_ready", "parts": parts}
        headers = own_headers(new_request_id())
        return Response(orjson.dumps(body), 200 if ready else 503, headers, "application/json")

    async def _metrics(self, _: Request, __: Subject, context: Context) -> Response:
        """Show the metrics to a service whose key has the scope.

        Where the request comes from makes no difference: what is on this machine is not trusted for that.
        """
        headers = own_headers(context.request_id)
        return Response(self.exposition(), 200, headers, self.content_type)
