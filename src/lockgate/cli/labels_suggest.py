"""`lockgate labels suggest`: let a model suggest labels, document after document, through a running gateway."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from typing import Any, Final
from urllib.parse import quote

from lockgate.cli.remote import Call, add_options, at_gateway
from lockgate.cli.terminal import plain
from lockgate.errors import AccessDenied, Conflict, Invalid, LockgateError, NotFound

_ABOUT: Final = """\
A model reads what your AI may read of a document, and suggests a level, a category of `[suggestions.categories]`,
and a quote that shows why. What it says counts only where the quote stands in the document, and only raises: it
waits in `lockgate review`, or takes effect where the configuration says `[suggestions] apply = true`.

It is asked as you, through the gateway: `--model` names what may draw from the documents' collection; ceilings,
quotas and the log are those of every question. Whoever may review a document may have it asked about.

With --collection, those of its documents that wait for your review are asked about, the worst first. Those that
this model was asked about already are passed over: an interrupted run goes on where it was."""


def add(inner: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    suggest = inner.add_parser(
        "suggest",
        help="let a model suggest labels, which only raise",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = suggest.add_mutually_exclusive_group(required=True)
    what.add_argument("document", nargs="?", help="its id, or collection/path")
    what.add_argument("--collection", metavar="NAME", help="what waits for your review in this collection")
    suggest.add_argument("--model", required=True, help="the assistant or model that is asked")
    suggest.add_argument("--limit", type=int, default=100, help="at most so many questions (default: %(default)s)")
    suggest.add_argument("--again", action="store_true", help="also about what this model was asked about before")
    suggest.add_argument("--json", action="store_true", help="print JSON, one object a line")
    add_options(suggest)
    suggest.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Ask. Exit code 1 if an answer counted for nothing, or a document could not be asked about."""
    if args.limit < 1:
        raise Invalid("`--limit` must be at least 1")
    return at_gateway(args, work)


async def work(args: argparse.Namespace, call: Call) -> int:
    """Do what the arguments say, over `call`. What ends every further question too ends the run."""
    if args.document:
        names = [args.document]
    else:
        listed = (await call("GET", f"/v1/reviews?limit=1000&collection={quote(args.collection)}", None))["data"]
        names = [one["document"] for one in listed if not one["problem"]]
    counts: Counter[str] = Counter()
    asked = 0
    for at, name in enumerate(names):
        if asked >= args.limit:
            break
        body = {"document": name, "model": args.model, "again": args.again}
        try:
            one = await call("POST", "/v1/reviews/suggest", body)
        except LockgateError as error:
            if len(names) == 1 or not _of_one(error):
                raise
            one = {"item": name, "outcome": "failed", "why": error.code, "suggestion": None}
        asked += one["outcome"] != "known"
        counts[one["outcome"]] += 1
        _tell(args, one, f"{at + 1} of {len(names)}")
    if not args.json:
        print(
            ", ".join(f"{count} {result}" for result, count in sorted(counts.items())) or "nothing waits for you"
        )
    return int(bool(counts["rejected"] or counts["failed"]))


def _of_one(error: LockgateError) -> bool:
    """Tell whether only this document is to blame; a quota, or a model that is not, ends the run."""
    stops = error.code in ("model_not_found", "quota_exceeded", "insufficient_scope")
    return isinstance(error, AccessDenied | Conflict | Invalid | NotFound) and not stops


def _tell(args: argparse.Namespace, one: dict[str, Any], place: str) -> None:
    if args.json:
        wanted = ("document", "item", "outcome", "why", "suggestion", "label", "held")
        print(json.dumps({name: one[name] for name in wanted if name in one}, ensure_ascii=False), flush=True)
        return
    found = one["suggestion"]
    said = ""
    if found and one["outcome"] in ("raised", "proposed"):
        named = f" as `{found['category']}`" if found["category"] else ""
        said = f": {found['level']}{named}, passage {found['passage']}"
    why = f" ({one['why']})" if one["why"] else ""
    print(f"[{place}]", file=sys.stderr, end=" ", flush=True)
    print(plain(f"{one['item']}: {one['outcome']}{said}{why}"), flush=True)
