"""Serve an application with uvicorn: on loopback in clear, elsewhere over TLS only."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette

from lockgate.edge.connections import Connection
from lockgate.errors import Invalid, Unavailable

_GRACE: Final = 10
"""Seconds that running answers get when the server stops."""


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
) -> uvicorn.Server:
    """Return a server for an application.

    Raises:
        Invalid: it would speak in clear to other machines.

    """
    if certificate is None and not plain_http and not is_loopback(host):
        raise Invalid(
            f"on `{host}` tokens and answers would cross the network in clear",
            remedy="Set `tls_certificate` and `tls_key`, listen on 127.0.0.1 behind a TLS proxy, or, where the "
            "network between is trusted, set `plain_http = true`.",
        )
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=Connection,
            ws="none",  # another protocol class, without our bounds, if a library for it happened to be there
            host=host,
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=concurrency * 4,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=_GRACE,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            h11_max_incomplete_event_size=64 * 1024,
        )
    )


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
