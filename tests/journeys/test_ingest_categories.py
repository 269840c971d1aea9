"""Categories at ingest: a document or section gets the level of its category, and a damaged model holds."""

from __future__ import annotations

import asyncio
from pathlib import Path

from adapters.hosts import Host
from content.taught import document, model, sorter
from journeys.places import PEOPLE, Place, Stopped, place
from lockgate.content.categories.sorter import UNEXAMINED, Sorter
from lockgate.content.reading import read
from lockgate.journeys.ingest import Ingest
from lockgate.labels.label import Sensitivity

PAY, MENU = document("payroll", 31_000, 300), document("menu", 31_000, 3000)
GENERAL = 'match = ["**"]\nreaders = ["group:staff"]\nowners = ["user:ann"]\nsensitivity = "general"'


class Case:
    def __init__(self, at: Place) -> None:
        self.at = at
        self.sorter = sorter()
        self.ingest = Ingest(
            at.index,
            at.extractor,
            at.embedder,
            Stopped(),
            at.log,
            Host(everybody=PEOPLE),
            sorter=lambda: self.sorter,
        )


def test_a_category_labels_the_document_and_marks_the_passages_of_its_section(tmp_path: Path) -> None:
    async def body() -> None:
        async with place(tmp_path) as at:
            case = Case(at)
            at.write("pay.txt", PAY)
            at.write("menu.txt", MENU)
            at.write("mixed.txt", f"{MENU}\n\n{PAY}")
            await case.ingest.run(at.connector)
            assert at.document("menu.txt").label.sensitivity is Sensitivity.GENERAL
            for name in ("pay.txt", "mixed.txt"):
                assert at.document(name).label.sensitivity is Sensitivity.CONFIDENTIAL
                assert [one.kind for one in at.document(name).evidence] == ["business.payroll"]
            chunks = await at.index.chunks(at.document("mixed.txt").id)
            marked = ["business.payroll" in one.kinds for one in chunks]
            assert marked[-1]
            assert not marked[0]

    asyncio.run(body())


def test_what_somebody_labeled_lower_is_not_overruled_and_its_passages_are_held(tmp_path: Path) -> None:
    async def body() -> None:
        async with place(tmp_path) as at:
            at.rules(GENERAL)
            case = Case(at)
            at.write("mixed.txt", f"{MENU}\n\n{PAY}")
            await case.ingest.run(at.connector)
            found = at.document("mixed.txt")
            assert found.label.sensitivity is Sensitivity.GENERAL
            chunks = await at.index.chunks(found.id)
            assert chunks[-1].held
            assert not chunks[0].held

    asyncio.run(body())


def test_with_a_damaged_model_everything_new_is_held_until_it_is_examined(tmp_path: Path) -> None:
    async def body() -> None:
        async with place(tmp_path) as at:
            at.rules(GENERAL)
            case = Case(at)
            case.sorter = Sorter([], ["payroll"])
            at.write("pay.txt", PAY)
            at.write("menu.txt", MENU)
            await case.ingest.run(at.connector)
            for name in ("pay.txt", "menu.txt"):
                assert at.document(name).held
                assert [one.kind for one in at.document(name).evidence] == [UNEXAMINED]
            case.sorter = Sorter([(model(), "a" * 64)])
            await case.ingest.run(at.connector)
            assert not at.document("menu.txt").held
            assert not at.document("menu.txt").evidence
            assert [one.kind for one in at.document("pay.txt").evidence] == ["business.payroll"]
            assert (await case.ingest.run(at.connector)).stored == 0

    asyncio.run(body())


def test_what_was_read_before_is_read_again_where_it_is_of_a_new_category(tmp_path: Path) -> None:
    async def body() -> None:
        async with place(tmp_path) as at:
            case = Case(at)
            case.sorter = Sorter()
            at.write("pay.txt", PAY)
            at.write("menu.txt", MENU)
            await case.ingest.run(at.connector)
            assert not at.document("pay.txt").evidence
            case.sorter = sorter()
            assert (await case.ingest.run(at.connector)).stored == 1
            assert [one.kind for one in at.document("pay.txt").evidence] == ["business.payroll"]
            chunks = await at.index.chunks(at.document("pay.txt").id)
            assert all("business.payroll" in one.kinds for one in chunks)
            assert (await case.ingest.run(at.connector)).stored == 0

    asyncio.run(body())


def test_nobody_can_reject_that_something_was_not_examined() -> None:
    looked = Sorter([(model(), "a" * 64)], ["forecast"])
    found = read(PAY, also=looked.find, rejected=lambda one, value: True).proposal
    assert found.kinds == {UNEXAMINED}
