"""Connections to one database: read-only transactions, bounded in time, that run nobody else's code.

A database is the work of many, and some of what lies in it runs when it is looked at. So nothing here executes a
view or a function that is not PostgreSQL's own: the search path is `pg_catalog` alone, tables are read as they are
stored, and row security is off, which makes PostgreSQL refuse what it would else filter by somebody's expressions.

Messages of the server can quote rows and passwords, so of an error only its state (five characters) is told.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar

from lockgate.errors import LockgateError, Unavailable

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")
LANES: Final = 4
"""Connections at a time."""
OLDEST: Final = 140000
"""The first version that reads a range of pages without looking at the others (tid range scans)."""
_DENIED: Final = {"42501"}
_LOCAL: Final = {"", "localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach a database.

    Attributes:
        host: name, address, or folder of a socket; empty is what libpq takes.
        database, user: their names; an empty user is what libpq takes.
        password: never shown. Without one, libpq looks at `password_file`, then in its own places.
        tls: a mode of libpq (`sslmode`); empty is `verify-full` to another machine.
        tls_ca: certificates to trust; None are the system's.
        seconds: how long one statement may take.

    """

    database: str
    host: str = ""
    port: int = 5432
    user: str = ""
    password: str = field(default="", repr=False)
    password_file: Path | None = None
    tls: str = ""
    tls_ca: Path | None = None
    seconds: float = 60.0

    @property
    def local(self) -> bool:
        """Tell whether it is on this machine. Without a host, the environment may name another one."""
        if not self.host and any(os.environ.get(name) for name in ("PGSERVICE", "PGHOSTADDR")):
            return False
        host = self.host or os.environ.get("PGHOST", "")
        return host in _LOCAL or host.startswith("/")


class Refused(Unavailable):
    """The database does not let us do this one thing."""

    code = "refused"


class Gone(LockgateError):
    """The table is not there any more."""


class _Broken(Unavailable):
    """The connection is not there any more."""


class Sessions:
    """Runs work in transactions of its own. Blocks, so it is called from threads."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._lock = Lock()
        self._idle: list[psycopg.Connection[Any]] = []
        self._closed = False

    def run(self, work: Callable[[psycopg.Cursor[Any]], T]) -> T:
        """Do work in one read-only transaction, in which all of it sees the same state.

        Raises:
            Refused: rights of ours, or row security, are in the way.
            Gone: a table is not there any more.
            Unavailable: the database cannot be reached, or takes too long.

        """
        connection, fresh = self._take()
        try:
            return self._within(connection, work)
        except _Broken:
            if fresh:
                raise
        return self._within(self._open(), work)  # the server had ended a connection that was idle

    def close(self) -> None:
        """Close what is idle; what is in use is closed when it is done."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for one in idle:
            one.close()

    @property
    def _where(self) -> str:
        return f"the database `{self.access.database}`"

    def _take(self) -> tuple[psycopg.Connection[Any], bool]:
        with self._lock:
            if self._idle:
                return self._idle.pop(), False
        return self._open(), True

    def _within(self, connection: psycopg.Connection[Any], work: Callable[[psycopg.Cursor[Any]], T]) -> T:
        import psycopg

        try:
            with connection.cursor() as cursor:
                cursor.execute(_SETTINGS, self._limits())
                done = work(cursor)
            connection.rollback()
        except psycopg.Error as error:
            broken = connection.broken
            connection.close()
            if broken:
                raise _Broken(f"{self._where}: the connection broke") from None
            raise self._problem(error.sqlstate or "") from None
        except BaseException:
            connection.close()
            raise
        with self._lock:
            if not self._closed and len(self._idle) < LANES:
                self._idle.append(connection)
                return done
        connection.close()
        return done

    def _limits(self) -> dict[str, str]:
        milliseconds = str(int(self.access.seconds * 1000))
        return {"statement": milliseconds, "lock": str(min(5000, int(self.access.seconds * 1000)))}

    def _open(self) -> psycopg.Connection[Any]:
        try:
            import psycopg
        except ImportError as error:
            raise Unavailable(
                f"the package `{error.name or 'psycopg'}` is not installed", remedy="Install `lockgate[postgres]`."
            ) from error
        access = self.access
        mode = access.tls or ("prefer" if access.local else "verify-full")
        given = {
            "host": access.host,
            "port": str(access.port),
            "dbname": access.database,
            "user": access.user,
            "password": self._password(),
            "sslmode": mode,
            # `system` is refused beside a mode that does not verify all.
            "sslrootcert": str(access.tls_ca or ("system" if mode == "verify-full" else "")),
            "connect_timeout": "10",
            "client_encoding": "utf8",
            "application_name": "lockgate",
        }
        try:
            info = psycopg.conninfo.make_conninfo("", **{name: value for name, value in given.items() if value})
            made: psycopg.Connection[Any] = psycopg.connect(info, prepare_threshold=None)
        except (psycopg.Error, UnicodeError):
            raise Unavailable(
                f"{self._where}: it cannot be reached, or does not let us in",
                remedy="Check host, user, password and TLS with `psql`.",
            ) from None
        if made.info.server_version < OLDEST:
            made.close()
            raise Unavailable(f"{self._where}: it is older than PostgreSQL 14", remedy="Upgrade it.")
        made.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        made.read_only = True
        return made

    def _password(self) -> str:
        if self.access.password or self.access.password_file is None:
            return self.access.password
        try:
            return self.access.password_file.read_text("utf-8").strip("\r\n")
        except (OSError, UnicodeError) as error:
            raise Unavailable(
                f"{self._where}: the file with its password cannot be read: {type(error).__name__}"
            ) from None

    def _problem(self, state: str) -> LockgateError:
        if state in _DENIED:
            return Refused("the database does not let Lockgate read all of it")
        if state in ("42P01", "3F000"):
            return Gone("it is gone")
        if state in ("57014", "55P03"):
            return Unavailable(f"{self._where}: it takes too long, or is locked ({state})")
        return Unavailable(f"{self._where}: a statement failed ({state or 'no state'})")


_SETTINGS: Final = """
SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true),
       pg_catalog.set_config('row_security', 'off', true),
       pg_catalog.set_config('statement_timeout', %(statement)s, true),
       pg_catalog.set_config('lock_timeout', %(lock)s, true),
       pg_catalog.set_config('idle_in_transaction_session_timeout', '120000', true),
       pg_catalog.set_config('DateStyle', 'ISO, YMD', true),
       pg_catalog.set_config('IntervalStyle', 'iso_8601', true),
       pg_catalog.set_config('TimeZone', 'UTC', true),
       pg_catalog.set_config('extra_float_digits', '1', true),
       pg_catalog.set_config('bytea_output', 'hex', true)
"""
