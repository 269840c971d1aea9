"""A scan as JSON objects, one a line: each row, then the summary. For programs; `type` says which is which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lockgate.content.scanned import Row, ScanReport, Tally


def row(one: Row, levels: Sequence[str]) -> dict[str, Any]:
    """Return one row."""
    return {
        "type": "gone" if one.gone else "item",
        "target": one.target,
        "item": one.item,
        "path": one.path,
        "bytes": one.size,
        "sha256": one.digest,
        "label": {"level": levels[one.level], "rank": int(one.level), "why": list(one.reasons)},
        "declared": None if one.declared is None else levels[one.declared],
        "raises": one.raises,
        "findings": [
            {"kind": each.kind, "count": each.count, "confidence": each.confidence} for each in one.evidence
        ],
        "places": [
            {
                "kind": each.kind,
                "start": each.start,
                "end": each.end,
                "line": each.line,
                "column": each.column,
                "end_line": each.end_line,
                "end_column": each.end_column,
                "confidence": each.confidence,
                "detector": each.detector,
                "part": each.part,
            }
            for each in one.places
        ],
        "readers": sorted(sorted(clause) for clause in one.readers.clauses),
        "people": one.people,
        "share": round(one.share, 4),
        "everyone": one.everyone,
        "owners": list(one.owners),
        "problem": one.problem,
        "unread": list(one.unread),
        "notes": list(one.notes),
        "score": one.score,
    }


def summary(report: ScanReport) -> dict[str, Any]:
    """Return what a report counts, without its rows."""
    totals = report.totals
    return {
        "type": "summary",
        "targets": list(report.targets),
        "started": report.started.isoformat(),
        "finished": report.finished.isoformat(),
        "complete": report.complete,
        "broken": list(report.broken),
        "rules": report.rules,
        "people": report.people,
        "coverage": round(report.coverage, 6),
        "items": totals.items,
        "bytes": totals.bytes,
        "read": totals.read,
        "bytes_read": totals.bytes_read,
        "unchanged": totals.unchanged,
        "sensitive": totals.sensitive,
        "findings": totals.findings,
        "unread": totals.unread,
        "partly": totals.partly,
        "passed_over": totals.passed_over,
        "gone": totals.gone,
        "by_kind": [_tally(one, report.levels) for one in report.by_kind],
        "by_label": [
            {"level": report.levels[int(one.name)], "items": one.items, "findings": one.findings}
            for one in report.by_label
        ],
        "by_folder": [_tally(one, report.levels) for one in report.by_folder],
        "by_audience": [_tally(one, report.levels) for one in report.by_audience],
        "problems": [
            {"why": one.why, "items": one.items, "examples": list(one.examples)} for one in report.problems
        ],
    }


def _tally(one: Tally, levels: Sequence[str]) -> dict[str, Any]:
    return {
        "name": one.name,
        "items": one.items,
        "findings": one.findings,
        "levels": dict(zip(levels, one.levels, strict=True)),
    }
