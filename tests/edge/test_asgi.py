"""What stands around the handlers: refusals of the router, and what fails outside of every handler."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from lockgate.edge.asgi import Application, Route
from lockgate.edge.drain import Drain, Stopping


async def _sent(app: Any, method: str = "GET", path: str = "/") -> list[Any]:
    """Ask an application as a server does; return what it sent, and the type of what it raised."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start" and sent:
            raise RuntimeError("an answer has begun")
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": method, "path": path, "headers": [], "query_string": b""}
    try:
        await app(scope, receive, send)
    except Exception as error:
        sent.append(type(error))
    return sent


async def _good(_: Request) -> Response:
    return Response("good")


async def _wrong(_: Request) -> Response:
    raise KeyError("secret")


class _Breaks:
    """Middleware that fails once an answer has begun."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)
        raise KeyError("late")


def _application(*middleware: Middleware) -> Application:
    routes = [Route("/", _good, methods=["GET"]), Route("/wrong", _wrong, methods=["GET"])]
    return Application(
        routes,
        list(middleware),
        None,
        no_route=lambda _, error: Response("no route", getattr(error, "status_code", 0)),
        defect=lambda _, __: Response("defect", 500),
    )


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/", 200, b"good"),
        ("POST", "/", 405, b"no route"),
        ("GET", "/nothing", 404, b"no route"),
        ("GET", "/wrong", 500, b"defect"),
    ],
)
async def test_everything_has_an_answer(method: str, path: str, status: int, body: bytes) -> None:
    start, shown, *raised = await _sent(_application(), method, path)
    assert (start["status"], shown["body"]) == (status, body)
    assert raised == ([KeyError] if status == 500 else [])  # the server hears of a defect


async def test_what_fails_after_the_answer_began_adds_nothing_to_it() -> None:
    start, shown, *raised = await _sent(_application(Middleware(_Breaks)))
    assert (start["status"], shown["body"], raised) == (200, b"good", [KeyError])


async def test_a_cut_ends_an_answer_where_it_waits_and_refuses_the_next() -> None:
    drain = Drain()

    async def answer() -> None:
        async with drain.answering():
            await asyncio.sleep(60)

    running = asyncio.create_task(answer())
    await asyncio.sleep(0)
    drain.cut()
    with pytest.raises(Stopping):
        await asyncio.wait_for(running, 5)
    with pytest.raises(Stopping):
        await answer()


async def test_a_time_that_is_up_inside_an_answer_is_no_cut() -> None:
    with pytest.raises(TimeoutError):
        async with Drain().answering():
            raise TimeoutError


async def test_who_cancels_an_answer_cancels_it() -> None:
    drain = Drain()

    async def answer() -> None:
        async with drain.answering():
            await asyncio.sleep(60)

    running = asyncio.create_task(answer())
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
