"""Ids of pages: `shop/public/customers.0-128.csv`, or with a part of the columns `customers(mail,name).0-128.csv`.

The numbers are blocks of the table, the second not included. Names in databases are foreign text: what could
be taken for a mark of ours, or would disturb a log, is written `%XX`, so that no two things share an id.

>>> encode(Page("shop", "public", "a.b/c", "", 0, 128))
'shop/public/a%2Eb%2Fc.0-128.csv'
>>> decode('shop/public/a%2Eb%2Fc.0-128.csv').table
'a.b/c'
>>> decode('shop/public/a%2eb.0-128.csv'), decode('shop/public/t.0-100.csv'), decode('shop/../t.64-128.csv')
(None, None, None)
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MOST: Final = 128
"""Blocks of a page: 1 MiB."""
_ODD: Final = re.compile(r"[%/.(),\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_NAME: Final = r"((?:[^%/.(),]|%[0-9A-F]{2})+)"
_ID: Final = re.compile(rf"{_NAME}/{_NAME}/{_NAME}(?:\(([^()/.]+)\))?\.(\d{{1,10}})-(\d{{1,10}})\.csv")
_TABLE: Final = re.compile(rf"{_NAME}/{_NAME}/{_NAME}")
_LONGEST: Final = 120


@dataclass(frozen=True, slots=True)
class Page:
    """A range of blocks of a table. `columns` is empty for all of them, else what `group` returns for some."""

    database: str
    schema: str
    table: str
    columns: str
    first: int
    end: int


def encode(page: Page) -> str:
    """Return the id of a page."""
    columns = f"({page.columns})" if page.columns else ""
    return f"{of_table(page.database, page.schema, page.table)}{columns}.{page.first}-{page.end}.csv"


def of_table(database: str, schema: str, table: str) -> str:
    """Return the id of a table as a whole, which stands for it where it has no pages."""
    return "/".join(_quoted(one) for one in (database, schema, table))


def table(id: str) -> tuple[str, str, str] | None:
    """Return database, schema and table of the id of a table as a whole; None where it is none."""
    found = _TABLE.fullmatch(id)
    if not found:
        return None
    try:
        database, schema, name = (_plain(one) for one in found.group(1, 2, 3))
    except UnicodeError:
        return None
    return None if "\0" in database + schema + name else (database, schema, name)


def path(page: Page) -> str:
    """Return what label rules are matched against: names as they are."""
    return f"{page.database}/{page.schema}/{page.table}"


def group(columns: Sequence[str]) -> str:
    """Return the name of some columns: theirs, or if these are too long, the first and a digest."""
    listed = ",".join(_quoted(one) for one in columns)
    if len(listed) <= _LONGEST:
        return listed
    digest = hashlib.sha256("\0".join(columns).encode("utf-8", "replace")).hexdigest()[:12]
    return f"{_quoted(columns[0])[: _LONGEST // 2].partition('%')[0]},{len(columns)}-{digest}"


def decode(id: str) -> Page | None:
    """Return the page that has an id; None where none has it."""
    found = _ID.fullmatch(id)
    if not found:
        return None
    try:
        names = [_plain(one) for one in found.group(1, 2, 3)]
    except UnicodeError:
        return None
    page = Page(names[0], names[1], names[2], found[4] or "", int(found[5]), int(found[6]))
    width = page.end - page.first
    if not 0 < width <= MOST or width & (width - 1) or page.first % width or page.end >= 2**32:
        return None
    return page if encode(page) == id and not any("\0" in one for one in names) else None


def _quoted(name: str) -> str:
    return _ODD.sub(
        lambda odd: "".join(f"%{byte:02X}" for byte in odd[0].encode("utf-8", "surrogateescape")), name
    )


def _plain(text: str) -> str:
    raw = re.sub(rb"%([0-9A-F]{2})", lambda found: bytes([int(found[1], 16)]), text.encode("utf-8", "strict"))
    return raw.decode()
