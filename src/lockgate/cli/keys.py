"""`lockgate keys`: static keys for services."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lockgate.adapters.directory_file import DirectoryFile
from lockgate.adapters.service_keys import KeyFile, ServiceKey, check_owner, create, revoke
from lockgate.cli import rotate
from lockgate.cli.identity import identity_section, registered
from lockgate.policy.model import Scope

_ABOUT = """Keys for services: a batch job or a bot that cannot sign in. People use `lockgate login`.

A key is shown once, when it is made; the file keeps only its hash. It acts as `service:NAME`, and may read what
that name, its groups and everyone may read, through the routes of its scopes:

  chat      /v1/chat/completions, /v1/models
  retrieve  /v1/retrieve, /v1/discover, /v1/documents
  review    /v1/reviews, /v1/exposure
  audit     proofs of answers, /v1/audit
  decide    /access/v1 (AuthZEN)
  metrics   /metrics"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the commands."""
    group = commands.add_parser(
        "keys",
        help="make, list and revoke keys for services",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--config", default="lockgate.toml", help="configuration (default: %(default)s)")
    shared.add_argument(
        "--file", help="file of the keys (default: `service_keys` in [identity], or service-keys.json)"
    )
    shared.add_argument("--json", action="store_true", help="print JSON")
    verbs = group.add_subparsers(dest="verb", metavar="VERB", required=True)
    make = verbs.add_parser("create", parents=[shared], help="make a key and print it, once")
    make.add_argument("service", help="name of the service, as labels and records will show it")
    make.add_argument(
        "--owner",
        required=True,
        help="who answers for the key: somebody in the directory, where one is configured",
    )
    make.add_argument(
        "--scope",
        action="append",
        required=True,
        help=f"routes that the key opens, one of {', '.join(Scope)}; may be repeated",
    )
    make.add_argument("--group", action="append", default=[], help="group that the service is in; may be repeated")
    make.add_argument("--days", type=int, default=90, help="how long it lives, 1 to 366 (default: %(default)s)")
    make.set_defaults(run=_create)
    verbs.add_parser("list", parents=[shared], help="list all keys; secrets are not kept").set_defaults(run=_list)
    rotate.add(verbs)
    end = verbs.add_parser("revoke", parents=[shared], help="refuse a key from now on")
    end.add_argument("id", help="the id, as `list` shows it")
    end.set_defaults(run=_revoke)


def _file(args: argparse.Namespace) -> KeyFile:
    path = args.file or identity_section(Path(args.config)).get("service_keys", "service-keys.json")
    return KeyFile(Path(path) if args.file else Path(args.config).parent / path)


def _create(args: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    if people := identity_section(Path(args.config)).get("directory"):
        check_owner(args.owner, DirectoryFile.open(Path(args.config).parent / people))
    key, text = create(
        _file(args),
        args.service,
        args.owner,
        frozenset(args.scope),
        frozenset(args.group),
        timedelta(days=min(args.days, 100_000)),
        now,
    )
    if args.json:
        print(json.dumps(_row(key, now) | {"key": text}))
        return 0
    if not args.file and "service_keys" not in identity_section(Path(args.config)):
        said = f"{args.config} names no file of keys, so no gateway takes this key: add service_keys ="
        print(f'{said} "service-keys.json" under [identity], and restart it.', file=sys.stderr)
    if not registered(Path(args.config), key.service):
        said = f'No application "{key.service}" is registered in {args.config}: the key is refused until'
        print(f'{said} [[applications]] has one with that id and kind = "service".', file=sys.stderr)
    print(f"Key {key.id} for {key.service}, until {key.expires:%Y-%m-%d}. It is not shown again:", file=sys.stderr)
    print(text)
    return 0


def _list(args: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    rows = [_row(key, now) for key in _file(args).load().values()]
    if args.json:
        print(json.dumps(rows))
        return 0
    heads = ("id", "service", "owner", "state", "expires", "scopes", "groups")
    table = [heads, *(tuple(_cell(row[head]) for head in heads) for row in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(heads))]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    return 0


def _revoke(args: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    key = revoke(_file(args), args.id, now)
    print(json.dumps(_row(key, now)) if args.json else f"Key {key.id} of {key.service} is revoked.")
    return 0


def _row(key: ServiceKey, now: datetime) -> dict[str, str | list[str]]:
    return {
        "id": key.id,
        "service": key.service,
        "owner": key.owner,
        "state": key.state(now),
        "created": key.created.isoformat(timespec="minutes"),
        "expires": key.expires.isoformat(timespec="minutes"),
        "scopes": list(key.scopes),
        "groups": list(key.groups),
    }


def _cell(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ",".join(value) or "-"
