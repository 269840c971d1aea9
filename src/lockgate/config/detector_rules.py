"""Read `policies/detectors.toml`: what is found in documents and does not count. Strict, like all settings."""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

from lockgate.config.policy_file import first_version, text_of
from lockgate.config.table import Table
from lockgate.content.globs import Globs
from lockgate.content.label_policy import Kinds, version_of
from lockgate.content.tuning import Row, Tuning

NAME: Final = "detectors.toml"
_MOST: Final = 200
_VALUES: Final = 1000
"""Allowed values of a row at most."""
_HASH: Final = re.compile("[0-9a-f]{64}")


def read_tuning(file: Path, known: Collection[str]) -> Tuning:
    """Return the rows of a file. `known` are the kinds that detectors find.

    Raises:
        Invalid: the file is wrong; the message names file and line.
        Unavailable: it cannot be read.

    """
    return parse_tuning(text_of(file), file, known)


def parse_tuning(text: str, file: Path, known: Collection[str]) -> Tuning:
    """Return the rows that a text has. Raises `Invalid` as `read_tuning`."""
    top = first_version(text, file)
    rows = tuple(_row(one, known) for one in top.tables("detectors"))
    top.done()
    if len(rows) > _MOST:
        raise top.fail("detectors", f"has more than {_MOST} entries")
    return Tuning(version_of(text), rows, text)


def _row(table: Table, known: Collection[str]) -> Row:
    kinds, paths, allowed = table.names("kinds"), table.names("paths"), table.names("allowed")
    if not kinds:
        raise table.fail("kinds", "is missing", "Name the kinds: docs/reference/kinds.md lists them.")
    for one in kinds:
        _check(table, one, known)
    if any(len(one) > 200 or one.count("*") > 8 for one in (*kinds, *paths)):
        raise table.fail("paths", "or `kinds` has an entry of more than 200 characters or 8 stars")
    if len(allowed) > _VALUES or not all(_HASH.fullmatch(one) for one in allowed):
        remedy = "`lockgate findings allow --kind KIND` makes them."
        raise table.fail("allowed", f"must be a list of at most {_VALUES} keyed hashes", remedy)
    made = Row(
        kinds=Kinds(kinds),
        off=table.get("off", bool, False),
        min_confidence=table.number("min_confidence", 0, 0, 1),
        allowed=frozenset(allowed),
        collections=frozenset(table.names("collections")),
        paths=table.built("paths", lambda: Globs(paths)) if paths else None,
        line=text_line(table),
    )
    table.done()
    if not (made.off or made.min_confidence or made.allowed):
        raise table.fail("kinds", "leaves nothing out", "State `off`, `min_confidence` or `allowed`.")
    return made


def text_line(table: Table) -> int:
    """Return the line at which a table begins."""
    return table.text.count("\n", 0, table.start) + 1


def _check(table: Table, name: str, known: Collection[str]) -> None:
    covered = any(fnmatch.fnmatchcase(one, name) or one.startswith(f"{name}.") for one in known)
    if not covered:
        near = difflib.get_close_matches(name, sorted(known), 1, 0.5)
        remedy = f"Did you mean `{near[0]}`?" if near else "All kinds stand in docs/reference/kinds.md."
        raise table.fail("kinds", f"names `{name[:60]}`, which no detector finds", remedy)
    if name.startswith("*"):
        raise table.fail("kinds", f"names `{name}`: whatever it is", "Name the kinds, or what they begin with.")
