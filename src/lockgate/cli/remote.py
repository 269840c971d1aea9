"""Commands that ask a running gateway: which one, and as whom."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeAlias

import aiohttp

from lockgate.adapters.gateway import Gateway
from lockgate.adapters.oidc.store import valid_token
from lockgate.cli.login import DEFAULT_URL, page_keys, refreshed, token_store

Call: TypeAlias = Callable[[str, str, object], Awaitable[dict[str, Any]]]
"""Method, path and body of a request to a gateway; returns the JSON of the answer."""


def default_url() -> str:
    """Return the gateway that is asked where none is named."""
    return os.environ.get("LOCKGATE_URL", DEFAULT_URL)


def add_options(parser: argparse.ArgumentParser, acting: str = "--as") -> None:
    """Add the options that say which gateway, and (`acting` is that option's name) as whom."""
    parser.add_argument(
        "--url",
        default=default_url(),
        help=f"the gateway (default: LOCKGATE_URL, else {DEFAULT_URL})",
    )
    parser.add_argument(
        acting,
        dest="acting",
        default="",
        metavar="PERSON",
        help="one of the demonstration's people; demo mode only",
    )


@asynccontextmanager
async def gateway(args: argparse.Namespace) -> AsyncIterator[Gateway]:
    """Open a client with the person's token: `--as` in a demonstration, LOCKGATE_TOKEN, or the login.

    Raises:
        LockgateError: there is no token, or nothing answers.

    """
    async with aiohttp.ClientSession() as session:
        yield Gateway(session, args.url, await person_token(session, args))


def at_gateway(args: argparse.Namespace, work: Callable[[argparse.Namespace, Call], Awaitable[int]]) -> int:
    """Do work that asks a running gateway, and return its exit code."""

    async def run() -> int:
        async with gateway(args) as client:
            return await work(args, client.call)

    return asyncio.run(run())


async def person_token(session: aiohttp.ClientSession, args: argparse.Namespace) -> str:
    """Return a token that is good now: of `--as` in a demonstration, LOCKGATE_TOKEN, or the login, renewed.

    Raises:
        LockgateError: there is none, or nothing answers.

    """
    if args.acting:
        key = page_keys().load(args.url.rstrip("/"))
        return await Gateway(session, args.url).demo_token(args.acting, key)
    if token := os.environ.get("LOCKGATE_TOKEN", ""):
        return token
    store = token_store()
    with store.locked():
        return await valid_token(store, datetime.now(UTC), refreshed)
