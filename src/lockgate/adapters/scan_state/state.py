"""SqliteScanState: `ports.scanning.ScanState` in one file, for one scan at a time."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import stat
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from lockgate.adapters.scan_state import layout, summary
from lockgate.content.scanned import Row
from lockgate.errors import Conflict, Invalid, LockgateError, Unavailable
from lockgate.ports.scanning import STATE, Known, Outcome, Pending, Run, Selection, Sight, Summary
from lockgate.storage.threads import Threads

_PAGE: Final = 256
_T = TypeVar("_T")


class SqliteScanState:
    """Every method works on one thread of its own. The file is for its owner alone: it says where secrets lie."""

    def __init__(self, path: Path, connection: sqlite3.Connection, threads: Threads) -> None:
        self.path = path
        self._connection = connection
        self._threads = threads

    @classmethod
    def open(cls, path: Path) -> SqliteScanState:
        """Open or make the file, and lock it.

        Raises:
            Conflict: another scan works on it.
            Invalid: it is no state of a scan, or not ours alone.
            Unavailable: it cannot be used.

        """
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
            _own(path)
            connection = sqlite3.connect(path, timeout=0.5, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise _unavailable(path, error) from error
        try:
            # Held until the connection is closed, also by a kill: the lock is the system's.
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            _check(path, connection)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
            layout.prepare(connection)
        except (sqlite3.Error, LockgateError) as error:
            connection.close()
            raise _of(path, error) from error
        return cls(path, connection, Threads("scan-state", 1))

    def close(self) -> None:
        """Close the file and let another scan have it."""
        self._threads.close()
        self._connection.close()

    async def begin(self, targets: Sequence[str], rules: str, now: datetime, /, *, resume: bool) -> Run:
        """Begin a run, or go on with an interrupted one."""
        return await self._run(self._begin, json.dumps(sorted(targets)), rules, now, resume)

    def _begin(self, targets: str, rules: str, now: datetime, resume: bool) -> Run:
        execute = self._connection.execute
        found = execute(
            "SELECT max(finished) FROM run WHERE complete AND finished IS NOT NULL AND targets = ?", (targets,)
        ).fetchone()[0]
        last = datetime.fromisoformat(found) if found else None
        open_run = execute("SELECT id, started, finished, targets FROM run ORDER BY id DESC LIMIT 1").fetchone()
        if resume and open_run and open_run[2] is None and open_run[3] == targets:
            pending = execute("SELECT count(*), coalesce(sum(size), 0) FROM item WHERE wanted <> 0").fetchone()
            return Run(open_run[0], datetime.fromisoformat(open_run[1]), True, last, *pending)
        execute("DELETE FROM item WHERE gone")
        execute("UPDATE item SET wanted = 0 WHERE wanted <> 0")
        id = execute(
            "INSERT INTO run (started, targets, rules) VALUES (?, ?, ?)", (now.isoformat(), targets, rules)
        ).lastrowid
        execute("DELETE FROM run WHERE id < ?", ((id or 0) - 100,))
        return Run(id or 0, now, last=last)

    async def known(self, target: str, items: Sequence[str], /) -> Sequence[Known | None]:
        """Return what is known of each of these items."""
        return await self._run(self._known, target, items)

    def _known(self, target: str, items: Sequence[str]) -> Sequence[Known | None]:
        marks = ",".join("?" * len(items))
        found = {
            item: Known(id, revision, digest, rules, rights, seen, bool(again))
            for id, item, revision, digest, rules, rights, seen, again in self._connection.execute(
                "SELECT id, item, coalesce(revision, ''), digest, rules, rights, seen, again FROM item "  # noqa: S608 - question marks only
                f"WHERE target = ? AND item IN ({marks}) AND NOT gone",
                (target, *items),
            )
        }
        return [found.get(item) for item in items]

    async def see(self, run: int, sights: Sequence[Sight], unchanged: Sequence[int], /) -> None:
        """Note what a walk saw."""
        await self._run(self._see, run, sights, unchanged)

    def _see(self, run: int, sights: Sequence[Sight], unchanged: Sequence[int]) -> None:
        self._connection.executemany("UPDATE item SET seen = ? WHERE id = ?", [(run, id) for id in unchanged])
        self._connection.executemany(_SEE, [_sight(run, one) for one in sights])

    async def pending(self, run: int, after: int, most: int, /) -> Sequence[Pending]:
        """Return items that wait to be read."""
        return await self._run(self._pending, run, after, most)

    def _pending(self, run: int, after: int, most: int) -> Sequence[Pending]:
        found = self._connection.execute(
            "SELECT id, target, item, shown_revision, size, digest, rules, again, revision IS NOT NULL, demanded "
            "FROM item WHERE wanted <> 0 AND wanted = ? AND id > ? ORDER BY id LIMIT ?",
            (run, after, most),
        ).fetchall()
        kinds = self._kinds([one[0] for one in found])
        return [
            Pending(
                id,
                target,
                item,
                shown,
                size,
                digest,
                rules,
                again=bool(again),
                before=layout.before(demanded, kinds.get(id, ())) if looked else None,
            )
            for id, target, item, shown, size, digest, rules, again, looked, demanded in found
        ]

    def _kinds(self, ids: Sequence[int]) -> dict[int, list[tuple[str, int, float]]]:
        marks = ",".join("?" * len(ids))
        kinds: dict[int, list[tuple[str, int, float]]] = {}
        for id, *one in self._connection.execute(
            f"SELECT item, kind, count, confidence FROM kind WHERE item IN ({marks}) ORDER BY kind",  # noqa: S608 - question marks only
            ids,
        ):
            kinds.setdefault(id, []).append((one[0], one[1], one[2]))
        return kinds

    async def keep(self, run: int, rules: str, outcomes: Sequence[tuple[str, Outcome]], /) -> None:
        """Keep outcomes."""
        await self._run(self._keep, run, rules, outcomes)

    def _keep(self, run: int, rules: str, outcomes: Sequence[tuple[str, Outcome]]) -> None:
        execute = self._connection.execute
        for target, one in outcomes:
            if one.same:
                execute(
                    "UPDATE item SET revision = ?, read = ?, size = ?, wanted = 0 WHERE target = ? AND item = ?",
                    (one.revision, run, one.size, target, one.item),
                )
                continue
            if one.gone:
                execute("UPDATE item SET gone = ?, changed = ?, wanted = 0 WHERE target = ? AND item = ?",
                        (run, run, target, one.item))  # fmt: skip
                continue
            found = execute(_KEEP, _outcome(run, rules, target, one)).fetchone()
            if found is None:
                continue
            execute("DELETE FROM kind WHERE item = ?", found)
            self._connection.executemany(
                "INSERT INTO kind VALUES (?, ?, ?, ?)",
                [(found[0], each.kind, each.count, each.confidence) for each in one.evidence],
            )

    async def walked(self, run: int, target: str, gone: Callable[[str], bool | None], /) -> None:
        """Note the end of a walk."""
        await self._run(self._walked, run, target, gone)

    def _walked(self, run: int, target: str, gone: Callable[[str], bool | None]) -> None:
        missing = self._connection.execute(
            "SELECT id, item FROM item WHERE target = ? AND seen < ? AND NOT gone", (target, run)
        ).fetchall()
        fates = [(id, gone(item)) for id, item in missing]
        update = self._connection.executemany
        update(
            "UPDATE item SET gone = ?, changed = ? WHERE id = ?", [(run, run, id) for id, fate in fates if fate]
        )
        update("UPDATE item SET seen = ? WHERE id = ?", [(run, id) for id, fate in fates if fate is False])

    async def end(self, run: int, now: datetime, /, *, complete: bool) -> None:
        """Note that the run is over."""
        await self._run(
            lambda: self._connection.execute(
                "UPDATE run SET finished = ?, complete = ? WHERE id = ?", (now.isoformat(), complete, run)
            )
        )

    async def summary(self, of: Selection, most: int, /) -> Summary:
        """Return counts, and the worst rows."""
        return await self._run(summary.of, self._connection, of, most)

    async def rows(self, of: Selection, /) -> AsyncIterator[Row]:
        """Yield every row with findings or a problem, and what is gone: worst first."""
        found = summary.rows(self._connection, of)
        while page := await self._run(lambda: [one for _, one in zip(range(_PAGE), found, strict=False)]):
            for one in page:
                yield one

    async def _run(self, work: Callable[..., _T], *args: object) -> _T:
        return await self._threads.run(self._whole, work, *args)

    def _whole(self, work: Callable[..., _T], *args: object) -> _T:
        """Do the work in one transaction."""
        try:
            with _transaction(self._connection):
                return work(*args)
        except sqlite3.Error as error:
            raise _of(self.path, error) from error


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _own(path: Path) -> None:
    """Refuse a file that somebody else made or could write: a scan would believe that it had read all of it.

    SQLite takes up what lies beside it under its names, too. What others could only read is closed to them.
    """
    for each in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))):
        try:
            found = each.lstat()
        except FileNotFoundError:
            continue
        mine = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022
        if stat.S_ISDIR(found.st_mode):
            continue  # SQLite says what is wrong with it
        if not mine:
            raise Invalid(
                f"the state `{each}` is a link, another account's, or can be written by others",
                remedy="Name another file with --state.",
            )
        if found.st_mode & 0o077:
            each.chmod(0o600)


def _check(path: Path, connection: sqlite3.Connection) -> None:
    """Refuse a database that is somebody else's before anything is written to it."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if application != layout.APPLICATION and not empty:
        raise Invalid(f"`{path}` is a database, but no state of a scan", remedy="Name another file with --state.")


