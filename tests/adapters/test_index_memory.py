"""The embedded index: the contract, and what is special about it: keys, crashes, tampering, other processes."""

from __future__ import annotations

import asyncio
import gc
import signal
import sqlite3
import subprocess
import sys
import weakref
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.index import IndexContract, ask, doc, label, put
from lockgate.adapters.index_memory import MemoryIndex
from lockgate.adapters.keys import FileKeys
from lockgate.errors import Invalid, Unavailable
from lockgate.policy.filter import OwnedBy
from lockgate.policy.model import Principal, PrincipalKind
from lockgate.ports import Index
from support import person

ANN, BOB = person("ann", "hr"), person("bob", "sales")
CANARY = "zebra-7731-quartz"


async def _open(folder: Path, master: str = "master") -> MemoryIndex:
    return await MemoryIndex.open(folder / "index", FileKeys.open(folder / "keys" / master))


def run(folder: Path, story: Callable[[MemoryIndex], Awaitable[None]]) -> None:
    async def play() -> None:
        index = await _open(folder)
        try:
            await story(index)
        finally:
            await index.close()

    asyncio.run(play())


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted((folder / "index").iterdir()))


class TestMemoryIndex(IndexContract):
    __test__ = True

    async def open(self, folder: Path) -> Index:
        return await _open(folder)

    async def close(self, index: Index) -> None:
        assert isinstance(index, MemoryIndex)
        await index.close()


def test_no_text_or_term_lies_in_clear_on_disk(tmp_path: Path) -> None:
    async def story(index: MemoryIndex) -> None:
        await put(index, doc("a", label("group:hr")), f"the code word is {CANARY}")
        assert [hit.chunk.text for hit in await index.search(ask(CANARY, ANN))] == [f"the code word is {CANARY}"]
        disk = on_disk(tmp_path)
        assert len(disk) > 1000
        for part in CANARY.split("-"):
            assert part.encode() not in disk

    run(tmp_path, story)
    assert (tmp_path / "keys" / "master").stat().st_mode & 0o777 == 0o600


def test_removal_destroys_key_and_ciphertext(tmp_path: Path) -> None:
    def stored() -> list[bytes]:
        with sqlite3.connect(tmp_path / "index" / "index.sqlite") as db:
            found = list(
                db.execute("select wrapped, columns, texts from index_documents join index_payloads using (id)")
            )
        db.close()
        return [bytes(blob) for row in found for blob in row]

    async def story(index: MemoryIndex) -> None:
        kept = await put(index, doc("kept", label("group:hr")), "kept")
        one = await put(index, doc("one", label("group:hr")), *(f"text {i}" for i in range(40)))
        await put(index, doc("two", label("group:hr")), "to be replaced")
        before = stored()
        assert len(before) == 9
        await index.remove([one.id])
        await put(index, doc("two", label("group:hr")), "replaced")
        after, disk = stored(), on_disk(tmp_path)
        assert len(after) == 6
        assert all(blob[:16] in disk for blob in after), "the probe must be able to see what is there"
        for blob in before:
            if blob not in after:
                assert blob[:16] not in disk, "start of a removed blob"
                assert blob[-16:] not in disk, "end of a removed blob"
        assert await index.chunks(kept.id)

    run(tmp_path, story)


def test_another_master_key_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    async def fill(index: MemoryIndex) -> None:
        await put(index, doc("a", label("group:hr")), "text")

    run(tmp_path, fill)
    before = on_disk(tmp_path)
    with pytest.raises(Unavailable, match="was written with master key") as caught:
        asyncio.run(_open(tmp_path, "other"))
    assert caught.value.code == "wrong_key"
    assert "nothing has been changed" in caught.value.remedy
    assert on_disk(tmp_path) == before


