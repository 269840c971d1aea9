"""Requests without a credential must not fill the disk of the log: full, it stops everything."""

from __future__ import annotations

from datetime import timedelta

import pytest

from attacks.http import send
from e2e.lab import Lab
from e2e.upstream import Upstream
from lockgate.audit.record import Kind
from lockgate.journeys.attempts import BURST, Attempts
from support import NOW


def test_a_burst_is_recorded_and_a_flood_is_counted() -> None:
    attempts = Attempts()
    taken = [attempts.take(NOW) for _ in range(BURST + 50)]
    assert taken == [0] * BURST + [None] * 50
    assert attempts.take(NOW + timedelta(seconds=1)) == 50
    assert attempts.take(NOW + timedelta(seconds=1)) is None
    assert attempts.take(NOW + timedelta(days=1)) == 1
    assert [attempts.take(NOW + timedelta(days=1)) for _ in range(BURST)].count(None) == 1


def test_a_clock_that_goes_back_gives_nothing() -> None:
    attempts = Attempts()
    for _ in range(BURST):
        attempts.take(NOW)
    assert attempts.take(NOW - timedelta(days=1)) is None


@pytest.mark.slow
def test_a_flood_of_strangers_does_not_grow_the_log_with_it(pair: tuple[Lab, Upstream]) -> None:
    lab, _ = pair
    before = lab.lockgate.log.size()
    replies = [send(lab.url, "GET", "/v1/models", token="x") for _ in range(BURST + 150)]
    assert {one.status for one in replies} == {401}
    grown = lab.lockgate.log.size() - before
    assert BURST <= grown < BURST + 60
    lab.clock.moved += timedelta(seconds=5)
    replies.append(send(lab.url, "GET", "/v1/models", token="x"))
    found = [lab.lockgate.log.by_request(one.headers["lockgate-request-id"]) for one in replies]
    records = [one[0].record for one in found if one]
    assert {one.kind for one in records} == {Kind.AUTHENTICATION}
    assert found[-1]
    counted = sum(int(dict(one.facts).get("unrecorded", 0)) for one in records)
    assert len(records) + counted >= len(replies)  # each one stands in the log, or is counted there
