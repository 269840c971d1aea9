"""Records of the log as a table for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lockgate.audit.entry import Entry
from lockgate.audit.record import Record
from lockgate.labels import Label

HEADS: Final = ("record", "time", "what", "effect", "subject", "resource", "label", "why")


def row(entry: Entry) -> tuple[str, ...]:
    """Return a record in a few words, for the columns of `HEADS`."""
    record = entry.record
    resource = f"{record.resource_type} {record.resource_id}".strip()
    what = f"{record.kind} {record.action}".strip()
    told = " ".join(record.reasons)
    unsaid = [one for one in record.policies if one not in told]  # most reasons name their policy
    stated = [str(value) for name, value in record.facts if name == "reason" and value]
    why = "; ".join((*record.reasons, *unsaid, *record.errors, *stated)) or record.outcome
    label = shown(record.label) if record.label else ""
    return (
        str(entry.index),
        f"{record.time:%Y-%m-%d %H:%M:%S}",
        what,
        record.effect,
        _who(record),
        resource,
        label,
        why,
    )


def _who(record: Record) -> str:
    """Return who acted, and for whom; where another system asks, about whom."""
    acted_for = f" for {record.on_behalf_of}" if record.on_behalf_of else ""
    about = next((f" about {value}" for name, value in record.facts if name == "about"), "")
    return f"{record.subject}{acted_for}{about}"


def shown(label: Label | None) -> str:
    """Return a label in one short line."""
    if label is None:
        return "none"
    if label.readers.is_nobody:
        readers = "nobody"
    else:
        readers = " and ".join(sorted("|".join(sorted(clause)) for clause in label.readers.clauses))
    return f"{label.sensitivity.name.lower()}, {readers}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table for people."""
    lines = [heads, *([plain(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    for line in lines:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def plain(cell: str) -> str:
    """Return text that cannot steer the terminal: a file name may hold anything."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in cell)
