"""`lockgate serve`: run the gateway that a configuration describes."""

from __future__ import annotations

import argparse
import asyncio
import os
from pathlib import Path

from lockgate.adapters import logs
from lockgate.config import Settings, load


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
    settings = load(args.config)
    logs.start(settings.log.format, "debug" if args.verbose else settings.log.level)
    return asyncio.run(_run(settings, args.port))


async def _run(settings: Settings, port: int | None) -> int:
    from lockgate.wiring.serving import serve  # loads every adapter: not for `lockgate --help`

    await serve(settings, port, os.environ, os.getpid(), lambda said: print(said, flush=True))
    return 0
