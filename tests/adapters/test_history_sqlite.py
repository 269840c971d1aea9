"""The history store: durable, per person, join of everything, and it holds no text."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.adapters.history_sqlite import SqliteHistory
from lockgate.errors import Unavailable
from lockgate.flow.history import marks
from lockgate.labels import PUBLIC, Label, Readers, Sensitivity
from lockgate.labels.label import join_all
from lockgate.labels.wire import parse, render
from lockgate.storage import known_people
from lockgate.storage.alike import Alike
from lockgate.storage.known_marks import KnownMarks, packed
from support import NOW, person

HR = replace(PUBLIC, sensitivity=Sensitivity.RESTRICTED, readers=Readers.any_of("group:hr"))
LEGAL = replace(PUBLIC, sensitivity=Sensitivity.CONFIDENTIAL, readers=Readers.any_of("group:legal"))
ANN, BOB = person("ann", "hr"), person("bob", "sales")
TEXT = "The canary figure is 91,337 and nobody else may see it."
MARKS = sorted(marks(TEXT, key=b"k" * 32, subject=ANN.person.name).covers)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[SqliteHistory]:
    store = SqliteHistory.open(tmp_path / "history.db")
    yield store
    store.close()


def away(history: SqliteHistory) -> None:
    """Have memory know nobody, as if nobody had asked for long."""
    history._people.drop(list(history._people._people))


async def test_recall_is_the_join_and_per_person(history: SqliteHistory) -> None:
    await history.remember(ANN, MARKS, HR, NOW)
    await history.remember(ANN, MARKS[:1], LEGAL, NOW)
    found = await history.recall(ANN, MARKS)
    assert found[MARKS[0]] == HR.join(LEGAL)
    assert found[MARKS[1]] == HR
    assert await history.recall(BOB, MARKS) == {}


async def test_shown_counts_across_tokens_and_ends_with_the_window(history: SqliteHistory) -> None:
    other = replace(ANN, session=replace(ANN.session, id="another token"))
    await history.remember(ANN, [], HR, NOW)
    await history.remember(other, [], LEGAL, NOW + timedelta(hours=1))
    assert await history.shown(ANN, NOW) == HR.join(LEGAL)
    assert await history.shown(other, NOW + timedelta(minutes=30)) == LEGAL
    assert await history.shown(ANN, NOW + timedelta(hours=2)) is None
    assert await history.shown(BOB, NOW) is None


async def test_the_disk_knows_a_session_for_no_less_than_it_was_shown_something(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    for second in (0, 1, 59, 61, 119):
        store, at = SqliteHistory.open(path), NOW + timedelta(seconds=second)
        await store.remember(ANN, [], HR if second < 60 else LEGAL, at)
        store.close()
        store = SqliteHistory.open(path)  # another one, which knows what the disk knows
        assert await store.shown(ANN, at) == (HR if second < 60 else HR.join(LEGAL))
        assert await store.shown(ANN, at + timedelta(minutes=1, microseconds=1)) is None
        store.close()


async def test_it_survives_a_restart_and_holds_no_text(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    store = SqliteHistory.open(path)
    await store.remember(ANN, MARKS, HR, NOW)
    store.close()
    again = SqliteHistory.open(path)
    assert await again.recall(ANN, MARKS) == dict.fromkeys(MARKS, HR)
    again.close()
    everything = b"".join(p.read_bytes() for p in tmp_path.iterdir())
    assert b"canary" not in everything
    assert b"91,337" not in everything


async def test_more_marks_than_a_statement_takes(history: SqliteHistory) -> None:
    many = [n.to_bytes(12, "big") for n in range(1500)]
    await history.remember(ANN, many, HR, NOW)
    assert len(await history.recall(ANN, many)) == 1500


async def test_forgetting_is_not_lowering(history: SqliteHistory) -> None:
    await history.remember(ANN, MARKS, HR, NOW)
    await history.forget(NOW + timedelta(days=1))
    assert await history.recall(ANN, MARKS) == {}


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(Unavailable):
        SqliteHistory.open(path)


async def test_many_at_once_share_commits_and_all_is_on_disk(tmp_path: Path) -> None:
    store = SqliteHistory.open(tmp_path / "history.db")
    people = [person(f"p{number}", "hr") for number in range(20)]
    await asyncio.gather(*(store.remember(one, MARKS, HR, NOW) for one in people for _ in range(5)))
    store.close()
    store = SqliteHistory.open(tmp_path / "history.db")
    for one in people:
        assert await store.recall(one, MARKS) == dict.fromkeys(MARKS, HR)
        assert await store.shown(one, NOW) == HR
    store.close()


async def test_what_is_shown_while_the_disk_is_read_is_known_too(history: SqliteHistory) -> None:
    first, *rest = MARKS
    await history.remember(ANN, [first], HR, NOW)
    away(history)
    await asyncio.gather(history.recall(ANN, MARKS), history.remember(ANN, rest, LEGAL, NOW))
    assert await history.recall(ANN, MARKS) == {first: HR} | dict.fromkeys(rest, LEGAL)
    assert await history.shown(ANN, NOW) == HR.join(LEGAL)


async def test_whoever_comes_at_any_moment_of_a_reading_is_answered(history: SqliteHistory) -> None:
    """One that came between its end and what follows from it once waited for ever, and everybody with it."""
    await history.remember(ANN, MARKS, HR, NOW)

    def stuck(*_: object) -> None:
        raise TimeoutError("the loop stands still")

    before = signal.signal(signal.SIGALRM, stuck)
    signal.alarm(20)
    try:
        for _ in range(50):
            away(history)
            asked = [asyncio.create_task(history.recall(ANN, MARKS))]
            while not asked[0].done():
                await asyncio.sleep(0)
                asked.append(asyncio.create_task(history.recall(ANN, MARKS)))
            for found in await asyncio.gather(*asked):
                assert found == dict.fromkeys(MARKS, HR)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


async def test_who_goes_away_while_the_disk_is_read_does_not_take_it_from_others(history: SqliteHistory) -> None:
    await history.remember(ANN, MARKS, HR, NOW)
    away(history)
    first = asyncio.create_task(history.recall(ANN, MARKS))
    second = asyncio.create_task(history.recall(ANN, MARKS))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == dict.fromkeys(MARKS, HR)


async def test_memory_is_bounded_and_loses_nothing(
    history: SqliteHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_people, "_PEOPLE", 3)
    monkeypatch.setattr(known_people, "_MARKS", 2 * len(MARKS))
    people = [person(f"p{number}", "hr") for number in range(12)]
    for one in people:
        await history.remember(one, MARKS, HR, NOW)
    for one in people:
        assert len(history._people._people) <= 3
        assert await history.recall(one, MARKS) == dict.fromkeys(MARKS, HR)
        assert await history.shown(one, NOW) == HR
    kept = history._people
    assert kept._size == sum(len(one.known) for one in kept._people.values())


async def test_a_reader_who_goes_away_is_remembered_all_the_same(tmp_path: Path) -> None:
    store = SqliteHistory.open(tmp_path / "history.db")
    task = asyncio.ensure_future(store.remember(ANN, MARKS, HR, NOW))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    store.close()
    store = SqliteHistory.open(tmp_path / "history.db")
    assert await store.recall(ANN, MARKS) == dict.fromkeys(MARKS, HR)
    store.close()


async def test_what_cannot_be_written_is_told_to_everybody_and_it_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    store = SqliteHistory.open(path)
    await store.remember(ANN, MARKS[:1], HR, NOW)
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TRIGGER no BEFORE INSERT ON history_pieces BEGIN SELECT RAISE(ABORT, 'no'); END")
        other.commit()
        writes = [store.remember(ANN, MARKS, LEGAL, NOW), store.remember(BOB, MARKS, LEGAL, NOW)]
        got = await asyncio.gather(*writes, return_exceptions=True)
        assert [type(one) for one in got] == [Unavailable, Unavailable]
        assert got[0] is not got[1]
        assert other.execute("SELECT count(*) FROM history_shown").fetchone() == (1,), "nothing half"
        other.execute("DROP TRIGGER no")
        other.commit()
    await store.remember(BOB, MARKS, HR, NOW)
    store.close()
    with pytest.raises(Unavailable, match="closed"):
        await store.remember(ANN, MARKS, HR, NOW)
    store = SqliteHistory.open(path)
    assert await store.recall(ANN, MARKS) == {MARKS[0]: HR}
    assert await store.recall(BOB, MARKS) == dict.fromkeys(MARKS, HR)
    store.close()


WRITES = """
import asyncio, sys
from dataclasses import replace
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from adapters.test_history_sqlite import ANN, HR, NOW
from lockgate.adapters.history_sqlite import SqliteHistory
async def main():
    store = SqliteHistory.open(Path(sys.argv[1]))
    async def one(lane):
        for number in range(lane, 10**6, 8):
            await store.remember(ANN, [number.to_bytes(12, "big")], HR, NOW)
            print(number, flush=True)
    await asyncio.gather(*(one(lane) for lane in range(8)))
