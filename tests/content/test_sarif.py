"""SARIF 2.1.0: what the schema and the prose demand, with the names that files can have."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from lockgate.content.document import Evidence
from lockgate.content.escapes import escape, unescape
from lockgate.content.sarif import Sarif
from lockgate.content.scanned import Place, Row, ScanReport, Tally, Totals
from lockgate.labels.label import Sensitivity
from lockgate.labels.readers import Readers

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CARD, KEY = "financial.card", "secret.aws_access_key"


def place(kind: str = CARD, line: int = 1, part: str = "") -> Place:
    return Place(kind, 5, 24, line, 6, line, 25, 0.98, "financial@1", part)


def row(item: str = "a.txt", *places: Place, target: str = "/srv/share", **more: Any) -> Row:
    found = places or (place(),)
    evidence = tuple(Evidence(kind, 3, 0.98) for kind in sorted({one.kind for one in found}))
    owner = ("user:ann",)
    return Row(
        target,
        item,
        10,
        Sensitivity.RESTRICTED,
        (),
        evidence,
        found,
        Readers.everyone(),
        7,
        1.0,
        True,
        owner,
        **more,
    )


def report(*broken: str) -> ScanReport:
    kinds = (Tally(CARD, 1, 3), Tally(KEY, 1, 3))
    roots = ("/srv/share", "s3://bucket/pre fix", "share")
    return ScanReport(roots, NOW, NOW, broken, "r", 7, Totals(items=3), kinds, roots=roots)


def log(*rows: Row, of: ScanReport | None = None) -> dict[str, Any]:
    sarif = Sarif(of or report(), "1.2.3")
    return json.loads("".join([sarif.head(), *map(sarif.row, rows), sarif.tail()]))


def check(whole: dict[str, Any]) -> list[dict[str, Any]]:
    """Check the rules of the schema and of the prose that our logs could break; return the results."""
    assert whole["version"] == "2.1.0"
    (run,) = whole["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({one["id"] for one in rules}) == len(rules)
    for base in run["originalUriBaseIds"].values():
        assert base["uri"].endswith("/")  # 3.14.14
        assert urlsplit(base["uri"]).scheme
    for one in run["results"]:
        assert one["level"] in ("none", "note", "warning", "error")
        assert rules[one["ruleIndex"]]["id"] == one["ruleId"]  # 3.27.7
        assert one["message"]["text"]
        assert 0 <= one["rank"] <= 100  # 3.27.25
        assert all(isinstance(value, str) for value in one["partialFingerprints"].values())
        (location,) = one["locations"]
        artifact = location["physicalLocation"]["artifactLocation"]
        assert re.fullmatch(r"[A-Za-z0-9/~!$&'()*+,;=:@._%-]+", artifact["uri"])
        assert not urlsplit(artifact["uri"]).scheme  # relative to its base
        assert artifact["uriBaseId"] in run["originalUriBaseIds"]
        region = location["physicalLocation"].get("region", {"startLine": 1, "startColumn": 1})
        assert region["startLine"] >= 1
        assert region["startColumn"] >= 1
        if "endLine" in region:
            assert (region["endLine"], region["endColumn"]) > (region["startLine"], region["startColumn"])
    prints = [one["partialFingerprints"]["lockgate/v1"] for one in run["results"]]
    assert len(set(prints)) == len(prints)
    return run["results"]


def test_each_place_is_a_result_with_rule_level_region_and_fingerprint() -> None:
    one, two, three = check(log(row("a.txt", place(), place(line=9), place(KEY, 12))))
    assert (one["ruleId"], one["level"], three["level"]) == (CARD, "warning", "error")
    assert "2 of 3" in two["message"]["text"]
    assert three["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 12, "startColumn": 6, "endLine": 12, "endColumn": 25,
    }  # fmt: skip


def test_nothing_found_is_a_log_too() -> None:
    assert check(log()) == []
    assert check(log(row("a.txt"), replace(row("b.txt"), places=()), row("c.txt")))[1]["ruleId"] == CARD


def test_fingerprints_stay_when_lines_move_and_differ_between_targets() -> None:
    before, after = check(log(row("a.txt", place(line=3)))), check(log(row("a.txt", place(line=300))))
    assert before[0]["partialFingerprints"] == after[0]["partialFingerprints"]
    check(log(row("a.txt"), row("a.txt", target="s3://bucket/pre fix"), row("a.txt", target="share")))


def test_what_stands_inside_has_a_name_and_no_line() -> None:
    (one,) = check(log(row("a.zip", place(part="inner.zip!/pay.txt"))))
    (location,) = one["locations"]
    assert location["logicalLocations"][0]["fullyQualifiedName"] == "inner.zip!/pay.txt"
    assert "region" not in location["physicalLocation"]


def test_what_could_not_be_read_is_a_notification_and_no_result() -> None:
    whole = log(row("a.txt", problem="could not read: x"), row("b.zip", unread=("c.txt: is encrypted",)),
                row("g.txt", gone=True))  # fmt: skip
    assert len(check(whole)) == 1
    (invocation,) = whole["runs"][0]["invocations"]
    told = [one["message"]["text"] for one in invocation["toolExecutionNotifications"]]
    assert told == ["could not read: x", "c.txt: is encrypted"]
    broken = log(of=report("share: gone away"))["runs"][0]["invocations"][0]
    assert not broken["executionSuccessful"]
    assert broken["startTimeUtc"] == "2026-11-24T12:00:00Z"


@given(st.binary(min_size=1, max_size=30).filter(lambda name: b"\0" not in name and not name.startswith(b"/")))
def test_any_name_of_a_file_is_a_uri_that_leads_back(name: bytes) -> None:
    id = escape(name.decode("utf-8", "surrogateescape"))
    (one,) = check(log(row(id)))
    uri = one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert unquote_to_bytes(uri.removeprefix("./") if ":" in id.partition("/")[0] else uri) == unescape(id)
