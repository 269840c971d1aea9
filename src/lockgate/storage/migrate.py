"""Bring a database to the newest revision, in the caller's transaction. Imports Alembic when called."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from lockgate.errors import Unavailable
from lockgate.storage.schema import BASELINE, VERSION, Layout, revision, stamp, tables

if TYPE_CHECKING:
    from alembic.script import Script, ScriptDirectory

_WRITES: Final = {sqlite3.SQLITE_INSERT, sqlite3.SQLITE_DELETE, sqlite3.SQLITE_DROP_TABLE}


def known(layout: Layout) -> tuple[str, ...]:
    """Return the revisions that this version knows, the oldest first."""
    scripts = _scripts(layout)
    return tuple(one.revision for one in reversed(list(scripts.walk_revisions())))


def at(connection: sa.Connection, layout: Layout) -> str:
    """Return the revision of a database that is not empty, `0001` for one of version 0.1.0.

    Raises:
        Unavailable: a newer Lockgate made it, or it is none of ours.

    """
    found = revision(connection)
    if found is None:
        foreign = tables(connection) - _ours(layout)
        if foreign or not tables(connection):
            raise Unavailable(
                f"this is no {layout.name} database of Lockgate",
                code="foreign_state",
                remedy="Point `data` to another folder, or restore the file from a backup.",
            )
        return BASELINE
    if found not in known(layout):
        raise Unavailable(
            f"the {layout.name} database was made by a newer Lockgate: it has layout `{found}`, this version "
            f"knows up to `{layout.head}`",
            code="newer_state",
            remedy="Install that version again, or restore a backup from before its upgrade. Nothing was changed.",
        )
    return found


def pending(layout: Layout, start: str) -> tuple[str, ...]:
    """Return the revisions that lie between `start` and the newest one, in their order."""
    every = known(layout)
    return every[every.index(start) + 1 :]


def migrate(connection: sa.Connection, layout: Layout) -> tuple[str, ...]:
    """Run what is pending, and write the new revision. Return what was run.

    What the layout keeps (the bytes of the audit log) SQLite itself refuses to change meanwhile.

    Raises:
        Unavailable: see `at`.

    """
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext

    start = at(connection, layout)
    todo = pending(layout, start)
    scripts = _scripts(layout)
    steps: list[Script] = [_script(scripts, one) for one in todo]
    if revision(connection) is None:  # of version 0.1.0; one that was killed while it made its tables lacks some
        steps.insert(0, _script(scripts, BASELINE))
        VERSION.create(connection, checkfirst=True)
    driver: Any = connection.connection.driver_connection
    driver.set_authorizer(lambda *asked: _allows(layout, *asked))
    try:
        with Operations.context(MigrationContext.configure(connection)):
            for step in steps:
                step.module.upgrade()
    finally:
        driver.set_authorizer(None)
    stamp(connection, layout.head)
    return todo


def _allows(layout: Layout, action: int, table: str | None, column: str | None, *_: Any) -> int:
    """Answer SQLite, which asks before it compiles a statement."""
    kept = layout.kept.get(table or "")
    if kept is None:
        return sqlite3.SQLITE_OK
    changes = action in _WRITES or (action == sqlite3.SQLITE_UPDATE and column in kept)
    return sqlite3.SQLITE_DENY if changes else sqlite3.SQLITE_OK


def _ours(layout: Layout) -> frozenset[str]:
    return frozenset(layout.metadata.tables) | layout.former


def _scripts(layout: Layout) -> ScriptDirectory:
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(layout.folder), version_locations=[str(layout.folder)])


def _script(scripts: ScriptDirectory, revision: str) -> Script:
    found = scripts.get_revision(revision)
    if found is None:
        raise Unavailable(f"this version has no migration `{revision}`")
    return found
