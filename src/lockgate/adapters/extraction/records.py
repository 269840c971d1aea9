"""Records of CSV, JSON and spreadsheets as text that is found and quoted well. Runs in the worker.

Records of one shape become a table, one record a row: `| name | pay |`. Wide or uneven ones become paragraphs of
lines `key: value` under a heading that names the record, which a passage that begins inside it carries too.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from lockgate.adapters.extraction.texts import Unreadable

_ROW: Final = 600
"""Characters of a header and a row; a wider record becomes a paragraph."""
_HEADER: Final = 450
"""Characters of a header that each passage of its table can carry."""
_COLUMNS: Final = 24
_SHORT: Final = 40
"""Values of a list that are no longer stand on one line."""
_LIST: Final = 400
_KEY: Final = 120
_PATH: Final = 200
"""Longer keys and paths are cut: each record repeats them."""
_SNIFFED: Final = 50
_NAMING: Final = re.compile(r"(?:^|[\s_-])(?:name|title|subject|label|id|key|code|no|number|nr)$", re.IGNORECASE)
_CELL_BREAKS: Final = str.maketrans({"|": "/"})


def separated(text: str) -> str:
    """Return comma-, semicolon-, tab- or bar-separated values as table rows.

    Raises:
        Unreadable: it is malformed.

    """
    stated = re.match(r"sep=(.)\n", text)
    if stated:
        text = text[stated.end() :]
    csv.field_size_limit(10_000_000)
    try:
        return table(list(csv.reader(io.StringIO(text), delimiter=stated[1] if stated else _delimiter(text))))
    except (csv.Error, TypeError) as error:
        raise Unreadable("it is no well-formed table of separated values") from error


def _delimiter(text: str) -> str:
    """Return the sign that parts most of the first lines into rows of one width."""
    lines = text[:20_000].split("\n")[:_SNIFFED]

    def regular(sign: str) -> tuple[int, int]:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=sign) if row]
        except csv.Error:
            return 0, 0
        width = max(set(widths) - {1}, key=lambda one: (widths.count(one), one), default=0)
        return (widths.count(width), width) if width else (0, 0)

    return max(",;\t|", key=regular)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of cells, the first one the header; empty rows part tables, rows of one cell around are text."""
    parts: list[str] = []
    held: list[list[str]] = []
    wide = any(sum(map(bool, row)) > 1 for row in rows)
    for row in [*rows, ()]:
        cells = [" ".join(cell.split()).translate(_CELL_BREAKS) for cell in row]
        if any(cells):
            held.append(cells)
        elif held:
            parts.extend(_parts(held, wide=wide))
            held = []
    return "\n\n".join(parts)


def _parts(rows: list[list[str]], *, wide: bool) -> Iterator[str]:
    start, end = 0, len(rows)
    while wide and start < end and sum(map(bool, rows[start])) == 1:
        start += 1
    while wide and end > start and rows[end - 1][0] and sum(map(bool, rows[end - 1])) == 1:
        end -= 1
    yield from (" ".join(filter(None, row)) for row in rows[:start])
    if start < end:
        yield _table(_trimmed(rows[start:end]))
    yield from (" ".join(filter(None, row)) for row in rows[end:])


def _trimmed(rows: list[list[str]]) -> list[list[str]]:
    """Return rows of one width, without columns that are empty in all of them; very uneven rows as they are."""
    used = sorted({at for row in rows for at, cell in enumerate(row) if cell})
    if len(used) * len(rows) > 10 * sum(map(len, rows)) + 10_000:
        return rows
    return [[row[at] if at < len(row) else "" for at in used] for row in rows]


def _table(rows: list[list[str]]) -> str:
    header, *records = rows
    width = sum(map(len, header)) + 3 * len(header)
    longest = max((sum(map(len, row)) + 3 * len(row) for row in records), default=0)
    narrow = width <= _HEADER and width + longest <= _ROW
    if not records or narrow or max(map(len, header)) > _KEY:
        return "\n".join("| " + " | ".join(row) + " |" for row in rows)
    heads = [*header, *[""] * max(len(row) for row in records)]
    used = {at for row in records for at, cell in enumerate(row) if cell}
    unused = "; ".join(head for at, head in enumerate(header) if head and at not in used)
    parts = [_record([(heads[at], cell) for at, cell in enumerate(row) if cell]) for row in records]
    return "\n\n".join(filter(None, [unused, *parts]))


def _record(pairs: Sequence[tuple[str, str]], within: str = "") -> str:
    """Return lines `key: value` under a heading that names the record; a single value on one line."""
    if len(pairs) == 1:
        return ": ".join(filter(None, (".".join(filter(None, (within, pairs[0][0][:_KEY]))), pairs[0][1])))
    lines = [f"{key[:_KEY]}: {value}" if key else value for key, value in pairs]
    return "\n".join([f"### {_name(pairs, within)}", *lines])


