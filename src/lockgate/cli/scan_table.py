"""A scan as a person reads it on a terminal: what is sensitive, worst first, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from lockgate.cli.terminal import plain
from lockgate.content.scanned import Row, ScanReport

_KINDS: Final = 3
_NAMES: Final = 3
_PROBLEMS: Final = 10
_EVERY_ACCOUNT: Final = "group:accounts-of-this-machine"


def table(report: ScanReport) -> Iterator[str]:
    """Yield the lines. Names of files are foreign: whatever would drive the terminal is replaced."""
    for line in _lines(report):
        yield plain(line).replace("\n", " ")


def _lines(report: ScanReport) -> Iterator[str]:
    totals = report.totals
    if report.rows:
        rows = [_row(one, report) for one in report.rows]
        heads = ("LABEL", "PEOPLE", "FOUND", "OWNER", "OPEN TO", "WHERE")
        widths = [max(len(plain(cell)) for cell in column) for column in zip(heads, *rows, strict=True)]
        for row in (heads, *rows):
            yield "  ".join(plain(cell).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        if report.rows_left_out:
            yield f"... and {report.rows_left_out:,} more; --limit {len(rows) + report.rows_left_out} shows them"
        yield ""
    yield (
        f"{totals.items:,} items, {_bytes(totals.bytes)}: {totals.sensitive:,} sensitive, {totals.unread:,} could "
        f"not be read, {totals.partly:,} only in part; {totals.read:,} read now, "
        f"{totals.unchanged:,} unchanged, {totals.gone:,} gone"
    )
    if not (report.rows or report.rows_left_out):
        yield "nothing sensitive was found" + (" in what could be read" if totals.unread or totals.partly else "")
    for one in report.by_kind[:_PROBLEMS]:
        yield f"  {one.findings:>9,} x {one.name} in {one.items:,} items"
    for problem in report.problems[:_PROBLEMS]:
        why = problem.why.removeprefix("could not read: ")
        yield f"  {problem.items:>9,} not read: {why}: {problem.examples[0]}"
    if len(report.problems) > _PROBLEMS:
        yield f"  {'':>9} and {len(report.problems) - _PROBLEMS} more reasons; --format jsonl lists all"
    for broken in report.broken:
        yield f"NOT COMPLETE: {broken}"


def changes(report: ScanReport) -> Iterator[str]:
    """Yield which labels would change, and why."""
    found = [one for one in report.rows if one.raises]
    yield f"LABELS THAT WOULD CHANGE: {len(found):,}" + (" of those listed" if report.rows_left_out else "")
    for one in found:
        before = "none" if one.declared is None else report.levels[one.declared]
        why = "; ".join(one.reasons[:_KINDS])
        yield plain(f"  {before} -> {report.levels[one.level]}  {one.path}  because {why}").replace("\n", " ")


def _row(one: Row, report: ScanReport) -> tuple[str, ...]:
    kinds = sorted(one.evidence, key=lambda each: -each.count)
    found = ", ".join(f"{each.count} x {each.kind}" for each in kinds[:_KINDS])
    if len(kinds) > _KINDS:
        found += f" and {len(kinds) - _KINDS} more kinds"
    if not found and one.declared is not None:
        found = "declared"
    first = one.places[0] if one.places else None
    where = f"{one.path}:{first.line}:{first.column}" if first else one.path
    if first and first.part:
        where = f"{one.path} ({first.part}:{first.line}:{first.column})"
    owner = ", ".join(owner.removeprefix("user:") for owner in one.owners) or "(nobody)"
    people = "all" if one.everyone else f"{one.people:,}"
    return report.levels[one.level], people, found, owner, reach(one), where


def reach(one: Row) -> str:
    """Return in words who can reach an item."""
    if one.everyone:
        return "everyone"
    clauses = sorted(map(sorted, one.readers.clauses), key=lambda clause: (len(clause), clause))
    return " and ".join(_clause(clause) for clause in clauses) or "nobody"


def _clause(clause: Sequence[str]) -> str:
    if not clause:
        return "nobody"
    if _EVERY_ACCOUNT in clause:
        return "every account"
    names = [one.removeprefix("user:").replace("group:", "group ") for one in reversed(clause)]
    more = f" or {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return " or ".join(names[:_NAMES]) + more


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"
