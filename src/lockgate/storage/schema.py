"""The layouts of the databases: which revision a file has, which one this version reads, and how to get there.

A database carries its revision in the table `alembic_version`. Opening one that is current costs one query. An
empty one is made at the newest revision. Anything else is refused here: `adapters/state_folder.py` upgrades it
first, with a copy beside it, under the lock of the state folder.

What version 0.1.0 made carries no revision. It has the tables of revision `0001`, and is recognized by them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from lockgate.errors import Unavailable
from lockgate.storage import audit, history, index_tables, judgement_tables, review_tables

VERSION: Final = sa.Table(
    "alembic_version", sa.MetaData(), sa.Column("version_num", sa.String(32), primary_key=True)
)
"""One row: the revision. The table is Alembic's own, so that its tools can be used too."""
BASELINE: Final = "0001"
_FOLDER: Final = Path(__file__).with_name("migrations")


@dataclass(frozen=True, slots=True)
class Layout:
    """One database of the state folder.

    Attributes:
        name: what people call it.
        file: where it lies in the state folder.
        metadata: its tables as this version reads them.
        head: the newest revision.
        kept: columns whose stored values no migration may change, by table; nor may it add or delete rows there.
        folder: where its migrations are.
        former: tables of earlier revisions that are no more.

    """

    name: str
    file: str
    metadata: sa.MetaData
    head: str
    kept: Mapping[str, frozenset[str]] = field(default_factory=dict)
    folder: Path = _FOLDER
    former: frozenset[str] = frozenset()


_INDEX_TABLES: Final = (review_tables.REVIEWS, review_tables.MEASURES, judgement_tables.JUDGEMENTS)
"""Tables beside the index's own. Named here, as only what is imported is made in a new database."""

AUDIT: Final = Layout(
    "audit",
    "audit.db",
    audit.METADATA,
    "0001",
    {
        "audit_event": frozenset({"idx", "leaf", "event"}),
        "audit_node": frozenset({"level", "idx", "hash"}),
        "audit_checkpoint": frozenset({"size", "note"}),
    },
    _FOLDER / "audit",
)
"""Events are bytes that a signed tree commits to: what changes one makes the log a forgery."""
HISTORY: Final = Layout(
    "history", "history.db", history.METADATA, "0002", {}, _FOLDER / "history", frozenset({"history_marks"})
)
INDEX: Final = Layout("index", "index/index.sqlite", index_tables.METADATA, "0006", folder=_FOLDER / "index")
LAYOUTS: Final = (AUDIT, HISTORY, INDEX)


def revision(connection: sa.Connection) -> str | None:
    """Return the revision that a database carries; None where it carries none."""
    if not sa.inspect(connection).has_table(VERSION.name):
        return None
    return connection.execute(sa.select(VERSION.c.version_num)).scalar_one_or_none()


def prepare(connection: sa.Connection, layout: Layout) -> None:
    """Check that a database is one that this version reads; make its tables where it is empty.

    Raises:
        Unavailable: it is of another revision, or holds something else.

    """
    if revision(connection) == layout.head:
        return
    begin(connection)
    found = revision(connection)  # once more: another process may have made it meanwhile
    if found is None and not tables(connection):
        layout.metadata.create_all(connection)
        VERSION.create(connection)
        stamp(connection, layout.head)
    elif found != layout.head:
        raise Unavailable(
            f"the {layout.name} database has layout `{found or 'of 0.1.0'}`, this version reads `{layout.head}`",
            code="other_layout",
            remedy="Run `lockgate db status`; `lockgate db upgrade` brings an older one up.",
        )


def tables(connection: sa.Connection) -> frozenset[str]:
    """Return the names of the tables that a database has, without that of the revision."""
    return frozenset(sa.inspect(connection).get_table_names()) - {VERSION.name}


def begin(connection: sa.Connection) -> None:
    """Begin a transaction for writing and for making tables: SQLite's driver by itself begins none for these."""
    if connection.dialect.name == "sqlite" and not _driver(connection).in_transaction:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def stamp(connection: sa.Connection, revision: str) -> None:
    """Write the revision of a database."""
    connection.execute(sa.delete(VERSION))
    connection.execute(sa.insert(VERSION), {"version_num": revision})


def _driver(connection: sa.Connection) -> Any:
    return connection.connection.driver_connection
