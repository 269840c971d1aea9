"""`lockgate backup` and `lockgate restore`."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from lockgate.adapters import sealed
from lockgate.cli.terminal import plain
from lockgate.config import load
from lockgate.errors import Invalid

_BACKUP: Final = """\
Writes a consistent, verified copy of everything that this Lockgate needs, also while it serves: log, index,
history, configuration, directory, service keys (hashes) and policies, with a manifest of SHA-256 digests.

  lockgate backup /media/vault/monday
  lockgate backup /media/vault/monday --with-keys --passphrase-file /etc/lockgate/backup.pass

Without its keys a backup is noise to whoever finds it, and to you: keep the keys somewhere else. What people have
asked to forget later is still in it; `lockgate forget` names it then."""
_RESTORE: Final = """\
Restores a backup into a new folder and verifies it: every file by its digest, the log by its tree, every document
by its key. It never writes over anything.

  lockgate restore /media/vault/monday recovered --passphrase-file /etc/lockgate/backup.pass
  lockgate restore /media/vault/monday recovered --keys /media/keys --log old-state/audit.db

With --log, what a newer log says was forgotten is forgotten in what is restored too."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the commands."""
    raw = argparse.RawDescriptionHelpFormatter
    backup = commands.add_parser(
        "backup", help="write a verified backup", description=_BACKUP, formatter_class=raw
    )
    backup.add_argument("target", type=Path, help="a new or empty folder")
    backup.add_argument("--config", default="lockgate.toml", help="configuration (default: %(default)s)")
    backup.add_argument("--with-keys", action="store_true", help="with the keys, sealed with a passphrase")
    backup.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", help="a file of mode 0600, for --with-keys"
    )
    backup.add_argument("--json", action="store_true", help="print the manifest")
    backup.set_defaults(run=_backup)
    restore = commands.add_parser(
        "restore", help="restore a backup into a new folder", description=_RESTORE, formatter_class=raw
    )
    restore.add_argument("source", type=Path, help="the backup")
    restore.add_argument("target", type=Path, help="a new or empty folder")
    restore.add_argument("--passphrase-file", type=Path, metavar="FILE", help="passphrase of the keys in it")
    restore.add_argument("--keys", type=Path, metavar="FOLDER", help="the keys, where it has none")
    restore.add_argument("--log", type=Path, action="append", default=[], metavar="FILE", help="a newer audit log")
    restore.add_argument("--json", action="store_true", help="print the manifest")
    restore.set_defaults(run=_restore)


def _backup(args: argparse.Namespace) -> int:
    from lockgate.wiring import backup

    if args.with_keys != bool(args.passphrase_file):
        raise Invalid(
            "keys are backed up under a passphrase only", remedy="Add --with-keys --passphrase-file FILE."
        )
    secret = sealed.passphrase(args.passphrase_file) if args.with_keys else None
    told = backup.backup(load(Path(args.config)), args.target, secret, datetime.now(UTC))
    keys = "with its keys, sealed" if told["keys"] else "WITHOUT its keys: keep them somewhere else"
    return _print(args, told, f"backed up to {args.target}, {keys}")


def _restore(args: argparse.Namespace) -> int:
    from lockgate.wiring import backup

    secret = sealed.passphrase(args.passphrase_file) if args.passphrase_file else None
    told = backup.restore(args.source, args.target, secret, args.keys, tuple(args.log))
    return _print(args, told, f"restored to {args.target}; state in {args.target / told['data']}")


def _print(args: argparse.Namespace, told: dict[str, Any], first: str) -> int:
    if args.json:
        print(json.dumps(told, indent=2))
        return 0
    print(first)
    counts = f"{told['records']:,} records of the log, {told['documents']:,} documents"
    print(f"verified: {counts}, {told['passages']:,} passages")
    if told.get("forgotten"):
        print(f"{told['forgotten']:,} documents that were forgotten meanwhile were forgotten again")
    for path in told["outside"]:
        print(
            plain(f"not in it, as it, or what it leads to, lies elsewhere or is no file: {path}").replace(
                "\n", " "
            )
        )
    return 0
