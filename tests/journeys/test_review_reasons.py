"""Whoever lowers a label says why, through every door, and the words are kept; raising needs none."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeys.places import Place, place
from journeys.test_review import ANN, BO, CONTEXT, SALARIES, STEWARD, correct, play, reviews
from labels.strategies import labels
from lockgate.content.detection import scan
from lockgate.content.document import Document, Evidence, Review
from lockgate.content.labeling import level_of
from lockgate.errors import Invalid, NotFound, Unavailable
from lockgate.journeys.review import Correction, Reviews, version_of
from lockgate.journeys.review.reasons import LONGEST, lowered, worded
from lockgate.labels import Readers, Sensitivity
from lockgate.labels.label import ALL_USES, Label
from support import NOW

GENERAL = Correction(Sensitivity.GENERAL, Readers.any_of("group:hr"))
NO_AI = Correction(forbidden_uses=frozenset({"ai"}))
WHY = "the table is an invented example"


def test_lowering_needs_a_reason_and_keeps_it(tmp_path: Path) -> None:
    async def story(here: Place, review: Reviews) -> None:
        before = here.document("pay.csv")
        with pytest.raises(Invalid, match="from restricted to general") as caught:
            await correct(review, ANN, before, GENERAL)
        assert (caught.value.code, "--reason" in caught.value.remedy) == ("reason_needed", True)
        assert here.document("pay.csv") == before
        assert await here.reviewed.last(["user:ann"]) is None
        for odd in ("  ", "-", "x" * (LONGEST + 1), "a\x1b[2Jb why", "all\u202ereversed", "1 2 3 4"):
            with pytest.raises(Invalid):
                await review.correct(ANN, CONTEXT, before.id, version_of(before), GENERAL, reason=odd)
        with pytest.raises(Invalid, match="something sensitive") as caught:
            await review.correct(
                ANN, CONTEXT, before.id, version_of(before), GENERAL, reason="card 4111 1111 1111 1111 is a test"
            )
        assert "4111" not in str(caught.value)
        assert here.document("pay.csv") == before
        after = await review.correct(ANN, CONTEXT, before.id, version_of(before), GENERAL, reason=f" {WHY} ")
        assert after.label.sensitivity is Sensitivity.GENERAL
        assert dict(here.log.records[-1].facts)["reason"] == WHY
        last = (await reviews(here).one(STEWARD, CONTEXT, after.id)).last
        assert last is not None
        assert (last.action, last.by, last.reason) == ("review.correct", ("user:ann",), WHY)

    play(tmp_path, story)


def test_what_a_review_has_seen_is_not_lowered_again(tmp_path: Path) -> None:
    async def story(here: Place, review: Reviews) -> None:
        one = here.document("pay.csv")
        one = await review.correct(ANN, CONTEXT, one.id, version_of(one), GENERAL, reason=WHY)
        again = await correct(review, ANN, one, GENERAL)
        raised = await correct(review, ANN, again, Correction(Sensitivity.RESTRICTED))
        raised = await correct(review, ANN, raised, NO_AI)
        assert raised.label.sensitivity is Sensitivity.RESTRICTED
        with pytest.raises(Invalid, match="the uses that are forbidden"):
            await correct(review, ANN, raised, Correction(forbidden_uses=frozenset({"training"})))
        with pytest.raises(Invalid, match="the level from restricted to public"):
            await correct(review, ANN, raised, Correction(Sensitivity.PUBLIC))

    play(tmp_path, story)


def test_taking_back_what_raised_a_label_lowers_it(tmp_path: Path) -> None:
    async def story(here: Place, review: Reviews) -> None:
        menu = here.document("menu.txt")
        up = await correct(review, ANN, menu, Correction(Sensitivity.RESTRICTED, Readers.any_of("group:hr")))
        with pytest.raises(Invalid, match="from restricted to general"):
            await review.undo(ANN, CONTEXT)
        assert here.document("menu.txt") == up
        await review.undo(ANN, CONTEXT, reason="it was another menu")
        assert here.document("menu.txt") == menu
        assert dict(here.log.records[-1].facts)["reason"] == "it was another menu"
        assert (await review.one(ANN, CONTEXT, menu.id)).last is None, "it was taken back"

    play(tmp_path, story)


def test_a_rule_lowers_many_with_one_reason_or_none(tmp_path: Path) -> None:
    async def story(here: Place, review: Reviews) -> None:
        for number in range(70):
            here.write(f"old/{number}.csv", SALARIES)
        await here.ingest.run(here.connector)
        before = {one.id: one for one in here.index.documents()}
        with pytest.raises(Invalid) as caught:
            await review.by_rule(ANN, CONTEXT, "old/*", to=GENERAL)
        assert caught.value.code == "reason_needed"
        assert {one.id: one for one in here.index.documents()} == before
        assert len(await review.by_rule(ANN, CONTEXT, "old/*", to=GENERAL, reason=WHY)) == 70
        records = [one for one in here.log.records if one.action == "review.correct"]
        assert {dict(one.facts)["reason"] for one in records} == {WHY}

    play(tmp_path, story)


def test_a_reason_opens_nothing_to_strangers(tmp_path: Path) -> None:
    async def story(here: Place, review: Reviews) -> None:
        plan = here.document("hr/plan.txt")
        for id, version in ((plan.id, version_of(plan)), ("d_" + "0" * 24, "x")):
            with pytest.raises(NotFound):
                await review.correct(BO, CONTEXT, id, version, Correction(Sensitivity.PUBLIC), reason=WHY)
            with pytest.raises(NotFound):
                await review.correct(BO, CONTEXT, id, version, Correction(Sensitivity.PUBLIC))
        assert here.document("hr/plan.txt") == plan

    play(tmp_path, story)


def test_a_reason_that_was_edited_in_the_file_is_not_told(tmp_path: Path) -> None:
    async def story(here: Place, review: Reviews) -> None:
        one = here.document("pay.csv")
        await review.correct(ANN, CONTEXT, one.id, version_of(one), GENERAL, reason=WHY)
        for text in ("'nothing'", "null", "''"):
            with closing(sqlite3.connect(tmp_path / "index" / "index.sqlite")) as db:
                db.execute(f"update index_reviews set reason = {text}")
                db.commit()
            with pytest.raises(Unavailable, match="was changed"):
                await review.one(ANN, CONTEXT, one.id)

    play(tmp_path, story)


def document(label: Label, evidence: tuple[Evidence, ...], accepted: frozenset[str]) -> Document:
    return Document(
        "d_1", "share", "a.txt", "a", "docs", "1", "00", label.readers, label, Review.CORRECTED, False, NOW,
        accepted_kinds=accepted, evidence=evidence,
    )  # fmt: skip


KINDS = ("financial.card", "secret.password", "pii.email", "mark.internal")


@given(labels, labels, st.sets(st.sampled_from(KINDS)), st.sets(st.sampled_from(KINDS)))
def test_exactly_what_lowers_is_told(old: Label, new: Label, found: set[str], seen: set[str]) -> None:
    evidence = tuple(Evidence(kind, 1, 0.9) for kind in sorted(found))
    told = lowered(document(old, evidence, frozenset(seen)), document(new, evidence, frozenset(seen)))
    levels = [old.sensitivity, *(level_of(kind) for kind in found - seen)]
    level = any(new.sensitivity < one for one in levels)
    uses = any(use not in new.forbidden_uses for use in old.forbidden_uses) and ALL_USES not in new.forbidden_uses
    assert len(told) == level + uses
    if not found - seen and old.flows_to(new):
        assert told == (), "what only raises needs no reason"


@settings(max_examples=200)
@given(st.text(max_size=2 * LONGEST))
def test_what_is_kept_is_one_line_of_plain_text(text: str) -> None:
    try:
        said = worded(text, scan)
    except Invalid:
        return
    assert len(said) <= LONGEST
    assert not any(ord(one) < 32 or one in "\x7f\u2028\u2029\u202e\u2066" for one in said)
    assert worded(said, scan) == said


def test_words_of_every_script_are_a_reason() -> None:
    for said in ("veröffentlicht", "これは例です", "این می\u200cتواند عمومی باشد", "déjà publié, v. 2"):
        assert worded(said, scan) == said


def test_reasons_hold_over_a_restart(tmp_path: Path) -> None:
    async def story(here: Place, review: Reviews) -> None:
        one = here.document("pay.csv")
        await review.correct(ANN, CONTEXT, one.id, version_of(one), GENERAL, reason=WHY)

    play(tmp_path, story)

    async def again(told: Callable[[Place], Awaitable[None]]) -> None:
        async with place(tmp_path) as here:
            await told(here)

    async def told(here: Place) -> None:
        last = (await reviews(here).one(ANN, CONTEXT, "docs/pay.csv")).last
        assert last is not None
        assert last.reason == WHY

    asyncio.run(again(told))
