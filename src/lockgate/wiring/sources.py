"""Connectors of sources that are no folders: from the table of a collection, or from the address of a target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from lockgate.adapters.postgres import Access, PostgresConnector, Sessions
from lockgate.adapters.s3 import S3Connector, Store
from lockgate.adapters.s3.policy import principal
from lockgate.adapters.s3.store import Place
from lockgate.config.git import GitSettings
from lockgate.config.graph import GraphSettings
from lockgate.config.mailbox import MailboxSettings
from lockgate.config.postgres import PostgresSettings, host_problem
from lockgate.config.principals import Principals
from lockgate.config.s3 import S3Settings
from lockgate.config.settings import Collection, Rule, Source
from lockgate.content.escapes import escape
from lockgate.content.globs import Glob
from lockgate.content.label_rules import LabelRule
from lockgate.errors import Invalid
from lockgate.labels.readers import EVERYONE, Readers
from lockgate.policy.addresses import host_complaint
from lockgate.ports import Connector, Directory

if TYPE_CHECKING:
    from lockgate.wiring.targets import TargetOptions

_MODES: Final = ("", "disable", "prefer", "require", "verify-ca", "verify-full")


def connector(one: Collection, source: Source, rules: Sequence[LabelRule], directory: Directory) -> Connector:
    """Return the connector of a collection that is no folder."""
    match source:
        case MailboxSettings():
            from lockgate.wiring import mailboxes  # here: it needs this module

            return mailboxes.connector(one, source, rules, directory)
        case GitSettings():
            from lockgate.wiring import git

            return git.connector(one, source, rules, directory)
        case GraphSettings():
            from lockgate.wiring import graph

            return graph.connector(one, source, rules, directory)
        case S3Settings():
            return _s3(one, source, rules)
        case PostgresSettings():
            return _postgres(one, source, rules)


def collection_target(text: str, options: TargetOptions) -> Connector:
    """Open `collection://NAME`, a collection of the configuration that is no folder.

    Raises:
        Invalid: there is none of that name.

    """
    name = text.partition("://")[2]
    for one in options.settings.collections if options.settings else ():
        if one.name == name and one.source is not None:
            return connector(one, one.source, [rule(each) for each in one.rules], options.directory)
    raise Invalid(f"there is no such collection: `{escape(name)}`", remedy="Name one of the configuration.")


def s3_target(text: str, options: TargetOptions) -> Connector:
    """Open `s3://bucket/prefix`, with `?endpoint=https://...` and `&region=...` for another store than AWS.

    Within a collection of the configuration, its principals and rules count. Else principals stand for themselves.

    Raises:
        Invalid: it is no such address.

    """
    bucket, _, rest = text.partition("://")[2].partition("/")
    prefix, _, more = rest.partition("?")
    asked = dict(parse_qsl(more, keep_blank_values=True))
    endpoint, region = asked.pop("endpoint", ""), asked.pop("region", "")
    if asked or not bucket or "@" in bucket or (endpoint and _complaint(endpoint)):
        raise Invalid(
            "the address of a bucket is not understood",
            remedy="Write `s3://bucket/prefix`, and `?endpoint=https://storage.example.com` for another store.",
        )
    for one in options.settings.collections if options.settings else ():
        source = one.source
        if isinstance(source, S3Settings) and source.bucket == bucket and prefix.startswith(source.prefix):
            rules = [rule(each) for each in one.rules]
            return connector(one, replace(source, prefix=prefix), rules, options.directory)
    where = f"s3://{bucket}/{prefix}" + (f" at {endpoint}" if endpoint else "")
    place = Place(bucket, prefix, region, endpoint)
    return S3Connector(where, Store(place), "", names=_themselves, max_bytes=options.max_bytes)


def postgres_target(text: str, options: TargetOptions) -> Connector:
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
    for one in options.settings.collections if options.settings else ():
        source = one.source
        if isinstance(source, PostgresSettings) and (source.host, source.port, source.database) == (
            access.host,
            access.port,
            access.database,
        ):
            narrowed = replace(source, schemas=schemas or source.schemas, rows=sample or source.rows)
            return connector(one, narrowed, [rule(each) for each in one.rules], options.directory)
    where = escape(f"postgresql://{access.host}:{access.port}/{access.database}")
    return PostgresConnector(
        where,
        Sessions(access),
        "",
        names=_roles_themselves,
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


def rule(stated: Rule) -> LabelRule:
    """Return a rule of the configuration as connectors take it."""
    return LabelRule(
        match=(Glob(stated.match),),
        sensitivity=stated.sensitivity,
        readers=stated.readers or Readers.everyone(),
        owners=stated.owners,
        integrity=stated.integrity,
        forbidden_uses=stated.forbidden_uses,
    )


def _s3(one: Collection, source: S3Settings, rules: Sequence[LabelRule]) -> Connector:
    return S3Connector(
        one.name,
        Store(_place(source)),
        one.name,
        names=_names(source.principals, principal),
        rules=rules,
        integrity=one.integrity,
        max_bytes=one.max_bytes,
    )


def _postgres(one: Collection, source: PostgresSettings, rules: Sequence[LabelRule]) -> Connector:
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
        names=_names(source.principals, str),
        rules=rules,
        integrity=one.integrity,
        max_bytes=one.max_bytes,
        schemas=source.schemas,
        sample=source.rows,
    )


def _complaint(endpoint: str) -> str:
    if not endpoint.startswith(("https://", "http://")) or "@" in endpoint or not endpoint.isprintable():
        return "it is no address over HTTP"
    return host_complaint(endpoint)


def _themselves(one: str) -> frozenset[str]:
    """Return a principal under its own name: nobody of any directory, but somebody in a report."""
    return frozenset({f"aws:{one}"}) - {EVERYONE}


def _roles_themselves(one: str) -> frozenset[str]:
    """Return a role under its own name: nobody of any directory, but somebody in a report."""
    return frozenset({f"postgres:{escape(one)}"})


def _place(source: S3Settings) -> Place:
    return Place(
        source.bucket,
        source.prefix,
        source.region,
        source.endpoint_url,
        source.profile,
        source.account,
        source.requester_pays,
    )


def _names(principals: Principals, form: Callable[[str], str]) -> Callable[[str], frozenset[str]]:
    """Return the look-up of principals in the table of a collection; `form` is the one that the source uses."""
    table: dict[str, frozenset[str]] = {}
    for name, who in principals:
        table[form(name)] = table.get(form(name), frozenset()) | frozenset(who)
    return lambda one: table.get(one, frozenset())
