"""Rows of a CSV file of records. What is wrong is told by row and column, and never by what stands there."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Final

from lockgate.errors import Invalid

_MARKS: Final = ((b"\xff\xfe\x00\x00", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DELIMITERS: Final = ",;\t|"
_CELL: Final = 131_072
"""Characters of a cell at most."""
_END: Final = re.compile("[\r\n]")
_FORMULA: Final = ("=", "@")


def decoded(data: bytes) -> str:
    """Return the text of a file: UTF-8, or UTF-16 and UTF-32 with a byte order mark.

    Raises:
        Invalid: it is none of these.

    """
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8-sig")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        raise Invalid(
            f"line {row} of the file is not {encoding.removesuffix('-sig').upper()}",
            remedy="Save it as CSV in UTF-8.",
        ) from error
    if "\0" in text[:4096]:
        raise Invalid(
            "the file holds zero bytes: it is no CSV, or UTF-16 without a mark", remedy="Save it in UTF-8."
        )
    return text


def rows(text: str, wanted: Sequence[str], delimiter: str = "") -> Iterator[list[str]]:
    """Yield the cells of the wanted columns of each row, in the order in which they are wanted.

    Raises:
        Invalid: there is no header, a column is missing or there twice, or a row is broken. It may come late.

    """
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=delimiter or _delimiter(text, wanted), strict=True)
    number = 0
    try:
        header = [name.strip() for name in next(reader, [])]
        places = [_place(header, name) for name in wanted]
        for row in reader:
            number = reader.line_num
            if not row or not any(row):
                continue
            if len(row) != len(header):
                raise Invalid(f"line {number}: {len(row)} cells, and the header has {len(header)}", code="bad_csv")
            yield [_cell(row[place], number, header[place]) for place in places]
    except csv.Error as error:
        raise Invalid(f"line {reader.line_num}: {_said(error)}", code="bad_csv") from error


def _cell(value: str, line: int, column: str) -> str:
    if len(value) > _CELL:
        raise Invalid(f"line {line}, column `{column}`: longer than {_CELL:,} characters", code="bad_csv")
    value = value.strip()
    if value.startswith(_FORMULA) and len(value) > 1:
        # What a spreadsheet would compute is not here; `="0815"` keeps zeros, and is a value.
        if value.startswith('="') and value.endswith('"'):
            return value[2:-1]
        raise Invalid(
            f"line {line}, column `{column}`: a formula, and not a value",
            code="bad_csv",
            remedy="Export the values.",
        )
    return value.removeprefix("'")


def _place(header: Sequence[str], name: str) -> int:
    count = header.count(name)
    if count != 1:
        why = "is not in the header" if not count else "stands in the header twice"
        known = (
            f"It has {len(header)} columns: {', '.join(f'`{one[:40]}`' for one in header[:20])}." if header else ""
        )
        raise Invalid(f"the column `{name}` {why} (line 1)", code="bad_csv", remedy=known)
    return header.index(name)


def _delimiter(text: str, wanted: Sequence[str]) -> str:
    """Return the delimiter with which the header has the wanted columns; else the one that it has most of."""
    line = _END.split(text[:65_536], 1)[0]
    for one in _DELIMITERS:
        names = [name.strip() for name in next(csv.reader([line], delimiter=one), [])]
        if all(name in names for name in wanted) and (len(wanted) > 1 or len(names) > 1):
            return one
    return max(_DELIMITERS, key=line.count)


def _said(error: csv.Error) -> str:
    """Return what is wrong without what stands there."""
    text = str(error)
    if "field larger" in text:
        return f"a cell is longer than {_CELL:,} characters"
    if "unexpected end" in text:
        return "the file ends within quotes"
    return "a quote stands within a cell, or something behind a closing one"
