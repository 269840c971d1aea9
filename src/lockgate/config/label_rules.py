"""Read `policies/labels.toml`: an organization's rules from findings to labels. Strict, like all settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

from lockgate.config.policy_file import first_version, text_of
from lockgate.config.table import Table
from lockgate.config.words import level
from lockgate.content.globs import Globs
from lockgate.content.label_policy import Kinds, LabelPolicy, Mark, Rule, version_of
from lockgate.labels.label import Retention, Sensitivity
from lockgate.labels.wire import STANDARD, Taxonomy

NAME: Final = "labels.toml"
_MOST: Final = 500
"""Rules and marks at most: each is asked of every document."""
_LONGEST: Final = 200
"""Characters of a glob or name at most."""


def read_rules(file: Path | str, taxonomy: Taxonomy = STANDARD) -> LabelPolicy:
    """Return the rules of a file, in the words of these levels.

    Raises:
        Invalid: the file is wrong; the message names file and line.
        Unavailable: it cannot be read.

    """
    file = Path(file)
    return parse_rules(text_of(file), file, taxonomy)


def parse_rules(text: str, file: Path, taxonomy: Taxonomy) -> LabelPolicy:
    """Return the rules of a file.

    Raises:
        Invalid: it is not TOML, or something in it is wrong; the message names file and line.

    """
    top = first_version(text, file)
    levels = _levels(top.table("levels"), taxonomy)
    rules = tuple(_rule(one, taxonomy) for one in top.tables("rules"))
    marks = tuple(_mark(one, taxonomy) for one in top.tables("marks"))
    top.done()
    if len(rules) + len(marks) > _MOST:
        raise top.fail("rules", f"and `marks` are more than {_MOST} together")
    seen: set[str] = set()
    for one in rules:
        if one.name in seen:
            raise top.fail("rules", f"has two entries named `{one.name}`")
        seen.add(one.name)
    return LabelPolicy(version_of(text), levels, rules, marks, text)


def _levels(table: Table, taxonomy: Taxonomy) -> Mapping[str, Sensitivity]:
    return {kind: level(table, kind, taxonomy) for kind in table.values}


def _rule(table: Table, taxonomy: Taxonomy) -> Rule:
    kinds, paths = _names(table, "kinds"), _names(table, "paths")
    collections = frozenset(_names(table, "collections"))
    made = Rule(
        name=table.need("name"),
        level=level(table, "sensitivity", taxonomy),
        kinds=Kinds(kinds) if kinds else None,
        count=table.whole("count", 1, 1, 10**6),
        confidence=table.number("confidence", 0, 0, 1),
        along=tuple(Kinds([one]) for one in _names(table, "along")),
        collections=collections,
        paths=table.built("paths", lambda: Globs(paths)) if paths else None,
        path_names=paths,
        forbidden_uses=frozenset(_names(table, "forbidden_uses")),
        owners=frozenset(table.principals("owners")),
        retention=_retention(table),
    )
    if not (kinds or made.along or paths or collections):
        remedy = "State `kinds`, `along`, `paths` or `collections`."
        raise table.fail("name", "fits everything: it has no condition", remedy)
    for key in ("count", "confidence"):
        if key in table.values and not kinds:
            raise table.fail(key, "counts nothing without `kinds`", "State `kinds`, or take it out.")
    table.done()
    return made


def _retention(table: Table) -> Retention:
    days: dict[str, date | None] = {}
    for key in ("delete_by", "keep_until"):
        table.known.add(key)
        value = table.values.get(key)
        if value is not None and type(value) is not date:
            raise table.fail(key, "must be a date, without quotes: 2030-01-01")
        days[key] = value
    return Retention(days["delete_by"], days["keep_until"], frozenset(_names(table, "holds")))


def _mark(table: Table, taxonomy: Taxonomy) -> Mark:
    made = Mark(_names(table, "match"), level(table, "sensitivity", taxonomy))
    if not made.names:
        raise table.fail("match", "is missing", "Name the label's id, its name, or its attribute.")
    table.done()
    return made


def _names(table: Table, key: str) -> tuple[str, ...]:
    names = table.names(key)
    if any(len(one) > _LONGEST or one.count("*") > 8 for one in names):  # each star may be tried at every place
        raise table.fail(key, f"has an entry of more than {_LONGEST} characters or 8 stars")
    return names
