"""Connectors of PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, unquote, urlsplit

from lockgate.adapters.postgres import Access, PostgresConnector, Sessions
from lockgate.config.postgres import PostgresSettings, host_problem
from lockgate.content.escapes import escape
from lockgate.errors import Invalid
from lockgate.ports import Connector
from lockgate.wiring.sources.common import TargetOptions, rules, table_of

if TYPE_CHECKING:
    from lockgate.config.settings import Collection

_MODES: Final = ("", "disable", "prefer", "require", "verify-ca", "verify-full")


def connector(one: Collection, source: PostgresSettings) -> Connector:
    """Return the connector of a collection in a database."""
    access = Access(
        database=source.database,
        host=source.host,
        port=source.port,
        user=source.user,
        password_file=source.password_file,
        tls="disable" if source.plain_tcp else "",
        tls_ca=source.tls_ca,
        seconds=source.timeout_seconds,
    )
    return PostgresConnector(
        one.name,
        Sessions(access),
        one.name,
        names=table_of(source.principals, str),
        rules=rules(one),
        integrity=one.integrity,
        max_bytes=one.max_bytes,
        schemas=source.schemas,
        sample=source.rows,
    )


def target(text: str, options: TargetOptions) -> Connector:
    """Open `postgresql://user@host:port/database`, with `?schema=`, `?rows=`, `?sslmode=`, `?sslrootcert=`.

    Of a collection of the configuration with that host and database, roles and rules count. Else roles stand for
    themselves. The name of the connector has no user and no password.

    Raises:
        Invalid: it is no such address.

    """
    try:
        access, schemas, sample = _database(text)
    except ValueError:
        raise Invalid(
            "the address of a database is not understood",
            remedy="Write `postgresql://USER@HOST:PORT/DATABASE`; the guide says what may follow after `?`.",
        ) from None
    for one, source in options.collections(PostgresSettings):
        if (source.host, source.port, source.database) == (access.host, access.port, access.database):
            return connector(one, replace(source, schemas=schemas or source.schemas, rows=sample or source.rows))
    where = escape(f"postgresql://{access.host}:{access.port}/{access.database}")
    return PostgresConnector(
        where,
        Sessions(access),
        "",
        names=_themselves,
        max_bytes=options.max_bytes,
        schemas=schemas,
        sample=sample or options.rows,
    )


def _database(text: str) -> tuple[Access, tuple[str, ...], int]:
    """Return what an address says: the database, the schemas, and about how many rows. Raises ValueError."""
    parts = urlsplit(text)
    asked = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    schemas = tuple(asked.pop("schema", ()))
    rows, tls, ca, socket = (asked.pop(key, [""])[-1] for key in ("rows", "sslmode", "sslrootcert", "host"))
    host, database = unquote(parts.hostname or "") or socket, unquote(parts.path.removeprefix("/"))
    if (socket and parts.hostname) or not rows.isascii() or not (rows or "0").isdigit() or len(rows) > 12:
        raise ValueError
    if asked or parts.fragment or not database or "/" in database or host_problem(host) or tls not in _MODES:
        raise ValueError
    return (
        Access(
            database=database,
            host=host,
            port=parts.port or 5432,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            tls=tls,
            tls_ca=Path(ca) if ca else None,
        ),
        schemas,
        int(rows or "0"),
    )


def _themselves(one: str) -> frozenset[str]:
    """Return a role under its own name: nobody of any directory, but somebody in a report."""
    return frozenset({f"postgres:{escape(one)}"})
