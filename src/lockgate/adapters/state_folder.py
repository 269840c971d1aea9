"""The state folder: its lock, the rights on its files whatever the umask, and the layouts of its databases.

One process works on one state folder. It holds `audit.db.lock`; the audit log takes the same lock when it opens.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import sqlalchemy as sa

from lockgate.errors import Conflict, LockgateError, Unavailable
from lockgate.storage.schema import LAYOUTS, Layout, begin, revision, tables

COPIES: Final = "before-upgrade"
"""Folder of the copies that an upgrade makes first, in the state folder."""
_LOCK: Final = "audit.db.lock"
_OPEN: Final = 0o077


@dataclass(frozen=True, slots=True)
class Found:
    """A database as it lies there.

    `state` is `absent`, `current`, `older`, `newer` or `unreadable`; `revision` is empty where it carries none.
    """

    name: str
    path: Path
    state: str
    revision: str
    head: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Upgraded:
    """A database that was older: the revisions that were run, and the copy from before them (None without any)."""

    name: str
    ran: tuple[str, ...]
    copy: Path | None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a state folder.

    Raises:
        Conflict: another process works on it.
        Unavailable: the lock cannot be made.

    """
    try:
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Unavailable(f"the state folder `{folder}` cannot be used: {error.strerror}") from error
    with os.fdopen(descriptor, "ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(
                f"another Lockgate works on the state folder `{folder}`", remedy="Stop it first."
            ) from error
        yield


def ready(folder: Path, layouts: Sequence[Layout] = LAYOUTS) -> tuple[Upgraded, ...]:
    """Make the folder if need be, close its files to other accounts, and upgrade databases that are older.

    Where all are current that is a query for each.

    Raises:
        Conflict: something must be upgraded, and another process works on the folder.
        Unavailable: the folder cannot be used, or a newer Lockgate made what is in it.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        secure(folder, layouts)
    except OSError as error:
        raise Unavailable(f"the state folder `{folder}` cannot be made: {error.strerror}") from error
    if all(_is_current(folder / one.file, one) for one in layouts):
        return ()
    return upgrade(folder, layouts)


def secure(folder: Path, layouts: Sequence[Layout] = LAYOUTS) -> tuple[Path, ...]:
    """Make folders 0700 and files 0600, and databases that are not there yet, empty. Return what was open.

    Keys are left as they are: one that others may read is refused when it is opened, for it may be known already.
    """
    opened = []
    keys = folder / "keys"
    keys.mkdir(mode=0o700, exist_ok=True)
    for name in (_LOCK, *(one.file for one in layouts)):
        path = folder / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    for path in (folder, *folder.rglob("*")):
        if path.is_symlink() or (keys in path.parents and not path.is_dir()):
            continue
        mode = path.stat().st_mode & 0o777
        if mode & _OPEN:
            path.chmod(0o700 if path.is_dir() else 0o600)
            opened.append(path)
    return tuple(opened)


def status(folder: Path, layouts: Sequence[Layout] = LAYOUTS) -> tuple[Found, ...]:
    """Return how each database stands. Nothing is changed."""
    return tuple(_status(folder / one.file, one) for one in layouts)


def upgrade(folder: Path, layouts: Sequence[Layout] = LAYOUTS) -> tuple[Upgraded, ...]:
    """Bring every database to the layout of this version: a copy first, then one transaction for each.

    Raises:
        Conflict: another process works on the folder.
        Unavailable: a newer Lockgate made one, or it cannot be read or written. That one is as it was.

    """
    with locked(folder):
        for one in layouts:  # all are looked at before the first is changed
            found = _status(folder / one.file, one)
            if found.problem:
                raise Unavailable(
                    f"`{found.path}`: {found.problem}",
                    code="newer_state" if found.state == "newer" else "unavailable",
                    remedy="Nothing was changed. Install the version that made it, or restore a backup.",
                )
        done = (_upgrade(folder, one) for one in layouts if not _is_current(folder / one.file, one))
        return tuple(done)


def copy_database(source: Path, target: Path) -> None:
    """Write a consistent copy of a database, also while others write it. The copy has mode 0600.

    Raises:
        Unavailable: it cannot be read, or the copy cannot be written.

    """
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(source, timeout=10)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)
            new.execute("PRAGMA journal_mode=DELETE").fetchall()
        with target.open("rb") as file:
            os.fsync(file.fileno())
    except (OSError, sqlite3.Error) as error:
        raise Unavailable(f"`{source}` cannot be copied to `{target}`: {error}") from error


def _upgrade(folder: Path, layout: Layout) -> Upgraded:
    from lockgate.storage import migrate

    path = folder / layout.file
    engine = _engine(path)
    try:
        with engine.connect() as db:
            begin(db)
            todo = migrate.pending(layout, migrate.at(db, layout))
            copy = None
            if todo:
                copy = folder / COPIES / f"{layout.name}-{revision(db) or '0.1.0'}.sqlite"
                copy_database(path, copy)
            migrate.migrate(db, layout)
            db.commit()
    except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
        why = getattr(error, "orig", None) or error
        raise Unavailable(
            f"the {layout.name} database `{path}` cannot be upgraded: {why}", remedy="It is as it was."
        ) from error
    finally:
        engine.dispose()
    return Upgraded(layout.name, todo, copy)


def _is_current(path: Path, layout: Layout) -> bool:
    """Tell whether nothing needs to be done: it is at the newest revision, or empty."""
    if not path.exists() or not path.stat().st_size:
        return True
    try:
        with closing(sqlite3.connect(_address(path), uri=True, timeout=10)) as db:
            return db.execute("select version_num from alembic_version").fetchall() == [(layout.head,)]
    except sqlite3.Error:
        return False


def _status(path: Path, layout: Layout) -> Found:
    from lockgate.storage import migrate

    def found(state: str, revision: str = "", problem: str = "") -> Found:
        return Found(layout.name, path, state, revision, layout.head, problem)

    if not path.exists() or not path.stat().st_size:
        return found("absent")
    engine = _engine(path)
    try:
        with engine.connect() as db:
            if not tables(db):
                return found("absent")
            carried = revision(db) or ""
            if carried == layout.head:
                return found("current", carried)
            migrate.at(db, layout)
            return found("older", carried)
    except LockgateError as error:
        return found("newer" if error.code == "newer_state" else "unreadable", problem=str(error))
    except sa.exc.SQLAlchemyError as error:
        return found("unreadable", problem=f"it cannot be read: {getattr(error, 'orig', None) or 'damaged'}")
    finally:
        engine.dispose()


def _engine(path: Path) -> sa.Engine:
    engine = sa.create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(path, timeout=10, isolation_level=None),
        poolclass=sa.NullPool,
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: object) -> None:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")

    return engine


def _address(path: Path) -> str:
    return f"file:{quote(str(path.absolute()))}?mode=rw"
