"""The SQLite database of the index: how it is opened, what its errors mean, how it is cleaned."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from lockgate.errors import Invalid, Unavailable


def scrub(db: sa.Connection) -> None:
    """Empty the write-ahead log, which may still hold pages as they were before a removal."""
    db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


@contextlib.contextmanager
def guard() -> Iterator[None]:
    """Turn what the database raises into our errors.

    Raises:
        Unavailable: the database cannot be read or written.
        Invalid: a name is no valid Unicode.

    """
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        raise Unavailable(
            "the index cannot be read or written",
            remedy="Check that the disk is not full and that the folder belongs to the account of Lockgate.",
        ) from error
    except UnicodeEncodeError as error:
        raise Invalid("a name of the document is no valid Unicode") from error


def connect(folder: Path) -> sa.Engine:
    """Return the engine of the database in a folder, which is made if need be.

    Raises:
        Unavailable: the folder cannot be created.

    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"the index folder `{folder}` cannot be created") from error
    engine = sa.create_engine(f"sqlite:///{folder / 'index.sqlite'}", connect_args={"timeout": 10})

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None  # transactions are begun above, and at once where they write
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "cache_size=-512"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine
