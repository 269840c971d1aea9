"""`ports.Remains` over a state folder: what lies in its files, freed pages and write-ahead logs too."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from lockgate.errors import Unavailable
from lockgate.ports import Backup

_BLOCK: Final = 8 << 20
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
        found: dict[int, list[str]] = {}
        for path in sorted(self._folder.rglob("*")):
            if path.is_symlink() or not path.is_file():
                continue
            for number in self._in(path, probes):
                found.setdefault(number, []).append(str(path.relative_to(self._folder)))
        return found

    def _in(self, path: Path, probes: tuple[bytes, ...]) -> set[int]:
        overlap = max(map(len, probes), default=1) - 1
        found: set[int] = set()
        tail = b""
        try:
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    seen = tail + block
                    found.update(n for n, probe in enumerate(probes) if n not in found and probe in seen)
                    tail = seen[-overlap:] if overlap else b""
        except FileNotFoundError:
            return set()  # a write-ahead log that was just emptied
        except OSError as error:
            raise Unavailable(f"`{path}` cannot be read, so nothing can be proven about it") from error
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
