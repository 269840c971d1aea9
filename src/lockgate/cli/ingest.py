"""`lockgate ingest`: bring the catalogue in step with the sources."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from lockgate.cli.running import open_running
from lockgate.cli.terminal import plain
from lockgate.errors import NotFound
from lockgate.journeys.ingest import Progress, Report

if TYPE_CHECKING:
    from lockgate.wiring import Lockgate

_ABOUT: Final = """\
Reads what is new or changed in the configured sources, applies rights that changed, removes what is gone.

  lockgate ingest                every connector of the configuration
  lockgate ingest hr-share       one of them
  lockgate ingest --full         read everything again, also what has not changed

Rights come first: they take effect in seconds, before anything new is read. A run that was interrupted goes on
where it was. What cannot be read or understood is listed, and is readable by nobody."""
_EXAMPLES: Final = 5


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    command = commands.add_parser(
        "ingest",
        help="read new and changed documents, apply changed rights",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("connector", nargs="*", help="which connectors (default: all)")
    command.add_argument("--config", default="lockgate.toml", help="configuration (default: %(default)s)")
    command.add_argument("--full", action="store_true", help="read everything again")
    command.add_argument("--strict", action="store_true", help="exit with 1 if anything could not be read")
    command.add_argument("--json", action="store_true", help="print JSON; it lists every problem")
    command.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    return asyncio.run(_open_and_run(args))


async def _open_and_run(args: argparse.Namespace) -> int:
    async with open_running(Path(args.config)) as running:
        return await run(running, args.connector, full=args.full, strict=args.strict, as_json=args.json)


async def run(running: Lockgate, names: Sequence[str], *, full: bool, strict: bool, as_json: bool) -> int:
    """Run the ingest of the named connectors, or of all, and print what it did."""
    unknown = sorted(set(names) - set(running.connectors))
    if unknown:
        known = ", ".join(running.connectors) or "none"
        raise NotFound(f"there is no connector `{unknown[0]}`", remedy=f"The configuration has: {known}.")
    reports = []
    for name in names or running.connectors:
        meter = Meter(sys.stderr, name)
        reports.append(await running.ingest.run(running.connectors[name], meter, full=full))
        meter.end()
    if as_json:
        print(json.dumps([_json(report) for report in reports], indent=2))
    else:
        print("\n".join(line for report in reports for line in table(report)))
    return 1 if strict and any(report.problems for report in reports) else 0


class Meter:
    """Shows progress: one line that is rewritten on a terminal, a line every ten seconds elsewhere."""

    def __init__(self, stream: TextIO, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._name = name
        self._clock = clock
        self._live = stream.isatty()
        self._last = clock()

    def __call__(self, progress: Progress) -> None:
        """Show how far the run is, but not more often than somebody can read."""
        now = self._clock()
        if now - self._last < (0.1 if self._live else 10):
            return
        self._last = now
        if progress.phase == "look":
            text = f"{self._name}: {progress.done:,} items looked at"
        else:
            text = f"{self._name}: {progress.done:,} of {progress.total:,} read, {progress.rate:,.0f} a second"
            if progress.embedded < progress.embedding:
                text += f", at passage {progress.embedded:,} of {progress.embedding:,}"
        text += f", {progress.errors:,} problems"
        self._stream.write(f"\r\x1b[K{text}" if self._live else text + "\n")
        self._stream.flush()

    def end(self) -> None:
        """Clear the line."""
        if self._live:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def table(report: Report) -> Iterator[str]:
    """Yield what a run did, and what could not be read, by reason: lines that drive no terminal."""
    yield from (plain(line).replace("\n", " ") for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    yield (
        f"{report.connector}: {report.seen:,} items, {report.stored:,} read ({report.passages:,} passages), "
        f"{report.relabeled:,} with changed rights, {report.removed:,} removed, {report.unchanged:,} unchanged; "
        f"{report.seconds:.1f} s"
    )
    if report.forgotten:
        yield f"  {report.forgotten:,} passed over: they were forgotten on request (`lockgate forget`)"
    yield from _listed("that nobody may read", report.problems)
    yield from _listed("of which only a part is searched", report.partly)


def _listed(what: str, found: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield items by reason, the most frequent first."""
    if not found:
        return
    by_reason: dict[str, list[str]] = defaultdict(list)
    for item, why in found:
        by_reason[why].append(item)
    yield f"  {len(found):,} {what}:"
    for why, items in sorted(by_reason.items(), key=lambda reason: (-len(reason[1]), reason[0])):
        yield f"  {len(items):>7,}  {why}"
        yield from (f"           {item}" for item in items[:_EXAMPLES])
        if len(items) > _EXAMPLES:
            yield f"           and {len(items) - _EXAMPLES:,} more (`--json` lists all)"


def _json(report: Report) -> dict[str, object]:
    return {
        "connector": report.connector,
        "started": report.started.isoformat(),
        "seconds": report.seconds,
        "seen": report.seen,
        "stored": report.stored,
        "passages": report.passages,
        "bytes": report.bytes,
        "relabeled": report.relabeled,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "forgotten": report.forgotten,
        "problems": [{"item": item, "why": why} for item, why in report.problems],
        "partly": [{"item": item, "why": why} for item, why in report.partly],
    }