def _name(pairs: Sequence[tuple[str, str]], within: str = "") -> str:
    short = [(key, value) for key, value in pairs if value and len(value) <= 60 and "\n" not in value]
    names = [value for key, value in short if _NAMING.search(key)][:2] or [value for _, value in short][:1]
    return ": ".join(filter(None, (within, " ".join(names))))[:140]


def fields(text: str) -> tuple[str, str]:
    """Return JSON (or one JSON value per line) as text, and the title that it states.

    Raises:
        Unreadable: it is malformed or nested too deep.

    """
    try:
        try:
            value = json.loads(text, object_pairs_hook=_every)
        except ValueError:
            value = [json.loads(line, object_pairs_hook=_every) for line in text.split("\n") if line.strip()]
        parts = list(_value(value, "", ""))
    except RecursionError as error:
        raise Unreadable("it is nested too deep") from error
    except ValueError as error:
        raise Unreadable("it is no well-formed JSON") from error
    title = next((value[key] for key in ("title", "name", "subject") if key in value), "") if _is(value) else ""
    return "\n\n".join(parts), title if isinstance(title, str) else ""


def _every(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; a name that it has twice keeps all its values, which others may read."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    values: dict[str, list[Any]] = {}
    for key, value in pairs:
        values.setdefault(key, []).append(value)
    return {key: some[0] if len(some) == 1 else some for key, some in values.items()}


def _is(value: Any) -> bool:
    return isinstance(value, dict)


def _value(value: Any, path: str, within: str) -> Iterator[str]:
    """Yield the paragraphs of a value: what is plain in one, then each list of records in the record `within`."""
    if isinstance(value, list) and any(map(_is, value)):
        yield from _list(value, path, within)
        return
    pairs, lists = _flat(value, path)
    if pairs:
        yield "\n".join(f"{key}: {shown}" if key else shown for key, shown in pairs)
    for below, found in lists:
        yield from _list(found, below, within)


def _flat(value: Any, path: str) -> tuple[list[tuple[str, str]], list[tuple[str, list[Any]]]]:
    """Return what is plain in a value as pairs of path and text, and the lists of records in it, in order."""
    pairs: list[tuple[str, str]] = []
    lists: list[tuple[str, list[Any]]] = []
    stack: list[tuple[str, Any]] = [(path, value)]
    while stack:
        at, found = stack.pop()
        at = at[-_PATH:]
        if isinstance(found, dict):
            stack.extend((f"{at}.{key[:_KEY]}" if at else key[:_KEY], one) for key, one in reversed(found.items()))
        elif isinstance(found, list) and any(map(_is, found)):
            lists.append((at, found))
        elif isinstance(found, list):
            pairs.extend((at, shown) for shown in _joined(found))
        elif found is not None and found != "":
            pairs.append((at, _shown(found)))
    return pairs, lists


def _shown(value: Any) -> str:
    if isinstance(value, bool | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _joined(values: list[Any]) -> Iterator[str]:
    """Yield the values of a list, short ones together up to a line; lists in it in brackets."""
    held: list[str] = []
    length = 0
    for value in values:
        if value is None or value == "":
            continue
        shown = "[" + ", ".join(_joined(value)) + "]" if isinstance(value, list) else _shown(value)
        if held and (len(shown) > _SHORT or length + len(shown) > _LIST):
            yield ", ".join(held)
            held, length = [], 0
        if len(shown) > _SHORT:
            yield shown
        else:
            held.append(shown)
            length += len(shown)
    if held:
        yield ", ".join(held)


def _list(values: list[Any], path: str, within: str) -> Iterator[str]:
    """Yield a list with records in it: as a table where they are alike, else a paragraph for each."""
    place = ": ".join(filter(None, (within, path)))
    flat = [_flat(value, "") for value in values]
    header = list(dict.fromkeys(key for pairs, _ in flat for key, _ in pairs))
    if not any(lists for _, lists in flat) and (rows := _rows(header, [dict(pairs) for pairs, _ in flat], flat)):
        yield from filter(None, (f"## {place}" if place else "", table([header, *rows])))
        return
    for pairs, lists in flat:
        name = _name(pairs, place)
        if pairs:
            yield _record(pairs, place)
        for below, found in lists:
            yield from _list(found, below, name)


def _rows(header: list[str], records: list[Mapping[str, str]], flat: Sequence[Any]) -> list[list[str]]:
    """Return records as rows, or nothing if they are too wide, too different or too long for a table."""
    filled = sum(len(record) for record in records)
    once = filled == sum(len(pairs) for pairs, _ in flat)  # no key has more than one value
    narrow = len(records) > 1 and 1 < len(header) <= _COLUMNS and "" not in header
    if not (once and narrow and filled >= 0.6 * len(header) * len(records)):
        return []
    rows = [[record.get(key, "") for key in header] for record in records]
    longest = max(sum(map(len, row)) for row in rows) + sum(map(len, header)) + 6 * len(header)
    return rows if longest <= _ROW else []
