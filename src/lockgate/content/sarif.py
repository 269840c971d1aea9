"""A scan as SARIF 2.1.0 (OASIS Standard, 27 March 2020), the form that CI systems show findings in.

One result for each place, so that each can be shown and settled by itself. What could not be read is a
notification of the invocation (3.20.21) and makes it unsuccessful. It is written piece by piece: a scan may have a
million rows.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import quote

from lockgate.content.document import Evidence
from lockgate.content.escapes import unescape
from lockgate.content.labeling import level_of
from lockgate.content.scanned import Place, Row, ScanReport
from lockgate.labels.label import Sensitivity

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = ("note", "note", "warning", "error")
_SEVERITY: Final = ("1.0", "3.0", "6.5", "9.0")
"""`security-severity` of rules, from which code hosts make low, medium, high and critical."""
_SAFE: Final = "/~!$&'()*+,;=:@"


class Sarif:
    """Renders one log. `head`, then `row` for each row, then `tail`; joined they are one JSON object."""

    def __init__(self, report: ScanReport, version: str) -> None:
        self._report = report
        self._version = version
        self._rules = {one.name: at for at, one in enumerate(report.by_kind)}
        self._bases = {target: f"TARGET{at}" for at, target in enumerate(_roots(report))}
        self._unread: list[dict[str, Any]] = []
        self._first = True

    def head(self) -> str:
        """Return what comes before the results."""
        driver = {
            "name": "lockgate",
            "semanticVersion": self._version,
            "informationUri": "https://pypi.org/project/lockgate/",
            "rules": [self._rule(kind) for kind in self._rules],
        }
        bases = {name: {"uri": _base(target)} for target, name in self._bases.items()}
        run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "originalUriBaseIds": bases}
        start = json.dumps({"$schema": SCHEMA, "version": "2.1.0"})[:-1]
        return f'{start}, "runs": [{json.dumps(run)[:-1]}, "results": ['

    def row(self, one: Row) -> str:
        """Return the results of one row; of what could not be read, nothing yet."""
        for why in (one.problem,) if one.problem else one.unread:
            if not one.gone:
                self._unread.append(self._notification(one, why))
        if one.gone or one.problem:
            return ""
        results = list(self._results(one))
        text = ",\n".join(json.dumps(result) for result in results)
        first, self._first = self._first, self._first and not results
        return text if first or not text else ",\n" + text

    def tail(self) -> str:
        """Return what comes behind the results."""
        broken = [{"level": "error", "message": {"text": why}} for why in self._report.broken]
        invocation = {
            "executionSuccessful": self._report.complete,
            "startTimeUtc": _utc(self._report.started.isoformat()),
            "endTimeUtc": _utc(self._report.finished.isoformat()),
            "toolExecutionNotifications": broken + self._unread,
        }
        return f'], "invocations": {json.dumps([invocation])}}}]}}'

    def _rule(self, kind: str) -> dict[str, Any]:
        level = level_of(kind)
        return {
            "id": kind,
            "name": "".join(part.capitalize() for part in kind.replace("_", ".").split(".")),
            "shortDescription": {"text": f"Content of kind {kind}"},
            "fullDescription": {"text": f"Content of kind {kind} demands the label {self._named(level)}."},
            "help": {"text": "Take it out, narrow who can reach it, or label the item."},
            "defaultConfiguration": {"level": _LEVELS[level]},
            "properties": {"tags": ["security", "sensitive-data"], "security-severity": _SEVERITY[level]},
        }

    def _results(self, one: Row) -> Iterator[dict[str, Any]]:
        counts: Counter[str] = Counter()
        evidence = {each.kind: each for each in one.evidence}
        for place in one.places:
            counts[place.kind] += 1
            yield self._result(one, place, evidence.get(place.kind), counts[place.kind])

    def _result(self, one: Row, place: Place, found: Evidence | None, ordinal: int) -> dict[str, Any]:
        total = found.count if found else ordinal
        audience = "everyone" if one.everyone else f"{one.people} people" if one.people != 1 else "one person"
        inside = f" in {place.part}" if place.part else ""
        result: dict[str, Any] = {
            "ruleId": place.kind,
            "level": _LEVELS[level_of(place.kind)],
            "message": {
                "text": f"{place.kind} ({ordinal} of {total}){inside}; the item should be labeled "
                f"{self._named(one.level)}, {audience} can reach it."
            },
            "locations": [self._location(one, place)],
            "partialFingerprints": {
                "lockgate/v1": _fingerprint(self._bases.get(one.target, ""), one, place, ordinal)
            },
            "rank": round(100 * place.confidence, 1),
            "properties": {
                "label": self._named(one.level),
                "people": one.people,
                "everyone": one.everyone,
                "owners": list(one.owners),
                "detector": place.detector,
                "score": one.score,
            },
        }
        if place.kind in self._rules:
            result["ruleIndex"] = self._rules[place.kind]
        return result

    def _location(self, one: Row, place: Place | None = None) -> dict[str, Any]:
        physical: dict[str, Any] = {"artifactLocation": self._artifact(one)}
        location: dict[str, Any] = {"physicalLocation": physical}
        if place is None:
            return location
        if place.part:  # lines of a file in an archive, or of a hidden sheet, are no lines of the artifact
            location["logicalLocations"] = [{"fullyQualifiedName": place.part, "kind": "member"}]
        else:
            physical["region"] = {
                "startLine": place.line,
                "startColumn": place.column,
                "endLine": place.end_line,
                "endColumn": place.end_column,
            }
        return location

    def _artifact(self, one: Row) -> dict[str, Any]:
        base = self._bases.get(one.target)
        path = _relative(one.item)
        return {"uri": path, "uriBaseId": base} if base else {"uri": _base(one.target) + path}

    def _notification(self, one: Row, why: str) -> dict[str, Any]:
        return {"level": "warning", "message": {"text": why}, "locations": [self._location(one)]}

    def _named(self, level: Sensitivity) -> str:
        return self._report.levels[level]


def _roots(report: ScanReport) -> Sequence[str]:
    return tuple(dict.fromkeys(report.roots))


def _base(target: str) -> str:
    """Return a target as an absolute URI with a slash at its end (3.14.14)."""
    uri = target if "://" in target else f"file://{target}" if target.startswith("/") else f"lockgate:{target}"
    return quote(_bytes(uri.rstrip("/") + "/"), safe=_SAFE)


def _relative(item: str) -> str:
    """Return an item as a relative reference: its first part holds no colon, lest it be taken for a scheme."""
    path = quote(_bytes(item), safe=_SAFE).lstrip("/")
    return f"./{path}" if ":" in path.partition("/")[0] else path


def _bytes(id: str) -> bytes:
    found = unescape(id)
    return id.encode("utf-8", "surrogatepass") if found is None else found


def _fingerprint(base: str, one: Row, place: Place, ordinal: int) -> str:
    """Return what stays when lines move: target, item, kind, part, number in order. Nothing of the value."""
    told = "\0".join((base, one.item, place.kind, place.part, str(ordinal)))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _utc(iso: str) -> str:
    return iso.replace("+00:00", "Z")
