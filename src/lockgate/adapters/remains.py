"""`ports.Remains` over a state folder: what lies in its files, freed pages and write-ahead logs too."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from lockgate.errors import Unavailable
from lockgate.ports import Backup

_SEARCH: Final = Path(__file__).with_name("remains_search.py")
_STORES: Final = ("index/index.sqlite", "history.db")
_TRIES: Final = 5
BACKUPS: Final = "backups.jsonl"
"""Where a backup leaves a line about itself, in the state folder."""


class StateRemains:
    """The files of one state folder."""

    def __init__(self, folder: Path, copies: str) -> None:
        """Look at `folder`; `copies` is the folder in it where upgrades leave what was before."""
        self._folder = folder
        self._copies = folder / copies

    async def search(self, probes: Sequence[bytes], /) -> Mapping[int, Sequence[str]]:
        """Return for each probe that is found the names of the files that hold it. Reads every byte."""
        return await asyncio.to_thread(self._search, tuple(probes))

    async def compact(self) -> None:
        """Write index and history anew (`VACUUM`), and empty their write-ahead logs."""
        await asyncio.to_thread(self._compact)

    async def drop_copies(self) -> int:
        """Remove the copies of the index that upgrades left; return how many there were."""
        return await asyncio.to_thread(self._drop_copies)

    async def backups(self) -> Sequence[Backup]:
        """Return the backups that were made of this folder, the oldest first."""
        return await asyncio.to_thread(self._backups)

    def _search(self, probes: tuple[bytes, ...]) -> dict[int, list[str]]:
        """Search in a process of its own: see `remains_search` for why. What is looked for goes through a pipe."""
        command = [sys.executable, "-I", str(_SEARCH), str(self._folder)]
        asked = json.dumps([one.hex() for one in probes]).encode()
        try:
            done = subprocess.run(command, input=asked, capture_output=True, check=False)  # noqa: S603  a fixed program of ours
            told = json.loads(done.stdout)
        except (OSError, ValueError) as error:
            raise Unavailable(
                f"`{self._folder}` could not be searched, so nothing can be proven about it"
            ) from error
        if "unreadable" in told:
            name = self._folder / told["unreadable"]
            raise Unavailable(f"`{name}` cannot be read, so nothing can be proven about it")
        found: dict[int, list[str]] = {}
        for name, numbers in told["found"].items():
            for number in numbers:
                found.setdefault(number, []).append(name)
        return found

    def _compact(self) -> None:
        for name in _STORES:
            path = self._folder / name
            try:
                with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as db:
                    db.execute("PRAGMA secure_delete=ON")
                    db.execute("VACUUM")
                    for _ in range(_TRIES):  # a search that is under way holds the log for a moment
                        if not db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                            break
                        time.sleep(0.1)
            except sqlite3.Error as error:
                raise Unavailable(
                    f"`{path}` cannot be written anew: {error}", remedy="It needs as much free space as it has."
                ) from error

    def _drop_copies(self) -> int:
        copies = list(self._copies.glob("index-*")) if self._copies.is_dir() else []
        for path in copies:
            path.unlink(missing_ok=True)
        return len(copies)

    def _backups(self) -> list[Backup]:
        try:
            lines = (self._folder / BACKUPS).read_text("utf-8").splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise Unavailable("the list of backups cannot be read") from error
        return [_backup(line) for line in lines if line.strip()]


def _backup(line: str) -> Backup:
    try:
        one = json.loads(line)
        return Backup(datetime.fromisoformat(one["made"]), str(one["place"]), bool(one["keys"]))
    except (ValueError, TypeError, KeyError) as error:
        raise Unavailable("the list of backups is damaged", remedy=f"Look at `{BACKUPS}`.") from error
