"""`lockgate db`: the layouts of the databases in the state folder."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Final

from lockgate.adapters import state_folder
from lockgate.config import load

_ABOUT: Final = """\
`lockgate serve`, and every command that opens the state folder, upgrades what an older version made by itself:
under the lock, after a copy (in before-upgrade/ of the state folder), in one transaction for each database. What
a newer version made is refused.

  lockgate db status     how each database stands; exit code 1 if one is not current
  lockgate db upgrade    upgrade now, while nothing serves"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command group."""
    group = commands.add_parser(
        "db",
        help="show and upgrade the databases of the state folder",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--config", default="lockgate.toml", help="configuration (default: %(default)s)")
    shared.add_argument("--json", action="store_true", help="print JSON")
    verbs = group.add_subparsers(dest="verb", metavar="VERB", required=True)
    verbs.add_parser("status", parents=[shared], help="how each database stands").set_defaults(run=_status)
    verbs.add_parser("upgrade", parents=[shared], help="bring older ones up").set_defaults(run=_upgrade)


def _status(args: argparse.Namespace) -> int:
    found = state_folder.status(load(Path(args.config)).data)
    rows = [
        {
            "database": one.name,
            "state": one.state,
            "layout": one.revision,
            "newest": one.head,
            "problem": one.problem,
        }
        for one in found
    ]
    if args.json:
        print(json.dumps(rows, indent=2))
    else:
        for row in rows:
            at = f"layout {row['layout']}" if row["layout"] else ""
            print(f"{row['database']:<8} {row['state']:<11}{at:<12} {row['problem']}".rstrip())
    return int(any(one.state not in {"current", "absent"} for one in found))


def _upgrade(args: argparse.Namespace) -> int:
    done = state_folder.ready(load(Path(args.config)).data)
    if args.json:
        copies = [str(one.copy) if one.copy else None for one in done]
        rows = [
            {"database": one.name, "ran": list(one.ran), "copy": copy}
            for one, copy in zip(done, copies, strict=True)
        ]
        print(json.dumps(rows, indent=2))
        return 0
    for one in done:
        kept = f"; a copy from before is in `{one.copy}`" if one.copy else ""
        print(f"{one.name}: {', '.join(one.ran) or 'recognized'}{kept}")
    if not done:
        print("everything is current")
    return 0
