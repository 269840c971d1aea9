"""Metrics: read by Prometheus' own parser, and never more of them than the words that we chose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from lockgate.adapters.metrics import MOST, OTHER, Figure, Metrics
from lockgate.adapters.tapped import TappedLog
from lockgate.audit.record import Kind, Receipt, Record
from lockgate.errors import Unavailable
from lockgate.ports.telemetry import Served

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CANARY = "user:ann@brightwater.example"


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return every sample, by name and labels, as Prometheus would read it."""
    return {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for one in family.samples
    }


def record(kind: Kind, **more: Any) -> Record:
    return Record(kind, NOW, "req_1", subject=CANARY, resource_id=CANARY, **more)


def test_what_is_recorded_is_counted() -> None:
    metrics = Metrics("1.2.3", lambda: [Figure("lockgate_x", "About.", 3, {"part": 'a"b\n'})])
    facts = (("completion_tokens", 7), ("prompt_tokens", 11))
    metrics.recorded(
        [
            record(Kind.DECISION, action="read", effect="deny"),
            record(Kind.DECISION, action="read", effect="deny"),
            record(Kind.OUTCOME, outcome="completed", facts=facts),
            record(Kind.AUTHENTICATION, outcome="token_expired"),
        ],
        Receipt(0, 4),
        0.002,
    )
    found = samples(metrics)
    assert found["lockgate_decisions_total", (("action", "read"), ("effect", "deny"))] == 2
    assert found["lockgate_tokens_total", (("direction", "completion"),)] == 7
    assert found["lockgate_tokens_total", (("direction", "prompt"),)] == 11
    assert found["lockgate_authentication_failures_total", (("code", "token_expired"),)] == 1
    assert found["lockgate_audit_records_total", ()] == 4
    assert found["lockgate_audit_append_seconds_count", ()] == 1
    assert found["lockgate_build_info", (("version", "1.2.3"),)] == 1
    assert found["lockgate_x", (("part", 'a"b\n'),)] == 3
    assert found["process_resident_memory_bytes", ()] > 0
    assert CANARY not in metrics.exposition().decode()


def test_requests_under_way_come_back_to_none() -> None:
    metrics = Metrics("1")
    metrics.began()
    metrics.streams()
    running = samples(metrics)
    assert (running["lockgate_requests_running", ()], running["lockgate_streams_running", ()]) == (1, 1)
    metrics.served(Served("/v1/messages", 200, "", 0.2, streamed=True))
    ended = samples(metrics)
    assert (ended["lockgate_requests_running", ()], ended["lockgate_streams_running", ()]) == (0, 0)
    assert ended["lockgate_requests_total", (("door", "/v1/messages"), ("status", "200"))] == 1


def test_ten_thousand_words_are_no_ten_thousand_series() -> None:
    """Whatever a label is given: codes that nobody wrote, names, content."""
    metrics = Metrics("1")
    for number in range(10_000):
        metrics.served(Served("/v1/messages", 400, f"code_{number}", 0.1, streamed=False))
    found = samples(metrics)
    codes = {dict(labels)["code"] for name, labels in found if name == "lockgate_refusals_total"}
    assert len(codes) == MOST + 1
    assert found["lockgate_refusals_total", (("code", OTHER),)] == 10_000 - MOST


@given(st.lists(st.text(max_size=60), max_size=20))
def test_no_text_that_is_no_word_of_ours_becomes_a_label(texts: Sequence[str]) -> None:
    metrics = Metrics("1")
    for one in texts:
        metrics.recorded([record(Kind.DECISION, action=f"Ann Ä {one}", effect=f"{one}\n")], Receipt(0, 1), 0.1)
    for name, labels in samples(metrics):
        if name == "lockgate_decisions_total":
            assert set(dict(labels).values()) == {OTHER}


class Failing:
    async def append(self, records: Sequence[Record], /) -> Receipt:
        raise Unavailable("the disk is full")


class Counting:
    async def append(self, records: Sequence[Record], /) -> Receipt:
        return Receipt(0, len(records))


async def test_what_is_not_durable_is_not_counted() -> None:
    metrics = Metrics("1")
    log = TappedLog(Failing(), [metrics])
    try:
        await log.append([record(Kind.DECISION, action="read", effect="permit")])
        raise AssertionError("it must fail")
    except Unavailable:
        pass
    assert await TappedLog(Counting(), [metrics]).append([record(Kind.REVIEW)]) == Receipt(0, 1)
    found = samples(metrics)
    assert found["lockgate_audit_failures_total", ()] == 1
    assert not [name for name, _ in found if name == "lockgate_decisions_total"]
    assert found["lockgate_audit_records_total", ()] == 1
