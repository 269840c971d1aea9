"""`lockgate match`: an organization's own records, found wherever they stand."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lockgate.adapters.clock import SystemClock
from lockgate.cli.terminal import plain
from lockgate.config import Settings, load
from lockgate.content.match.sets import DEFAULT, Terms

if TYPE_CHECKING:
    from lockgate.adapters.match_sets import Stated

_ABOUT: Final = """\
A set is made of a table of records (CSV with a header): customers, employees, projects, accounts. Kept are keyed
fingerprints, and no value. Documents, prompts and answers that hold the values of so many columns of one row near
each other are findings of the kind `match.NAME`, however they are written: case, accents, spaces, punctuation,
names in another order.

  lockgate match add customers crm.csv --columns name,account,email --replace
  lockgate match add projects projects.csv --columns codename --require 1 --level restricted
  lockgate match list
  lockgate match test letter.txt                 what the sets find in a text; exit code 1 if something
  lockgate match explain customers letter.txt    which values stand there, and why it is a finding or none
  lockgate match remove projects

A running gateway records a change and takes it up within a second or two. The next ingest reads all documents
again."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    group = commands.add_parser(
        "match",
        help="find your own records wherever they stand: sets of keyed fingerprints",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    inner = group.add_subparsers(dest="what", metavar="WHAT", required=True)
    make = inner.add_parser("add", help="make a set of a table of records, and put it in force")
    make.add_argument("name", metavar="NAME", help="lower case; findings are `match.NAME`")
    make.add_argument("file", metavar="FILE.csv", type=Path, help="UTF-8 or UTF-16, with a header")
    make.add_argument("--columns", required=True, metavar="A,B", help="names in the header, with commas between")
    make.add_argument(
        "--require", type=int, default=2, metavar="N", help="columns of one row that stand together (default: 2)"
    )
    make.add_argument(
        "--within", type=int, default=200, metavar="N", help="characters that they stand within (default: 200)"
    )
    make.add_argument("--level", metavar="LEVEL", help="what a finding demands (default: confidential)")
    make.add_argument("--delimiter", default="", metavar="C", help="between cells (default: found out)")
    make.add_argument("--replace", action="store_true", help="in place of the set of that name")
    make.add_argument("--force", action="store_true", help="whatever speaks against the set")
    make.set_defaults(run=run_add)
    show = inner.add_parser("list", help="list the sets, and see that none is damaged")
    show.set_defaults(run=run_list)
    test = inner.add_parser("test", help="say what the sets find in a text")
    test.add_argument("file", metavar="FILE", type=Path, help="a text")
    test.set_defaults(run=run_test)
    explain = inner.add_parser("explain", help="say why a set finds something in a text, or not")
    explain.add_argument("name", metavar="NAME", help="of the set")
    explain.add_argument("file", metavar="FILE", type=Path, help="a text")
    explain.set_defaults(run=run_explain)
    remove = inner.add_parser("remove", help="take a set away; documents keep their labels")
    remove.add_argument("name", metavar="NAME", help="of the set")
    remove.set_defaults(run=run_remove)
    for one in (make, show, test, explain, remove):
        one.add_argument("--config", type=Path, default=Path("lockgate.toml"), help="default: lockgate.toml")
        one.add_argument("--json", action="store_true", help="print JSON")


def run_add(args: argparse.Namespace) -> int:
    """Make a set."""
    from lockgate.wiring import matching

    settings = load(args.config)
    level = DEFAULT if args.level is None else settings.labels.taxonomy.level(args.level)
    columns = tuple(one.strip() for one in args.columns.split(",") if one.strip())
    terms = Terms(args.name, columns, args.require, args.within, level)
    source = matching.Source(args.file, "\t" if args.delimiter == "\\t" else args.delimiter)
    meter = _Meter()
    built = matching.add(
        settings.data,
        terms,
        source,
        getpass.getuser(),
        SystemClock().now(),
        meter,
        force=args.force,
        replacing=args.replace,
    )
    meter.end()
    told = {
        "name": terms.name,
        "kind": terms.kind,
        "read": built.read,
        "rows": built.made.rows,
        "values": len(built.made.digests),
        "left_out": {
            "empty": built.empty,
            "words_of_every_text": built.words,
            "too_long": built.long,
            "in_very_many_rows": dict(zip(columns, built.common, strict=True)),
        },
        "rows_never_found": built.short,
        "doubts": built.doubts,
    }
    if args.json:
        print(json.dumps(told, indent=2, ensure_ascii=False))
        return 0
    counts = f"{built.made.rows:,} different rows of {built.read:,}, {len(built.made.digests):,} values"
    print(f"{terms.kind}: {counts}")
    for count, what in (
        (built.empty, "cells are empty"),
        (built.words, "cells are words of every text, and count for nothing"),
        (built.long, "cells are longer than 256 letters and digits, and count for nothing"),
        (built.short, f"rows have fewer than {terms.require} values that count, and are never found"),
    ):
        if count:
            print(f"  {count:,} {what}")
    for column, count in zip(columns, built.common, strict=True):
        if count:
            print(plain(f"  column `{column}`: {count:,} values stand in very many rows, and count for nothing"))
    for doubt in built.doubts:
        print(f"  forced, although {doubt}")
    return 0


