"""Words that several tables share: readers, levels, integrity, ceilings."""

from __future__ import annotations

from lockgate.config.table import Table
from lockgate.labels.label import Integrity, Label, Sensitivity
from lockgate.labels.readers import Readers
from lockgate.labels.wire import Taxonomy


def readers(table: Table, key: str) -> Readers | None:
    """Return whom a list names, any of them; None where it names nobody.

    Raises:
        Invalid: something is wrong, with file and line.

    """
    names = table.principals(key)
    return Readers.any_of(*names) if names else None


def level(table: Table, key: str, taxonomy: Taxonomy, default: Sensitivity | None = None) -> Sensitivity:
    """Return the level that a key names, or the default where the file does not have the key.

    Raises:
        Invalid: something is wrong, with file and line.

    """
    if default is not None and key not in table.values:
        table.known.add(key)
        return default
    name = table.need(key)
    return table.built(key, lambda: taxonomy.level(name))


def integrity(table: Table, default: Integrity) -> Integrity:
    """Return how far to trust what comes from there.

    Raises:
        Invalid: something is wrong, with file and line.

    """
    options = [one.name.lower() for one in Integrity]
    return Integrity[table.choice("integrity", options, default.name.lower()).upper()]


def ceiling(table: Table, taxonomy: Taxonomy) -> Label:
    """Return a model's ceiling: a level, or a table with `sensitivity` and optionally `readers`.

    A model is no reader: without `readers` it may be given data of any audience up to the level.
    """
    value = table.get("ceiling", (str, dict), taxonomy.name(Sensitivity.PUBLIC))
    if isinstance(value, str):
        return Label(table.built("ceiling", lambda: taxonomy.level(value)), Readers.nobody(), Integrity.UNTRUSTED)
    fields = Table(table.file, table.text, table.where, value, table.start)
    made = Label(
        level(fields, "sensitivity", taxonomy),
        readers(fields, "readers") or Readers.nobody(),
        Integrity.UNTRUSTED,
    )
    fields.done()
    return made
