"""Looking for what remains leaves the databases of a running gateway locked."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from lockgate.adapters.remains import StateRemains
from lockgate.errors import Unavailable

# SQLite's own lock on its shared memory: who finds it free takes the database for unused, and cuts the file that
# others have mapped (`unixLockSharedMemory`). The lock of the database keeps its write-ahead log from removal.
TRY = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, int(sys.argv[3]), int(sys.argv[2]))
    except OSError:
        print("held")
    else:
        print("free")
"""


def lock(path: Path, start: int, length: int) -> str:
    command = [sys.executable, "-c", TRY, str(path), str(start), str(length)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


async def test_a_search_leaves_every_lock_in_place(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL").fetchall()
        db.execute("CREATE TABLE t (x)")
        db.execute("INSERT INTO t VALUES ('heliotrope')")
        shared = path.with_name("audit.db-shm")
        before = lock(shared, 128, 1), lock(path, 0x40000002, 510)
        assert before == ("held", "held")
        found = await StateRemains(tmp_path, "copies").search([b"heliotrope", b"nothing of the kind"])
        assert found == {0: ["audit.db-wal"]}
        assert (lock(shared, 128, 1), lock(path, 0x40000002, 510)) == before


async def test_what_cannot_be_read_proves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="could not be searched"):
        await StateRemains(tmp_path / "x\0y", "copies").search([b"x"])
