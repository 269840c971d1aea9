"""Fixes over a real share: simulated, applied as reviews, recorded, and taken back, also after a restart."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.hosts import Host
from journeys.places import PEOPLE, Place, place
from journeys.test_review import ANN, BO, CONTEXT, SALARIES, STEWARD, gate, may_ai, reviews
from lockgate.content.document import Review
from lockgate.content.exposure import Act, Usage
from lockgate.errors import AccessDenied, Conflict, Invalid, NotFound, Unavailable
from lockgate.journeys.exposure import Exposures
from lockgate.journeys.fixing import Fixes
from support import NOW, person

ADMIN = person("adm", "admins", "stewards", "staff")
EVA = person("eva", "hr", "staff")


class Used:
    """`ports.Usages` that says what a test says."""

    def __init__(self, by: dict[str, dict[str, int]]) -> None:
        self.by = by

    async def used(self, now: object, days: int, /) -> Usage:
        return Usage(self.by, days, whole=True)


def fixes(here: Place, by: dict[str, dict[str, int]] | None = None) -> Fixes:
    directory = Host(everybody=PEOPLE)
    exposures = Exposures(here.index, directory, gate(here), usages=Used(by or {}), measured=here.reviewed)
    return Fixes(exposures, reviews(here))


def play(folder: Path, story: Callable[[Place], Awaitable[None]]) -> None:
    async def run() -> None:
        async with place(folder) as here:
            for number in range(70):  # more than one part
                here.write(f"pay/{number}.csv", SALARIES)
            here.write("menu.txt", "Lentil soup on Monday.")
            await here.ingest.run(here.connector)
            await story(here)

    asyncio.run(run())


def states(here: Place) -> dict[str, tuple[object, ...]]:
    return {
        one.item: (one.review, one.held, one.label, one.accepted_kinds, one.ruling, one.ruled_readers)
        for one in here.index.documents()
    }


def test_one_action_clears_seventy_documents_and_is_taken_back_after_a_restart(tmp_path: Path) -> None:
    undo = ""

    async def story(here: Place) -> None:
        nonlocal undo
        before = states(here)
        used = {here.document("pay/3.csv").id: {"user:bo": 4, "user:eva": 1}}
        first = (await fixes(here).listed(ANN, CONTEXT))[0]
        assert (len(first.exposures), first.step.act, first.step.readers) == (70, Act.NARROW, ("group:hr",))
        told = await fixes(here).simulate(ANN, CONTEXT, first.id)
        assert (told.clears, told.stays, told.refused) == (70, (), ())
        assert ("user:bo", 70) in told.effect.lose
        assert told.effect.gain == (("user:eva", 70),)
        assert states(here) == before, "a simulation changes nothing"
        again = fixes(here, used)
        first = next(one for one in await again.listed(ANN, CONTEXT) if len(one.exposures) == 69)
        assert len(await again.listed(ANN, CONTEXT)) == 3, "what is used by somebody outside of the group is apart"
        undo, done = await again.apply(ANN, CONTEXT, first.id)
        assert len(done) == 69
        assert may_ai(here, EVA, "pay/7.csv")
        assert not may_ai(here, BO, "pay/7.csv")
        records = [one for one in here.log.records if one.action == "exposure.fix"]
        assert len(records) == 69
        assert {one.subject for one in records} == {"user:ann"}
        with pytest.raises(NotFound, match="it is done"):
            await again.apply(ANN, CONTEXT, first.id)

    async def restarted(here: Place) -> None:
        with pytest.raises(AccessDenied):  # the source lets him read them, so that they are there is no secret
            await reviews(here).undo(BO, CONTEXT, undo)
        back = await reviews(here).undo(ANN, CONTEXT, undo)
        assert len(back) == 69
        assert {one.review for one in here.index.documents()} == {Review.UNREVIEWED}
        assert not may_ai(here, EVA, "pay/7.csv")
        with pytest.raises(Invalid, match="nothing to undo"):
            await reviews(here).undo(ANN, CONTEXT, undo)

    play(tmp_path, story)

    async def again() -> None:
        async with place(tmp_path) as here:
            await restarted(here)

    asyncio.run(again())


def test_taking_back_restores_every_document_exactly(tmp_path: Path) -> None:
    async def story(here: Place) -> None:
        before = states(here)
        worked = fixes(here)
        for one in await worked.listed(ANN, CONTEXT):
            for hold in (False, True):
                undo, done = await worked.apply(ANN, CONTEXT, one.id, hold=hold)
                assert done
                if hold:
                    assert not may_ai(here, ANN, done[0].item)
                # A steward may, as she may review; what was kept out of AI is served again, so she says why.
                await reviews(here).undo(STEWARD, CONTEXT, undo, reason="the wrong folder")
                assert states(here) == before

    play(tmp_path, story)


def test_a_document_that_changed_since_is_not_taken_back(tmp_path: Path) -> None:
    async def story(here: Place) -> None:
        worked = fixes(here)
        first = (await worked.listed(ANN, CONTEXT))[0]
        undo, _ = await worked.apply(ANN, CONTEXT, first.id)
        here.write("pay/5.csv", SALARIES + "Ida Falk,Nurse,51000\n")
        await here.ingest.run(here.connector)
        now = states(here)
        with pytest.raises(Conflict):
            await reviews(here).undo(ANN, CONTEXT, undo)
        assert states(here) == now

    play(tmp_path, story)


def test_strangers_and_administrators_without_the_right_fix_nothing(tmp_path: Path) -> None:
    async def story(here: Place) -> None:
        worked = fixes(here)
        assert await worked.listed(BO, CONTEXT) == []
        with pytest.raises(AccessDenied):
            await worked.listed(BO, CONTEXT, everybody=True)
        first = (await worked.listed(ADMIN, CONTEXT, everybody=True))[0]
        for id in (first.id, "f_none"):
            with pytest.raises(NotFound):
                await worked.simulate(BO, CONTEXT, id)
            with pytest.raises(NotFound):
                await worked.apply(BO, CONTEXT, id)
        before = states(here)
        plain = person("adm", "admins", "staff")  # lists everybody's, and may review none
        with pytest.raises((AccessDenied, NotFound)):
            await worked.apply(plain, CONTEXT, first.id, everybody=True)
        assert states(here) == before
        _, done = await worked.apply(ADMIN, CONTEXT, first.id, everybody=True)
        assert len(done) == 70

    play(tmp_path, story)


def test_a_row_that_was_edited_in_the_file_is_not_taken_back(tmp_path: Path) -> None:
    async def story(here: Place) -> None:
        worked = fixes(here)
        undo, _ = await worked.apply(ANN, CONTEXT, (await worked.listed(ANN, CONTEXT))[0].id)
        with closing(sqlite3.connect(tmp_path / "index" / "index.sqlite")) as db:
            db.execute("update index_reviews set before = replace(before, 'unreviewed', 'declared')")
            db.commit()
        before = states(here)
        with pytest.raises(Unavailable) as caught:
            await reviews(here).undo(ANN, CONTEXT, undo)
        assert caught.value.code == "tampered"
        assert states(here) == before

    play(tmp_path, story)


def test_measures_are_kept_day_by_day_and_equal_the_database(tmp_path: Path) -> None:
    async def story(here: Place) -> None:
        worked = fixes(here)
        await worked.exposures.take_measures(NOW - timedelta(days=1))
        await worked.apply(ANN, CONTEXT, (await worked.listed(ANN, CONTEXT))[0].id)
        with pytest.raises(AccessDenied):
            await worked.exposures.trend(BO, CONTEXT)
        trend = await worked.exposures.trend(ADMIN, CONTEXT)
        assert [day for day, _ in trend] == [(NOW - timedelta(days=1)).date(), NOW.date()]
        (_, before), (_, now) = trend
        assert (before.reviewed, now.reviewed, now.exposed) == (0, 70, 0)
        with closing(sqlite3.connect(tmp_path / "index" / "index.sqlite")) as db:
            counted = db.execute(
                "select count(*), total(problem = '' and digest <> ''), total(review <> 'unreviewed'), total("
                "review in ('accepted', 'corrected')), total(held), total(problem <> '') from index_documents"
            ).fetchone()
        assert counted == (
            now.documents, now.classified, now.labeled, now.reviewed, now.held, now.unreadable
        )  # fmt: skip
        again = await worked.exposures.trend(ADMIN, replace(CONTEXT, now=NOW + timedelta(hours=1)))
        assert len(again) == 2, "one a day"

    play(tmp_path, story)
