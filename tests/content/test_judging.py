"""Judgements: what a rejection takes away, and only that; how often detectors are right."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.content import reading
from lockgate.content.chunk import Span
from lockgate.content.finding import Finding
from lockgate.content.judging import Judgement, Opinion, latest, plain_value, precision, stand_ins, wilson
from lockgate.content.labeling import level_of
from lockgate.content.reading import read
from support import NOW

PIECES = (
    "card 4111 1111 1111 1111",
    "card 5500-0000-0000-0004",
    "mail ann@example.com and bo@example.org",
    "| name | salary |\n|---|---|\n| Lena Roth | 84200 |\n| Tom Berg | 71000 |",
    "IBAN DE89 3704 0044 0532 0130 00",
    "password: hunter2-Correct-Horse",
    "CONFIDENTIAL",
    "Lunch is at noon. " * 60,
    "# Pay\n\nLena Roth earns a salary of EUR 84,200 a year.",
)


def of(text: str, values: frozenset[str]):
    """Return what the reading of a text says where these values, by kind, were rejected."""
    return read(text, rejected=lambda one, value: f"{one.kind} {plain_value(value)}" in values)


def everything(text: str) -> list[str]:
    """Return every value that is looked at in a text, by kind."""
    seen: set[str] = set()

    def note(one: Finding, value: str) -> bool:
        seen.add(f"{one.kind} {plain_value(value)}")
        return False

    read(text, rejected=note)
    return sorted(seen)


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_more_rejections_never_raise(pieces: list[str], chance: random.Random) -> None:
    text = "\n\n".join(pieces)
    values = everything(text)
    few = frozenset(one for one in values if chance.random() < 0.4)
    many = few | frozenset(one for one in values if chance.random() < 0.4)
    before, after = of(text, few), of(text, many)
    assert after.proposal.sensitivity <= before.proposal.sensitivity
    was = {one.kind: one for one in before.proposal.evidence}
    for one in after.proposal.evidence:
        assert one.count <= was[one.kind].count
        assert one.confidence <= was[one.kind].confidence
    for less, more in zip(after.kinds, before.kinds, strict=True):
        assert less <= more


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_what_nobody_rejected_still_counts(pieces: list[str], chance: random.Random) -> None:
    text = "\n\n".join(pieces)
    values = everything(text)
    gone = frozenset(one for one in values if chance.random() < 0.5)
    kept = {one.split(" ")[0] for one in values if one not in gone}
    whole, after = of(text, frozenset()), of(text, gone)
    left = {one.kind for one in after.proposal.evidence}
    assert {one.kind for one in whole.proposal.evidence} & kept == left
    if not gone:
        assert after.proposal == whole.proposal == read(text).proposal


def test_a_rejected_value_is_gone_however_it_is_set() -> None:
    text = "card 4111 1111 1111 1111\n\nand again 4111-1111-1111-1111 but also card 5500 0000 0000 0004"
    after = of(text, frozenset({"financial.card 4111111111111111"}))
    assert [(one.kind, one.count) for one in after.proposal.evidence] == [("financial.card", 1)]
    after = of(text, frozenset({"financial.card 4111111111111111", "financial.card 5500000000000004"}))
    assert after.proposal.evidence == ()
    assert not any(after.kinds)
    assert level_of("financial.card") > after.proposal.sensitivity


def test_what_only_a_passage_shows_counts_where_the_whole_was_rejected() -> None:
    """A finding that needs the heading of its passage beside it is none in the whole text."""

    def found(start: int, confidence: float, kind: str = "financial.card") -> Finding:
        return Finding(start, start + 9, kind, confidence, "number@2")

    whole = [found(0, 0.9), found(20, 0.6), found(30, 0.3), found(40, 0.7, "financial.iban")]
    alone = [found(5, 0.95), found(6, 0.6), found(7, 0.8, "financial.iban"), found(8, 0.9, "pii.email")]
    assert stand_ins(whole, whole[1:], alone) == [], "one of its kind is left in the whole text"
    both = [found(5, 0.9), found(6, 0.6)]
    assert stand_ins(whole, whole[2:], alone) == both, "what is unsure does not stand for its kind"
    assert stand_ins(whole[1:], whole[2:], alone) == [found(5, 0.6)], "no more, and no surer, than before"
    assert stand_ins(whole, [], alone) == [*both, found(7, 0.7, "financial.iban")]
    assert stand_ins([], [], alone) == []


def test_a_reading_takes_them_in(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "x" * 20 + "\n\n" + "y" * 20
    card = Finding(0, 5, "financial.card", 0.9, "number@2")
    passage = "lead\n\n" + text
    seen = {text: (card,), passage: (card._replace(start=6, end=9),)}
    monkeypatch.setattr(reading, "split", lambda _: (Span(passage, 0, len(text)),))

    def look(asked: str) -> tuple[Finding, ...]:
        return seen.get(asked, ())

    after = read(text, rejected=lambda one, _: one.start == 0, look=look)
    assert [(one.kind, one.count) for one in after.proposal.evidence] == [("financial.card", 1)]
    assert read(text, rejected=lambda _, __: True, look=look).proposal.evidence == ()


@given(st.integers(0, 400), st.integers(1, 400))
def test_wilson_bounds_hold_the_share(right: int, all_: int) -> None:
    right = min(right, all_)
    low, high = wilson(right, all_)
    assert 0 <= low <= right / all_ <= high <= 1
    for other in (low, high):  # the bounds are where the score test just rejects
        if 0 < other < 1:
            spread = (other * (1 - other) / all_) ** 0.5
            assert abs(right / all_ - other) == pytest.approx(1.959963984540054 * spread, abs=1e-9)
    assert wilson(0, 0) == (0.0, 1.0)


def judged(number: int, opinion: Opinion, value: str, kind: str = "financial.card") -> Judgement:
    at = NOW + timedelta(seconds=number)
    return Judgement("d_1", "00", kind, "number@2", 0, 0, 9, value, opinion, ("user:ann",), at, "why not")


def test_precision_counts_the_last_word_on_each_value() -> None:
    said = [
        judged(1, Opinion.REJECTED, "a"),
        judged(2, Opinion.CONFIRMED, "a"),
        judged(3, Opinion.CONFIRMED, "b"),
        judged(4, Opinion.REJECTED, "c"),
        judged(5, Opinion.REJECTED, "c"),
        judged(6, Opinion.REJECTED, "c", "financial.iban"),
    ]
    assert len(latest(said)) == 4
    found = {one.kind: one for one in precision(said)}
    assert (found["financial.card"].confirmed, found["financial.card"].rejected) == (2, 1)
    assert found["financial.iban"].share == 0
    assert precision(said)[0].kind == "financial.iban"
    assert precision([]) == []
