"""Ingest over the real index and files: incremental, resumable, fail closed, and fast to revoke."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from journeys.places import HR, MANIFEST, STAFF, Log, Place, place
from lockgate.content.document import Review
from lockgate.errors import Conflict, Unavailable
from lockgate.journeys.ingest import Progress
from lockgate.labels.label import AI, Label, Sensitivity
from lockgate.labels.readers import Readers
from obeying import obeying

Body = Callable[[Place], Awaitable[None]]


@pytest.fixture
def run(tmp_path: Path) -> Callable[[Body], None]:
    def run_body(body: Body) -> None:
        async def inside() -> None:
            async with place(tmp_path) as made:
                await body(made)

        asyncio.run(inside())

    return run_body


CARD = "card 4111 1111 1111 1111"


def test_a_first_run_stores_every_document_with_rights_label_and_passages(run) -> None:
    async def body(at: Place) -> None:
        at.write("plan.txt", "# Plan\n\nWe open an office.")
        at.write("hr/pay.txt", f"The {CARD} is Lena's.")
        seen: list[Progress] = []
        report = await at.ingest.run(at.connector, seen.append)
        assert (report.seen, report.stored, report.passages, report.problems) == (2, 2, 2, [])
        assert seen[-1].done == seen[-1].total == seen[-1].passages == 2
        plan, pay = at.document("plan.txt"), at.document("hr/pay.txt")
        assert plan.source_readers == plan.label.readers == Readers.any_of("group:staff")
        assert pay.label.readers == Readers.any_of("group:hr")
        assert plan.label.owners == {"user:ann"}
        assert plan.review is pay.review is Review.UNREVIEWED
        assert pay.label.sensitivity is Sensitivity.CONFIDENTIAL
        assert [one.kind for one in pay.evidence] == ["financial.card", "pii.person"]
        (chunk,) = await at.index.chunks(plan.id)
        assert chunk.text == "# Plan\n\nWe open an office."
        assert [one.action for one in at.log.records] == ["ingest.put", "ingest.put", "ingest.run"]
        assert CARD not in str(at.log.records)

    run(body)


def test_nothing_is_read_again_unless_it_changed(run) -> None:
    async def body(at: Place) -> None:
        for number in range(5):
            at.write(f"{number}.txt", f"text {number}")
        await at.ingest.run(at.connector)
        at.extractor.names.clear()
        report = await at.ingest.run(at.connector)
        assert at.extractor.names == []
        assert (report.unchanged, report.stored, report.relabeled, report.removed) == (5, 0, 0, 0)
        at.write("3.txt", "another text")
        os.utime(at.share / "3.txt", ns=(1, 1))
        report = await at.ingest.run(at.connector)
        assert at.extractor.names == ["3.txt"]
        assert (await at.index.chunks(at.document("3.txt").id))[0].text == "another text"
        report = await at.ingest.run(at.connector, full=True)
        assert report.stored == 5

    run(body)


def test_a_change_of_rights_takes_effect_without_reading_or_embedding(run) -> None:
    async def body(at: Place) -> None:
        at.write("hr/pay.txt", "text")
        await at.ingest.run(at.connector)
        at.embedder.texts.clear()
        at.extractor.names.clear()
        at.rules(STAFF, HR.replace("group:hr", "user:ann"))
        report = await at.ingest.run(at.connector)
        assert report.relabeled == 1
        assert at.embedder.texts == at.extractor.names == []
        pay = at.document("hr/pay.txt")
        assert pay.label.readers == pay.source_readers == Readers.any_of("user:ann")
        assert len(await at.index.chunks(pay.id)) == 1

    run(body)


def test_rights_take_effect_before_anything_new_is_read(run) -> None:
    async def body(at: Place) -> None:
        at.write("hr/pay.txt", "text")
        await at.ingest.run(at.connector)
        at.rules(STAFF, HR.replace("group:hr", "user:ann"))
        at.write("hr/pay.txt", "longer text")
        at.write("new.txt", "new")

        async def embed(texts: object) -> None:
            assert at.document("hr/pay.txt").label.readers.permits({"group:hr"}) is False
            raise Unavailable("the embedder is gone")

        at.embedder.embed = embed  # type: ignore[method-assign,assignment]
        with pytest.raises(Unavailable, match="embedder"):
            await at.ingest.run(at.connector)
        assert at.log.records[-1].outcome == "failed"

    run(body)


def test_while_content_has_changed_and_is_not_read_yet_old_and_new_rights_bind(run) -> None:
    async def body(at: Place) -> None:
        at.write("hr/pay.txt", "text")
        await at.ingest.run(at.connector)
        at.rules(STAFF)
        at.write("hr/pay.txt", "a longer text for everyone")
        checked = await at.ingest.recheck(at.connector, at.document("hr/pay.txt"))
        assert checked is not None
        assert checked.label.readers == Readers(frozenset({frozenset({"group:hr"}), frozenset({"group:staff"})}))
        await at.ingest.run(at.connector)
        assert at.document("hr/pay.txt").label.readers == Readers.any_of("group:staff")

    run(body)


def test_a_deletion_removes_document_text_and_vectors(run) -> None:
    async def body(at: Place) -> None:
        at.write("a.txt", "zebra zebra")
        at.write("b.txt", "other")
        await at.ingest.run(at.connector)
        gone = at.document("a.txt").id
        (at.share / "a.txt").unlink()
        report = await at.ingest.run(at.connector)
        assert report.removed == 1
        assert at.index.document(gone) is None
        assert await at.index.chunks(gone) == ()
        assert [one.action for one in at.log.records[-2:]] == ["ingest.remove", "ingest.run"]

    run(body)


def test_a_root_that_cannot_be_opened_removes_nothing(run) -> None:
    async def body(at: Place) -> None:
        at.write("a.txt", "text")
        await at.ingest.run(at.connector)
        at.share.rename(at.share.with_name("elsewhere"))
        with pytest.raises(Unavailable):
            await at.ingest.run(at.connector)
        with pytest.raises(Unavailable):
            await at.ingest.recheck(at.connector, at.document("a.txt"))
        assert len(at.index.documents()) == 1

    run(body)


def test_what_the_system_killed_while_it_was_read_is_read_by_the_next_run(run) -> None:
    async def body(at: Place) -> None:
        at.write("a.txt", "!killed zebra")
        at.write("b.txt", "!invalid")
        await at.ingest.run(at.connector)
        assert at.document("a.txt").label.readers == Readers.nobody()
        at.extractor.names.clear()
        at.extractor.killing = False
        report = await at.ingest.run(at.connector)
        assert at.extractor.names == ["a.txt"], "what broke its reader by itself waits until it changes"
        assert [item for item, _ in report.problems] == ["b.txt"]
        assert (await at.index.chunks(at.document("a.txt").id))[0].text == "!killed zebra"
        assert at.document("a.txt").label.readers == Readers.any_of("group:staff")

    run(body)


def test_a_folder_that_cannot_be_entered_closes_its_documents_and_loses_nothing(tmp_path: Path) -> None:
    """A share that stutters shows no names. What was under them is not gone: a review would be lost with it."""

    async def body() -> None:
        async with place(tmp_path) as at:
            at.write("hr/deep/pay.txt", "zebra pay")
            at.write("plan.txt", "plan")
            at.rules(STAFF)
            await at.ingest.run(at.connector)
            known = at.document("hr/deep/pay.txt")
            label = known.label
            accepted = replace(known, review=Review.ACCEPTED, ruling=label, ruled_readers=label.readers)
            await at.index.relabel(accepted, frozenset())
            for shut, mode in (
                ("hr", 0),
                ("hr/deep", 0),
                ("hr/deep", 0o400),
            ):  # last: names alone
                (at.share / shut).chmod(mode)
                try:
                    report = await at.ingest.run(at.connector)
                finally:
                    (at.share / shut).chmod(0o700)
                assert report.removed == 0
                assert any("permission denied" in why for _, why in report.problems), report.problems
                closed = at.document("hr/deep/pay.txt")
                assert closed.label.readers == Readers.nobody()
                assert "permission denied" in closed.problem
                assert at.document("plan.txt").label.readers == Readers.any_of("group:staff")
                at.extractor.names.clear()
                report = await at.ingest.run(at.connector)
                assert report.problems == at.extractor.names == []
                back = at.document("hr/deep/pay.txt")
                assert (back.review, back.label.readers) == (Review.ACCEPTED, label.readers)
                assert [one.text for one in await at.index.chunks(back.id)] == ["zebra pay"]
            (at.share / "hr/deep/pay.txt").unlink()
            (at.share / "hr/deep/pay.txt").mkdir()
            assert (await at.ingest.run(at.connector)).removed == 1

    obeying(lambda: asyncio.run(body()))


def test_what_cannot_be_read_is_a_row_that_nobody_may_read_and_stops_nothing(run) -> None:
    async def body(at: Place) -> None:
        at.write("a.txt", "!invalid")
        at.write("b.txt", "!fault")
        at.write("c.txt", "fine")
        (at.share / "link.txt").symlink_to("/etc/passwd")
        report = await at.ingest.run(at.connector)
        assert report.problems == [
            ("link.txt", "it is a symbolic link, which is not followed"),
            ("a.txt", "could not read: it is broken"),
            ("b.txt", "could not read: Lockgate failed on it (ZeroDivisionError)"),
        ]
        for item in ("a.txt", "b.txt", "link.txt"):
            assert at.document(item).label.readers.is_nobody
            assert at.document(item).held
        assert at.document("c.txt").problem == ""
        assert "s3cret" not in str(at.log.records)
        at.extractor.names.clear()
        again = await at.ingest.run(at.connector)
        assert at.extractor.names == []
        assert sorted(again.problems) == sorted(report.problems)
        assert again.stored == again.relabeled == 0
        at.write("a.txt", "mended now")
        await at.ingest.run(at.connector)
        assert at.document("a.txt").label.readers == Readers.any_of("group:staff")

    run(body)


def test_a_broken_manifest_closes_the_share_and_mending_it_needs_no_reading(run) -> None:
    async def body(at: Place) -> None:
        at.write("a.txt", "text")
        await at.ingest.run(at.connector)
        good = (at.share / MANIFEST).read_bytes()
        at.write(MANIFEST, "version = 1\n[[rule]]\n")
        report = await at.ingest.run(at.connector)
        assert at.document("a.txt").label.readers.is_nobody
        assert f"{MANIFEST}:2" in report.problems[0][1]
        at.extractor.names.clear()
        at.write(MANIFEST, good)
        await at.ingest.run(at.connector)
        assert at.extractor.names == []
        assert at.document("a.txt").label.readers == Readers.any_of("group:staff")
        assert len(await at.index.chunks(at.document("a.txt").id)) == 1

    run(body)


def test_a_file_that_is_unreadable_stays_so_through_a_broken_manifest(run) -> None:
    async def body(at: Place) -> None:
        at.write("a.txt", "!invalid")
        await at.ingest.run(at.connector)
        good = (at.share / MANIFEST).read_bytes()
        for manifest in (b"version = 2", good):
            at.write(MANIFEST, manifest)
            await at.ingest.run(at.connector)
            assert at.document("a.txt").problem == "could not read: it is broken"
            assert at.document("a.txt").label.readers.is_nobody

    run(body)


def test_a_review_survives_and_never_widens_the_source(run) -> None:
    async def body(at: Place) -> None:
        at.write("hr/pay.txt", f"The {CARD} is Lena's.")
        await at.ingest.run(at.connector)
        before = at.document("hr/pay.txt")
        ruling = Label(
            Sensitivity.GENERAL, Readers.everyone(), before.label.integrity, forbidden_uses=frozenset({AI})
        )
        reviewed = replace(
            before,
            review=Review.CORRECTED,
            ruling=ruling,
            ruled_readers=before.label.readers,
            accepted_kinds=frozenset({"financial.card"}),
        )
        await at.index.relabel(reviewed)
        at.write("hr/pay.txt", f"The {CARD} is Lena's, and more.")
        await at.ingest.run(at.connector)
        after = at.document("hr/pay.txt")
        assert after.review is Review.CORRECTED
        assert after.label.sensitivity is Sensitivity.GENERAL
        assert after.label.forbids(AI)
        assert after.label.readers == Readers.any_of("group:hr")
        assert not after.held
        assert not (await at.index.chunks(after.id))[0].held

    run(body)


def test_a_sensitive_line_in_a_declared_document_is_held_back_alone(run) -> None:
    async def body(at: Place) -> None:
        at.rules(STAFF + '\nsensitivity = "general"')
        at.write("mail.txt", "Harmless words here. " * 60 + f"\n\n{CARD}\n\n" + "More harmless words. " * 60)
        await at.ingest.run(at.connector)
        mail = at.document("mail.txt")
        assert mail.review is Review.DECLARED
        chunks = await at.index.chunks(mail.id)
        assert len(chunks) > 2
        assert [chunk.held for chunk in chunks] == [CARD in chunk.text for chunk in chunks]
        at.rules(STAFF + '\nsensitivity = "confidential"')
        await at.ingest.run(at.connector)
        assert not any(chunk.held for chunk in await at.index.chunks(mail.id))
        at.rules(STAFF + '\nsensitivity = "general"')
        await at.ingest.run(at.connector)
        assert [chunk.held for chunk in await at.index.chunks(mail.id)] == [chunk.held for chunk in chunks]

    run(body)


def test_content_that_is_swapped_while_it_is_read_gets_the_rights_of_what_was_read(run) -> None:
    """Public when listed, then replaced by a salary file of HR: the text must not get the old rights."""

    async def body(at: Place) -> None:
        at.write("x.txt", "harmless")
        fetch = at.connector.fetch

        async def swap(id: str, /) -> bytes:
            if "narrow" not in (at.share / MANIFEST).read_text():
                at.rules(STAFF, 'match = ["x.txt"] # narrow\nreaders = ["group:hr"]')
                at.write("x.txt", "the salaries of everybody")
            return await fetch(id)

        at.connector.fetch = swap  # type: ignore[method-assign]
        await at.ingest.run(at.connector)
        document = at.document("x.txt")
        assert (await at.index.chunks(document.id))[0].text == "the salaries of everybody"
        assert document.label.readers == Readers.any_of("group:hr")

    run(body)


def test_rights_that_are_taken_away_while_a_file_is_read_count(run) -> None:
    async def body(at: Place) -> None:
        at.write("x.txt", "harmless")
        fetch = at.connector.fetch

        async def late(id: str, /) -> bytes:
            data = await fetch(id)
            at.rules(STAFF.replace("group:staff", "user:ann"))
            return data

        at.connector.fetch = late  # type: ignore[method-assign]
        await at.ingest.run(at.connector)
        assert at.document("x.txt").label.readers == Readers.any_of("user:ann")

    run(body)


def test_a_file_that_never_stands_still_is_not_read(run) -> None:
    async def body(at: Place) -> None:
        at.write("x.txt", "0")
        fetch = at.connector.fetch

        async def busy(id: str, /) -> bytes:
            data = await fetch(id)
            at.write("x.txt", data + b"0")
            return data

        at.connector.fetch = busy  # type: ignore[method-assign]
        report = await at.ingest.run(at.connector)
        assert report.problems == [("x.txt", "could not read: it changes all the time")]

    run(body)


def test_the_check_at_answer_time_sees_rights_at_once_and_stores_nothing(run) -> None:
    async def body(at: Place) -> None:
        at.write("hr/pay.txt", "text")
        await at.ingest.run(at.connector)
        stored = at.document("hr/pay.txt")
        assert await at.ingest.recheck(at.connector, stored) == stored
        at.rules(STAFF, HR.replace("group:hr", "user:eva"))
        checked = await at.ingest.recheck(at.connector, stored)
        assert checked is not None
        assert checked.label.readers == Readers.any_of("user:eva")
        assert at.document("hr/pay.txt") == stored
        at.write(MANIFEST, "nonsense")
        checked = await at.ingest.recheck(at.connector, stored)
        assert checked is not None
        assert checked.label.readers.is_nobody
        (at.share / "hr/pay.txt").unlink()
        assert await at.ingest.recheck(at.connector, stored) is None

    run(body)


def test_record_before_release_an_audit_log_that_is_down_stores_nothing(run) -> None:
    async def body(at: Place) -> None:
        class Down(Log):
            async def append(self, records: object, /) -> None:  # type: ignore[override]
                raise Unavailable("the audit log is full")

        at.write("a.txt", "text")
        at.ingest._audit = Down()
        with pytest.raises(Unavailable, match="audit"):
            await at.ingest.run(at.connector)
        assert at.index.documents() == ()

    run(body)


def test_one_run_at_a_time(run) -> None:
    async def body(at: Place) -> None:
        for number in range(20):
            at.write(f"{number}.txt", "text")
        first = asyncio.create_task(at.ingest.run(at.connector))
        await asyncio.sleep(0)
        with pytest.raises(Conflict):
            await at.ingest.run(at.connector)
        await first

    run(body)


CHILD = """
import asyncio, sys
from pathlib import Path
from journeys.places import place
async def main():
    async with place(Path(sys.argv[1])) as at:
        await at.ingest.run(at.connector, lambda p: print(p.phase, p.done, flush=True))
