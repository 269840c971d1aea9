"""`lockgate audit rotate-key`: a new key signs the log, handed over to by the old one."""

from __future__ import annotations

import argparse
import asyncio
import os
import pwd
import sys
import time
from pathlib import Path
from typing import Final

from lockgate.adapters.audit_reader import AuditReader
from lockgate.adapters.clock import SystemClock
from lockgate.audit.handover import Handover
from lockgate.cli.audit_place import print_json
from lockgate.config import Settings, load
from lockgate.errors import Conflict, Unavailable

_ABOUT: Final = """\
Makes a new key that signs the log, also while the gateway serves: it is asked, and does it within a second or so.

The old key hands over: the log records it, under a checkpoint that both keys sign, and the old key is destroyed.
Whoever has the first public key, or any later one, verifies the whole log as before. Publish the new one too
(`lockgate audit public-key --newest`), and give your witness a checkpoint."""


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command below `lockgate audit`."""
    rotate = verbs.add_parser(
        "rotate-key",
        help="make a new key that signs the log, also while serving",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    rotate.add_argument("--config", default="lockgate.toml", help="configuration (default: %(default)s)")
    rotate.add_argument(
        "--wait", type=int, default=60, help="seconds to wait for the gateway (default: %(default)s)"
    )
    rotate.add_argument("--json", action="store_true", help="print JSON")
    rotate.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    return asyncio.run(_rotate(args))


async def _rotate(args: argparse.Namespace) -> int:
    from lockgate.wiring import signing

    settings, who = load(Path(args.config)), _who()
    try:
        vkey = (await signing.rotate_here(settings, SystemClock(), who)).vkey
    except Conflict:
        print("a gateway has the state folder open: it is asked to rotate", file=sys.stderr)
        request_id = signing.ask(settings.data, who)
        until = time.monotonic() + args.wait
        while signing.waits(settings.data) and time.monotonic() < until:
            await asyncio.sleep(0.2)
        signing.withdraw(settings.data)
        vkey = _recorded(settings, request_id)
    if args.json:
        print_json({"public_key": vkey})
    else:
        print(f"done: the log is signed with a new key, and the old one is destroyed\n{vkey}")
    return 0


def _recorded(settings: Settings, request_id: str) -> str:
    """Return the key that was handed over to at a request, as the log has it."""
    reader = AuditReader.open(settings.data / "audit.db")
    try:
        for entry in reader.by_request(request_id):
            return Handover.parse(str(dict(entry.record.facts)["handover"])).new.vkey
    finally:
        reader.close()
    raise Unavailable(
        "the gateway has not made a new key, and is not asked any more", remedy="Its log says why; then ask again."
    )


def _who() -> str:
    """Return the account that asks, which is all that can be known here."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return ""