asyncio.run(main())
"""


async def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", WRITES, str(tmp_path / "history.db"), str(root / "tests"), str(root / "src")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = [writer.stdout.readline() for _ in range(300)]
        writer.send_signal(signal.SIGKILL)
        told += writer.stdout.readlines()
    acknowledged = [int(line).to_bytes(12, "big") for line in told if line.endswith("\n") and line.strip()]
    assert len(acknowledged) >= 300
    store = SqliteHistory.open(tmp_path / "history.db")
    assert await store.recall(ANN, acknowledged) == dict.fromkeys(acknowledged, HR)
    assert await store.shown(ANN, NOW) == HR
    store.close()


LABELS = st.sampled_from([HR, LEGAL, PUBLIC])
FEW = st.lists(st.integers(0, 12).map(lambda n: bytes([n % 3] * 8 + [n] * 4)), max_size=8)


@given(st.lists(st.tuples(st.booleans(), FEW, LABELS), max_size=12), FEW)
def test_packed_marks_say_what_a_plain_dictionary_says(
    steps: list[tuple[bool, list[bytes], Label]], asked: list[bytes]
) -> None:
    """The dumb model; marks that agree in their first eight bytes count as one, which only raises labels."""
    known, plain = KnownMarks(), dict[bytes, Label]()
    for pack, marks_, label in steps:
        if pack:
            known.pack([(packed(marks_), label)])
        else:
            known.pack([(packed([mark]), label) for mark in marks_])
        for mark in marks_:
            plain[mark[:8]] = plain[mark[:8]].join(label) if mark[:8] in plain else label
    assert known.find(asked) == {mark: plain[mark[:8]] for mark in asked if mark[:8] in plain}


def test_a_mark_takes_its_place_once_however_many_labels_it_had() -> None:
    """Nearly every answer has a label of its own: a mark for each, with all of them, grew by the hour."""
    known = KnownMarks()
    marks_ = [number.to_bytes(12, "little") for number in range(40)]
    every = [replace(HR, readers=Readers.any_of(f"group:g{number}")) for number in range(200)]
    for one in every:
        known.pack([(packed(marks_), one)])
    assert (len(known.keys), len(known.labels)) == (40, 1)
    assert known.find(marks_) == dict.fromkeys(marks_, join_all(every))


def test_labels_share_their_parts() -> None:
    alike = Alike(most=50)
    made = [parse(json.loads(json.dumps(render(HR.join(LEGAL))))) for _ in range(100)]
    one, *others = [alike.label(each) for each in made]
    assert one == made[0]
    assert all(each == one for each in others)
    assert all(each.owners is one.owners and each.retention is one.retention for each in others)
    assert len({id(clause) for each in [one, *others] for clause in each.readers.clauses}) == 2
    for number in range(200):
        fresh = replace(HR, owners=frozenset({f"user:{number}"}))
        assert alike.label(fresh) == fresh


async def test_forgetting_reads_nobody_again_of_whom_nothing_was_forgotten(history: SqliteHistory) -> None:
    """To read a person again took the longer, the more they had been shown; it was done after each sync."""
    await history.remember(ANN, MARKS, HR, NOW)
    await history.remember(BOB, MARKS, HR, NOW - timedelta(days=40))
    for one in (ANN, BOB):
        assert await history.recall(one, MARKS) == dict.fromkeys(MARKS, HR)
    before = history._people._people[ANN.person.name]
    await history.forget(NOW - timedelta(days=30))
    assert history._people._people[ANN.person.name] is before
    assert await history.recall(BOB, MARKS) == {}
    assert await history.shown(BOB, NOW - timedelta(days=50)) is None
    assert await history.recall(ANN, MARKS) == dict.fromkeys(MARKS, HR)


def test_recent_marks_are_packed_and_stay_known() -> None:
    known = KnownMarks()
    many = [number.to_bytes(12, "little") for number in range(10_000)]
    for at in range(0, len(many), 100):
        known.add(many[at : at + 100], HR)
        known.add(many[at : at + 50], LEGAL)
    assert len(known.recent) < 5000
    assert known.find(many) == {mark: HR.join(LEGAL) if at % 100 < 50 else HR for at, mark in enumerate(many)}


def test_a_mark_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="12 bytes"):
        packed([b"short"])


async def test_marks_that_are_dropped_leave_memory_and_disk_and_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    store = SqliteHistory.open(path)
    gone, kept = MARKS[:2], MARKS[2:]
    await store.remember(ANN, MARKS, HR, NOW)
    await store.remember(ANN, gone, LEGAL, NOW)
    await store.remember(BOB, MARKS, LEGAL, NOW)
    assert set(await store.recall(ANN, MARKS)) == set(MARKS)
    assert await store.unmark(lambda person: gone if person == ANN.person.name else (), NOW, Label()) == len(gone)
    assert await store.recall(ANN, MARKS) == dict.fromkeys(kept, HR)
    assert await store.recall(BOB, MARKS) == dict.fromkeys(MARKS, LEGAL)
    assert await store.unmark(lambda _: MARKS, NOW, LEGAL) == len(MARKS), "those of HR are above it"
    assert await store.recall(ANN, MARKS) == dict.fromkeys(kept, HR)
    await store.remember(BOB, MARKS, LEGAL, NOW)
    assert await store.shown(ANN, NOW) == HR.join(LEGAL), "the join of the session stays"
    await store.unmark(lambda _: gone, NOW, Label())
    everything = b"".join(one.read_bytes() for one in tmp_path.iterdir())
    assert not any(mark in everything for mark in gone)
    assert all(mark in everything for mark in kept)
    store.close()
    again = SqliteHistory.open(path)
    assert await again.recall(ANN, MARKS) == dict.fromkeys(kept, HR)
    again.close()
