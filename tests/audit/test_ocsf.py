"""Events are valid OCSF 1.8.0, lose nothing of the record, and carry no content."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import datetime

import pytest
from hypothesis import example, given

from audit.ocsf_schema import problems
from audit.strategies import records
from lockgate.audit import ocsf
from lockgate.audit.fields import LIMIT
from lockgate.audit.record import Kind, Record, Source
from lockgate.content.document import Chunk
from lockgate.errors import Invalid
from lockgate.labels import PUBLIC, Label, Labeled
from support import NOW

CANARY = "canary-7f3a"


@pytest.mark.needs_shared
@given(record=records)
def test_every_record_becomes_a_valid_event(record: Record) -> None:
    assert problems(json.loads(ocsf.encode(ocsf.event(record), 7))) == []


@pytest.mark.needs_shared
@pytest.mark.parametrize("kind", Kind)
def test_the_smallest_record_of_each_kind_is_valid(kind: Kind) -> None:
    assert problems(ocsf.event(Record(kind, NOW, "r"))) == []


@pytest.mark.needs_shared
def test_the_validator_can_fail() -> None:
    event = ocsf.event(Record(Kind.MODEL_CALL, NOW, "r", resource_type="model", resource_id="m"))
    assert problems(event | {"severity_id": 42})
    assert problems(event | {"own": 1})
    assert problems(event | {"time": "now"})
    assert problems({k: v for k, v in event.items() if k != "actor"})
    assert problems(event | {"ai_model": {"name": "m"}})
    assert problems(event | {"metadata": event["metadata"] | {"profiles": []}})


@given(record=records)
@example(record=Record(Kind.ANSWER, NOW, "r", label=Label(), sources=(Source(*"abcdef", PUBLIC),)))
def test_nothing_is_lost(record: Record) -> None:
    data = ocsf.encode(ocsf.event(record), 3)
    assert ocsf.parse(data) == record
    assert b"\n" not in data


def test_each_outcome_of_a_decision_has_its_ocsf_action() -> None:
    record = Record(Kind.DECISION, NOW, "r", effect="permit", policies=("p1",), policy_version="v")
    seen = {e: ocsf.event(replace(record, effect=e)) for e in ("permit", "deny", "observe")}
    assert {e: (v["action_id"], v["disposition_id"]) for e, v in seen.items()} == {
        "permit": (1, 1),
        "deny": (2, 2),
        "observe": (3, 17),
    }
    redacted = ocsf.event(replace(record, obligations=("redact:pii",)))
    assert (redacted["action_id"], redacted["disposition_id"]) == (4, 11)
    assert seen["deny"]["authorizations"] == [{"decision": "deny", "policy": {"uid": "p1"}}]
    assert seen["deny"]["status_id"] == 2


def test_bytes_are_canonical() -> None:
    one = Record(Kind.MODEL_CALL, NOW, "r", facts=(("a", 1), ("b", 2)))
    two = replace(one, facts=(("b", 2), ("a", 1)))
    assert ocsf.encode(ocsf.event(one), 0) == ocsf.encode(ocsf.event(two), 0)
    assert ocsf.encode(ocsf.event(one), 0) != ocsf.encode(ocsf.event(one), 1)


@pytest.mark.parametrize("name", [f.name for f in fields(Record) if f.name not in ("kind", "time", "label")])
def test_content_that_strays_into_a_field_is_refused_and_not_quoted(name: str) -> None:
    stray = Labeled(CANARY, PUBLIC)
    wrong: object = stray
    if name in ("reasons", "policies", "obligations", "errors", "actors"):
        wrong = (stray,)
    elif name == "facts":
        wrong = (("x", stray),)
    elif name == "sources":
        wrong = (Source(stray, *"bcdef", PUBLIC),)  # type: ignore[arg-type]
    record = replace(Record(Kind.ANSWER, NOW, "r"), **{name: wrong})
    with pytest.raises(Invalid) as caught:
        ocsf.event(record)
    assert CANARY not in str(caught.value)


def test_a_passage_leaves_its_digest_and_not_its_text() -> None:
    chunk = Chunk("d_1", 0, CANARY, 0, len(CANARY))
    source = Source(chunk.id, "d_1", "files", "a.txt", "1", chunk.digest, PUBLIC)
    data = ocsf.encode(ocsf.event(Record(Kind.ANSWER, NOW, "r", sources=(source,))), 0)
    assert chunk.digest.encode() in data
    assert CANARY.encode() not in data


def test_what_is_too_long_for_a_name_is_cut_and_digested() -> None:
    long = "x" * 5000 + CANARY
    record = Record(Kind.DECISION, NOW, "r", resource_type="model", resource_id=long, reasons=(long,))
    data = ocsf.encode(ocsf.event(record), 0)
    assert len(data) < 8 * LIMIT
    assert CANARY.encode() not in data


def test_file_names_that_are_no_text_are_kept_readable() -> None:
    source = Source("c", "d", "files", "bad\udcff.txt", "1", "h", PUBLIC)
    data = ocsf.encode(ocsf.event(Record(Kind.INGEST, NOW, "r", sources=(source,))), 0)
    assert ocsf.parse(data).sources[0].item == "bad\\udcff.txt"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**63, -(2**63) - 1])
def test_numbers_that_json_cannot_hold_are_refused(value: float) -> None:
    with pytest.raises(Invalid):
        ocsf.event(Record(Kind.ANSWER, NOW, "r", facts=(("n", value),)))


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(Invalid):
        ocsf.event(Record(Kind.ANSWER, datetime(2026, 1, 1), "r"))  # noqa: DTZ001 - the mistake under test


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"1", b"\xff", b'{"unmapped":{"lockgate":{}}}', b"[" * 100_000]
)
def test_what_is_no_event_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid):
        ocsf.parse(data)
