"""What of a model's answer about a label counts: one small object, with a quote that stands in the document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.content.detection import scan
from lockgate.content.document import Chunk, Evidence
from lockgate.content.labeling import demanded, level_of
from lockgate.content.suggestion import (
    INSTRUCTIONS,
    SHOWN,
    Choices,
    Rejected,
    asked,
    evidence,
    is_note,
    located,
    note,
    question,
    sample,
    suggested,
    waits,
)
from lockgate.labels.label import Sensitivity
from lockgate.labels.wire import Taxonomy

TEXT = "The move to the harbor\n  office is planned for May (draft)."
CHUNKS = [Chunk("d_1", 0, "Nothing here.", 0, 13), Chunk("d_1", 1, TEXT, 14, 14 + len(TEXT))]
CHOICES = Choices(Taxonomy(("open", "staff", "secret", "top")), {"plans": Sensitivity.CONFIDENTIAL})
GOOD = {"level": "staff", "category": "", "quote": "harbor office is planned for may (draft)"}


def answer(**more: Any) -> str:
    return json.dumps(GOOD | more)


def test_level_category_and_place_of_the_quote_are_all_that_is_kept() -> None:
    found = suggested(answer(category="Plans", level=" Staff "), CHOICES, CHUNKS)
    assert (found.level, found.category, found.passage) == (Sensitivity.CONFIDENTIAL, "plans", 1)
    assert TEXT[found.start : found.end] == "harbor\n  office is planned for May (draft)"
    assert suggested(f"```json\n{answer()}\n```", CHOICES, CHUNKS).level is Sensitivity.GENERAL
    assert suggested(answer(level="top", category="plans"), CHOICES, CHUNKS).level is Sensitivity.RESTRICTED


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "silent"),
        ("restricted", "form"),
        (f"Sure: {answer()}", "form"),
        (answer() + answer(), "form"),
        (f"[{answer()}]", "form"),
        (answer(reader="everyone"), "form"),
        (answer(level=3), "form"),
        (answer(quote=None), "form"),
        ('{"level": "top", "level": "open", "category": "", "quote": "office is planned"}', "form"),
        ("[" * 100_000, "form"),
        (answer(level="public"), "level"),
        (answer(level="restricted"), "level"),
        (answer(category="payroll"), "category"),
        (answer(quote="May"), "quote"),
        (answer(quote="the office moves in the month of May"), "quote"),
        (answer(quote=".*" * 20), "quote"),
        (answer(quote="Nothing here. The move to the harbor"), "quote"),  # across passages
        (answer(quote=TEXT * 20), "quote"),
    ],
)
def test_everything_else_counts_for_nothing(said: str, why: str) -> None:
    with pytest.raises(Rejected) as caught:
        suggested(said, CHOICES, CHUNKS)
    assert caught.value.why == why


@given(st.text(), st.sampled_from(CHOICES.taxonomy.names))
def test_whatever_is_quoted_stands_in_the_document_or_counts_for_nothing(quote: str, level: str) -> None:
    try:
        found = suggested(answer(quote=quote, level=level), CHOICES, CHUNKS)
    except Rejected:
        return
    shown = CHUNKS[found.passage].text[found.start : found.end]
    assert shown.casefold().split() == quote.casefold().split()


@given(st.text(alphabet="ab. \n", min_size=10, max_size=300), st.data())
def test_a_part_of_a_passage_is_found_in_it(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    quote = text[start : data.draw(st.integers(start, len(text)))]
    if not 10 <= len(" ".join(quote.split())) <= 400:
        return
    passage, left, right = located(quote, [Chunk("d_1", 5, text, 0, len(text))])
    assert passage == 5
    assert text[left:right].split() == quote.split()


@pytest.mark.parametrize("level", Sensitivity)
def test_evidence_demands_its_level_only_where_it_is_applied(level: Sensitivity) -> None:
    (proposed,) = evidence(level, (), apply=False)
    (applied,) = evidence(level, (), apply=True)
    assert level_of(proposed.kind) is Sensitivity.PUBLIC
    assert level is Sensitivity.PUBLIC or level_of(applied.kind) is level
    assert evidence(level, [applied], apply=True) == ()
    assert demanded([proposed.kind, "pii"]) is Sensitivity.CONFIDENTIAL
    assert proposed == Evidence(proposed.kind, 1, proposed.confidence)


def test_notes_tell_what_was_asked_and_no_level_that_raises_nothing() -> None:
    found = suggested(answer(category="plans"), CHOICES, CHUNKS)
    raising, not_raising = note("m", found.level, found), note("m")
    assert raising.endswith("it suggests confidential as `plans`, for passage 1, characters 16 to 58")
    assert not any(one.name.lower() in not_raising for one in Sensitivity)
    assert is_note(raising)
    assert asked([f"text: {not_raising}"], "m")
    assert not asked([raising], "other")
    assert not asked([f"text: not read: {not_raising}.zip: is encrypted"], "m")  # a name that somebody gave a file
    assert not is_note(f"not read: {raising}")


@pytest.mark.parametrize("label", Sensitivity)
@pytest.mark.parametrize("level", Sensitivity)
def test_only_what_is_above_the_label_waits(label: Sensitivity, level: Sensitivity) -> None:
    kinds = [one.kind for one in evidence(level, (), apply=False)]
    assert waits([*kinds, "pii"], label) == (level > label)
    assert not waits([one.kind for one in evidence(level, (), apply=True)], label)


def test_of_a_long_document_passages_from_begin_to_end_are_shown() -> None:
    many = [Chunk("d_1", at, "x" * 1000, 0, 1000) for at in range(200)]
    shown = sample(many)
    assert sum(len(one.text) for one in shown) <= SHOWN
    assert len(shown) == 24
    assert (shown[0].ordinal, shown[-1].ordinal > 180) == (0, True)
    assert sample(many[:5]) == many[:5]
    assert sample([Chunk("d_1", 0, "x" * (SHOWN + 1), 0, 1)]) == []


def test_what_is_asked_says_nothing_that_a_detector_finds() -> None:
    assert not scan(INSTRUCTIONS + question(CHOICES))
    assert '"top"' in question(CHOICES)
    assert "plans" in question(CHOICES)
