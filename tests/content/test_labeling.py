"""Laws of proposals and settlements: more findings, more readers, fewer reviews never release anything."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labels.strategies import IDS, labels, readers
from lockgate.content.audience import UNKNOWN_BREADTH, Breadth, Census, audience
from lockgate.content.document import Document, Review
from lockgate.content.finding import Finding
from lockgate.content.labeling import (
    UNREAD,
    Proposal,
    demanded,
    level_of,
    passage_held,
    propose,
    settle,
    sure_kinds,
    too_broad,
)
from lockgate.errors import Invalid
from lockgate.labels import PUBLIC, Integrity, Label, Readers, Sensitivity
from support import NOW

KINDS = [
    "secret.jwt", "business.salary", "financial.card", "id.us_ssn", "mark.internal", "mark.confidential",
    "pii.email", "never.heard.of",
]  # fmt: skip
people = st.lists(
    st.tuples(
        st.sampled_from("abcdef"), st.frozensets(st.sampled_from([i for i in IDS if i.startswith("group")]))
    ),
    max_size=20,
    unique_by=lambda pair: pair[0],
)
findings = st.lists(
    st.builds(
        Finding, st.just(0), st.just(1), st.sampled_from(KINDS), st.sampled_from([0.2, 0.5, 0.9]), st.just("t@1")
    ),
    max_size=6,
)
reviews = st.sampled_from(Review)
kind_sets = st.frozensets(st.sampled_from(KINDS), max_size=3)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    ruled = draw(st.booleans())
    return Document(
        "d_1", "share", "a.txt", "a", "docs", "r1", "0" * 64, draw(readers), draw(labels), draw(reviews),
        draw(st.booleans()), NOW, draw(kind_sets),
        ruling=draw(labels) if ruled else None, ruled_readers=draw(readers) if ruled else None,
    )  # fmt: skip


def settled(source, declared, previous, proposal, census, integrity=Integrity.INTERNAL):
    return settle(source, frozenset({"user:own"}), integrity, declared, previous, proposal, census.breadth)


def released(one) -> bool:
    """Whether AI serves it to anybody but its owner."""
    return one.review is not Review.UNREVIEWED and not one.held


maybe_label = st.none() | labels
maybe_document = st.none() | documents()


@given(readers, maybe_label, maybe_document, findings, people)
def test_never_wider_than_the_source(source, declared, previous, found, crowd):
    one = settled(source, declared, previous, propose(found), Census(crowd))
    assert source.flows_to(one.label.readers)
    if declared:
        assert declared.readers.flows_to(one.label.readers)
        assert one.label.sensitivity >= declared.sensitivity
        assert declared.forbidden_uses <= one.label.forbidden_uses or "*" in one.label.forbidden_uses


@given(readers, maybe_label, maybe_document, findings, findings, people)
def test_more_findings_never_release_or_lower(source, declared, previous, found, more, crowd):
    few = settled(source, declared, previous, propose(found), Census(crowd))
    many = settled(source, declared, previous, propose([*found, *more]), Census(crowd))
    assert many.label.sensitivity >= few.label.sensitivity
    assert many.held >= few.held
    assert released(many) <= released(few)


@given(readers, maybe_label, maybe_document, findings, st.floats(0, 1), st.floats(0, 1), st.integers(0, 50))
def test_a_broader_audience_never_releases(source, declared, previous, found, one, other, count):
    low, high = sorted((one, other))

    def at(share: float, number: int):
        arguments = (source, frozenset[str](), Integrity.INTERNAL, declared, previous, propose(found))
        return settle(*arguments, lambda _: Breadth(share, number))

    assert at(high, count + 5).held >= at(low, count).held


@given(readers, maybe_label, documents(), findings, people)
def test_without_its_review_nothing_is_released_that_was_not(source, declared, previous, found, crowd):
    proposal, census = propose(found), Census(crowd)
    with_review = settled(source, declared, previous, proposal, census)
    for fewer in (None, replace(previous, review=Review.UNREVIEWED), replace(previous, review=Review.DECLARED)):
        without = settled(source, declared, fewer, proposal, census)
        if declared is None:
            assert not released(without)
        elif with_review.label.readers == without.label.readers and previous.ruling is None:
            assert without.held >= (with_review.held and not previous.accepted_kinds)


@given(readers, documents(), people)
def test_a_review_survives_and_follows_the_source(source, previous, crowd):
    previous = replace(previous, review=Review.ACCEPTED)
    stated = previous.ruling or previous.label
    one = settled(source, None, previous, propose([]), Census(crowd))
    assert one.review is Review.ACCEPTED
    assert one.label.sensitivity == stated.sensitivity
    assert one.label.readers == source.join(stated.readers)


def test_an_accepted_document_that_more_people_can_read_since_is_held_again():
    crowd = [(f"p{i}", frozenset({"group:staff"} | ({"group:hr"} if i < 3 else set()))) for i in range(40)]
    few, many = Readers.any_of("group:hr"), Readers.any_of("group:hr", "group:staff")
    pay = propose([Finding(0, 1, "business.salary", 0.9, "t@1")])
    previous = Document(
        "d_1", "share", "a", "a", "docs", "r", "0", few, Label(), Review.ACCEPTED, False, NOW, pay.kinds,
        ruling=Label(Sensitivity.RESTRICTED, Readers.everyone(), Integrity.INTERNAL, forbidden_uses=frozenset()),
        ruled_readers=few,
    )  # fmt: skip
    assert not settled(few, None, previous, pay, Census(crowd)).held
    assert settled(many, None, previous, pay, Census(crowd)).held
    assert not settled(many, None, replace(previous, ruled_readers=many), pay, Census(crowd)).held
    # Rights that come back do not need another review.
    assert settled(few, None, previous, pay, Census(crowd)).label.readers == few


def test_content_above_a_declared_label_is_held_unless_a_review_has_seen_its_kinds():
    crowd = Census([("a", frozenset({"group:c"})), *((f"p{i}", frozenset[str]()) for i in range(9))])
    who = Readers.any_of("group:c")
    declared = replace(PUBLIC, sensitivity=Sensitivity.GENERAL)
    pay = propose([Finding(i, i + 1, "business.salary", 0.9, "t@1") for i in range(4)])
    assert not settled(who, declared, None, propose([]), crowd).held
    assert settled(who, declared, None, pay, crowd).held
    previous = Document(
        "d_1", "share", "a", "a", "docs", "r", "0", who, declared, Review.CORRECTED, False, NOW, pay.kinds,
        ruling=declared, ruled_readers=who,
    )  # fmt: skip
    assert not settled(who, declared, previous, pay, crowd).held
    more = propose([Finding(i, i + 1, "secret.jwt", 0.9, "t@1") for i in range(4)])
    assert settled(who, declared, previous, more, crowd).held
    # The label says general, but what was accepted is sensitive: a wider audience needs another look.
    assert settled(Readers.everyone(), declared, previous, pay, crowd).held


def test_a_few_occurrences_hold_their_passages_and_a_mark_holds_the_document():
    crowd = Census([("a", frozenset({"group:c"})), *((f"p{i}", frozenset[str]()) for i in range(9))])
    who, declared = Readers.any_of("group:c"), replace(PUBLIC, sensitivity=Sensitivity.GENERAL)
    line = propose([Finding(0, 1, "business.salary", 0.9, "t@1")])
    assert not settled(who, declared, None, line, crowd).held
    assert passage_held(line.kinds, declared, frozenset())
    staff = Readers.any_of("group:c", *(f"user:p{i}" for i in range(9)))
    assert not settled(staff, declared, None, line, crowd).held, "everybody gets the rest"
    assert settled(who, declared, None, propose([Finding(0, 1, "mark.confidential", 0.9, "t@1")]), crowd).held
    assert settled(who, declared, None, replace(line, evidence=()), crowd).held, "nothing says where it stands"


def test_a_stored_review_without_its_parts_is_bound_by_its_label():
    narrow = replace(PUBLIC, sensitivity=Sensitivity.CONFIDENTIAL, readers=Readers.any_of("group:c"))
    previous = Document(
        "d_1", "share", "a", "a", "docs", "r", "0", Readers.everyone(), narrow, Review.CORRECTED, False, NOW
    )
    one = settled(Readers.everyone(), None, previous, propose([]), Census([]))
    assert not one.held
    assert one.label.readers == narrow.readers
    assert one.label.sensitivity == Sensitivity.CONFIDENTIAL


@given(kind_sets, kind_sets, labels, kind_sets)
def test_a_passage_is_held_by_the_kinds_that_nobody_accepted(kinds, more, label, accepted):
    dumb = any(level_of(kind) > label.sensitivity for kind in kinds if kind not in accepted)
    assert passage_held(kinds, label, accepted) == dumb
    assert passage_held(kinds | more, label, accepted) >= passage_held(kinds, label, accepted)


def test_what_is_unknown_is_restricted():
    assert level_of("never.heard.of") is level_of("mark.restricted") is Sensitivity.RESTRICTED
    assert UNREAD.sensitivity is Sensitivity.RESTRICTED
    declared = replace(PUBLIC, sensitivity=Sensitivity.GENERAL)
    assert settled(Readers.any_of("group:c"), declared, None, UNREAD, Census([])).held
    assert settled(Readers.any_of("group:c"), None, None, UNREAD, Census([])).label.sensitivity == 3


def test_nothing_found_is_general_and_weak_findings_are_nothing():
    assert propose([]) == Proposal(Sensitivity.GENERAL, frozenset(), (), ())
    assert propose([Finding(0, 1, "secret.jwt", 0.49, "t@1")]).sensitivity == Sensitivity.GENERAL
    assert demanded([]) == Sensitivity.PUBLIC
    public = replace(PUBLIC, readers=Readers.everyone())
    assert not settled(Readers.everyone(), public, None, propose([]), Census([])).held
    assert not passage_held(frozenset({"pii.email"}), public, frozenset())


@given(readers, people)
def test_a_census_counts_like_asking_everybody(who, crowd):
    assert Census(crowd).count(who) == audience(who, crowd) == Census(crowd).mask(who).bit_count()


@pytest.mark.parametrize(
    ("level", "who", "breadth", "expected"),
    [
        (Sensitivity.CONFIDENTIAL, Readers.any_of("group:c"), Breadth(0.3, 11), True),
        (Sensitivity.CONFIDENTIAL, Readers.any_of("group:c"), Breadth(0.3, 10), False),
        (Sensitivity.CONFIDENTIAL, Readers.any_of("group:c"), Breadth(0.25, 400), False),
        (Sensitivity.CONFIDENTIAL, Readers.everyone(), Breadth(0.0, 0), True),
        (Sensitivity.CONFIDENTIAL, Readers.any_of("group:c"), Breadth(1.0, 2), True),
        (Sensitivity.CONFIDENTIAL, Readers.any_of("group:c"), Breadth(1.0, 1), False),
        (Sensitivity.RESTRICTED, Readers.any_of("group:c"), UNKNOWN_BREADTH, True),
        (Sensitivity.RESTRICTED, Readers.nobody(), UNKNOWN_BREADTH, False),
        (Sensitivity.GENERAL, Readers.everyone(), UNKNOWN_BREADTH, False),
    ],
)
def test_too_broad(level, who, breadth, expected):
    assert too_broad(replace(PUBLIC, sensitivity=level, readers=who), breadth) is expected


def test_an_empty_directory_means_everybody():
    assert Census([]).breadth(Readers.any_of("group:c")) == UNKNOWN_BREADTH
    for share, number in ((float("nan"), 1), (1.1, 1), (0.5, -1)):
        with pytest.raises(Invalid):
            Breadth(share, number)


def test_a_shape_without_checksum_or_context_is_no_ground_for_a_label() -> None:
    weak, sure = Finding(0, 3, "financial.card", 0.3, "x@1"), Finding(0, 3, "financial.iban", 0.9, "x@1")
    assert sure_kinds([weak, sure]) == {"financial.iban"}
