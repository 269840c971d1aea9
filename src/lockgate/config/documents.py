"""Read `[[collections]]`: where documents come from, and what is declared about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from lockgate.config.git import git
from lockgate.config.graph import graph
from lockgate.config.mailbox import mailbox
from lockgate.config.postgres import postgres
from lockgate.config.s3 import s3
from lockgate.config.settings import Collection, Rule, Source
from lockgate.config.table import Table
from lockgate.config.words import integrity, level, readers
from lockgate.labels.label import Integrity
from lockgate.labels.wire import Taxonomy

SOURCES: Final[Mapping[str, Callable[[Table, Taxonomy], Source]]] = {
    "s3": lambda table, _: s3(table),
    "postgres": lambda table, _: postgres(table),
    "mailbox": lambda table, _: mailbox(table),
    "git": lambda table, _: git(table),
    "graph": graph,
}
"""How each table of a source that is no folder is read."""
_TABLES: Final = " or ".join(f"`[collections.{name}]`" for name in SOURCES)


def collection(table: Table, taxonomy: Taxonomy) -> Collection:
    """Return a collection.

    Raises:
        Invalid: something is wrong, with file and line.

    """
    source = _source(table, taxonomy)
    path = table.path("path")
    if source is None and (path is None or not path.is_dir()):
        raise table.fail("path", "is missing or is no folder", f"Name an existing folder, or add {_TABLES}.")
    of_folders = [key for key in ("path", "rights", "above") if key in table.values]
    if source is not None and of_folders:
        raise table.fail(of_folders[0], "is for folders, and this collection is none", "Take it out.")
    made = Collection(
        name=table.need("name"),
        path=path,
        rights=table.choice("rights", ("posix", "manifest"), "posix"),
        above=table.get("above", bool, True),
        integrity=integrity(table, Integrity.INTERNAL),
        max_bytes=table.whole("max_bytes", 50_000_000, 1, 2**40),
        rules=tuple(_rule(one, taxonomy) for one in table.tables("rules")),
        source=source,
    )
    table.done()
    return made


def _source(table: Table, taxonomy: Taxonomy) -> Source | None:
    """Return the source that a collection has a table for; None for a folder."""
    named = [name for name in SOURCES if name in table.values]
    table.known.update(SOURCES)
    if len(named) > 1:
        raise table.fail(named[1], "is one source too many", "Make a collection for each source.")
    return SOURCES[named[0]](table.table(named[0]), taxonomy) if named else None


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
