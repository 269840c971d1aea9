"""The command `lockgate`: the list of command groups, and what every command shares.

Exit codes: 0 done, 1 the answer is "no" (a check failed, a finding is above the threshold), 2 the input or
configuration is wrong, 3 something that Lockgate needs is not available.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from lockgate import __version__
from lockgate.cli.terminal import plain
from lockgate.errors import LockgateError, Unavailable

COMMANDS: Final = (
    "demo",
    "trial",
    "init",
    "check",
    "serve",
    "ask",
    "login",
    "mcp",
    "ingest",
    "scan",
    "classify",
    "labels",
    "findings",
    "match",
    "exposure",
    "similar",
    "category",
    "review",
    "forget",
    "why",
    "policy",
    "audit",
    "backup",
    "db",
    "keys",
    "models",
    "openapi",
)
"""Modules of this package with `add(subparsers)`; each sets `run=` to a function of the parsed arguments."""


def parser(only: str | None = None) -> argparse.ArgumentParser:
    """Return the whole command line; or that of one module alone, because to load all takes half a second."""
    top = argparse.ArgumentParser(
        prog="lockgate",
        description="Zero Trust for generative AI: AI that answers only from what the asker may see.",
        epilog="Start with `lockgate try FOLDER`, or `lockgate init` and `lockgate serve`.",
    )
    top.add_argument("--version", action="version", version=f"lockgate {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    for name in (only,) if only in COMMANDS else COMMANDS:
        import_module(f"lockgate.cli.{name}").add(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; without a command, print the help."""
    given = sys.argv[1:] if argv is None else argv
    top = parser(given[0] if given else None)
    args = top.parse_args(given)
    if args.command is None:
        top.print_help()
        return 0
    try:
        return int(args.run(args))
    except LockgateError as error:
        remedy = f"\n  {error.remedy[0].upper()}{error.remedy[1:]}" if error.remedy else ""
        print(plain(f"lockgate: {error}{remedy}"), file=sys.stderr)
        return 3 if isinstance(error, Unavailable) else 2
    except KeyboardInterrupt:
        print("lockgate: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
