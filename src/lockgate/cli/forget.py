"""`lockgate forget`: destroy a document's key, remove what was made of it, and prove it."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from lockgate.cli.remote import Call, add_options, default_url, gateway
from lockgate.cli.running import open_running
from lockgate.cli.terminal import plain
from lockgate.errors import Invalid

_ABOUT: Final = """\
Destroys the key of a document and removes its passages, vectors, terms, title, rights, the marks of its text in
people's history, and copies that upgrades left. Then it searches every byte of the state folder for what was
there, and prints what it found. The file in the source stays: while it does, each sync passes it over.

  lockgate forget hr/old-offer.docx            while nothing serves
  lockgate forget hr/old-offer.docx --remote   asks the running gateway, as you: owner, steward or administrator
  lockgate forget d_3f2a... --allow-return     the next sync may bring it back, also if it was forgotten before

Backups that were made before still hold it, and are named: destroy them, or rotate the master key and destroy the
old one (docs/guides/operations.md). Exit code 1: it could not be proven that nothing is left."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    command = commands.add_parser(
        "forget",
        help="destroy what is kept of a document, and prove it",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("document", help="`collection/path`, or its id")
    command.add_argument("--allow-return", action="store_true", help="let the next sync bring it back")
    command.add_argument("--yes", action="store_true", help="do not ask")
    command.add_argument("--config", default="lockgate.toml", help="configuration (default: %(default)s)")
    command.add_argument("--remote", action="store_true", help="ask the running gateway; --url and --as do so too")
    command.add_argument("--json", action="store_true", help="print JSON")
    add_options(command)
    command.set_defaults(url=None)  # so that one that is given can be told from none
    command.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    if not args.yes:
        if not sys.stdin.isatty():
            raise Invalid("forgetting cannot be taken back, so it is asked for twice", remedy="Add --yes.")
        if input(f"Forget {plain(args.document)}? There is no way back. Type `yes`: ").strip().lower() != "yes":
            return 1
    return asyncio.run(_open_and_run(args))


async def _open_and_run(args: argparse.Namespace) -> int:
    if args.remote or args.url or args.acting:
        args.url = args.url or default_url()
        async with gateway(args) as client:
            return await ask(client.call, args.document, allow_return=args.allow_return, as_json=args.json)
    from lockgate.edge.forget_api import forgotten_object

    async with open_running(Path(args.config)) as running:
        operator = f"operator:{getpass.getuser()}"
        done = await running.forget.by_operator(operator, args.document, may_return=args.allow_return)
    if done is None:
        print(
            json.dumps({"may_return": True})
            if args.json
            else "it was forgotten before; the next sync may bring it back"
        )
        return 0
    told = forgotten_object(done) | {
        "backups": [_backup(one.made.isoformat(), one.keys, one.place) for one in done.backups]
    }
    return _print(told, as_json=args.json)


async def ask(call: Call, document: str, *, allow_return: bool, as_json: bool) -> int:
    """Let the running gateway forget, over `call`, and print."""
    told = await call("POST", f"/v1/documents/{quote(document)}/forget", {"allow_return": allow_return})
    return _print(told, as_json=as_json)


def _backup(made: str, keys: bool, place: str) -> dict[str, Any]:
    return {"made": made, "keys": keys, "place": place}


def _print(told: dict[str, Any], *, as_json: bool) -> int:
    if as_json:
        print(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        print("\n".join(map(plain, table(told))))
    return 0 if told["proven"] else 1


def table(told: dict[str, Any]) -> Iterator[str]:
    """Yield the proof for people."""
    yield f"{told['document']}: key destroyed, {told['passages']:,} passages removed"
    yield f"  history: {told['marks']:,} marks of its text dropped; copies of upgrades: {told['copies']} removed"
    yield (
        f"  searched every byte of the state folder for {told['probes']} pieces of text, names, key, ciphertext "
        f"({told['seen_before']} were found there before)"
    )
    for one in told["remains"]:
        yield f"  STILL THERE: {one['count']} of kind `{one['kind']}` in {one['file']}"
    yield "  " + ("nothing is left" if told["proven"] else "NOT PROVEN")
    for one in told["kept"]:
        yield f"  kept on purpose: {one['file']} names it ({one['kind']}), as what it recorded cannot change"
    back = (
        "the next sync may bring it back" if told["may_return"] else "syncs pass it over while it is in its source"
    )
    yield f"  {back}"
    for one in told["backups"]:
        keys = "with keys" if one["keys"] else "without keys"
        place = f" at {one['place']}" if "place" in one else ""
        yield f"  STILL HOLDS IT: the backup of {one['made']}{place} ({keys}), if it was there by then"