asyncio.run(main())
"""


def test_a_run_that_was_killed_is_continued_by_the_next(tmp_path: Path) -> None:
    async def body(kills: int) -> None:
        async with place(tmp_path) as at:
            for number in range(400):
                at.write(f"d{number % 7}/{number:03}.txt", f"Document {number}. " * 40)
            assert len(at.index.documents()) == 0
        stored = 0
        for _ in range(kills):
            _kill_in_the_middle(tmp_path)
            async with place(tmp_path) as at:
                now = len(at.index.documents())
                assert now >= stored
                for document in at.index.documents():
                    assert await at.index.chunks(document.id), "half written"
                stored = now
        assert 0 < stored < 400
        async with place(tmp_path) as at:
            report = await at.ingest.run(at.connector)
            assert report.stored == 400 - stored
            assert sorted(one.item for one in at.index.documents()) == sorted(
                f"d{number % 7}/{number:03}.txt" for number in range(400)
            )

    asyncio.run(body(2))


def _kill_in_the_middle(folder: Path) -> None:
    path = os.pathsep.join(["src", "tests"])
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    with child.stdout as lines:
        for line in lines:
            phase, done = line.split()
            if phase == "read" and int(done) >= 80:
                break
        time.sleep(0.02)
        child.send_signal(signal.SIGKILL)
    child.wait()
