"""The history store: durable, per person, join of everything, and it holds no text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from lockgate.adapters.history_sqlite import SqliteHistory
from lockgate.errors import Unavailable
from lockgate.flow.history import marks
from lockgate.labels import PUBLIC, Readers, Sensitivity
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
