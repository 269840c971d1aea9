"""`lockgate mcp`: an MCP server on standard input and output, for assistants on the desktop."""

from __future__ import annotations

import argparse
import asyncio
import sys
from functools import partial
from typing import Final

import aiohttp

from lockgate.adapters.gateway import checked
from lockgate.adapters.mcp_stdio import Bridge, lines
from lockgate.cli.remote import add_options, person_token

_EXAMPLES: Final = """Sign in once with `lockgate login`, then let the assistant start it. In its configuration:

  {"mcpServers": {"company": {"command": "lockgate",
                              "args": ["mcp", "--url", "https://lockgate.example.com"]}}}

In a demonstration: `lockgate mcp --as jonas`. An assistant that reaches the gateway itself needs none of this:
give it the address https://lockgate.example.com/mcp."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    mcp = commands.add_parser(
        "mcp",
        help="let an assistant on this machine search and read, over MCP",
        description="Speaks the Model Context Protocol on standard input and output, and forwards to a running "
        "gateway as the person who is signed in. It opens no state and decides nothing.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(mcp)
    mcp.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Forward until the assistant ends its side."""
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    url = checked(args.url)
    async with aiohttp.ClientSession() as session:
        bridge = Bridge(session, url, partial(person_token, session, args), _say)
        await bridge.run(lines(sys.stdin.buffer))
    return 0


def _say(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()
