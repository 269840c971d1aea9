"""Read `[[collections]]`: where documents come from, and what is declared about them."""

from __future__ import annotations

from lockgate.config.settings import Collection, Rule
from lockgate.config.table import Table
from lockgate.config.words import integrity, level, readers
from lockgate.labels.label import Integrity
from lockgate.labels.wire import Taxonomy


def collection(table: Table, taxonomy: Taxonomy) -> Collection:
    """Return a collection.

    Raises:
        Invalid: something is wrong, with file and line.

    """
    path = table.path("path")
    if path is None or not path.is_dir():
        raise table.fail("path", "is missing or is no folder", "Name an existing folder.")
    made = Collection(
        name=table.need("name"),
        path=path,
        rights=table.choice("rights", ("posix", "manifest"), "posix"),
        above=table.get("above", bool, True),
        integrity=integrity(table, Integrity.INTERNAL),
        max_bytes=table.whole("max_bytes", 50_000_000, 1, 2**40),
        rules=tuple(_rule(one, taxonomy) for one in table.tables("rules")),
    )
    table.done()
    return made


def _rule(table: Table, taxonomy: Taxonomy) -> Rule:
    made = Rule(
        match=table.need("match"),
        sensitivity=level(table, "sensitivity", taxonomy),
        readers=readers(table, "readers"),
        owners=frozenset(table.principals("owners")),
        integrity=integrity(table, Integrity.INTERNAL) if "integrity" in table.values else None,
        forbidden_uses=frozenset(table.names("forbidden_uses")),
    )
    table.done()
    return made