def run_list(args: argparse.Namespace) -> int:
    """List."""
    from lockgate.wiring import matching

    settings = load(args.config)
    found = [_row(one, settings) for one in matching.listed(settings.data)]
    if args.json:
        print(json.dumps({"sets": found}, indent=2, ensure_ascii=False))
        return 0
    for row in found:
        what = f"{row['require']} of {', '.join(row['columns'])} within {row['within']}"
        who = f"({row['by']}, {row['at'][:10]})"
        print(plain(f"{row['kind']:<32} {row['level']:<13} {row['rows']:>10,} rows  {what}  {who}"))
    if not found:
        print("there are no sets")
    return 0


def _row(one: Stated, settings: Settings) -> dict[str, Any]:
    return {
        "name": one.terms.name,
        "kind": one.terms.kind,
        "columns": list(one.terms.columns),
        "require": one.terms.require,
        "within": one.terms.within,
        "level": settings.labels.taxonomy.name(one.terms.level),
        "rows": one.rows,
        "values": one.values,
        "by": one.by,
        "at": one.at.isoformat(timespec="seconds"),
        "source": one.source,
    }


def run_test(args: argparse.Namespace) -> int:
    """Say what is found. Exit code 1 if something is."""
    from lockgate.wiring import matching

    text = matching.text_of(args.file)
    found = matching.tried(load(args.config).data, text)
    if args.json:
        names = ("start", "end", "kind", "confidence", "detector")
        print(json.dumps({"findings": [dict(zip(names, one, strict=True)) for one in found]}, indent=2))
        return int(bool(found))
    for one in found:
        line = text.count("\n", 0, one.start) + 1
        print(f"line {line}, characters {one.start} to {one.end}: {one.kind} ({one.confidence:.2f})")
    if not found:
        print("nothing is found")
    return int(bool(found))


def run_explain(args: argparse.Namespace) -> int:
    """Explain."""
    from lockgate.wiring import matching

    found = matching.explained(load(args.config).data, args.name, matching.text_of(args.file))
    terms = found.terms
    if args.json:
        names = ("start", "end", "columns", "rows")
        values = [dict(zip(names, one, strict=True)) for one in found.values]
        told = {"values": values, "found": found.found, "farther": found.farther, "fewer": found.fewer}
        print(json.dumps({"name": terms.name, **told}, indent=2, ensure_ascii=False))
        return 0
    for start, end, columns, rows in found.values:
        print(plain(f"characters {start} to {end}: a value of {', '.join(columns)}, in {rows:,} rows"))
    needed = f"{terms.require} columns of one row within {terms.within} characters"
    print(f"{len(found.values):,} values stand there. {found.found:,} are findings: {needed}.")
    if not found.found and found.farther:
        print(f"  {found.farther:,} would be, if they might stand farther apart (--within)")
    if not found.found and found.fewer:
        print(f"  {found.fewer:,} would be, if {terms.require - 1} columns were enough (--require)")
    return 0


def run_remove(args: argparse.Namespace) -> int:
    """Take a set away."""
    from lockgate.wiring import matching

    gone = matching.remove(load(args.config).data, args.name)
    if args.json:
        print(json.dumps({"removed": gone.terms.name}))
        return 0
    print(f"{gone.terms.kind} is no more. Documents keep their labels until somebody reviews them.")
    return 0


class _Meter:
    """Tells on standard error how many rows are read: on a terminal only."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._begun = self._told = time.monotonic()

    def __call__(self, done: int, about: int) -> None:
        now = time.monotonic()
        if not self._live or now - self._told < 0.2:
            return
        self._told = now
        rate = done / max(now - self._begun, 1e-6)
        left = max(about - done, 0) / rate
        sys.stderr.write(f"\r\x1b[K{done:,} of about {about:,} rows, {rate:,.0f} a second, {left:,.0f} s left")
        sys.stderr.flush()

    def end(self) -> None:
        if self._live:
            sys.stderr.write("\r\x1b[K")
