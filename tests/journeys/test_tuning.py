"""A tuning leaves out what it says and nothing else, is told in every document, and ends without a trace."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from journeys.places import HR, STAFF, Place, Stopped, place
from journeys.test_review import ANN, BO, CONTEXT, correct, gate, reviews
from lockgate.config.detector_rules import parse_tuning
from lockgate.content.detection import KINDS
from lockgate.content.document import Document
from lockgate.content.tuning import UNTUNED, Tuning
from lockgate.errors import Invalid
from lockgate.journeys.ingest import Ingest
from lockgate.journeys.ingest.settlement import Settler
from lockgate.journeys.retrieve import Retrieve
from lockgate.journeys.review import Correction
from lockgate.journeys.sieve import Sieve
from lockgate.journeys.tuning import Tunings
from lockgate.labels import Readers, Sensitivity

CARD = "4111 1111 1111 1111"
OTHER = "5500 0000 0000 0004"
WHY = "part numbers that look like cards"


def tuning(rows: str) -> Tuning:
    return parse_tuning(f"version = 1\n[[detectors]]\n{rows}\n", Path("detectors.toml"), KINDS)


STOCK = tuning('kinds = ["financial.card"]\npaths = ["stock/**"]\noff = true')


def sieve(here: Place, tuned: Tuning) -> Sieve:
    return Sieve(here.judged, tuned, here.judged.everywhere)


def ingest(here: Place, tuned: Tuning) -> Ingest:
    directory = here.connector._directory
    return Ingest(
        here.index, here.extractor, here.embedder, Stopped(), here.log, directory, sieve=sieve(here, tuned)
    )


def tunings(here: Place, now: Tuning = UNTUNED) -> Tunings:
    settler = Settler(here.connector._directory)
    return Tunings(here.index, Stopped(), here.log, {"share": here.connector}, settler, sieve(here, now))


def play(folder: Path, story: Callable[[Place], Awaitable[None]], declared: str = "") -> None:
    async def run() -> None:
        async with place(folder) as here:
            here.rules(STAFF + declared, HR + declared)
            here.write("stock/parts.txt", f"Part card {CARD} is out.\n\nSo is card {OTHER}.")
            here.write("pay/cards.txt", f"Pay by card {CARD}, please.")
            here.write("lunch.txt", "Soup at noon.")
            await here.ingest.run(here.connector)
            await story(here)

    asyncio.run(run())


def known(here: Place) -> dict[str, Document]:
    return {one.item: replace(one, seen=CONTEXT.now) for one in here.index.documents()}


def kinds(here: Place, item: str) -> list[tuple[str, int]]:
    return [(one.kind, one.count) for one in here.document(item).evidence]


def test_a_row_counts_where_it_says_and_ends_without_a_trace(tmp_path: Path) -> None:
    async def story(here: Place) -> None:
        before = known(here)
        assert kinds(here, "stock/parts.txt") == [("financial.card", 2)]
        report = await ingest(here, STOCK).run(here.connector)
        assert report.stored == 1, "only what the row is about is read again"
        after = here.document("stock/parts.txt")
        assert (after.evidence, after.label.sensitivity) == ((), Sensitivity.GENERAL)
        assert after.notes == (f"text: detectors.toml {STOCK.version} leaves out 2 x financial.card",)
        assert not any(chunk.kinds for chunk in await here.index.chunks(after.id))
        assert {k: v for k, v in known(here).items() if "stock" not in k} == {
            k: v for k, v in before.items() if "stock" not in k
        }
        record = [one for one in here.log.records if one.action == "ingest.put"][-1]
        assert dict(record.facts)["detector_rules"] == STOCK.version
        assert record.reasons == after.notes
        assert (await ingest(here, STOCK).run(here.connector)).stored == 0
        assert (await ingest(here, UNTUNED).run(here.connector)).stored == 1
        assert known(here) == before
        assert (await ingest(here, UNTUNED).run(here.connector)).stored == 0

    play(tmp_path, story)


def test_values_and_unsure_findings_are_left_out(tmp_path: Path) -> None:
    async def story(here: Place) -> None:
        allowed = here.judged.everywhere("financial.card", "4111-1111-1111-1111")
        one = tuning(f'kinds = ["financial.card"]\nallowed = ["{allowed}"]')
        await ingest(here, one).run(here.connector)
        assert kinds(here, "stock/parts.txt") == [("financial.card", 1)]
        assert kinds(here, "pay/cards.txt") == []
        assert (await ingest(here, one).run(here.connector)).stored == 0
        unsure = tuning('kinds = ["financial.card"]\nmin_confidence = 1')
        await ingest(here, unsure).run(here.connector)
        assert kinds(here, "stock/parts.txt") == []
        sure = tuning('kinds = ["financial.card"]\nmin_confidence = 0.1')
        await ingest(here, sure).run(here.connector)
        assert kinds(here, "stock/parts.txt") == [("financial.card", 2)]
        assert here.document("stock/parts.txt").notes[0].endswith("leaves out nothing")
        assert (await ingest(here, sure).run(here.connector)).stored == 0, (
            "what is left out of nothing is read once"
        )

    play(tmp_path, story)


@pytest.mark.parametrize("declared", ["", '\nsensitivity = "general"', '\nsensitivity = "restricted"'])
def test_a_simulation_says_what_happens(tmp_path: Path, declared: str) -> None:
    async def story(here: Place) -> None:
        here.write("stock/many.txt", "\n\n".join(f"Part of page {n} with card {CARD}." for n in range(9)))
        here.write("stock/mixed.txt", f"card {CARD}\n\npassword: hunter2-Correct-Horse")
        await here.ingest.run(here.connector)
        before = known(here)
        for now, then in ((UNTUNED, STOCK), (STOCK, UNTUNED)):
            changes = [one async for one in tunings(here, now).simulate(then)]
            assert known(here) == before, "nothing changes"
            await ingest(here, then).run(here.connector)
            after = known(here)
            told = {one.after.item: one.after for one in changes}
            assert set(told) == {"stock/parts.txt", "stock/many.txt", "stock/mixed.txt"}
            for item, one in told.items():
                really = after[item]
                assert (one.label, one.held, one.evidence) == (really.label, really.held, really.evidence)
            assert {
                item for item in after if replace(after[item], notes=()) != replace(before[item], notes=())
            } == (set(told))
            before = after
        assert [one async for one in tunings(here).simulate(UNTUNED)] == []

    play(tmp_path, story, declared)


def test_a_label_that_somebody_stated_stays(tmp_path: Path) -> None:
    async def story(here: Place) -> None:
        to = Correction(Sensitivity.RESTRICTED, Readers.any_of("group:hr"))
        reviewed = await correct(reviews(here), ANN, here.document("stock/parts.txt"), to)
        await ingest(here, STOCK).run(here.connector)
        after = here.document("stock/parts.txt")
        assert after.evidence == ()
        assert (after.label, after.review) == (reviewed.label, reviewed.review)

    play(tmp_path, story)


def test_a_passage_opens_only_while_the_tuning_is_in_force(tmp_path: Path) -> None:
    async def story(here: Place) -> None:
        async def shown(tuned: Tuning) -> set[str]:
            recheck = here.ingest.rechecker({"share": here.connector})
            search = Retrieve(gate(here), here.index, here.embedder, recheck, 8, sieve(here, tuned))
            found = await search.run(BO, "card part pay", CONTEXT, frozenset({"docs"}))
            return {one.document.item for one in found.hits}

        assert not {"stock/parts.txt", "pay/cards.txt"} & await shown(UNTUNED)
        await ingest(here, STOCK).run(here.connector)
        assert {"stock/parts.txt", "pay/cards.txt"} & await shown(STOCK) == {"stock/parts.txt"}
        assert "stock/parts.txt" not in await shown(UNTUNED), "what is not applied any more counts at once"

    play(tmp_path, story, '\nsensitivity = "general"')


def test_it_is_applied_with_a_reason_and_on_record(tmp_path: Path) -> None:
    async def story(here: Place) -> None:
        journey = tunings(here)
        changes = [one async for one in journey.simulate(STOCK)]
        for reason in ("", " ", "-", f"card {CARD} is none"):
            with pytest.raises(Invalid):
                await journey.applied(STOCK, "root", reason, changes)
        assert not [one for one in here.log.records if one.action == "detectors.apply"]
        await journey.applied(STOCK, "root", WHY, changes)
        await journey.applied(UNTUNED, "root", "", [])
        first, last = (one for one in here.log.records if one.action == "detectors.apply")
        assert dict(first.facts) == {
            "account": "root", "detector_rules": STOCK.version, "documents": 1, "lower": 1, "reason": WHY
        }  # fmt: skip
        assert dict(last.facts)["detector_rules"] == ""

    play(tmp_path, story)
