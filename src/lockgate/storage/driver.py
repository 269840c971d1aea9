"""The driver below a connection, for the few statements that every request waits for.

They are plain text. To hand one to the driver through SQLAlchemy costs several times what SQLite needs to run it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection


def driver(connection: Connection) -> sqlite3.Connection:
    """Return the driver's own connection. What is written with it belongs to the transaction of `connection`.

    Its errors are the driver's (`sqlite3.Error`): SQLAlchemy does not see them.

    Raises:
        TypeError: it is not SQLite's.

    """
    found = connection.connection.driver_connection
    if not isinstance(found, sqlite3.Connection):
        raise TypeError("these statements are written for SQLite")
    return found


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """Commit what is written within, by whatever way, or nothing of it. For a thread that alone writes."""
    raw = driver(connection)
    try:
        yield
        raw.commit()
    except BaseException:
        raw.rollback()
        raise
