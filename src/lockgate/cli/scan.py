"""`lockgate scan`: what sensitive data is where, which label it should have and why, and who can reach it."""

from __future__ import annotations

import argparse
import asyncio
import difflib
import json
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from lockgate import __version__
from lockgate.cli import scan_apply
from lockgate.cli.output import output
from lockgate.cli.places import state_folder
from lockgate.cli.scan_meter import Meter
from lockgate.cli.scan_table import changes, table
from lockgate.content import scan_lines
from lockgate.content.report import ROWS, html, scan_page
from lockgate.content.sarif import Sarif
from lockgate.content.scanned import Row, ScanReport
from lockgate.errors import Invalid
from lockgate.journeys.scan import Scope

if TYPE_CHECKING:
    from lockgate.config import Settings

INCOMPLETE: Final = 4
"""Exit code: something could not be read, or a target could not be walked to its end."""
LEVELS: Final = ("public", "general", "confidential", "restricted")
_TAUGHT: Final = ("business", "match")
"""What learned categories and exact match sets find has names that an organization gives."""
_ABOUT: Final = """\
Finds what is sensitive in folders and files, says which label it should have and why, and who can reach it:
worst first, by label and audience. It needs no configuration and no gateway; nothing leaves this machine, nothing
is written into the targets, and no value that was found is kept or shown, only where it stands.

A second scan of the same targets reads only what is new or changed, and says what is gone."""
_EXAMPLES: Final = """examples:
  lockgate scan ~/share                               a folder, as the accounts and groups of this machine see it
  lockgate scan ~/share notes.docx --exclude '*.log'  several targets, without some names
  lockgate scan --config lockgate.toml                the collections of a configuration, with its people and rules
  lockgate scan ~/share --resume                      go on after an interruption
  lockgate scan ~/share --label simulate              which labels would change, and why
  lockgate scan . --format jsonl --output scan.jsonl  every row, for programs
  lockgate scan . --format sarif --output scan.sarif  for code hosts and CI
  lockgate scan . --format html --output scan.html    one file that a manager reads in five minutes
  lockgate scan . --fail-on confidential              for CI: exit code 1 at this level or above

exit codes: 0 clean, 1 something at or above --fail-on, 2 wrong input, 3 not available, 4 not all could be read"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    command = commands.add_parser(
        "scan",
        help="find sensitive data, propose labels, show who can reach it",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("target", nargs="*", metavar="TARGET", help="folder or file (default: the collections)")
    command.add_argument(
        "--config", type=Path, metavar="FILE", help="people, rights and rules of this configuration"
    )
    command.add_argument(
        "--format", choices=("table", "jsonl", "sarif", "html"), default="table", help="default: %(default)s"
    )
    command.add_argument("--output", type=Path, metavar="FILE", help="write the report there")
    command.add_argument("--limit", type=int, default=50, help="rows of the table (default: %(default)s)")
    command.add_argument(
        "--fail-on", metavar="LEVEL|KIND", help="exit code 1 if this level or above, or kind, is found"
    )
    command.add_argument(
        "--include", action="append", default=[], metavar="GLOB", help="only these; may be repeated"
    )
    command.add_argument(
        "--exclude", action="append", default=[], metavar="GLOB", help="not these; may be repeated"
    )
    command.add_argument(
        "--since", metavar="DATE|last", help="only what changed since then, or since the last scan"
    )
    command.add_argument(
        "--label", choices=("simulate", "apply"), help="show which labels would change, or write them"
    )
    command.add_argument("--resume", action="store_true", help="go on with a scan that was interrupted")
    command.add_argument("--full", action="store_true", help="read everything again")
    command.add_argument("--state", type=Path, metavar="FILE", help="what scans of these targets remember")
    command.add_argument(
        "--categories",
        type=Path,
        metavar="FOLDER",
        help="learned categories (default: those of the configuration)",
    )
    command.add_argument("--workers", type=int, default=0, help="processes (default: one per core)")
    command.add_argument(
        "--max-bytes", type=int, default=50_000_000, help="larger items are not read (%(default)s)"
    )
    command.add_argument("--rows", type=int, default=0, help="rows of each table of a database (default: all)")
    command.add_argument(
        "--names",
        choices=("rules", "model"),
        default="",
        help="names of people, organizations and places: by rules, or also by a small model of English",
    )
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Scan, report, and return the exit code."""
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    from lockgate.wiring.scanning import ScanOptions, open_scan, wanted  # here: `--help` must not wait for it

    since = _since(args.since)
    if args.workers < 0 or args.max_bytes < 1 or args.limit < 0 or args.rows < 0:
        raise Invalid("`--workers`, `--limit`, `--rows` and `--max-bytes` must be positive numbers")
    settings = _settings(args.config)
    _check_threshold(args.fail_on, settings)
    if args.label == "apply":
        scan_apply.check(settings, args.target)
    scope = Scope(wanted(args.include, args.exclude), since, args.full, args.resume)
    options = ScanOptions(
        state_folder() / "scans",
        args.state,
        settings,
        args.workers,
        args.max_bytes,
        args.rows,
        args.names,
        args.categories,
    )
    async with open_scan(args.target, options) as scan:
        meter = Meter(sys.stderr)
        try:
            done = await scan.run(scope, meter)
        finally:
            meter.end()
        changed = args.since == "last"
        most = max(args.limit, ROWS) if args.format == "html" else args.limit
        report = await scan.report(done, most, changed=changed, since=since)
        with output(args.output) as stream:
            await _write(args.format, report, scan.rows(done, changed=changed, since=since), stream)
            if args.label and args.format == "table":
                print("", *changes(report), sep="\n", file=stream)
    if args.label == "apply":
        await scan_apply.apply(args.config, report.roots, sys.stderr)
    return code(args.fail_on, report)


def _settings(path: Path | None) -> Settings | None:
    if path is None:
        return None
    from lockgate.config import load  # here: most scans need no configuration

    return load(path)


async def _write(form: str, report: ScanReport, rows: AsyncIterator[Row], stream: TextIO) -> None:
    if form == "table":
        for line in table(report):
            print(line, file=stream)
        return
    if form == "html":
        stream.write(html(scan_page(report, __version__)))
        return
    if form == "sarif":
        log = Sarif(report, __version__)
        stream.write(log.head())
        async for one in rows:
            stream.write(log.row(one))
        print(log.tail(), file=stream)
        return
    async for one in rows:
        print(json.dumps(scan_lines.row(one, report.levels), ensure_ascii=False), file=stream)
    print(json.dumps(scan_lines.summary(report), ensure_ascii=False), file=stream)


def _check_threshold(fail_on: str | None, settings: Settings | None) -> None:
    """Refuse a threshold that nothing can ever reach: a slip of the pen must not look like a clean scan."""
    own = settings.labels.taxonomy.names if settings else ()
    if fail_on is None or fail_on in (*LEVELS, *own):
        return
    from lockgate.content.detection import KINDS  # here: few scans ask, and the tables take time to load
    from lockgate.content.stated import UNKNOWN

    known = {*KINDS, *_TAUGHT, UNKNOWN}
    if any(kind == fail_on or kind.startswith(f"{fail_on}.") for kind in known) or fail_on.startswith(
        tuple(f"{kind}." for kind in _TAUGHT)
    ):
        return
    near = difflib.get_close_matches(fail_on, sorted({*LEVELS, *own, *known}), 1, 0.5)
    raise Invalid(
        f"`--fail-on {fail_on[:60]}` is neither a level nor a kind that is looked for",
        remedy=f"did you mean `{near[0]}`?" if near else "All kinds stand in docs/reference/kinds.md.",
    )


def code(fail_on: str | None, report: ScanReport) -> int:
    """Return the exit code: something found outweighs something not read."""
    if fail_on and _found(fail_on, report):
        return 1
    return 0 if report.complete else INCOMPLETE


def _found(fail_on: str, report: ScanReport) -> bool:
    names = report.levels if fail_on in report.levels else LEVELS
    if fail_on in names:
        least = names.index(fail_on)
        return any(one.items for one in report.by_label if int(one.name) >= least)
    kinds = [one.name for one in report.by_kind]
    return any(kind == fail_on or kind.startswith(f"{fail_on}.") for kind in kinds)


def _since(text: str | None) -> datetime | None:
    if text is None or text == "last":
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(
            f"`--since {text}` is no date", remedy="Write it like 2026-11-24 or 2026-11-24T09:30, or `last`."
        ) from error
    return (found if found.tzinfo else found.astimezone()).astimezone(UTC)
