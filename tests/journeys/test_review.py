"""Reviews: only owners and stewards, only of what they saw, recorded first, and never wider than the source."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.hosts import Host
from journeys.places import HR, PEOPLE, STAFF, Place, place
from lockgate.audit.record import Kind, Receipt
from lockgate.content.document import Document, Review
from lockgate.content.exposure import Why
from lockgate.errors import AccessDenied, Conflict, Invalid, NotFound, Unavailable
from lockgate.flow.resources import document_resource
from lockgate.journeys.enforce import Gate
from lockgate.journeys.exposure import Exposures
from lockgate.journeys.review import Correction, Reviews, version_of
from lockgate.labels import Readers, Sensitivity
from lockgate.policy.model import AccessRequest, Action, Context, Use
from policy.sets import SHIPPED
from support import NOW, person, registered

ANN = person("ann", "hr", "staff")
"""The owner of everything in the share."""
STEWARD = person("dee", "stewards", "staff")
BO = person("bo", "sales", "staff")
CONTEXT = Context(NOW, "req_1")
SALARIES = "name,role,salary\nLena Roth,Engineer,84200\nTom Berg,Sales,71000\n"
ONLY_HR = Correction(readers=Readers.any_of("group:hr"))


def gate(here: Place) -> Gate:
    return Gate(lambda: SHIPPED, here.log, applications=registered)


def reviews(here: Place) -> Reviews:
    return Reviews(here.index, Host(everybody=PEOPLE), gate(here), {"share": here.connector}, here.reviewed)


def play(folder: Path, story: Callable[[Place, Reviews], Awaitable[None]]) -> None:
    async def run() -> None:
        async with place(folder) as here:
            here.write("pay.csv", SALARIES)
            here.write("menu.txt", "Lentil soup on Monday.")
            here.write("hr/plan.txt", "Hire two engineers.")
            await here.ingest.run(here.connector)
            await story(here, reviews(here))

    asyncio.run(run())


async def accept(review: Reviews, who, document: Document, *, broad: bool = False) -> Document:
    return await review.accept(who, CONTEXT, document.id, version_of(document), broad=broad)


async def correct(review: Reviews, who, document: Document, to: Correction) -> Document:
    return await review.correct(who, CONTEXT, document.id, version_of(document), to)


def may_ai(here: Place, who, item: str) -> bool:
    request = AccessRequest(who, Action.READ, document_resource(here.document(item)), replace(CONTEXT, use=Use.AI))
    return gate(here).judge([request])[0].passes


def test_the_salary_file_that_everybody_may_open(tmp_path: Path) -> None:
    """Story 3: held back at first; the owner sees it, reviews it, and exactly the right people get it."""

    async def story(here: Place, review: Reviews) -> None:
        assert not may_ai(here, BO, "pay.csv")
        opened = await review.list_open(ANN, CONTEXT)
        worst = opened[0]
        assert worst.document.item == "pay.csv"
        assert worst.exposure.why[:1] == (Why.BROAD,)
        assert [one.kind for one in worst.document.evidence] == ["business.salary", "pii.person"]
        assert worst.passages == ((0, frozenset({"business.salary", "pii.person"})),)
        assert "Lena" not in repr(opened)
        assert "84200" not in repr(opened)

        after = await correct(review, ANN, worst.document, ONLY_HR)
        assert (after.review, after.held) == (Review.CORRECTED, False)
        assert after.label.sensitivity is Sensitivity.RESTRICTED
        assert may_ai(here, person("eva", "hr", "staff"), "pay.csv")
        assert not may_ai(here, BO, "pay.csv")
        assert not any(one.held for one in await here.index.chunks(after.id))

        await here.ingest.run(here.connector, full=True)
        assert here.document("pay.csv") == after, "a review survives the next ingest"

    play(tmp_path, story)


def test_accepting_what_everybody_would_find_needs_a_second_word(tmp_path: Path) -> None:
    async def story(here: Place, review: Reviews) -> None:
        document = here.document("pay.csv")
        with pytest.raises(Invalid, match="45 people could then find it"):
            await accept(review, ANN, document)
        assert here.document("pay.csv") == document
        after = await accept(review, ANN, document, broad=True)
        assert not after.held
        assert may_ai(here, BO, "pay.csv")

    play(tmp_path, story)


def test_strangers_cannot_tell_a_document_from_none(tmp_path: Path) -> None:
    async def story(here: Place, review: Reviews) -> None:
        plan = here.document("hr/plan.txt")
        ghost = replace(plan, id="d_ghost")
        messages = set()
        for one in (plan, ghost):
            with pytest.raises(NotFound) as caught:
                await accept(review, BO, one)
            messages.add(str(caught.value))
        assert len(messages) == 1
        assert await review.list_open(BO, CONTEXT) == []
        with pytest.raises(AccessDenied):  # it may be read, so its existence is no secret
            await accept(review, BO, here.document("menu.txt"))
        for one in (plan, here.document("menu.txt")):
            assert here.index.document(one.id) == one
            with pytest.raises((NotFound, AccessDenied)):
                await review.show(BO, CONTEXT, one.id, 0)

    play(tmp_path, story)


def test_a_settled_label_is_corrected_again(tmp_path: Path) -> None:
    """Only what waited was listed with a version, so nobody could set a mistake right after a restart."""

    async def story(here: Place, review: Reviews) -> None:
        await correct(review, ANN, here.document("pay.csv"), ONLY_HR)
        plan = here.document("hr/plan.txt")
        await correct(review, ANN, plan, Correction(Sensitivity.RESTRICTED))
        review = reviews(here)  # a restart: nothing is remembered
        assert plan.id not in [one.document.id for one in await review.list_open(ANN, CONTEXT)]
        for name in (plan.id, f"{plan.collection}/hr/plan.txt"):
            for who in (ANN, STEWARD):
                settled = await review.one(who, CONTEXT, name)
                assert (settled.document, settled.exposure.why) == (here.document("hr/plan.txt"), ())
        lower = Correction(Sensitivity.GENERAL)
        after = await review.correct(ANN, CONTEXT, plan.id, settled.version, lower, reason="the plan is out")
        assert (after.review, after.label.sensitivity) == (Review.CORRECTED, Sensitivity.GENERAL)
        waiting = (await review.list_open(ANN, CONTEXT))[0]
        assert await review.one(ANN, CONTEXT, waiting.document.id) == waiting, "the same as in the list"

    play(tmp_path, story)


def test_one_document_is_shown_to_nobody_else_and_every_look_is_recorded(tmp_path: Path) -> None:
    async def story(here: Place, review: Reviews) -> None:
        plan, menu = here.document("hr/plan.txt"), here.document("menu.txt")
        told = set()
        names = (plan.id, menu.id, "d_" + "0" * 24, f"{plan.collection}/hr/plan.txt", "docs/hr/none.txt", "")
        for name in names:
            before = len(here.log.records)
            with pytest.raises(NotFound) as refused:
                await review.one(BO, CONTEXT, name)
            told.add(str(refused.value))
            assert len(here.log.records) == before + 1
        assert len(told) == 1

    play(tmp_path, story)


def test_stewards_review_what_others_own_but_read_nothing_by_it(tmp_path: Path) -> None:
    async def story(here: Place, review: Reviews) -> None:
        assert {one.document.item for one in await review.list_open(STEWARD, CONTEXT)} == {
            "pay.csv",
            "menu.txt",
            "hr/plan.txt",
        }
        await accept(review, STEWARD, here.document("hr/plan.txt"))
        with pytest.raises(AccessDenied):
            await review.show(STEWARD, CONTEXT, here.document("hr/plan.txt").id, 0)
        assert await review.show(ANN, CONTEXT, here.document("pay.csv").id, 0) == SALARIES.strip()

    play(tmp_path, story)


def test_a_review_is_recorded_before_it_takes_effect(tmp_path: Path) -> None:
    async def story(here: Place, review: Reviews) -> None:
        before = here.document("menu.txt")

        class Full:
            async def append(self, records: object, /) -> Receipt:
                assert here.document("menu.txt") == before
                raise Unavailable("the log is full")

        broken = Reviews(
            here.index,
            Host(everybody=PEOPLE),
            Gate(lambda: SHIPPED, Full(), applications=registered),
            {"share": here.connector},
            here.reviewed,
        )
        with pytest.raises(Unavailable):
            await accept(broken, ANN, before)
        with pytest.raises(Unavailable):
            await broken.one(ANN, CONTEXT, before.id)
        assert here.document("menu.txt") == before
        await accept(review, ANN, before)
        record = [one for one in here.log.records if one.kind is Kind.REVIEW][-1]
        assert (record.action, record.subject, record.resource_id) == ("review.accept", "user:ann", before.id)
        assert dict(record.facts)["level_before"] == "general"

    play(tmp_path, story)


def test_what_changed_since_it_was_looked_at_is_refused(tmp_path: Path) -> None:
    async def story(here: Place, review: Reviews) -> None:
        seen = here.document("menu.txt")
        here.write("menu.txt", SALARIES)
        with pytest.raises(Conflict, match="in its source"):
            await accept(review, ANN, seen)
        await here.ingest.run(here.connector)
        with pytest.raises(Conflict, match="since you looked"):
            await accept(review, ANN, seen)
        here.rules(STAFF.replace("group:staff", "group:sales"), HR)  # the rights alone
        with pytest.raises(Conflict, match="in its source"):
            await accept(review, ANN, here.document("menu.txt"), broad=True)

    play(tmp_path, story)


def test_a_review_cannot_widen_readers_or_undercut_a_declaration(tmp_path: Path) -> None:
    async def story(here: Place, review: Reviews) -> None:
        everyone = Correction(readers=Readers.everyone(), sensitivity=Sensitivity.GENERAL)
        after = await correct(review, ANN, here.document("hr/plan.txt"), everyone)
        assert after.label.readers == Readers.any_of("group:hr")
        here.rules(
            STAFF,
            HR,
            'match = ["menu.txt"]\nsensitivity = "confidential"\nreaders = ["group:hr"]\nowners = ["user:ann"]',
        )
        await here.ingest.run(here.connector)
        with pytest.raises(Invalid, match="an administrator has declared it confidential"):
            await correct(review, ANN, here.document("menu.txt"), everyone)

    play(tmp_path, story)


def test_no_ai_keeps_a_document_from_every_model_and_from_its_readers_not(tmp_path: Path) -> None:
    async def story(here: Place, review: Reviews) -> None:
        document = here.document("menu.txt")
        after = await correct(review, ANN, document, Correction(forbidden_uses=frozenset({"ai"})))
        assert after.label.forbids("ai")
        assert not may_ai(here, ANN, "menu.txt")
        opening = AccessRequest(BO, Action.READ, document_resource(after), replace(CONTEXT, use=Use.OPEN))
        assert gate(here).judge([opening])[0].passes

    play(tmp_path, story)


def test_by_rule_takes_one_proposal_at_a_time(tmp_path: Path) -> None:
    async def story(here: Place, review: Reviews) -> None:
        for number in range(70):
            here.write(f"notes/{number}.txt", f"Minutes of meeting {number}.")
        here.write("notes/pay.csv", SALARIES)
        await here.ingest.run(here.connector)
        with pytest.raises(Invalid, match="70 general, 1 restricted"):
            await review.by_rule(ANN, CONTEXT, "notes/*")
        done = await review.by_rule(ANN, CONTEXT, "notes/*", proposed=Sensitivity.GENERAL)
        assert len(done) == 70
        assert may_ai(here, BO, "notes/3.txt")
        assert not may_ai(here, BO, "notes/pay.csv")
        assert dict(here.log.records[-1].facts)["rule"] == "notes/*"
        with pytest.raises(Invalid, match="no open document"):
            await review.by_rule(BO, CONTEXT, "notes/*")

    play(tmp_path, story)


def test_undo_takes_back_the_last_one_with_todays_rights(tmp_path: Path) -> None:
    async def story(here: Place, review: Reviews) -> None:
        before = here.document("menu.txt")
        with pytest.raises(Invalid, match="nothing to undo"):
            await review.undo(ANN, CONTEXT)
        await accept(review, ANN, before)
        assert may_ai(here, BO, "menu.txt")
        with pytest.raises(Invalid, match="nothing to undo"):
            await review.undo(STEWARD, CONTEXT)
        await review.undo(ANN, CONTEXT)
        assert here.document("menu.txt") == before
        await accept(review, ANN, before)
        await correct(review, STEWARD, here.document("menu.txt"), ONLY_HR)
        with pytest.raises(Conflict):
            await review.undo(ANN, CONTEXT)

    play(tmp_path, story)


def test_what_could_not_be_read_cannot_be_accepted(tmp_path: Path) -> None:
    async def story(here: Place, review: Reviews) -> None:
        here.write("odd.pdf", "!invalid")
        await here.ingest.run(here.connector)
        with pytest.raises(Invalid, match="could not be read"):
            await accept(review, ANN, here.document("odd.pdf"), broad=True)

    play(tmp_path, story)


def test_exposure_is_for_administrators_and_one_s_own_for_owners(tmp_path: Path) -> None:
    async def story(here: Place, review: Reviews) -> None:
        listing = Exposures(here.index, Host(everybody=PEOPLE), gate(here))
        admin = person("adm", "admins")
        with pytest.raises(AccessDenied):
            await listing.of(BO, CONTEXT, everybody=True)
        assert await listing.of(BO, CONTEXT) == []
        everything = await listing.of(admin, CONTEXT, everybody=True)
        assert everything[0].document.item == "pay.csv"
        assert everything == await listing.of(ANN, CONTEXT)
        assert everything[0].people == len(PEOPLE)

        with pytest.raises(AccessDenied):
            await listing.findable(BO, CONTEXT, "ann")
        assert await listing.findable(BO, CONTEXT, "bo") == []
        await accept(review, ANN, here.document("menu.txt"))
        found = await listing.findable(admin, CONTEXT, "bo")
        assert [one.item for one in found] == ["menu.txt"]
        assert {one.item for one in await listing.findable(admin, CONTEXT, "ann")} == {
            "menu.txt",
            "pay.csv",
            "hr/plan.txt",
        }
        with pytest.raises(NotFound):
            await listing.findable(admin, CONTEXT, "nobody")

    play(tmp_path, story)
