"""What a report needs, counted by the database: a million rows are never held at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any, Final

from lockgate.adapters.scan_state import layout
from lockgate.content.scanned import Problem, Row, Tally, Totals
from lockgate.labels.label import Sensitivity
from lockgate.ports.scanning import PASSED_OVER, Selection, Summary

_MOST: Final = 50
"""Folders and kinds that are listed; examples of a problem are fewer."""
_EXAMPLES: Final = 5
PARTLY: Final = "a part of it"
"""The reason under which items are listed that could be read, but not all that is in them."""
_SENSITIVE: Final = int(Sensitivity.CONFIDENTIAL)
_SCORE: Final = "(CASE level WHEN 3 THEN 100 WHEN 2 THEN 10 WHEN 1 THEN 1 ELSE 0 END) * max(people, 1)"
# What was read comes before what could not be read, whose level is only the worst that it may be.
_WORST: Final = f"gone <> 0, problem <> '', {_SCORE} DESC, level DESC, people DESC, target, item"
_AUDIENCE: Final = """CASE WHEN everyone THEN 'everyone' WHEN people > 100 THEN 'more than 100 people'
    WHEN people > 10 THEN '11 to 100 people' WHEN people > 1 THEN '2 to 10 people'
    WHEN people = 1 THEN 'one person' ELSE 'nobody known' END"""
_AUDIENCES: Final = ("everyone", "more than 100 people", "11 to 100 people", "2 to 10 people", "one person",
                     "nobody known")  # fmt: skip
_NO_LINK: Final = f"problem <> '{PASSED_OVER}'"


def _where(of: Selection) -> tuple[str, tuple[Any, ...]]:
    """Return the condition on items that are there, with its parameters."""
    condition, parameters = "seen = ? AND NOT gone", [of.run]
    if of.changed:
        condition += " AND changed = ?"
        parameters.append(of.run)
    if of.since is not None:
        return condition + " AND (modified IS NULL OR modified >= ?)", (*parameters, of.since.isoformat())
    return condition, tuple(parameters)


def of(connection: sqlite3.Connection, of: Selection, most: int) -> Summary:
    """Return the summary of what is selected."""
    where, given = _where(of)
    listed = list(rows(connection, of, gone=False, problems=False, most=most))
    count = connection.execute(
        f"SELECT count(*) FROM item WHERE {where} AND problem = '' AND level >= {_SENSITIVE}",  # noqa: S608
        given,
    ).fetchone()[0]
    gone = connection.execute("SELECT count(*) FROM item WHERE gone = ?", (of.run,)).fetchone()[0]
    return Summary(
        totals=_totals(connection, of.run, where, given, gone),
        by_kind=_by_kind(connection, where, given),
        by_label=_tallies(connection, where, given, "level", "tally DESC", 4),
        by_folder=_tallies(connection, where, given, _FOLDER, "count(*) DESC, tally", _MOST),
        by_audience=tuple(
            sorted(
                _tallies(connection, where, given, _AUDIENCE, "tally", 10),
                key=lambda one: _AUDIENCES.index(one.name),
            )
        ),
        rows=tuple(listed),
        rows_left_out=max(count - len(listed), 0),
        problems=_problems(connection, where, given),
        gone=tuple(
            f"{target.rstrip('/')}/{item}"
            for target, item in connection.execute(
                "SELECT target, item FROM item WHERE gone = ? ORDER BY target, item LIMIT ?", (of.run, most)
            )
        ),
    )


_FOLDER: Final = "rtrim(target, '/') || '/' || folder"


def _totals(connection: sqlite3.Connection, run: int, where: str, given: tuple[Any, ...], gone: int) -> Totals:
    found = connection.execute(
        f"""SELECT count(*), total(size), total(read = ?), total(CASE WHEN read = ? THEN size ELSE 0 END),
            total(problem = '' AND read <> ?),
            total(problem = '' AND level >= {_SENSITIVE} AND findings > 0), total(findings),
            total(problem <> '' AND {_NO_LINK}), total(problem = '{PASSED_OVER}'),
            total(problem = '' AND unread <> '[]')
            FROM item WHERE {where}""",  # noqa: S608 - constants and question marks only
        (run, run, run, *given),
    ).fetchone()
    items, size, read, size_read, unchanged, sensitive, findings, unread, passed_over, partly = map(int, found)
    return Totals(items, size, read, size_read, unchanged, sensitive, findings, unread, passed_over, gone, partly)


def _by_kind(connection: sqlite3.Connection, where: str, given: tuple[Any, ...]) -> tuple[Tally, ...]:
    return tuple(
        Tally(kind, items, findings, (public, general, confidential, restricted))
        for kind, items, findings, public, general, confidential, restricted in connection.execute(
            f"""SELECT kind.kind, count(*), sum(kind.count), sum(level = 0), sum(level = 1), sum(level = 2),
                sum(level = 3) FROM kind JOIN item ON item.id = kind.item WHERE {where}
                GROUP BY kind.kind ORDER BY count(*) DESC, kind.kind""",  # noqa: S608
            given,
        )
    )


def _tallies(
    connection: sqlite3.Connection, where: str, given: tuple[Any, ...], by: str, order: str, most: int
) -> tuple[Tally, ...]:
    return tuple(
        Tally(str(name), items, findings, (public, general, confidential, restricted))
        for name, items, findings, public, general, confidential, restricted in connection.execute(
            f"""SELECT {by} AS tally, count(*), sum(findings), sum(level = 0), sum(level = 1), sum(level = 2),
                sum(level = 3) FROM item WHERE {where} AND problem = '' GROUP BY tally ORDER BY {order} LIMIT ?""",  # noqa: S608
            (*given, most),
        )
    )


def _problems(connection: sqlite3.Connection, where: str, given: tuple[Any, ...]) -> tuple[Problem, ...]:
    # A file in an archive that nobody could look at is as unknown as one beside it.
    parts = connection.execute(
        f"SELECT count(*) FROM item WHERE {where} AND problem = '' AND unread <> '[]'",  # noqa: S608
        given,
    ).fetchone()[0]
    partly = connection.execute(
        f"""SELECT target, item FROM item WHERE {where} AND problem = '' AND unread <> '[]'
            ORDER BY level DESC, target, item LIMIT {_EXAMPLES}""",  # noqa: S608
        given,
    )
    some = tuple(f"{target.rstrip('/')}/{item}" for target, item in partly)
    found = connection.execute(
        f"""SELECT problem, count(*) FROM item WHERE {where} AND problem <> '' AND {_NO_LINK}
            GROUP BY problem ORDER BY count(*) DESC, problem LIMIT ?""",  # noqa: S608
        (*given, _MOST),
    ).fetchall()
    whole = tuple(
        Problem(
            why,
            items,
            tuple(
                f"{target.rstrip('/')}/{item}"
                for target, item in connection.execute(
                    f"""SELECT target, item FROM item WHERE {where} AND problem = ?
                        ORDER BY target, item LIMIT {_EXAMPLES}""",  # noqa: S608
                    (*given, why),
                )
            ),
        )
        for why, items in found
    )
    return (*whole, Problem(PARTLY, parts, some)) if parts else whole


def rows(
    connection: sqlite3.Connection, of: Selection, *, gone: bool = True, problems: bool = True, most: int = -1
) -> Iterator[Row]:
    """Yield rows, worst first: sensitive ones, and with these also what was not read (or not whole) or is gone."""
    where, given = _where(of)
    partly = " OR unread <> '[]'" if problems else ""
    listed = f"{where} AND problem = '' AND (findings > 0 OR level >= {_SENSITIVE}{partly})"
    parameters = given
    if problems:
        listed += f" OR {where} AND problem <> '' AND {_NO_LINK}"
        parameters += given
    if gone:
        listed += " OR gone = ?"
        parameters += (of.run,)
    cursor = connection.execute(
        f"SELECT {layout.COLUMNS} FROM item WHERE {listed} ORDER BY {_WORST} LIMIT ?",  # noqa: S608
        (*parameters, most),
    )
    for found in cursor:
        kinds = connection.execute(
            "SELECT kind, count, confidence FROM kind WHERE item = ? ORDER BY kind", (found[0],)
        ).fetchall()
        yield layout.row(found, kinds)
