"""`lockgate keys rotate`: new keys for what is at rest."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path
from typing import Final

from lockgate.adapters.secret_file import request
from lockgate.config import load
from lockgate.errors import Conflict, Unavailable

_ABOUT: Final = """\
Makes a new key for what is at rest.

  lockgate keys rotate master     also while serving: wraps the keys of all documents anew, destroys the old key
  lockgate keys rotate history    at the next start: new marks get the new key, old ones are still recognized

A rotation of the master key that is killed goes on at the next start. Backups from before open with the old key
only: without a copy of it, what they hold is gone for good."""


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command below `lockgate keys`."""
    rotate = verbs.add_parser(
        "rotate",
        help="make a new key for what is at rest",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    rotate.add_argument("which", choices=["master", "history"], help="which key", metavar="WHICH")
    rotate.add_argument("--config", default="lockgate.toml", help="configuration (default: %(default)s)")
    rotate.add_argument(
        "--wait", type=int, default=600, help="seconds to wait for the gateway (default: %(default)s)"
    )
    rotate.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    config = Path(args.config)
    if args.which == "history":
        request(load(config).data / "keys" / "history.key")
        print("the next start makes a new key; what was shown until then is still recognized")
        return 0
    return asyncio.run(_master(config, args.wait))


async def _master(config: Path, seconds: int) -> int:
    from lockgate.cli.running import open_running
    from lockgate.wiring import rotation

    try:
        async with open_running(config) as running:
            count = await running.rotation.run()
        print(f"done: the keys of {count:,} documents were wrapped anew, and the old master key is destroyed")
        return 0
    except Conflict:
        print("a gateway has the state folder open: it is asked to rotate", file=sys.stderr)
    state = load(config).data
    rotation.ask(state)
    until = time.monotonic() + seconds
    while rotation.waits(state):
        if time.monotonic() > until:
            raise Unavailable("the gateway has not rotated yet", remedy="It goes on; look at its log.")
        await asyncio.sleep(0.2)
    print("done: the gateway has a new master key, and the old one is destroyed")
    return 0
