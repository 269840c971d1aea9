"""`lockgate try`: your own folder, in two minutes."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lockgate.cli.page import show

if TYPE_CHECKING:
    from lockgate.demo.trial import Trial

_ABOUT: Final = """\
Reads a folder as it is: its files, and who may read them by owner, group, mode and ACL. Proposes a label for each,
prints what is sensitive and too widely readable, and serves a page where you ask as two of its users or groups.
Nothing is written into the folder, and nothing leaves this machine. The page takes the key in the address that is
printed: other accounts of this machine do not have it."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    trial = commands.add_parser(
        "try",
        help="read a folder of yours, see what AI would expose, and ask as two people",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    trial.add_argument("folder", type=Path)
    trial.add_argument("--report", action="store_true", help="refuse nothing that the folder's rights allow")
    trial.add_argument(
        "--list", action="store_true", help="print the list and end; exit 1 if anything sensitive is on it"
    )
    trial.add_argument("--json", action="store_true", help="print the list as JSON; implies --list")
    trial.add_argument("--port", type=int, default=8421, help="port on 127.0.0.1 (default: 8421)")
    trial.add_argument("--no-browser", action="store_true", help="print the address and open nothing")
    trial.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read the folder and serve the page until interrupted."""
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    # These load every adapter: not for `lockgate --help`.
    from lockgate.demo.sorted import sort
    from lockgate.demo.trial import trial
    from lockgate.demo.trial_report import report

    listing = args.list or args.json
    mode, port = "report" if args.report else "enforce", 0 if listing else args.port
    async with trial(args.folder, port, mode, lambda line: print(line, file=sys.stderr, flush=True)) as running:
        print(
            json.dumps(_json(running), indent=2)
            if args.json
            else "\n".join(report(running.lockgate.index.documents(), running.exposed)),
            flush=True,
        )
        if listing:
            return 1 if sort(running.exposed).sensitive else 0
        await show(running.base_url, running.key, lambda: _announce(running), browser=not args.no_browser)
    return 0


def _announce(running: Trial) -> None:
    print(f"\nAsk as two of its users or groups: {running.page}   (Ctrl-C stops)", flush=True)
    print("For good: `lockgate init`, then `lockgate serve`.", flush=True)


def _json(running: Trial) -> list[dict[str, Any]]:
    from lockgate.edge.exposed import exposure_object

    return [exposure_object(one, running.lockgate.settings.labels.taxonomy) for one in running.exposed]