def _of(path: Path, error: Exception) -> LockgateError:
    if isinstance(error, LockgateError):
        return error
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Conflict(
            f"another scan works on the state `{path}`", remedy="Wait for it, or name another file with --state."
        )
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return Invalid(
            f"`{path}` is no state of a scan, or is damaged", remedy="Remove it: the next scan makes a new one."
        )
    return _unavailable(path, error)


def _unavailable(path: Path, error: Exception) -> Unavailable:
    why = error.strerror if isinstance(error, OSError) else str(error)
    return Unavailable(
        f"the state of the scan `{path}` cannot be used: {(why or 'unknown error').lower()}",
        code=STATE,
        remedy="Make room or check its rights, or name another place with --state; "
        "`--resume` then goes on with what is done.",
    )


_SEE: Final = """
INSERT INTO item (target, item, folder, seen, wanted, shown_revision, size, modified, rights, readers, owners,
                  people, share, everyone, declared, walk_notes, walk_problem, changed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (target, item) DO UPDATE SET
    seen = excluded.seen, wanted = excluded.wanted, shown_revision = excluded.shown_revision,
    size = excluded.size, modified = excluded.modified, readers = excluded.readers,
    owners = excluded.owners, people = excluded.people, share = excluded.share, everyone = excluded.everyone,
    declared = excluded.declared, walk_notes = excluded.walk_notes, walk_problem = excluded.walk_problem,
    gone = 0, changed = CASE WHEN item.rights = excluded.rights THEN item.changed ELSE excluded.changed END,
    rights = excluded.rights
"""
_KEEP: Final = """
UPDATE item SET revision = ?, digest = ?, rules = ?, demanded = ?, findings = ?, reasons = ?, places = ?,
    look_notes = ?, unread = ?, look_problem = ?, again = ?, read = ?, changed = ?, size = max(size, ?), wanted = 0
WHERE target = ? AND item = ? RETURNING id
"""


def _sight(run: int, one: Sight) -> tuple[object, ...]:
    item = one.item
    folder = item.id.partition("/")[0] + "/" if "/" in item.id else "./"
    return (
        one.target,
        item.id,
        folder,
        run,
        run if one.wanted else 0,
        item.revision,
        item.size,
        None if item.modified is None else item.modified.isoformat(),
        one.rights,
        layout.readers_text(one.reach.readers),
        json.dumps(sorted(item.owners)),
        one.reach.people,
        one.reach.share,
        one.reach.everyone,
        None if item.declared is None else int(item.declared.sensitivity),
        json.dumps(item.notes),
        item.problem,
        run,
    )


def _outcome(run: int, rules: str, target: str, one: Outcome) -> tuple[object, ...]:
    return (
        one.revision,
        one.digest,
        rules,
        int(one.level),
        sum(each.count for each in one.evidence),
        json.dumps(one.reasons),
        layout.places_text(one.places),
        json.dumps(one.notes),
        json.dumps(one.unread),
        one.problem,
        one.again,
        run,
        run,
        one.size,
        target,
        one.item,
    )
