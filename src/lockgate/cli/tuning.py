"""`lockgate findings tune` and `allow`: leave out what is wrong, without code, and see first what falls."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lockgate.cli.terminal import plain
from lockgate.config import load
from lockgate.errors import Invalid

if TYPE_CHECKING:
    from lockgate.config import Settings
    from lockgate.journeys.labels import Change

_TUNE: Final = """\
`detectors.toml` in your folder of policies says what is found in documents and does not count: kinds and places,
and for these `off`, `min_confidence`, or `allowed` values. Without options this lists which labels would change;
nothing does. With --apply and a reason it counts, and what it is about is read again. A file that is not applied
counts for nothing. No gateway may be working on the state folder; it takes up what is applied when it starts."""
_ALLOW: Final = """\
Asks for a value that is known to be harmless, such as a card number of a handbook, or reads one line of standard
input, and prints the keyed hash that `allowed` of `detectors.toml` has. The value is never an argument: those stay
in the history of a shell."""
_LONGEST: Final = 10_000


def add_to(inner: argparse._SubParsersAction[argparse.ArgumentParser]) -> list[argparse.ArgumentParser]:
    """Add the commands, and return them."""
    form = argparse.RawDescriptionHelpFormatter
    tune = inner.add_parser("tune", help="see what `detectors.toml` changes, and apply it", description=_TUNE,
                            formatter_class=form)  # fmt: skip
    tune.add_argument("--file", type=Path, metavar="FILE", help="try this one (default: the configuration's)")
    tune.add_argument("--apply", action="store_true", help="apply the one of the configuration")
    tune.add_argument("--reason", metavar="TEXT", help="with --apply: why, in words")
    tune.set_defaults(run=run_tune)
    allow = inner.add_parser("allow", help="make the keyed hash of a harmless value", description=_ALLOW,
                             formatter_class=form)  # fmt: skip
    allow.add_argument("--kind", required=True, help="as what it is found")
    allow.set_defaults(run=run_allow)
    for one in (tune, allow):
        one.add_argument("--config", type=Path, default=Path("lockgate.toml"), help="default: lockgate.toml")
        one.add_argument("--json", action="store_true", help="print JSON")
    return [tune, allow]


def run_allow(args: argparse.Namespace) -> int:
    """Print the keyed hash of a value."""
    from lockgate.wiring import judging  # loads adapters: not for `lockgate --help`

    settings = load(args.config)
    value = getpass.getpass("value: ") if sys.stdin.isatty() else sys.stdin.readline(_LONGEST)
    made = judging.allowed(settings, args.kind, value)
    print(json.dumps({"kind": args.kind, "allowed": made}) if args.json else made)
    return 0


def run_tune(args: argparse.Namespace) -> int:
    """List what would change, or apply it."""
    if args.apply and args.file is not None:
        raise Invalid("only what stands in the folder of policies is applied", remedy="Put the file there first.")
    if args.reason and not args.apply:
        raise Invalid("a reason is for what is applied", remedy="Add `--apply`.")
    return asyncio.run(_tune(args))


async def _tune(args: argparse.Namespace) -> int:
    from lockgate.cli.running import open_running
    from lockgate.config.detector_rules import read_tuning
    from lockgate.content.detection import KINDS
    from lockgate.content.tuning import grave
    from lockgate.wiring import judging

    settings = load(args.config)
    tuning = read_tuning(args.file, KINDS) if args.file is not None else judging.load(settings)
    async with open_running(args.config) as running:
        tunings = judging.journey(running)
        found = [one async for one in tunings.simulate(tuning)]
        if args.apply:
            await tunings.applied(tuning, getpass.getuser(), args.reason or "", found)
            judging.apply(settings.data, tuning)
    if args.apply:
        async with open_running(args.config) as running:  # with the tuning in force
            for connector in running.connectors.values():
                await running.ingest.run(connector)
    rows = [_row(one, settings) for one in found]
    told = [judging.told(kinds, row.line) for row, kinds in grave(tuning, KINDS)]
    if args.json:
        about = {"version": tuning.version, "applied": args.apply, "notes": told, "changes": rows}
        print(json.dumps(about, indent=2, ensure_ascii=False))
        return 0
    for note in told:
        print(plain(f"note: {note}"))
    for row in rows:
        free = "free  " if row["free"] else ""
        print(plain(f"{row['before']:<13}-> {row['after']:<13}{free}{row['document']}"))
        print(plain(f"    {'; '.join(row['why'])}"))
    fall = sum(row["lower"] for row in rows)
    what = "is applied" if args.apply else "would do this. Nothing has changed"
    print(f"version {tuning.version or '(none)'} {what}: {len(rows)} documents, {fall} labels lower")
    return 0


def _row(one: Change, settings: Settings) -> dict[str, Any]:
    names = settings.labels.taxonomy
    return {
        "document": f"{one.after.collection}/{one.after.item}",
        "id": one.after.id,
        "before": names.name(one.before.label.sensitivity),
        "after": names.name(one.after.label.sensitivity),
        "lower": one.after.label.sensitivity < one.before.label.sensitivity,
        "free": one.before.held and not one.after.held,
        "why": list(one.why),
    }
