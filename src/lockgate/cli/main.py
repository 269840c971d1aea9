"""The command `lockgate`: the list of command groups, and what every command shares.

Exit codes: 0 done, 1 the answer is "no" (a check failed, a finding is above the threshold), 2 the input or
configuration is wrong, 3 something that Lockgate needs is not available.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from types import ModuleType

from lockgate import __version__
from lockgate.cli import (
    ask,
    audit,
    backup,
    check,
    db,
    demo,
    exposure,
    forget,
    ingest,
    init,
    keys,
    login,
    mcp,
    models,
    openapi,
    policy,
    review,
    scan,
    serve,
    trial,
    why,
)
from lockgate.errors import LockgateError, Unavailable

COMMANDS: tuple[ModuleType, ...] = (
    demo,
    trial,
    init,
    check,
    serve,
    ask,
    login,
    mcp,
    ingest,
    scan,
    exposure,
    review,
    forget,
    why,
    policy,
    audit,
    backup,
    db,
    keys,
    models,
    openapi,
)
"""Modules of this package with `add(subparsers)`; each sets `run=` to a function of the parsed arguments."""


def parser() -> argparse.ArgumentParser:
    """Return the whole command line."""
    top = argparse.ArgumentParser(
        prog="lockgate",
        description="Zero Trust for generative AI: AI that answers only from what the asker may see.",
        epilog="Start with `lockgate try FOLDER`, or `lockgate init` and `lockgate serve`.",
    )
    top.add_argument("--version", action="version", version=f"lockgate {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    for module in COMMANDS:
        module.add(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; without a command, print the help."""
    top = parser()
    args = top.parse_args(argv)
    if args.command is None:
        top.print_help()
        return 0
    try:
        return int(args.run(args))
    except LockgateError as error:
        remedy = f"\n  {error.remedy[0].upper()}{error.remedy[1:]}" if error.remedy else ""
        print(f"lockgate: {error}{remedy}", file=sys.stderr)
        return 3 if isinstance(error, Unavailable) else 2
    except KeyboardInterrupt:
        print("lockgate: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
