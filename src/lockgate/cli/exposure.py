"""`lockgate exposure`: what people's AI could find and should not, worst first."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from lockgate.cli.remote import Call, add_options, at_gateway
from lockgate.cli.terminal import plain
from lockgate.errors import Invalid

_ABOUT: Final = """\
Lists documents that are unreviewed, sensitive and too widely readable, labeled below their content, or unreadable:
worst first, with who could have found each, through which grant, whose it is, and what to do."""
_EXAMPLES: Final = """examples:
  lockgate exposure                              your own documents
  lockgate exposure --all                        everybody's, for administrators
  lockgate exposure --all --fail-on restricted   exit code 1 if anything restricted is exposed (for CI and cron)
  lockgate exposure --person bo                  what bo's AI could find today"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    exposure = commands.add_parser(
        "exposure",
        help="list what is unreviewed, too widely readable or labeled too low",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    exposure.add_argument("--all", action="store_true", help="everybody's documents (administrators)")
    exposure.add_argument("--person", metavar="ID", help="list what this person's AI could find today instead")
    exposure.add_argument("--fail-on", metavar="LEVEL", help="exit code 1 if one of this level or above is listed")
    exposure.add_argument("--limit", type=int, default=50, help="rows of the table (default: %(default)s)")
    exposure.add_argument("--json", action="store_true", help="print JSON")
    add_options(exposure)
    exposure.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List. Exit code 1 if something is at or above `--fail-on`."""
    return at_gateway(args, work)


async def work(args: argparse.Namespace, call: Call) -> int:
    """Do what the arguments say, over `call`."""
    if args.person:
        found = (await call("GET", f"/v1/exposure/findable/{quote(args.person, safe='')}", None))["data"]
    else:
        found = (await call("GET", f"/v1/exposure{'?all=true' if args.all else ''}", None))["data"]
    if args.json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
    elif args.person:
        rows = [(one["label"]["sensitivity"], one["item"], one["review"]) for one in found]
        _table(("LEVEL", "DOCUMENT", "REVIEW"), rows, args.limit)
    else:
        _table(
            ("LEVEL", "PEOPLE", "DOCUMENT", "FOUND", "THROUGH", "OWNER", "WHY"), list(map(_row, found)), args.limit
        )
    return int(bool(args.fail_on) and _reaches(found, args.fail_on))


def _reaches(found: Sequence[dict[str, Any]], level: str) -> bool:
    ranks = ("public", "general", "confidential", "restricted")
    if level in ranks:
        least = ranks.index(level)
    else:  # a name of the organization's own taxonomy
        named = [one["rank"] for one in found if one.get("level") == level]
        if not named and found:
            raise Invalid(f"`{level}` is none of the listed levels, nor of: {', '.join(ranks)}")
        least = min(named, default=0)
    return any(one.get("rank", 0) >= least for one in found)


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    evidence = ", ".join(f"{each['count']} x {each['kind']}" for each in one["evidence"][:3])
    through = " and ".join(clause[0][0] if clause else "nobody" for clause in one["grants"])
    owner = ", ".join(one["owners"]) or "(orphan)"
    return one["level"], str(one["people"]), one["item"], evidence, through, owner, one["why"][0]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], limit: int) -> None:
    shown = [tuple(plain(cell).replace("\n", " ") for cell in row) for row in rows[:limit]]
    widths = [max(map(len, column)) for column in zip(heads, *shown, strict=True)]
    for row in (heads, *shown):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if len(rows) > limit:
        print(f"... and {len(rows) - limit} more; --limit {len(rows)} shows them")
    if not rows:
        print("nothing is exposed")
