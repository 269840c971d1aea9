"""Judgements of findings: only by who may review, on record first, of the value alone, and never kept in clear."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.hosts import Host
from journeys.places import HR, PEOPLE, STAFF, Place, place
from journeys.test_review import ANN, BO, CONTEXT, STEWARD, gate
from lockgate.adapters.judgement_log import SqliteJudgements
from lockgate.adapters.keys import FileKeys
from lockgate.audit.record import Receipt
from lockgate.content.document import Review
from lockgate.content.finding import Finding
from lockgate.content.judging import Opinion
from lockgate.errors import AccessDenied, Conflict, Invalid, NotFound, Unavailable
from lockgate.journeys.enforce import Gate
from lockgate.journeys.findings import Findings, Seen
from lockgate.journeys.retrieve import Retrieve
from lockgate.journeys.review import Reviews, version_of
from lockgate.journeys.sieve import Sieve
from lockgate.labels import Sensitivity
from policy.sets import SHIPPED
from support import person, registered

CARD = "4111 1111 1111 1111"
PARTS = f"Parts in stock.\n\nPart {CARD} of the card press is out.\n"
WHY = "part numbers of the press"
DECLARED = '\nsensitivity = "general"'


def findings(here: Place, chosen: Gate | None = None) -> Findings:
    decides = chosen or gate(here)
    asked = Reviews(here.index, Host(everybody=PEOPLE), decides, {"share": here.connector}, here.reviewed)
    return Findings(here.index, decides, asked, here.judged, asyncio.Lock())


def play(folder: Path, story: Callable[[Place, Findings], Awaitable[None]], declared: str = "") -> None:
    async def run() -> None:
        async with place(folder) as here:
            here.rules(STAFF + declared, HR + declared)
            here.write("parts.txt", PARTS)
            here.write("hr/plan.txt", f"Pay with card {CARD} now.")
            await here.ingest.run(here.connector)
            await story(here, findings(here))

    asyncio.run(run())


async def reject(here: Place, who, item: str = "parts.txt", reason: str = WHY, kind: str = "financial.card"):
    document = here.document(item)
    return await findings(here).judge(
        who, CONTEXT, document.id, version_of(document), kind, Opinion.REJECTED, reason=reason
    )


async def shown(here: Place, who, words: str = "card press part") -> list[str]:
    search = Retrieve(
        gate(here),
        here.index,
        here.embedder,
        here.ingest.rechecker({"share": here.connector}),
        8,
        Sieve(here.judged),
    )
    found = await search.run(who, words, CONTEXT, frozenset({"docs"}))
    return [one.document.item for one in found.hits]


def kinds(here: Place, item: str = "parts.txt") -> list[tuple[str, int]]:
    return [(one.kind, one.count) for one in here.document(item).evidence]


def test_a_rejected_value_does_not_count_from_the_next_look_on(tmp_path: Path) -> None:
    async def story(here: Place, found: Findings) -> None:
        before = here.document("parts.txt")
        assert kinds(here) == [("financial.card", 1)]
        assert before.label.sensitivity is Sensitivity.CONFIDENTIAL
        (one,) = (await found.of(ANN, CONTEXT, "docs/parts.txt")).findings
        assert (one.finding.kind, one.judged) == ("financial.card", None)
        assert (await here.index.chunks(before.id))[0].text[one.place.start : one.place.end] == CARD
        with pytest.raises(Invalid, match="no reason") as caught:
            await reject(here, ANN, reason=" ")
        assert caught.value.code == "reason_needed"
        (said,) = await reject(here, ANN)
        assert here.document("parts.txt") == before, "nothing changes before it is looked at"
        await here.ingest.run(here.connector)
        after = here.document("parts.txt")
        assert (kinds(here), after.label.sensitivity) == ([], Sensitivity.GENERAL)
        assert after.review is Review.UNREVIEWED, "a rejection is no review: AI still serves it to its owner only"
        assert not any(chunk.kinds for chunk in await here.index.chunks(after.id))
        record = next(each for each in here.log.records if each.action == "finding.reject")
        assert dict(record.facts) == {
            "detector": said.detector, "kind": "financial.card", "passage": said.passage,
            "span": f"{said.start}:{said.end}", "reason": WHY,
        }  # fmt: skip
        assert "4111" not in repr(here.log.records)
        assert (await here.ingest.run(here.connector)).stored == 0, "it is looked at again once"
        assert kinds(here, "hr/plan.txt") == [("financial.card", 1)], "the same value elsewhere still counts"

    play(tmp_path, story)


def test_to_confirm_takes_a_rejection_back(tmp_path: Path) -> None:
    async def story(here: Place, found: Findings) -> None:
        before = here.document("parts.txt")
        await reject(here, ANN)
        await here.ingest.run(here.connector)
        now = here.document("parts.txt")
        await found.judge(ANN, CONTEXT, now.id, version_of(now), "financial.card", Opinion.CONFIRMED)
        await here.ingest.run(here.connector)
        assert here.document("parts.txt") == before
        (one,) = (await found.of(ANN, CONTEXT, now.id)).findings
        assert one.judged is not None
        assert one.judged.opinion is Opinion.CONFIRMED

    play(tmp_path, story)


def test_what_changed_meanwhile_is_found_again(tmp_path: Path) -> None:
    async def story(here: Place, found: Findings) -> None:
        await reject(here, ANN)
        here.write("parts.txt", PARTS + "\nPay with card 5500 0000 0000 0004, see 4111-1111-1111-1111.\n")
        await here.ingest.run(here.connector)
        assert kinds(here) == [("financial.card", 1)], "the rejected value stays rejected; another is another"

    play(tmp_path, story)


def test_only_who_may_review_may_judge_and_strangers_cannot_tell(tmp_path: Path) -> None:
    async def story(here: Place, found: Findings) -> None:
        agent = replace(ANN, agent=replace(BO.principal, id="bot")) if hasattr(ANN, "agent") else None
        for who in (BO, person("adm", "admins", "staff"), *([agent] if agent else [])):
            told = set()
            for item in ("parts.txt", "hr/plan.txt"):
                with pytest.raises(NotFound) as refused:
                    await reject(here, who, item)
                told.add(str(refused.value))
                with pytest.raises(NotFound):
                    await found.of(who, CONTEXT, f"docs/{item}")
            with pytest.raises(NotFound) as refused:
                await found.judge(
                    who, CONTEXT, "d_" + "0" * 24, "x", "financial.card", Opinion.REJECTED, reason=WHY
                )
            assert told == {str(refused.value)}
        assert await here.judged.all() == []
        await reject(here, STEWARD)
        assert len(await here.judged.all()) == 1
        with pytest.raises(AccessDenied):
            await found.precision(ANN, CONTEXT)
        (told,) = await found.precision(person("adm", "admins"), CONTEXT)
        assert (told.kind, told.confirmed, told.rejected) == ("financial.card", 0, 1)

    play(tmp_path, story)


def test_it_is_on_record_before_it_counts(tmp_path: Path) -> None:
    async def story(here: Place, found: Findings) -> None:
        class Full:
            async def append(self, records, /) -> Receipt:
                if any(one.action == "finding.reject" for one in records):
                    raise Unavailable("the log is full")
                return await here.log.append(records)

        broken = findings(here, Gate(lambda: SHIPPED, Full(), applications=registered))
        document = here.document("parts.txt")
        with pytest.raises(Unavailable):
            await broken.judge(
                ANN, CONTEXT, document.id, version_of(document), "financial.card", Opinion.REJECTED, reason=WHY
            )
        assert await here.judged.all() == []
        assert here.judged.rejected(document.id) is None

    play(tmp_path, story)


def test_a_passage_of_a_declared_document_opens_for_its_readers(tmp_path: Path) -> None:
    """The card holds the passage; what was rejected in it holds nothing, also when it is looked at again."""

    async def story(here: Place, found: Findings) -> None:
        assert "parts.txt" not in await shown(here, BO)
        await reject(here, ANN)
        assert "parts.txt" not in await shown(here, BO), "not before the next look"
        await here.ingest.run(here.connector)
        assert "parts.txt" in await shown(here, BO)
        here.write("parts.txt", PARTS.replace(CARD, "5500 0000 0000 0004"))
        await here.ingest.run(here.connector)
        assert "parts.txt" not in await shown(here, BO), "another card was not rejected"

    play(tmp_path, story, DECLARED)


def test_a_judgement_is_about_what_was_seen(tmp_path: Path) -> None:
    async def story(here: Place, found: Findings) -> None:
        seen = here.document("parts.txt")
        here.write("parts.txt", PARTS + "more")
        await here.ingest.run(here.connector)
        with pytest.raises(Conflict):
            await found.judge(ANN, CONTEXT, seen.id, version_of(seen), "financial.card", Opinion.CONFIRMED)
        now = here.document("parts.txt")
        (one,) = (await found.of(ANN, CONTEXT, now.id)).findings
        for kind, where in (("financial.iban", one.place), ("financial.card", replace(one.place, end=3))):
            with pytest.raises(NotFound, match="is found there"):
                await found.judge(ANN, CONTEXT, now.id, version_of(now), kind, Opinion.CONFIRMED, where)
        with pytest.raises(NotFound, match="in the passages"):
            await found.judge(ANN, CONTEXT, now.id, version_of(now), "secret", Opinion.CONFIRMED)

    play(tmp_path, story)


def test_one_place_is_one_value(tmp_path: Path) -> None:
    async def story(here: Place, found: Findings) -> None:
        here.write("two.txt", f"card {CARD}, card 5500 0000 0000 0004, again card {CARD}")
        await here.ingest.run(here.connector)
        document = here.document("two.txt")
        listed: tuple[Seen, ...] = (await found.of(ANN, CONTEXT, document.id)).findings
        assert len(listed) == 3
        asked = (document.id, version_of(document), "financial.card", Opinion.REJECTED)
        made = await found.judge(ANN, CONTEXT, *asked, listed[0].place, WHY)
        assert len(made) == 1
        judged = [one.judged is not None for one in (await found.of(ANN, CONTEXT, document.id)).findings]
        assert judged == [True, False, True]
        await here.ingest.run(here.connector)
        assert kinds(here, "two.txt") == [("financial.card", 1)]

    play(tmp_path, story)


def test_no_value_is_at_rest_and_no_hash_links_two_documents(tmp_path: Path) -> None:
    async def story(here: Place, found: Findings) -> None:
        await reject(here, ANN)
        await reject(here, ANN, "hr/plan.txt")
        one, other = await here.judged.all()
        assert one.value != other.value, "the same card in two documents"

    play(tmp_path, story)
    for file in (tmp_path / "index").iterdir():
        assert b"4111" not in file.read_bytes(), file


def test_what_is_forgotten_leaves_no_judgement(tmp_path: Path) -> None:
    async def story(here: Place, found: Findings) -> None:
        await reject(here, ANN)
        await reject(here, ANN, "hr/plan.txt")
        gone, kept = here.document("parts.txt").id, here.document("hr/plan.txt").id
        await here.index.forget(gone, CONTEXT.now)
        assert [one.document for one in await here.judged.all()] == [kept]

    play(tmp_path, story)


@pytest.mark.parametrize(
    "change",
    ["document = 'd_other'", "opinion = 'rejected'", "value = 'ff'", "kind = 'secret'", "wrapped = x'00'"],
)
def test_a_row_that_was_edited_in_the_file_rejects_nothing(tmp_path: Path, change: str) -> None:
    async def story(here: Place, found: Findings) -> None:
        document = here.document("parts.txt")
        if "opinion" in change:
            asked = (document.id, version_of(document), "financial.card", Opinion.CONFIRMED)
            await found.judge(ANN, CONTEXT, *asked)
        else:
            await reject(here, ANN)
        with closing(sqlite3.connect(tmp_path / "index" / "index.sqlite")) as db:
            db.execute(f"update index_judgements set {change}")
            db.commit()
        opened = SqliteJudgements.open(tmp_path / "index", FileKeys.open(tmp_path / "master.key"), b"k" * 32)
        try:
            for id in (document.id, "d_other"):
                assert opened.rejected(id) is None
            with pytest.raises(Unavailable, match="was changed"):
                await opened.all()
        finally:
            opened.close()

    play(tmp_path, story)


def test_what_is_said_while_it_is_read_is_looked_at_again(tmp_path: Path) -> None:
    async def story(here: Place, found: Findings) -> None:
        await reject(here, ANN)
        counted = dict(here.judged.unexamined())
        now = here.document("parts.txt")
        await found.judge(ANN, CONTEXT, now.id, version_of(now), "financial.card", Opinion.CONFIRMED)
        await here.judged.examined(counted)
        assert now.id in here.judged.unexamined()

    play(tmp_path, story)


def test_rejections_hold_over_a_restart_and_count_for_nothing_under_another_key(tmp_path: Path) -> None:
    async def story(here: Place, found: Findings) -> None:
        await reject(here, ANN)
        id = here.document("parts.txt").id
        for secret, expected in ((b"k" * 32, True), (b"x" * 32, False)):
            keys = FileKeys.open(tmp_path / "master.key")
            opened = SqliteJudgements.open(tmp_path / "index", keys, secret)
            try:
                rejected = opened.rejected(id)
                assert rejected is not None
                card = Finding(0, 16, "financial.card", 0.9, "number@2")
                assert rejected(card, "4111111111111111") is expected
                assert not rejected(card._replace(kind="financial.iban"), "4111111111111111")
            finally:
                opened.close()

    play(tmp_path, story)
