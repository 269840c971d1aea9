"""Rows of a page: whether they have changed, how much they are, and what they say, as CSV.

A page is a range of blocks of the table, so that a table of any size is read without holding it or ordering it.
Values come as their types write them. No cast is asked for but of PostgreSQL's own types: casts can be anybody's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lockgate.adapters.postgres.catalog import BYTES, Column, Table
from lockgate.errors import TooLarge

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql

_RATIO: Final = 255
"""The most that a compressed value can grow (LZ4)."""


@dataclass(frozen=True, slots=True)
class State:
    """What a page is like now: its rows, the bytes that they take, and a digest that changes with them."""

    rows: int
    bytes: int
    digest: str


def width(table: Table, most: int) -> int:
    """Return how many blocks make a page: a power of two, fewer where values lie outside of the blocks."""
    wide = most
    while wide > 1 and table.blocks and table.bytes * wide > 2 * most * 8192 * table.blocks:
        wide //= 2
    return wide


def state(cursor: psycopg.Cursor[Any], table: Table, columns: Sequence[Column], first: int, end: int) -> State:
    """Return what a page is like now.

    A row that is written anew has another place or another transaction; a column that is added, taken away or
    changed shows in `columns`. Nothing that a value says is looked at.
    """
    from psycopg import sql

    sizes = [sql.SQL("coalesce(pg_column_size(t.{}), 0)").format(sql.Identifier(one.name)) for one in columns]
    query = sql.SQL(
        "SELECT count(*), coalesce(sum({}), 0)::bigint,"
        " coalesce(sum(hashtextextended(ctid::text || ' ' || xmin::text, 0)), 0)::text {}"
    ).format(sql.SQL(" + ").join(sizes) if sizes else sql.SQL("0"), _page(table, first, end))
    cursor.execute(query)
    rows, size, summed = cursor.fetchone() or (0, 0, "")
    shape = "\0".join(f"{one.number} {one.name} {one.shape}" for one in columns)
    text = f"{table.file}\0{rows}\0{summed}\0{shape}"
    return State(rows, size, hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32])


def read(
    cursor: psycopg.Cursor[Any], table: Table, columns: Sequence[Column], first: int, end: int, limit: int
) -> bytes:
    """Return the rows of a page as CSV in UTF-8, under the names of the columns. Bytes are told by their number.

    Raises:
        TooLarge: it would be more than `limit` bytes.

    """
    from psycopg import sql

    page = _page(table, first, end)
    sizes = [_size(one) for one in columns]
    cursor.execute(sql.SQL("SELECT coalesce(sum({}), 0)::bigint {}").format(sql.SQL(" + ").join(sizes), page))
    row = cursor.fetchone()
    if row is None or row[0] > limit:
        raise TooLarge(f"its rows have more than {limit} bytes")
    values = sql.SQL(", ").join(_value(one) for one in columns)
    query = sql.SQL("COPY (SELECT {} {}) TO STDOUT WITH (FORMAT csv, HEADER true, ENCODING 'UTF8')")
    data = bytearray()
    with cursor.copy(query.format(values, page)) as copy:
        for block in copy:
            data += block
            if len(data) > limit:
                raise TooLarge(f"its rows have more than {limit} bytes")
    return bytes(data)


def _page(table: Table, first: int, end: int) -> sql.Composed:
    from psycopg import sql

    # ONLY: rows of partitions and children are pages of theirs.
    return sql.SQL("FROM ONLY {} AS t WHERE t.ctid >= {}::tid AND t.ctid < {}::tid").format(
        sql.Identifier(table.schema, table.name), sql.Literal(f"({first},0)"), sql.Literal(f"({end},0)")
    )


def _value(column: Column) -> sql.Composed:
    from psycopg import sql

    name = sql.Identifier(column.name)
    if column.type != BYTES:
        return sql.SQL("t.{}").format(name)
    return sql.SQL("octet_length(t.{}) AS {}").format(name, sql.Identifier(f"{column.name} (bytes)"))


def _size(column: Column) -> sql.Composed:
    """Return how many bytes a value has when it is read, or the most that it can have."""
    from psycopg import sql

    name = sql.Identifier(column.name)
    if column.type == BYTES or not column.varies:
        return sql.SQL("32").format()
    if column.text:
        return sql.SQL("coalesce(octet_length(t.{}::text), 0)").format(name)
    stored = (
        "coalesce(pg_column_size(t.{0}) * CASE WHEN pg_column_compression(t.{0}) IS NULL THEN 4 ELSE {1} END, 0)"
    )
    return sql.SQL(stored).format(name, sql.Literal(_RATIO))