EDITS = {
    "widened readers": "update index_documents set label = replace(label, 'group:hr', 'group:sales')",
    "widened source": "update index_documents set source_readers = '[[\"everyone\"]]'",
    "lifted hold": "update index_documents set held = 0",
    "lifted hold of a passage": "update index_documents set held_chunks = '[]'",
    "false review": "update index_documents set review = 'accepted'",
    "swapped ciphertext": (
        "update index_payloads set columns = (select columns from index_payloads where id != '{id}'),"
        " texts = (select texts from index_payloads where id != '{id}') where id = '{id}'"
    ),
    "no label": "update index_documents set label = '{{}}'",
    "garbage": "update index_payloads set columns = x'00'",
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_row_that_was_edited_in_the_file_opens_nothing(tmp_path: Path, edit: str) -> None:
    secret = doc("pay", label("group:hr"), held=True)

    async def fill(index: MemoryIndex) -> None:
        await put(index, secret, "open", CANARY, held=[1])
        await put(index, doc("other", label("group:sales")), "menu")

    run(tmp_path, fill)
    db = sqlite3.connect(tmp_path / "index" / "index.sqlite")
    assert db.execute(EDITS[edit].format(id=secret.id)).rowcount
    db.commit()
    db.close()

    async def read(index: MemoryIndex) -> None:
        assert secret.id in index.damaged
        assert index.document(secret.id) is None
        for subject in (ANN, BOB):
            assert secret.id not in [hit.document.id for hit in await index.search(ask(CANARY, subject))]
        await put(index, secret, "stored anew")
        assert secret.id not in index.damaged
        assert len(await index.search(ask("anew", ANN))) == 1

    run(tmp_path, read)


def test_what_another_process_changes_counts_at_the_next_search(tmp_path: Path) -> None:
    async def story(index: MemoryIndex) -> None:
        other = await _open(tmp_path)
        pay = await put(other, doc("pay", label("group:hr")), "salary", "bonus", held=[1])
        assert [hit.document for hit in await index.search(ask("salary", ANN))] == [pay]
        await other.relabel(replace(pay, label=label("group:sales")))
        assert not await index.search(ask("salary", ANN))
        assert len(await index.search(ask("salary", BOB))) == 2
        await put(index, doc("mine", label("group:hr")), "salary")
        assert len(await other.search(ask("salary", ANN))) == 1
        await other.remove([pay.id])
        assert not await index.search(ask("salary", BOB))
        assert index.document(pay.id) is None
        await other.close()

    run(tmp_path, story)


WRITER = """
import asyncio, sys
from pathlib import Path
sys.path[:0] = {path!r}
from contracts.index import doc, label, put
from lockgate.adapters.index_memory import MemoryIndex
from lockgate.adapters.keys import FileKeys
async def main():
    folder = Path(sys.argv[1])
    index = await MemoryIndex.open(folder / "index", FileKeys.open(folder / "keys" / "master"))
    for round in range(1000):
        for name in "abc":
            await put(index, doc(name, label("group:hr"), revision=str(round)), *[f"round {{round}}"] * 20)
            print(name, round, flush=True)
asyncio.run(main())
"""


def test_kill_9_loses_nothing_that_was_acknowledged_and_halves_nothing(tmp_path: Path) -> None:
    for attempt in range(3):
        code = WRITER.format(path=sys.path)
        with subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            acknowledged = dict(writer.stdout.readline().split() for _ in range(4 + 7 * attempt))
            writer.send_signal(signal.SIGKILL)
            acknowledged |= dict(line.split() for line in writer.stdout if line.endswith("\n"))

        async def read(index: MemoryIndex, acknowledged: dict[str, str] = acknowledged) -> None:
            assert not index.damaged
            for document in index.documents():
                chunks = await index.chunks(document.id)
                assert [chunk.text for chunk in chunks] == [f"round {document.revision}"] * 20
                assert int(document.revision) >= int(acknowledged[document.item])
            assert len(index.documents()) == len(acknowledged)

        run(tmp_path, read)
        (tmp_path / "index" / "index.sqlite").unlink()
        for rest in (tmp_path / "index").iterdir():
            rest.unlink()


def test_searches_beside_writers_see_only_whole_permitted_states(tmp_path: Path) -> None:
    async def story(index: MemoryIndex) -> None:
        open_, shut = doc("a", label("group:hr")), doc("a", label("group:sales"))
        await put(index, open_, "state open", "state open")
        stop = False

        async def write() -> None:
            nonlocal stop
            for _ in range(25):
                await put(index, shut, "state shut", "state shut")
                assert not await index.search(ask("state", ANN))
                await put(index, open_, "state open", "state open")
                await index.relabel(shut)
                assert not await index.search(ask("state", ANN))
                await index.relabel(open_)
            stop = True

        async def read() -> None:
            while not stop:
                for hit in await index.search(ask("state", ANN)):
                    assert hit.chunk.text == "state open"
                    assert hit.document == open_

        await asyncio.gather(write(), read(), read())

    run(tmp_path, story)


def test_nothing_that_is_remembered_crosses_a_permission_boundary(tmp_path: Path) -> None:
    """The same person in other groups, through an agent, or under another kind of identity is another question."""

    async def story(index: MemoryIndex) -> None:
        await put(index, doc("pay", label("group:hr")), "salary")
        bot = Principal(PrincipalKind.AGENT, "bot", frozenset({"group:hr"}))
        weak = Principal(PrincipalKind.AGENT, "bot", frozenset())
        cases = [
            (ANN, 1),
            (replace(ANN, principal=replace(ANN.principal, groups=frozenset())), 0),
            (replace(ANN, principal=bot, on_behalf_of=ANN.principal), 1),
            (replace(ANN, principal=weak, on_behalf_of=ANN.principal), 0),
            (replace(ANN, principal=bot, on_behalf_of=BOB.principal), 0),
            (BOB, 0),
        ]
        for subject, count in [*cases, *reversed(cases), *cases]:
            assert len(await index.search(ask("salary", subject))) == count
        own = await put(index, doc("own", label("group:hr", owner="user:ann")), "salary", "salary", held=[1])
        for _ in range(2):
            assert len(await index.search(ask("salary", ANN))) == 3
            assert len(await index.search(ask("salary", person("eve", "hr")))) == 2
            assert len(await index.search(ask("salary", person("eve", "hr"), held_passages=True))) == 3
            assert len(await index.search(ask("salary", ANN, OwnedBy(frozenset({"user:ann"}))))) == 2
            assert not await index.search(ask("salary", ANN, OwnedBy(frozenset({"user:eve"}))))
        await index.relabel(replace(own, label=label("group:sales")))
        assert len(await index.search(ask("salary", ANN))) == 1


def test_a_removed_document_is_nowhere_in_memory(tmp_path: Path) -> None:
    async def story(index: MemoryIndex) -> None:
        one = await put(index, doc("one", label("group:hr")), "salary")
        await put(index, doc("two", label("group:hr")), "salary")
        assert len(await index.search(ask("salary", ANN))) == 2
        stored = index._view.get(one.id)
        assert stored is not None
        probe = weakref.ref(stored.passages.vectors)
        del stored
        gc.collect()
        assert probe() is not None
        await index.remove([one.id])
        gc.collect()
        assert probe() is None
        assert len(await index.search(ask("salary", ANN))) == 1

    run(tmp_path, story)


def test_a_full_disk_refuses_and_keeps_what_was_there(tmp_path: Path) -> None:
    async def story(index: MemoryIndex) -> None:
        one = await put(index, doc("one", label("group:hr")), "old")
        with index._engine.connect() as db:  # a limit on pages is what a full disk looks like to SQLite
            pages = db.exec_driver_sql("PRAGMA page_count").scalar_one()
            db.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        with pytest.raises(Unavailable):
            await put(index, replace(one, revision="2"), *("new " * 200 for _ in range(200)))
        assert [hit.chunk.text for hit in await index.search(ask("old", ANN))] == ["old"]
        assert index.document(one.id) == one

    run(tmp_path, story)


def test_hostile_names_and_texts_are_stored_or_refused_in_words(tmp_path: Path) -> None:
    async def story(index: MemoryIndex) -> None:
        await put(index, doc("\0'; drop table", label("group:hr")), "a\0b", "\ud800", "٣ Ⅷ ﬁ" * 100, "-" * 10_000)
        assert len(await index.search(ask("\0\ud800", ANN))) == 4
        with pytest.raises(Invalid, match="no valid Unicode"):
            await put(index, doc("x", label("group:hr"), title="\ud800"), "a")

    run(tmp_path, story)
