"""`lockgate exposure`: what people's AI could find and should not, worst first, and what to do about it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from lockgate import __version__
from lockgate.cli.output import output
from lockgate.cli.remote import Call, add_options, at_gateway
from lockgate.cli.terminal import plain
from lockgate.content.report import exposure_page, html
from lockgate.errors import Invalid

_ABOUT: Final = """\
Lists documents that are unreviewed, sensitive and too widely readable, labeled below their content, without an
owner who is still here, or unreadable: worst first, by sensitivity x audience x how it is shared x how it is used.
`fixes` lists what can be done, the most risk removed first; a fix is simulated until you say --apply, and can be
taken back."""
_EXAMPLES: Final = """examples:
  lockgate exposure                              your own documents
  lockgate exposure --all                        everybody's, for administrators
  lockgate exposure --all --format html --output exposure.html
                                                 one file that a manager reads in five minutes
  lockgate exposure --all --fail-on restricted   exit code 1 if anything restricted is exposed (for CI and cron)
  lockgate exposure --person bo                  what bo's AI could find today
  lockgate exposure fixes --all                  what to do, the most effective first
  lockgate exposure --fix f_3a9... --all         who would lose what, before anything changes
  lockgate exposure --fix f_3a9... --all --apply do it; prints the id that takes it back
  lockgate exposure --undo u_77c...              take it back, also after a restart
  lockgate exposure trend                        coverage, reviews and backlog, day by day"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    exposure = commands.add_parser(
        "exposure",
        help="list what is unreviewed, too widely readable or labeled too low, and fix it",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    exposure.add_argument(
        "what", nargs="?", choices=("list", "fixes", "trend"), default="list", help="default: %(default)s"
    )
    exposure.add_argument("--all", action="store_true", help="everybody's documents (administrators)")
    which = exposure.add_mutually_exclusive_group()
    which.add_argument("--person", metavar="ID", help="list what this person's AI could find today instead")
    which.add_argument("--fix", metavar="FIX", help="tell what a fix would do")
    which.add_argument("--undo", metavar="UNDO", help="take back a fix that was applied")
    exposure.add_argument("--apply", action="store_true", help="with --fix: do it")
    exposure.add_argument("--hold", action="store_true", help="with --fix: keep the documents out of AI instead")
    exposure.add_argument(
        "--reason", metavar="TEXT", help="why, in words: needed where --undo makes a label lower again"
    )
    exposure.add_argument("--fail-on", metavar="LEVEL", help="exit code 1 if one of this level or above is listed")
    exposure.add_argument("--limit", type=int, default=50, help="rows of the table (default: %(default)s)")
    exposure.add_argument(
        "--format", choices=("table", "json", "html"), default="table", help="default: %(default)s"
    )
    exposure.add_argument("--output", type=Path, metavar="FILE", help="write the report there")
    exposure.add_argument("--json", action="store_true", help="the same as --format json")
    add_options(exposure)
    exposure.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List. Exit code 1 if something is at or above `--fail-on`, or something of a fix would be refused."""
    if (args.apply or args.hold) and not args.fix:
        raise Invalid("`--apply` and `--hold` say what to do with a fix", remedy="Add `--fix FIX`.")
    if args.format == "html" and (args.person or args.fix or args.undo or args.what != "list"):
        raise Invalid("the HTML report is about the whole list")
    return at_gateway(args, work)


async def work(args: argparse.Namespace, call: Call) -> int:
    """Do what the arguments say, over `call`."""
    every = "?all=true" if args.all else ""
    if args.undo:
        asked = {"id": args.undo} | ({"reason": args.reason} if args.reason else {})
        return _told(args, (await call("POST", "/v1/reviews/undo", asked))["data"], _undone)
    if args.fix:
        body = {"fix": args.fix, "all": args.all, "hold": args.hold, "apply": args.apply}
        found = await call("POST", "/v1/exposure/fixes", body)
        return _told(args, found, _applied if args.apply else _simulated) or int(bool(found.get("refused")))
    if args.what == "trend":
        return _told(args, (await call("GET", "/v1/exposure/trend", None))["data"], _trend)
    if args.what == "fixes":
        return _told(args, (await call("GET", f"/v1/exposure/fixes{every}", None))["data"], _fixes)
    if args.person:
        path = f"/v1/exposure/findable/{quote(args.person, safe='')}"
        listed = (await call("GET", path, None))["data"]
        _told(args, listed, _findable)
    else:
        listed = (await call("GET", f"/v1/exposure{every}", None))["data"]
        if args.format == "html":
            await _page(args, call, listed, every)
        else:
            _told(args, listed, _exposed)
    return int(bool(args.fail_on) and _reaches(listed, args.fail_on))


async def _page(args: argparse.Namespace, call: Call, listed: list[dict[str, Any]], every: str) -> None:
    fixes = (await call("GET", f"/v1/exposure/fixes{every}", None))["data"]
    trend = (await call("GET", "/v1/exposure/trend", None))["data"] if args.all else []
    page = exposure_page(listed, fixes, trend, now=datetime.now(UTC), where=args.url, version=__version__)
    with output(args.output) as stream:
        stream.write(html(page))


def _told(args: argparse.Namespace, found: Any, show: Any) -> int:
    with output(args.output) as stream:
        if args.json or args.format == "json":
            print(json.dumps(found, indent=2, ensure_ascii=False), file=stream)
        else:
            for line in show(found, args.limit):
                print(plain(line).replace("\n", " "), file=stream)
    return 0


def _exposed(found: Sequence[dict[str, Any]], limit: int) -> list[str]:
    heads = ("LEVEL", "PEOPLE", "USED", "DOCUMENT", "FOUND", "THROUGH", "OWNER", "WHY")
    return _table(heads, list(map(_row, found)), limit) or ["nothing is exposed"]


def _findable(found: Sequence[dict[str, Any]], limit: int) -> list[str]:
    rows = [(one["label"]["sensitivity"], one["item"], one["review"]) for one in found]
    return _table(("LEVEL", "DOCUMENT", "REVIEW"), rows, limit) or ["nothing can be found"]


def _fixes(found: Sequence[dict[str, Any]], limit: int) -> list[str]:
    rows = [
        (one["fix"], f"{one['risk']:,}", f"{one['documents']:,}", one["folder"], one["through"], one["does"])
        for one in found
    ]
    heads = ("FIX", "RISK", "DOCUMENTS", "IN", "SHARED WITH", "WHAT IT DOES")
    return _table(heads, rows, limit) or ["nothing has to be fixed"]


def _trend(found: Sequence[dict[str, Any]], limit: int) -> list[str]:
    names = ("documents", "classified", "labeled", "reviewed", "held", "unreadable", "exposed", "risk")
    rows = [
        (one["day"], f"{one['coverage']:.2%}", *(f"{one[name]:,}" for name in names)) for one in found[-limit:]
    ]
    lines = _table(("DAY", "COVERAGE", *(name.upper() for name in names)), rows, limit)
    backlog = [
        f"  {each['documents']:>7,}  {each['owner'] or '(nobody who is here)'}" for each in found[-1]["backlog"]
    ]
    return [*lines, "", "backlog by owner:", *backlog[:limit]]


def _simulated(found: dict[str, Any], limit: int) -> list[str]:
    lines = [
        f"{found['does']}: {found['documents']:,} documents in {found['folder']}",
        f"  takes {found['clears']:,} of them off the list, with a risk of {found['risk']:,}",
    ]
    for name, what in (
        ("lose", "could find them and could not any more"),
        ("used", "of these used what they would lose"),
        ("gain", "would get them from their AI, which they do not now"),
    ):
        people = found[name]
        some = ", ".join(f"{person.removeprefix('user:')} ({count:,})" for person, count in people[:10])
        more = f" and {len(people) - 10:,} more" if len(people) > 10 else ""
        lines.append(f"  {len(people):,} people {what}{': ' if people else ''}{some}{more}")
    lines += [f"  stays: {one['item']}: {one['why']}" for one in found["stays"][:limit]]
    lines += [f"  REFUSED: {one['item']}: {one['why']}" for one in found["refused"][:limit]]
    return [*lines, "", "nothing has changed; --apply does it, --hold keeps them out of AI instead"]


def _applied(found: dict[str, Any], _: int) -> list[str]:
    return [
        f"done for {found['documents']:,} documents",
        f"take it back: lockgate exposure --undo {found['undo']}",
    ]


def _undone(found: Sequence[dict[str, Any]], _: int) -> list[str]:
    return [f"taken back for {len(found):,} documents"]


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
    used = "?" if one["used"] is None else f"{one['used']:,}"
    return one["level"], str(one["people"]), used, one["item"], evidence, through, owner, one["why"][0]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], limit: int) -> list[str]:
    """Return the lines of a table; of one without rows, none."""
    if not rows:
        return []
    shown = [tuple(plain(cell).replace("\n", " ") for cell in row) for row in rows[:limit]]
    widths = [max(map(len, column)) for column in zip(heads, *shown, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (heads, *shown)
    ]
    if len(rows) > limit:
        lines.append(f"... and {len(rows) - limit} more; --limit {len(rows)} shows them")
    return lines
