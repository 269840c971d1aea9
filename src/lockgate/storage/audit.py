"""Tables of the audit log, and the queries that every SQL store of it shares.

Events are stored as the canonical bytes that the tree commits to. Of the tree, the leaf hash stands beside each
event and only every eighth level above it is stored (as in C2SP tlog-tiles): a proof reads at most 256 hashes a
level, and writing costs one node in 256 records. Every commit stores its signed checkpoint: 0.2 kB that let a
verifier who was given an altered log say between which two commits it was altered.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    func,
    literal,
    select,
)
from sqlalchemy.exc import DatabaseError

from lockgate.audit import handover, merkle
from lockgate.audit.entry import Entry, Lookup
from lockgate.audit.merkle import Tree
from lockgate.audit.search import Query
from lockgate.errors import Unavailable
from lockgate.storage.driver import driver

TILE: Final = 8
"""Levels of the tree between two stored ones."""
_LOOKUP: Final = Lookup._fields
METADATA: Final = MetaData()
# SQLite gives a row id, and so the cheapest append, only to a key of type INTEGER.
_INDEX = BigInteger().with_variant(Integer, "sqlite")

EVENT: Final = Table(
    "audit_event",
    METADATA,
    Column("idx", _INDEX, primary_key=True, autoincrement=False),
    Column("time", BigInteger, nullable=False),
    Column("request_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("effect", String, nullable=False),
    Column("sensitivity", SmallInteger),
    Column("leaf", LargeBinary, nullable=False),
    Column("event", LargeBinary, nullable=False),
    Index("audit_event_request", "request_id"),
    Index("audit_event_subject", "subject", "idx"),
)
NODE: Final = Table(
    "audit_node",
    METADATA,
    Column("level", SmallInteger, primary_key=True),
    Column("idx", _INDEX, primary_key=True),
    Column("hash", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
CHECKPOINT: Final = Table(
    "audit_checkpoint",
    METADATA,
    Column("size", _INDEX, primary_key=True, autoincrement=False),
    Column("note", String, nullable=False),
)

# Written in every request, so they are plain text for the driver: composing them costs more than running them.
_ADD_EVENT: Final = (
    f"INSERT INTO audit_event (idx, {', '.join(_LOOKUP)}, leaf, event) "  # noqa: S608  # names of our own fields
    f"VALUES ({', '.join('?' * (len(_LOOKUP) + 3))})"
)
_EVERY: Final = f"SELECT idx, event, leaf, {', '.join(_LOOKUP)} FROM audit_event ORDER BY idx"  # noqa: S608  # as above
_ADD_NODE: Final = "INSERT INTO audit_node (level, idx, hash) VALUES (?, ?, ?)"
_ADD_CHECKPOINT: Final = "INSERT INTO audit_checkpoint (size, note) VALUES (?, ?)"


def nodes(connection: Connection) -> merkle.Nodes:
    """Return the perfect subtrees of the stored log, folded from the nearest stored level.

    Calling the result raises `Unavailable` where the store lacks a hash.
    """

    def node(level: int, at: int) -> bytes:
        base = level - level % TILE
        start, stop = at << (level - base), (at + 1) << (level - base)
        if base == 0:
            query = select(EVENT.c.leaf).where(EVENT.c.idx >= start, EVENT.c.idx < stop).order_by(EVENT.c.idx)
        else:
            query = select(NODE.c.hash).where(NODE.c.level == base, NODE.c.idx >= start, NODE.c.idx < stop)
            query = query.order_by(NODE.c.idx)
        found = connection.scalars(query).all()
        if len(found) != stop - start:
            raise Unavailable("the audit log is damaged: its tree has holes", remedy="run `lockgate audit verify`")
        return merkle.fold(found)

    return node


def size(connection: Connection) -> int:
    """Return the number of records."""
    last = connection.scalar(select(func.max(EVENT.c.idx)))
    return 0 if last is None else int(last) + 1


def tree(connection: Connection) -> Tree:
    """Return the right edge of the stored tree."""
    return Tree.load(size(connection), nodes(connection))


def latest(connection: Connection) -> str | None:
    """Return the newest signed checkpoint."""
    return connection.scalar(select(CHECKPOINT.c.note).order_by(CHECKPOINT.c.size.desc()).limit(1))


def checkpoint_of(connection: Connection, size: int) -> str | None:
    """Return the signed checkpoint of exactly `size` records."""
    return connection.scalar(select(CHECKPOINT.c.note).where(CHECKPOINT.c.size == size))


def handovers(connection: Connection, below: int | None = None, *, since: int = 0) -> Iterator[str]:
    """Yield the signed handovers of the signing key among records `since` to `below`, in order."""
    where = [EVENT.c.subject == handover.SUBJECT, EVENT.c.idx >= since]
    where += [EVENT.c.idx < below] if below is not None else []
    for event in connection.scalars(select(EVENT.c.event).where(*where).order_by(EVENT.c.idx)):
        found = orjson.loads(event)
        if handover.is_handover(found):
            yield handover.note_of(found)


def add(connection: Connection, entries: Sequence[Entry], made: Sequence[tuple[int, int, bytes]]) -> None:
    """Insert entries (with leaf and lookup) and those of the new tree nodes that are stored."""
    rows = []
    for entry in entries:
        found = entry.lookup
        if found is None:
            raise TypeError("an entry without lookup fields cannot be stored")
        rows.append((entry.index, *found, entry.leaf, entry.event))
    raw = driver(connection)
    raw.executemany(_ADD_EVENT, rows)
    kept = [(level, at, digest) for level, at, digest in made if level % TILE == 0]
    if kept:
        raw.executemany(_ADD_NODE, kept)


def add_checkpoint(connection: Connection, size: int, note: str) -> None:
    """Insert the signed checkpoint of a size."""
    driver(connection).execute(_ADD_CHECKPOINT, (size, note))


def entries(connection: Connection, *where: Any, newest_first: bool = False, limit: int = 0) -> Iterator[Entry]:
    """Yield the entries that meet every condition, in the order of the log, without reading all at once."""
    order = EVENT.c.idx.desc() if newest_first else EVENT.c.idx
    c = EVENT.c
    query = select(c.idx, c.event, c.leaf, *(c[name] for name in _LOOKUP))
    query = query.where(*where).order_by(order).execution_options(yield_per=500)
    if limit:
        query = query.limit(limit)
    for idx, event, leaf, *lookup in connection.execute(query):
        yield Entry(idx, event, leaf, Lookup(*lookup))


def search(connection: Connection, query: Query, below: int, lowest: int, limit: int) -> list[Entry]:
    """Return the newest entries of indexes `lowest` to `below` that a query finds, at most `limit`."""
    c = EVENT.c
    where = [
        c.idx < below,
        c.idx >= lowest,
        *([c.request_id == query.request_id] if query.request_id else []),
        *([c.kind == query.kind.value] if query.kind else []),
        *([c.effect == query.effect] if query.effect else []),
        *([c.sensitivity >= int(query.label)] if query.label is not None else []),
        *([c.time >= query.since] if query.since is not None else []),
        *([c.time < query.until] if query.until is not None else []),
        *(func.instr(c.event, literal(one, LargeBinary)) > 0 for one in query.needles()),
    ]
    found: list[Entry] = []
    for entry in entries(connection, *where, newest_first=True):
        if query.matches(orjson.loads(entry.event)):
            found.append(entry)
            if len(found) == limit:
                break
    return found


def every_entry(connection: Connection) -> Iterator[Entry]:
    """Yield every entry in the order of the log, as fast as the driver reads."""
    rows = connection.exec_driver_sql(_EVERY).cursor
    try:
        while rows is not None and (some := rows.fetchmany(500)):
            for row in some:
                yield Entry(row[0], row[1], row[2], Lookup._make(row[3:]))
    except connection.dialect.loaded_dbapi.Error as error:
        raise DatabaseError("the log", None, error) from error


def checkpoints(connection: Connection, up_to: int | None = None) -> Iterator[str]:
    """Yield every signed checkpoint (of `up_to` records at most), by size."""
    query = select(CHECKPOINT.c.note).order_by(CHECKPOINT.c.size).execution_options(yield_per=500)
    if up_to is not None:
        query = query.where(CHECKPOINT.c.size <= up_to)
    yield from connection.scalars(query)


def stored_nodes(connection: Connection) -> dict[tuple[int, int], bytes]:
    """Return the stored nodes above the leaves."""
    return {(row.level, row.idx): row.hash for row in connection.execute(select(NODE))}


def unavailable(where: object, error: Exception) -> Unavailable:
    """Return the error for a log that cannot be used, with the driver's own short reason.

    `where` is its whole path for who opens it, and its name alone once it serves: callers are told the error too.
    """
    # The driver's words ("database or disk is full"), never a statement or its parameters.
    words = error if isinstance(error, sqlite3.Error) else None
    why = words or getattr(error, "orig", None) or getattr(error, "strerror", None) or type(error).__name__
    return Unavailable(
        f"the audit log `{where}` cannot be used: {why}",
        remedy="nothing is released until it can be written: check free space, rights and the disk",
    )
