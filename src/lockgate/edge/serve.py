"""Serve an application with uvicorn: on loopback in clear, elsewhere over TLS only."""

from __future__ import annotations

import asyncio
import ipaddress
import math
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette

from lockgate.edge.connections import Connection
from lockgate.edge.drain import Drain
from lockgate.errors import Invalid, Unavailable

GRACE: Final = 10.0
"""Seconds that running answers get when the server stops, where nobody says another number."""
_CUT: Final = 3.0
"""Seconds in which an answer that was cut must have ended; then its connection is closed."""


def is_loopback(host: str) -> bool:
    """Tell whether a listening address can be reached from this machine alone."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int) -> socket.socket:
    """Return a bound socket; port 0 takes a free one.

    Raises:
        Unavailable: the address is in use or not of this machine.

    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns off Nagle's delay (40 ms an answer) only on sockets that name their protocol.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise Unavailable(
            f"cannot listen on {host}:{port}: {error.strerror}", remedy="Choose another port with `--port`."
        ) from error
    return bound


def server(
    app: Starlette,
    host: str,
    *,
    concurrency: int = 64,
    certificate: Path | None = None,
    key: Path | None = None,
    plain_http: bool = False,
    drain: Drain | None = None,
    grace: float = GRACE,
    tell: Callable[[str], None] = lambda _: None,
) -> Server:
    """Return a server for an application; `tell` hears `READY=1` and `STOPPING=1`.

    Raises:
        Invalid: it would speak in clear to other machines.

    """
    if certificate is None and not plain_http and not is_loopback(host):
        raise Invalid(
            f"on `{host}` tokens and answers would cross the network in clear",
            remedy="Set `tls_certificate` and `tls_key`, listen on 127.0.0.1 behind a TLS proxy, or, where the "
            "network between is trusted, set `plain_http = true`.",
        )
    return Server(
        uvicorn.Config(
            app,
            http=Connection,
            proxy_headers=False,  # nobody asks where a request says that it comes from
            ws="none",  # another protocol class, without our bounds, if a library for it happened to be there
            host=host,
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=concurrency * 4,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=math.ceil(grace + 2 * _CUT),
            ssl_certfile=certificate,
            ssl_keyfile=key,
            h11_max_incomplete_event_size=64 * 1024,
        ),
        drain or Drain(),
        grace,
        tell,
    )


class Server(uvicorn.Server):
    """A server that stops at a signal, and lets answers end before it does.

    At the first SIGTERM or SIGINT it takes no more connections, and answers that run get the grace. When that is
    over, or at a second signal, what still runs is cut: streams say so, and how they ended is recorded. The
    process then ends with the exit code of whoever runs the server.
    """

    def __init__(self, config: uvicorn.Config, drain: Drain, grace: float, tell: Callable[[str], None]) -> None:
        super().__init__(config)
        self.drain = drain
        self._grace = grace
        self._tell = tell

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take signals while it serves."""
        loop = asyncio.get_running_loop()
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(one, self.stop)
        try:
            yield
        finally:
            for one in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(one)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        if self.started:
            self._tell("READY=1")

    def stop(self) -> None:
        """Stop; the second time, stop now."""
        if self.drain.stopping:
            self._cut()
            return
        self.drain.begin()  # from here on `/readyz` says so, on connections that are open
        self.should_exit = True
        self._tell("STOPPING=1")
        asyncio.get_running_loop().call_later(self._grace, self._cut)

    def _cut(self) -> None:
        if not self.drain.over:
            self.drain.cut()
            asyncio.get_running_loop().call_later(_CUT, self._close)

    def _close(self) -> None:
        """Close what does not end by itself: a reader who takes nothing, work that is no answer."""
        for task in self.server_state.tasks:
            task.cancel()
        for connection in list(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()


class _Beside(uvicorn.Server):
    """A server that leaves signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signals."""
        yield


@asynccontextmanager
async def serving(app: Starlette, bound: socket.socket) -> AsyncIterator[None]:
    """Serve beside what the caller does, and stop when it leaves; for the demonstration and tests."""
    host = str(bound.getsockname()[0])
    running = _Beside(server(app, host).config)
    task = asyncio.create_task(running.serve([bound]))
    try:
        while not running.started:
            if task.done():
                await task
                raise Unavailable("the server did not start")
            await asyncio.sleep(0.02)
        yield
    finally:
        running.should_exit = True
        await task
        bound.close()
