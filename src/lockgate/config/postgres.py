"""Read `[collections.postgres]`: the tables of a PostgreSQL database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lockgate.config.principals import Principals, principals
from lockgate.config.table import Table
from lockgate.policy.addresses import host_complaint


@dataclass(frozen=True, slots=True)
class PostgresSettings:
    """`[collections.postgres]`: where a database is, and whom its roles stand for."""

    database: str
    host: str = ""
    port: int = 5432
    user: str = ""
    password_file: Path | None = None
    tls_ca: Path | None = None
    plain_tcp: bool = False
    schemas: tuple[str, ...] = ()
    rows: int = 0
    timeout_seconds: float = 60.0
    principals: Principals = ()


def postgres(table: Table) -> PostgresSettings:
    """Return the settings of a database.

    Raises:
        Invalid: something is wrong, with file and line.

    """
    host = table.get("host", str, "")
    if problem := host_problem(host):
        raise table.fail("host", f"cannot be used: {problem}", "Name one server, or the folder of its socket.")
    database = table.need("database")
    if "\0" in database or "=" in database or "://" in database:
        raise table.fail("database", "is no name of a database", "Host, user and password have keys of their own.")
    made = PostgresSettings(
        database=database,
        host=host,
        port=table.whole("port", 5432, 1, 65535),
        user=table.get("user", str, ""),
        password_file=table.file_there("password_file"),
        tls_ca=table.file_there("tls_ca"),
        plain_tcp=table.get("plain_tcp", bool, False),
        schemas=table.names("schemas"),
        rows=table.whole("rows", 0, 0, 10**12),
        timeout_seconds=table.number("timeout_seconds", 60.0, 0.1, 3600),
        principals=principals(table),
    )
    table.done()
    return made


def host_problem(host: str) -> str:
    """Return what is wrong with a host; a folder, which begins with a slash, has a socket."""
    if host.startswith("/"):
        return "" if "," not in host and host.isprintable() else "it is no folder"
    if not host.isascii() or not host.isprintable() or any(mark in host for mark in ",/@? "):
        return "it is no name of a host"
    bracketed = f"[{host}]" if ":" in host else host
    return host_complaint(f"postgresql://{bracketed}") if host else ""
