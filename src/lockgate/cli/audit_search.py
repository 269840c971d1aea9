"""`lockgate audit search`: every record that meets all conditions."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Final

from lockgate.audit.entry import Entry
from lockgate.audit.record import Kind
from lockgate.audit.search import Query, moment
from lockgate.cli.audit_place import opened, print_json
from lockgate.cli.audit_rows import HEADS, row, table
from lockgate.errors import Invalid
from lockgate.labels.wire import STANDARD

_ABOUT: Final = """\
Finds every record that meets all of the conditions, the newest first. Records hold no content: who, what, when,
under which label, and why.

  lockgate audit search --user user:ann --since 2026-11-01
  lockgate audit search --model gpt --label confidential --effect permit
  lockgate audit search --reader group:hr --kind retrieval --json

This reads the file, which whoever may open it can do unseen. Through the gateway (`GET /v1/audit/records`)
auditors search without the file, and each search is itself recorded."""


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser], shared: argparse.ArgumentParser) -> None:
    """Register the command below `lockgate audit`."""
    search = verbs.add_parser(
        "search",
        parents=[shared],
        help="find records by person, application, model, tool, label and time",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    search.add_argument("--user", default="", help="who acted, was acted for, or is an agent in between: user:ann")
    search.add_argument("--application", default="", help="through which registered application")
    search.add_argument("--model", default="", help="the model that was called or decided about")
    search.add_argument("--tool", default="", help="the tool that was called or decided about")
    search.add_argument("--request", default="", metavar="ID", help="of which request")
    search.add_argument("--kind", choices=[one.value for one in Kind], metavar="KIND", help="of which kind")
    search.add_argument("--action", default="", help="of which action, such as prompt or read")
    search.add_argument("--effect", default="", help="permit, deny or observe")
    search.add_argument("--label", metavar="LEVEL", help="data of this sensitivity or above")
    search.add_argument("--reader", default="", help="data that this user or group may read: group:hr")
    search.add_argument("--since", metavar="TIME", help="from then on, such as 2026-11-24 or with a time")
    search.add_argument("--until", metavar="TIME", help="before then")
    search.add_argument("--limit", type=int, default=100, help="records at most (default: %(default)s)")
    search.add_argument("--before", type=int, metavar="N", help="records before this one: the next page")
    search.set_defaults(run=_search)


def _search(args: argparse.Namespace) -> int:
    query = Query(
        user=args.user,
        application=args.application,
        model=args.model,
        tool=args.tool,
        request_id=args.request,
        kind=None if args.kind is None else Kind(args.kind),
        action=args.action,
        effect=args.effect,
        label=None if args.label is None else STANDARD.level(args.label),
        reader=args.reader,
        since=None if args.since is None else moment(args.since),
        until=None if args.until is None else moment(args.until),
    )
    if args.limit < 1 or (args.before is not None and args.before < 0):
        raise Invalid("`--limit` must be 1 or more, and `--before` 0 or more")
    found: list[Entry] = []
    before = args.before
    with opened(args) as reader:
        while len(found) < args.limit:
            page = reader.find(query, before=before, limit=args.limit - len(found))
            found += page.entries
            before = page.before
            if before is None:
                break
    if args.json:
        records = [{"index": one.index, "event": json.loads(one.event)} for one in found]
        print_json({"records": records, "before": before})
        return 0
    table(HEADS, [row(one) for one in found])
    if before is not None:
        print(f"there may be more: --before {before}", file=sys.stderr)
    return 0
