"""`lockgate serve`: run the gateway that a configuration describes."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
from pathlib import Path

from lockgate.config import load
from lockgate.errors import Invalid


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    serve = commands.add_parser(
        "serve",
        help="run the gateway",
        description="Runs the gateway of a configuration: reads its collections, keeps them in step, and answers "
        "on the OpenAI API. Any OpenAI client works by changing base_url and giving a token of the identity "
        "provider as API key.",
    )
    serve.add_argument("--config", type=Path, default=Path("lockgate.toml"), help="default: lockgate.toml")
    serve.add_argument("--port", type=int, help="instead of the configured one")
    serve.add_argument("--verbose", action="store_true", help="log more; never content")
    serve.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    logging.basicConfig(
        level=logging.DEBUG if args.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    from lockgate.edge.serve import listen, server
    from lockgate.wiring import open_lockgate  # loads every adapter: not for `lockgate --help`

    settings = load(args.config)
    if not settings.identity.issuer and settings.identity.service_keys is None:
        raise Invalid(
            "nobody could sign in: no identity provider and no service keys are configured",
            code="bad_configuration",
            remedy="Set `issuer` and `audience` under [identity].",
        )
    place = settings.server
    async with open_lockgate(settings) as lockgate:
        running = server(
            lockgate.app(),
            place.host,
            concurrency=place.concurrency,
            certificate=place.tls_certificate,
            key=place.tls_key,
            plain_http=place.plain_http,
        )
        with listen(place.host, place.port if args.port is None else args.port) as bound:
            scheme = "https" if place.tls_certificate else "http"
            host, port = bound.getsockname()[:2]
            # What start has made lives as long as the process: collecting garbage need not look at it each time.
            gc.collect()
            gc.freeze()
            print(f"Lockgate serves on {scheme}://{host}:{port}/v1 (mode {settings.mode})", flush=True)
            await running.serve([bound])
    return 0
