"""`lockgate check`: whether a configuration is good, and what it would change."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from lockgate.config import load
from lockgate.config.changes import changes

_ABOUT = """\
Reads a configuration whole, with the policies, the directory and the models that it names, as `lockgate serve`
would, and starts nothing. What is wrong is named with file, line and what to do; exit code 2.

  lockgate check                                  look at lockgate.toml
  lockgate check new.toml --against lockgate.toml what a new one would change, and what of it needs a restart
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    check = commands.add_parser(
        "check",
        help="check a configuration, and what it would change",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.add_argument("file", type=Path, nargs="?", default=Path("lockgate.toml"), help="default: lockgate.toml")
    check.add_argument("--against", type=Path, metavar="FILE", help="list what differs from this configuration")
    check.add_argument("--json", action="store_true", help="for programs")
    check.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check, and print what was found."""
    from lockgate.wiring.checked import checked  # loads every adapter: not for `lockgate --help`

    settings = load(args.file)
    notes = checked(settings)
    found = changes(load(args.against), settings) if args.against else ()
    if args.json:
        listed = [{"name": one.name, "how": one.how, "live": one.live} for one in found]
        print(json.dumps({"file": str(args.file), "good": True, "notes": notes, "changes": listed}, indent=2))
        return 0
    print(f"{args.file}: good")
    for note in notes:
        print(f"  note: {note}")
    for one in found:
        print(f"  {'at once' if one.live else 'restart':<8} {one}")
    if args.against and not found:
        print(f"  nothing differs from {args.against}")
    return 0
