"""Forget: nothing of the document is left in any byte of the state folder, and no sync brings it back."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from journeys.places import Place, Stopped, Words, place
from lockgate.adapters import state_folder
from lockgate.adapters.history_sqlite import SqliteHistory
from lockgate.adapters.remains import BACKUPS, StateRemains
from lockgate.content.document import Document, document_id
from lockgate.errors import AccessDenied, Invalid, LockgateError, NotFound
from lockgate.flow.history import marks, runs
from lockgate.journeys.conversation import Labeler
from lockgate.journeys.enforce import Gate
from lockgate.journeys.forget import Forget
from lockgate.journeys.forget.evidence import Trace
from lockgate.labels import PUBLIC
from lockgate.labels.label import Retention
from lockgate.policy.model import Context, Subject
from lockgate.ports import Vectors
from lockgate.storage.schema import HISTORY, INDEX
from policy.sets import SHIPPED
from support import NOW, person, registered

OWNER, STEWARD = person("ann", "hr", "staff"), person("stella", "staff", "stewards")
ADMIN, READER, STRANGER = person("adam", "admins"), person("bo", "sales", "staff"), person("zoe")
KEY = b"k" * 32
TITLE = "Zebracrossing settlement with Montague"
SENTENCES = (
    "The settlement with Heliotrope Quarrying is 77319042 EUR, paid in eleven rates.",
    "Ottoline Featherstonehaugh signed as reference QX-55217-ZB on the ninth of May.",
    "Nobody outside of the quillwort committee may learn about the flibbertigibbet clause.",
)
WORDS = (
    "Heliotrope",
    "77319042",
    "Featherstonehaugh",
    "QX-55217-ZB",
    "quillwort",
    "flibbertigibbet",
    "Zebracrossing",
)
TEXT = f"# {TITLE}\n\n" + "\n\n".join(SENTENCES) + "\n"


@dataclass
class Here:
    place: Place
    state: Path
    history: SqliteHistory
    labeler: Labeler
    forget: Forget

    def everything(self) -> bytes:
        """Return every byte of the state folder, the write-ahead logs and shared memory too."""
        return b"".join(path.read_bytes() for path in sorted(self.state.rglob("*")) if path.is_file())

    async def run(self, who: Subject, name: str, *, may_return: bool = False):
        return await self.forget.run(who, Context(NOW, "r"), name, may_return=may_return)


Body = Callable[[Here], Awaitable[None]]


async def _always(_: Document) -> datetime:
    return NOW


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Here]:
    state = folder / "state"
    state.mkdir(exist_ok=True)
    (folder / "share").mkdir(exist_ok=True)
    if not (state / "share").exists():
        (state / "share").symlink_to(folder / "share")  # the source lies outside of the state
    state_folder.ready(state, [INDEX, HISTORY])
    async with place(state) as at:
        history = SqliteHistory.open(state / "history.db")
        labeler = Labeler(history, KEY)
        gate = Gate(lambda: SHIPPED, at.log, applications=registered)
        changing = at.ingest.changing
        storage = StateRemains(state, state_folder.COPIES)
        try:
            yield Here(
                at,
                state,
                history,
                labeler,
                Forget(at.index, labeler, Words(), gate, Stopped(), storage, changing, _always),
            )
        finally:
            history.close()


@pytest.fixture
def play(tmp_path: Path) -> Callable[[Body], None]:
    def run(body: Body) -> None:
        async def inside() -> None:
            async with opened(tmp_path) as here:
                here.place.write("offer.md", TEXT)
                for number in range(30):
                    here.place.write(f"other{number}.txt", f"Lentil soup on day {number}. " * 30)
                await here.place.ingest.run(here.place.connector)
                await body(here)

        asyncio.run(inside())

    return run


def test_nothing_is_left_in_any_byte_of_the_state_folder(play) -> None:
    async def body(here: Here) -> None:
        document = here.place.document("offer.md")
        with closing(sqlite3.connect(here.state / "index" / "index.sqlite")) as db:
            (wrapped,) = db.execute("select wrapped from index_documents where id = ?", [document.id]).fetchone()
        for who in ("user:bo", "user:eva"):
            shown = sorted(marks(" ".join(SENTENCES[:2]), key=KEY, subject=who).covers)
            await here.history.remember(person(who[5:]), shown, document.label, NOW)
            assert all(mark in here.everything() for mark in shown)
        other = sorted(marks("Lentil soup is served on Monday at noon.", key=KEY, subject="user:bo").covers)
        await here.history.remember(READER, other, PUBLIC, NOW)
        before = here.everything()
        assert wrapped in before
        assert document.title.encode() in before, "the probe must be able to see what is there"

        done = await here.run(OWNER, "docs/offer.md")

        after = here.everything()
        for word in (*WORDS, document.title, "offer.md"):
            assert word.encode() not in after, word
        assert wrapped not in after
        for who in ("user:bo", "user:eva"):
            for mark in marks(" ".join(SENTENCES[:2]), key=KEY, subject=who).covers:
                assert mark not in after
        assert set(await here.history.recall(READER, other)) == set(other), "others' marks stay"
        assert (done.proven, done.remains, done.searched) == (True, (), True)
        assert done.seen > 5
        assert done.probes > 15
        assert done.marks > 20
        assert await here.place.index.chunks(document.id) == ()
        assert len(here.place.index.documents()) == 30

    play(body)


def test_the_marks_of_its_name_go_too(play) -> None:
    async def body(here: Here) -> None:
        here.place.write("Goran Ilic leaves the company in March.txt", TEXT)
        await here.place.ingest.run(here.place.connector)
        document = here.place.document("Goran Ilic leaves the company in March.txt")
        name = sorted(runs(document.title, key=KEY, subject="user:bo"))
        assert len(name) > 2
        await here.history.remember(READER, name, document.label, NOW)
        await here.run(OWNER, f"docs/{document.item}")
        assert await here.history.recall(READER, name) == {}
        assert not any(mark in here.everything() for mark in name)

    play(body)


def test_a_sync_passes_it_over_while_its_file_is_still_there(play, tmp_path: Path) -> None:
    async def body(here: Here) -> None:
        await here.run(OWNER, "docs/offer.md")
        here.place.write("offer.md", TEXT + "\nIt was changed meanwhile.\n")
        for full in (False, True):
            report = await here.place.ingest.run(here.place.connector, full=full)
            assert report.forgotten == 1
            assert here.place.index.document(document_id("share", "offer.md")) is None
        assert b"Heliotrope" not in here.everything()

    play(body)

    async def again() -> None:
        async with opened(tmp_path) as here:  # after a restart too
            report = await here.place.ingest.run(here.place.connector)
            assert report.forgotten == 1
            done = await here.forget.by_operator("operator:root", "share/offer.md", may_return=True)
            assert done is None
            await here.place.ingest.run(here.place.connector)
            assert here.place.document("offer.md").digest

    asyncio.run(again())


def test_what_may_return_does(play) -> None:
    async def body(here: Here) -> None:
        done = await here.run(OWNER, "docs/offer.md", may_return=True)
        assert (done.proven, done.may_return) == (True, True)
        report = await here.place.ingest.run(here.place.connector)
        assert (report.stored, report.forgotten) == (1, 0)

    play(body)


def test_it_is_recorded_before_it_takes_effect_and_after(play) -> None:
    async def body(here: Here) -> None:
        del here.place.log.records[:]
        await here.run(OWNER, "docs/offer.md")
        told = [(one.kind.value, one.action, one.outcome) for one in here.place.log.records]
        assert told == [
            ("decision", "forget", ""),
            ("administration", "forget", "begun"),
            ("administration", "forget", "completed"),
        ]
        assert not any(word in str(here.place.log.records) for word in WORDS)

        async def down(_: object) -> None:
            raise LockgateError("the log is down")

        here.place.log.append = down  # type: ignore[method-assign]
        with pytest.raises(LockgateError):
            await here.run(OWNER, "docs/other1.txt")
        assert here.place.document("other1.txt")

    play(body)


@pytest.mark.parametrize("who", [OWNER, STEWARD, ADMIN], ids=lambda one: one.principal.id)
def test_owners_stewards_and_administrators_may(play, who: Subject) -> None:
    async def body(here: Here) -> None:
        assert (await here.run(who, "docs/offer.md")).proven

    play(body)


def test_readers_may_not_and_strangers_see_no_difference(play) -> None:
    async def body(here: Here) -> None:
        with pytest.raises(AccessDenied):
            await here.run(READER, "docs/offer.md")
        refused = []
        for name in ("docs/offer.md", "docs/none.md", document_id("share", "offer.md"), "d_00"):
            with pytest.raises(NotFound) as caught:
                await here.run(STRANGER, name)
            refused.append((str(caught.value), caught.value.code, caught.value.remedy))
        assert len(set(refused)) == 1
        assert here.place.document("offer.md")

    play(body)


HELD = Retention(holds=frozenset({"lawsuit 7"}))
KEPT = Retention(keep_until=(NOW + timedelta(days=1)).date())


@pytest.mark.parametrize("retention", [HELD, KEPT], ids=["a hold", "keep until tomorrow"])
def test_holds_and_retention_forbid_it_to_everybody(play, retention: Retention) -> None:
    async def body(here: Here) -> None:
        document = here.place.document("offer.md")
        label = replace(document.label, retention=retention)
        await here.place.index.relabel(replace(document, label=label))
        for who in (OWNER, STEWARD):
            with pytest.raises(AccessDenied):
                await here.run(who, "docs/offer.md")
        with pytest.raises(AccessDenied):
            await here.forget.by_operator("operator:root", "docs/offer.md")
        assert (await here.place.index.chunks(document.id))[0].text.startswith("#")
        over = replace(retention, holds=frozenset(), keep_until=NOW.date() - timedelta(days=1))
        await here.place.index.relabel(replace(document, label=replace(label, retention=over)))
        assert (await here.run(OWNER, "docs/offer.md")).proven

    play(body)


def test_copies_that_upgrades_left_go_and_backups_are_named(play) -> None:
    async def body(here: Here) -> None:
        copy = here.state / state_folder.COPIES / "index-0001.sqlite"
        state_folder.copy_database(here.state / "index" / "index.sqlite", copy)
        line = '{"made": "2026-11-01T00:00:00+00:00", "place": "vault/one", "keys": true}\n'
        (here.state / BACKUPS).write_text(line)
        done = await here.run(OWNER, "docs/offer.md")
        assert (done.proven, done.copies) == (True, 1)
        assert not copy.exists()
        assert [(one.place, one.keys) for one in done.backups] == [("vault/one", True)]

    play(body)


@pytest.mark.parametrize("leak", [*WORDS[:3], SENTENCES[1], TITLE])
def test_a_leak_is_found_and_named_without_quoting_it(play, leak: str) -> None:
    """The proof can fail: a file that somebody wrote a piece of the text into."""

    async def body(here: Here) -> None:
        (here.state / "stray.log").write_text(f"x{leak}x")
        done = await here.run(OWNER, "docs/offer.md")
        assert not done.proven
        assert {one.file for one in done.remains} == {"stray.log"}
        assert not any(word in repr(done) for word in WORDS)

    play(body)


def test_the_log_may_name_a_path_but_hold_no_text(play) -> None:
    async def body(here: Here) -> None:
        (here.state / "audit.db").write_bytes(b'{"item":"offer.md"}' + b"77319042 aggravatingly")
        done = await here.run(OWNER, "docs/offer.md")
        assert (done.proven, {one.kind for one in done.kept}) == (True, {Trace.PATH})

    play(body)


def test_freed_pages_hold_nothing_after_many_changes(play) -> None:
    """SQLite moves rows between pages as a table grows: a stale copy of one must not outlive it."""

    async def body(here: Here) -> None:
        for number in range(60):
            here.place.write(f"mixed/{number:03}.txt", f"Soup {number}. " * (1 + number % 7 * 40))
        here.place.write("mixed/030-secret.md", TEXT)
        await here.place.ingest.run(here.place.connector)
        for number in range(0, 60, 2):
            (here.place.share / f"mixed/{number:03}.txt").unlink()
        here.place.rules('match = ["**"]\nreaders = ["group:sales"]\nowners = ["user:bo"]')
        await here.place.ingest.run(here.place.connector)
        await here.forget.by_operator("operator:root", "docs/offer.md")
        done = await here.forget.by_operator("operator:root", "docs/mixed/030-secret.md")
        assert done is not None
        assert (done.proven, done.remains) == (True, ())
        after = here.everything()
        assert b"030-secret" not in after
        assert TITLE.encode() not in after

    play(body)


def test_an_answer_that_runs_loses_it_at_once(play) -> None:
    async def body(here: Here) -> None:
        document: Document = here.place.document("offer.md")
        recheck = here.place.ingest.rechecker({"share": here.place.connector})
        assert await recheck(document) is not None
        await here.run(OWNER, "docs/offer.md")
        assert await recheck(document) is None

    play(body)


def test_what_is_not_there_is_told_to_operators(play) -> None:
    async def body(here: Here) -> None:
        with pytest.raises(NotFound):
            await here.forget.by_operator("operator:root", "docs/none.md")
        await here.run(OWNER, "docs/offer.md")
        with pytest.raises(NotFound, match="forgotten already"):
            await here.forget.by_operator("operator:root", document_id("share", "offer.md"))

    play(body)


def test_two_documents_of_one_name_are_told_apart_by_id(play) -> None:
    async def body(here: Here) -> None:
        first = here.place.document("offer.md")
        twin = replace(first, id=document_id("elsewhere", "offer.md"), connector="elsewhere")
        await here.place.index.put(twin, (), no_vectors())
        with pytest.raises(Invalid):
            await here.run(OWNER, "docs/offer.md")
        assert (await here.run(OWNER, first.id)).document == first.id

    play(body)


def no_vectors() -> Vectors:
    return np.zeros((0, 1), np.float32)
