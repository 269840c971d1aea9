"""How the provider is asked over HTTP: what it may not do to the gateway."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from lockgate.adapters.oidc.discovery import MAX_ANSWER, http_fetch
from lockgate.errors import Unavailable
from serving import free_socket, serving


async def good(request: Request) -> Response:
    return Response(b"x" * MAX_ANSWER)


async def large(request: Request) -> Response:
    return Response(b"x" * (MAX_ANSWER + 1))


async def elsewhere(request: Request) -> Response:
    return RedirectResponse("/good")


async def broken(request: Request) -> Response:
    return Response(b"", 500)


APP = Starlette(routes=[Route(f"/{page.__name__}", page) for page in (good, large, elsewhere, broken)])


def test_one_answer_of_a_bounded_size_and_no_redirect() -> None:
    async def get(address: str) -> bytes:
        async with aiohttp.ClientSession() as session:
            return await http_fetch(session)(address)

    with free_socket() as (sock, address), serving(APP, sock):
        assert len(asyncio.run(get(f"{address}/good"))) == MAX_ANSWER
        for page in ("large", "elsewhere", "broken", "absent"):
            with pytest.raises(Unavailable):
                asyncio.run(get(f"{address}/{page}"))
    with pytest.raises(Unavailable):
        asyncio.run(get(f"{address}/good"))
