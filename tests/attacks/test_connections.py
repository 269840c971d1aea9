"""Connections that cost an attacker nothing must not cost others their place."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from attacks.http import send
from e2e.conftest import Running
from e2e.lab import in_thread
from lockgate.edge import connections
from lockgate.edge.serve import listen, serving


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """A server with the real settings, but little patience."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.5)

    async def hold(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    bound = listen("127.0.0.1", 0)
    port = int(bound.getsockname()[1])
    app = Starlette(routes=[Route("/", hold, methods=["GET", "POST"])])
    with in_thread(lambda: serving(app, bound)):
        yield "127.0.0.1", port


def answered(raw: socket.socket) -> None:
    raw.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    seen = b""
    while not seen.endswith(b"\r\n\r\n0"):
        seen += raw.recv(4096)
    assert seen.startswith(b"HTTP/1.1 200")


def closed_within(raw: socket.socket, seconds: float) -> bool:
    raw.settimeout(seconds)
    try:
        return raw.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_a_head_that_never_ends_is_cut_off(small: tuple[str, int]) -> None:
    with socket.create_connection(small) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        began, open = time.monotonic(), True
        while open and time.monotonic() - began < 5:
            try:
                raw.sendall(b"X-A: b\r\n")
                time.sleep(0.05)
            except OSError:  # a reset or a broken pipe, as the kernel likes
                open = False
        assert not open
        assert time.monotonic() - began < 2


def test_nothing_at_all_is_cut_off(small: tuple[str, int]) -> None:
    with socket.create_connection(small) as raw:
        assert closed_within(raw, 3)


def test_bytes_after_an_answer_are_cut_off(small: tuple[str, int]) -> None:
    with socket.create_connection(small) as raw:
        answered(raw)
        raw.sendall(b"GET")
        assert closed_within(raw, 3)


def test_a_slow_body_is_not_cut_off_by_the_head(small: tuple[str, int]) -> None:
    with socket.create_connection(small) as raw:
        raw.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
        for _ in range(10):
            time.sleep(0.1)
            raw.sendall(b"a")
        assert raw.recv(4096).startswith(b"HTTP/1.1 200")


def test_a_kept_connection_serves_many(small: tuple[str, int]) -> None:
    with socket.create_connection(small) as raw:
        for _ in range(3):
            answered(raw)
            time.sleep(0.3)


def test_a_reader_who_takes_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each such reader held a place, and a request to a model, for good."""
    monkeypatch.setattr(connections, "STALLED_SECONDS", 0.5)
    ended = threading.Event()

    async def flood() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 65536
                await asyncio.sleep(0)
        finally:
            ended.set()

    async def stream(_: Request) -> Response:
        return StreamingResponse(flood())

    bound = listen("127.0.0.1", 0)
    port = int(bound.getsockname()[1])
    with (
        in_thread(lambda: serving(Starlette(routes=[Route("/", stream)]), bound)),
        socket.create_connection(("127.0.0.1", port)) as raw,
    ):
        raw.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        for _ in range(20):  # somebody slow is no such reader
            assert raw.recv(1_000_000)
            time.sleep(0.05)
        assert not ended.is_set()
        assert ended.wait(5)


@pytest.mark.slow
def test_hundreds_of_idle_connections_keep_nobody_out(demo: Running) -> None:
    """With 256 of them the gateway answered everybody with 503, for as long as they stayed."""
    host, _, port = demo.url.removeprefix("http://").partition(":")
    with ExitStack() as stack:
        for _ in range(400):
            stack.enter_context(closing(socket.create_connection((host, int(port)))))
        assert send(demo.url, "GET", "/v1/models", token=demo.token("sofia")).status == 200


@pytest.mark.slow
@pytest.mark.parametrize(
    "header", ["", "Authorization: Bearer x\r\n", "Authorization: Bearer eyJhbGciOiJub25lIn0.e30.\r\n"]
)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/retrieve", "/v1/reviews"])
def test_nothing_of_a_strangers_body_is_waited_for(demo: Running, path: str, header: str) -> None:
    host, _, port = demo.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as raw:
        head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\n{header}Content-Type: application/json\r\n"
        raw.sendall(f"{head}Content-Length: 900000\r\n\r\n".encode())
        assert raw.recv(4096).startswith(b"HTTP/1.1 401")


def test_bodies_that_never_end_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as there are places, each with a good head and a body that drips: the oldest goes."""
    monkeypatch.setattr(connections, "BODY_SECONDS", 0.2)

    async def hold(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    bound = listen("127.0.0.1", 0)
    where = ("127.0.0.1", int(bound.getsockname()[1]))
    app = Starlette(routes=[Route("/", hold, methods=["GET", "POST"])])
    with in_thread(lambda: serving(app, bound)), ExitStack() as stack:
        for _ in range(300):
            raw = stack.enter_context(closing(socket.create_connection(where)))
            raw.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\na")
        time.sleep(0.5)
        for _ in range(5):
            with socket.create_connection(where, timeout=10) as other:
                answered(other)


@pytest.mark.slow
def test_ten_thousand_idle_connections(demo: Running) -> None:
    """They are bounded by what the server keeps, and not by what the system gives."""
    host, _, port = demo.url.removeprefix("http://").partition(":")

    async def open_all() -> int:
        writers = []
        for _ in range(100):
            made = await asyncio.gather(*(asyncio.open_connection(host, int(port)) for _ in range(100)))
            writers += [writer for _, writer in made]
            if len(writers) % 2000 == 0:
                reply = await asyncio.to_thread(send, demo.url, "GET", "/v1/models", token=demo.token("sofia"))
                assert reply.status == 200
        held = await asyncio.to_thread(_held, int(port))
        for writer in writers:
            writer.transport.abort()
        return held

    assert asyncio.run(open_all()) <= 256


def _held(port: int) -> int:
    """Return how many connections this process, which serves, has established at a port of its own."""
    local = f":{port:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(one[1].endswith(local) and one[3] == "01" for one in lines)
