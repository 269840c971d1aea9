"""`lockgate findings`: what was found in a document, confirm or reject it, and how often detectors are right."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from lockgate.cli import tuning
from lockgate.cli.remote import Call, add_options, at_gateway
from lockgate.cli.terminal import plain
from lockgate.errors import Invalid

_ABOUT: Final = """\
Shows what detectors found in a document, by kind and place and never by value, and takes what you say of it:

  lockgate findings list hr/plan.txt
  lockgate findings confirm hr/plan.txt --kind business.salary
  lockgate findings reject stock/parts.csv --kind financial.card --span 3:120:139 --reason 'these are part numbers'
  lockgate findings precision                    how often each detector was right here, for administrators
  lockgate findings tune                         what `detectors.toml` would change, for who runs Lockgate

Whoever may review a document may judge what was found in it. A rejected value does not count any more in this
document when it is looked at the next time, which is at the next sync; its label then follows, so a rejection
needs a reason. To confirm it takes the rejection back. These ask a running gateway; `tune` and `allow` work on the
state folder."""
_SPAN: Final = re.compile(r"(\d{1,9}):(\d{1,9}):(\d{1,9})", re.ASCII)


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    group = commands.add_parser(
        "findings",
        help="confirm or reject what was found, and see how often detectors are right",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    inner = group.add_subparsers(dest="what", metavar="WHAT", required=True)
    each = inner.add_parser("list", help="list what is found in a document, and what people said of it")
    each.add_argument("document", help="its id, or collection/path")
    each.add_argument("--kind", help="only this kind")
    for name, does in (("confirm", "say that it is what the detector says"), ("reject", "say that it is not")):
        one = inner.add_parser(name, help=does)
        one.add_argument("document", help="its id, or collection/path")
        one.add_argument("--kind", required=True, help="what was found")
        one.add_argument(
            "--span", metavar="P:A:B", help="only this one, as `list` shows it: passage, start, end (default: all)"
        )
        one.add_argument("--reason", metavar="TEXT", help="why, in words: a rejection needs it")
    inner.add_parser("precision", help="list how often each detector was right, by kind (administrators)")
    here = tuning.add_to(inner)
    for one in inner.choices.values():
        if one in here:
            continue
        one.add_argument("--json", action="store_true", help="print JSON")
        add_options(one)
        one.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what the arguments say."""
    return at_gateway(args, work)


async def work(args: argparse.Namespace, call: Call) -> int:
    """Do what the arguments say, over `call`."""
    if args.what == "precision":
        return _print(args, (await call("GET", "/v1/findings/precision", None))["data"], _precision)
    listed = await call("GET", f"/v1/findings/{quote(args.document)}", None)
    if args.what == "list":
        rows = [one for one in listed["data"] if args.kind in (None, one["kind"])]
        return _print(args, rows, _listed)
    body = {
        "document": listed["document"],
        "version": listed["version"],
        "kind": args.kind,
        "opinion": "confirmed" if args.what == "confirm" else "rejected",
    }
    if args.span:
        place = _SPAN.fullmatch(args.span)
        if place is None:
            raise Invalid("`--span` must be passage:start:end", remedy="`lockgate findings list` shows it so.")
        body |= dict(zip(("passage", "start", "end"), map(int, place.groups()), strict=True))
    if args.reason:
        body["reason"] = args.reason
    return _print(args, (await call("POST", "/v1/findings", body))["data"], _judged)


def _print(args: argparse.Namespace, rows: Sequence[dict[str, Any]], lines: Any) -> int:
    if args.json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        print("\n".join(plain(line) for line in lines(rows)))
    return 0


def _span(one: dict[str, Any]) -> str:
    return f"{one['passage']}:{one['start']}:{one['end']}"


def _said(one: dict[str, Any]) -> str:
    why = f": {one['reason']}" if one["reason"] else ""
    return f"{one['opinion']} by {' and '.join(one['by'])} at {one['at'][:16]}{why}"


def _listed(rows: Sequence[dict[str, Any]]) -> list[str]:
    told = [
        f"{_span(one):<16} {one['kind']:<32} {one['confidence']:.2f}  {one['detector']:<20} "
        f"{_said(one['judged']) if one['judged'] else ''}".rstrip()
        for one in rows
    ]
    return told or ["nothing is found in its passages"]


def _judged(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [f"{_span(one):<16} {one['kind']:<32} {one['opinion']}" for one in rows]


def _precision(rows: Sequence[dict[str, Any]]) -> list[str]:
    told = [
        f"{one['detector']:<20} {one['kind']:<32} {one['confirmed']:>6} right {one['rejected']:>6} wrong  "
        f"{one['precision']:.0%} ({one['low']:.0%} to {one['high']:.0%})"
        for one in rows
    ]
    return told or ["nobody has judged a finding"]
