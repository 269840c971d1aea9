"""Sliding windows against dumb models, and the one law that matters: no hour holds more than was allowed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lockgate.journeys.metering.window import HOUR, STEP, Distinct, Sum

GAPS = st.lists(
    st.tuples(st.floats(0, 2000, allow_nan=False) | st.sampled_from([0.0, 10.0, 3600.0]), st.integers(0, 5)),
    max_size=40,
)
NAMES = st.lists(
    st.tuples(st.floats(0, 2000, allow_nan=False), st.frozensets(st.sampled_from("abcdef"))), max_size=40
)


def moments(gaps):
    time = 5.0
    for gap, what in gaps:
        time += gap
        yield time, what


def inside(then: float, now: float) -> bool:
    """Say it dumbly: a step leaves when all of it is older than an hour."""
    return now // STEP - then // STEP <= HOUR // STEP


@given(GAPS)
def test_a_sum_is_the_dumb_sum(gaps):
    window, seen = Sum(), []
    for time, amount in moments(gaps):
        window.add(amount, time)
        seen.append((time, amount))
        assert window.used(time) == sum(amount for then, amount in seen if inside(then, time))


@given(NAMES)
def test_a_set_is_the_dumb_set(gaps):
    window, seen = Distinct(), []
    for time, names in moments(gaps):
        known = {one for then, old in seen if inside(then, time) for one in old}
        assert window.new(names, time) == len(names - known)
        window.add(names, time)
        seen.append((time, names))
        assert window.used(time) == len(known | names)


@given(GAPS, st.integers(0, 12))
def test_no_hour_holds_more_than_the_limit(gaps, limit: int):
    window, granted = Sum(), []
    for time, amount in moments(gaps):
        if window.used(time) + amount <= limit:
            window.add(amount, time)
            granted.append((time, amount))
    for start, _ in granted:
        assert sum(amount for then, amount in granted if start <= then < start + HOUR) <= limit


@given(GAPS, st.integers(1, 5), st.integers(5, 20))
def test_it_fits_when_it_is_said_to_fit_and_not_long_before(gaps, needed: int, limit: int):
    window, now = Sum(), 5.0
    for now, amount in moments(gaps):
        window.add(amount, now)
    wait = window.free(needed, limit, now)
    early = now + wait - STEP - 0.001
    fits = lambda at: sum(step[1] for step in window._steps if inside(step[0] * STEP, at)) + needed <= limit  # noqa: E731
    assert fits(now + wait + 0.001)
    assert wait == 0 or early < now or not fits(early)


@given(NAMES, st.integers(1, 3), st.integers(3, 6))
def test_a_set_fits_when_it_is_said_to_fit(gaps, needed: int, limit: int):
    window, now = Distinct(), 5.0
    for now, names in moments(gaps):
        window.add(names, now)
    wait = window.free(needed, limit, now)
    assert 0 <= wait <= HOUR + STEP
    assert window.used(now + wait + 0.001) + needed <= limit


@given(GAPS, st.data())
def test_what_is_taken_back_is_as_if_it_had_not_been(gaps, data: st.DataObject):
    window, amounts = Sum(), list(moments(gaps))
    for time, amount in amounts:
        window.add(amount, time)
    if amounts:
        then, amount = data.draw(st.sampled_from(amounts))
        now = amounts[-1][0]
        before = window.used(now)
        window.take_back(amount, then)
        assert window.used(now) == before - (
            amount if inside(then, now) else min(amount, before - window.used(now))
        )
        assert window.used(now) >= 0
        assert window.used(now + 2 * HOUR) == 0
