"""PostgresConnector: the tables of a database, page by page, as a source of documents."""

from __future__ import annotations

import functools
import math
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from lockgate.adapters.postgres import catalog, names, rows
from lockgate.adapters.postgres.catalog import BYTES, Rights, Table
from lockgate.adapters.postgres.names import Page
from lockgate.adapters.postgres.rights import Names, Part, judge, parts
from lockgate.adapters.postgres.sessions import LANES, Gone, Refused, Sessions
from lockgate.content.label_rules import LabelRule
from lockgate.errors import NotFound
from lockgate.labels.label import Integrity
from lockgate.ports import Item
from lockgate.ports.items import Shelf, nobody
from lockgate.storage.threads import Threads

if TYPE_CHECKING:
    import psycopg

_BATCH: Final = 64
"""Pages that one transaction looks at."""
_ROWS: Final = 50
"""Rows of a block, where nobody has counted."""


class PostgresConnector:
    """Implements `ports.Connector` over PostgreSQL 14 or newer.

    An item is a page of a table: some rows, as CSV. Where grants differ between columns, those that the same roles
    may read are items of their own. A change of rights is seen by the next walk, and by `stat` at once.

    Args:
        name: of the connector, in records and ids.
        sessions: the database.
        collection: what its documents belong to.
        names: of roles, see `rights.Names`.
        rules: labels stated in the configuration, matched against `database/schema/table`.
        integrity: how far its documents may steer an action, at most.
        max_bytes: pages with more are not read.
        schemas: only these; none are all.
        sample: about how many rows of a table to read, evenly over its pages; 0 are all.

    """

    def __init__(
        self,
        name: str,
        sessions: Sessions,
        collection: str,
        *,
        names: Names,
        rules: Sequence[LabelRule] = (),
        integrity: Integrity = Integrity.INTERNAL,
        max_bytes: int = 50_000_000,
        schemas: Sequence[str] = (),
        sample: int = 0,
    ) -> None:
        self.name = name
        self._sessions = sessions
        self._shelf = Shelf(name, collection, tuple(rules))
        self._names = names
        self._integrity = integrity
        self._max_bytes = max_bytes
        self._schemas = tuple(schemas)
        self._sample = sample
        self._threads = Threads(f"postgres-{name}", LANES)

    async def items(self) -> AsyncIterator[Item]:
        """Yield every page as it is now, in the order of the bytes of the names of tables, and of their rows.

        Raises:
            Unavailable: the database cannot be read; nothing is known then, and nothing may be taken as deleted.

        """
        found = self._walk()
        while (batch := await self._threads.run(next, found, None)) is not None:
            for item in batch:
                yield item

    async def stat(self, id: str, /) -> Item | None:
        """Return the page as it is at this moment; None if it is gone or has no rows."""
        page = names.decode(id)
        if page is None:
            return await self._threads.run(self._whole, id)
        if page.database != self._database:
            return None

        def look(cursor: psycopg.Cursor[Any]) -> Item | None:
            table = catalog.table(cursor, self._schemas, page.schema, page.table)
            if table is None or not table.heap:
                return None
            found = catalog.rights(cursor, table)
            for part, columns in _named(found):
                if columns == page.columns:
                    return self._item(cursor, found, part, page)
            return None

        try:
            return await self._threads.run(self._sessions.run, look)
        except (Gone, Refused):
            return None

    async def fetch(self, id: str, /) -> bytes:
        """Return the rows of a page as CSV.

        Raises:
            NotFound: it is gone.
            TooLarge: over the connector's limit.
            Unavailable: the database refuses, or takes too long.

        """
        page = names.decode(id)
        if page is None or page.database != self._database:
            raise NotFound("no such item")

        def read(cursor: psycopg.Cursor[Any]) -> bytes:
            table = catalog.table(cursor, self._schemas, page.schema, page.table)
            if table is None or not table.heap:
                raise NotFound("it is gone")
            found = catalog.rights(cursor, table)
            for part, columns in _named(found):
                if columns == page.columns:
                    wanted = [one for one in found.columns if one.name in part.columns]
                    if not rows.state(cursor, table, wanted, page.first, page.end).rows:
                        break
                    return rows.read(cursor, table, wanted, page.first, page.end, self._max_bytes)
            raise NotFound("it is gone")

        try:
            return await self._threads.run(self._sessions.run, read)
        except Gone as error:
            raise NotFound("it is gone") from error

    def close(self) -> None:
        """Let go of connections."""
        self._threads.close()
        self._sessions.close()

    @property
    def _database(self) -> str:
        return self._sessions.access.database

    def _whole(self, id: str) -> Item | None:
        """Return the item that stands for a whole table, which it has where its rows cannot be read."""
        named = names.table(id)
        if named is None or named[0] != self._database:
            return None
        table = self._sessions.run(lambda cursor: catalog.table(cursor, self._schemas, *named[1:]))
        first = next(self._pages(table), []) if table else []
        return next((item for item in first if item.id == id), None)

    def _walk(self) -> Iterator[list[Item]]:
        for table in self._sessions.run(lambda cursor: catalog.tables(cursor, self._schemas)):
            yield from self._pages(table)

    def _pages(self, table: Table) -> Iterator[list[Item]]:
        """Yield the items of a table, batch by batch; each sees rights and rows at one moment."""
        try:
            if table.kind == "f" or not table.heap:
                yield [self._closed(table, "it lies in another server, or is stored in a way that is not known")]
                return
            wide = rows.width(table, names.MOST)
            every = self._stride(table, wide)
            starts = list(range(0, table.blocks, wide * every))
            for at in range(0, len(starts), _BATCH):
                some = starts[at : at + _BATCH]
                look = functools.partial(self._looked, table=table, starts=some, wide=wide, every=every)
                yield self._sessions.run(look)
        except Gone:
            return
        except Refused as error:
            yield [self._closed(table, str(error))]

    def _looked(
        self, cursor: psycopg.Cursor[Any], /, *, table: Table, starts: Sequence[int], wide: int, every: int
    ) -> list[Item]:
        now = catalog.table(cursor, self._schemas, table.schema, table.name)
        if now is None:
            return []
        found = catalog.rights(cursor, now)
        note = f"of the table, one page in {every} is read" if every > 1 else ""
        return [
            item
            for part, columns in _named(found)
            for first in starts
            if (item := self._item(cursor, found, part, self._page(now, columns, first, wide), note)) is not None
        ]

    def _page(self, table: Table, columns: str, first: int, wide: int) -> Page:
        return Page(self._database, table.schema, table.name, columns, first, first + wide)

    def _stride(self, table: Table, wide: int) -> int:
        """Return of how many pages one is read."""
        about = table.rows if table.rows >= 0 else table.blocks * _ROWS
        if not self._sample or about <= self._sample:
            return 1
        pages = math.ceil(table.blocks / wide)
        wanted = max(1, math.ceil(self._sample * pages / about))
        return max(1, pages // wanted)

    def _item(
        self, cursor: psycopg.Cursor[Any], found: Rights, part: Part, page: Page, note: str = ""
    ) -> Item | None:
        columns = [one for one in found.columns if one.name in part.columns]
        state = rows.state(cursor, found.table, columns, page.first, page.end)
        if not state.rows:
            return None
        rights = judge(found, part, self._names, self._integrity)
        unread = [f"column `{one.name}` holds bytes, which are not read" for one in columns if one.type == BYTES]
        notes = (*rights.notes, *unread, *([note] if note else ()))
        rights = replace(rights, notes=notes)
        return self._shelf.item(names.encode(page), names.path(page), state.digest, state.bytes, rights)

    def _closed(self, table: Table, why: str) -> Item:
        id = names.of_table(self._database, table.schema, table.name)
        path = f"{self._database}/{table.schema}/{table.name}"
        return self._shelf.item(id, path, "", 0, nobody(why))


def _named(found: Rights) -> list[tuple[Part, str]]:
    """Return the parts of a table with their names: empty where all columns are one part."""
    found_parts = parts(found)
    if len(found_parts) == 1:
        return [(found_parts[0], "")]
    return [(part, names.group(part.columns)) for part in found_parts]
