"""New keys for what is at rest: while serving, after a kill, and with what was shown before still recognized."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.index import doc, label, put
from e2e.lab import FILES, Lab, in_thread, opened, plant, talking
from journeys.places import Log, Stopped, Words
from lockgate.adapters.history_sqlite import SqliteHistory
from lockgate.adapters.index_memory import MemoryIndex
from lockgate.adapters.keys import FileKeys, unfinished
from lockgate.adapters.secret_file import load_or_create, load_ring, request
from lockgate.cli.main import main
from lockgate.errors import Unavailable
from lockgate.flow.history import pieces
from lockgate.journeys.conversation import Labeler, Turn
from lockgate.labels import Label, Sensitivity
from lockgate.wiring import rotation
from lockgate.wiring.rotation import Rotation
from support import NOW, person


def masters(index: Path) -> set[str]:
    with closing(sqlite3.connect(index / "index.sqlite")) as db:
        return {one for (one,) in db.execute("select distinct master from index_documents")}


async def filled(folder: Path) -> tuple[MemoryIndex, FileKeys]:
    keys = FileKeys.open(folder / "keys" / "master.key")
    index = await MemoryIndex.open(folder / "index", keys)
    for number in range(7):
        await put(index, doc(f"n{number}", label("group:hr")), f"text {number}")
    return index, keys


async def readable(index: MemoryIndex) -> list[str]:
    return sorted([chunk.text for one in index.documents() for chunk in await index.chunks(one.id)])


TEXTS = [f"text {number}" for number in range(7)]


async def test_everything_opens_with_the_new_key_and_the_old_one_is_gone(tmp_path: Path) -> None:
    index, keys = await filled(tmp_path)
    before, secret = keys.current, (tmp_path / "keys" / "master.key").read_bytes()
    log = Log()
    assert await Rotation(tmp_path, keys, index, log, Stopped()).run() == 7
    assert keys.current != before
    assert keys.known == {keys.current}
    assert masters(tmp_path / "index") == {keys.current}
    assert [one.outcome for one in log.records] == ["begun", "completed"]
    assert not any(secret.split()[2] in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["master.key"]
    assert (tmp_path / "keys" / "master.key").stat().st_mode & 0o777 == 0o600
    assert await readable(index) == TEXTS
    await put(index, doc("later", label("group:hr")), "text 8")
    await index.close()
    index = await MemoryIndex.open(tmp_path / "index", FileKeys.open(tmp_path / "keys" / "master.key"))
    assert (await readable(index), index.damaged) == ([*TEXTS, "text 8"], frozenset())
    await index.close()


@pytest.mark.parametrize("batches", [0, 1, 3])
async def test_one_that_was_killed_goes_on(tmp_path: Path, batches: int) -> None:
    index, keys = await filled(tmp_path)
    keys.rotate()
    after = ""
    for _ in range(batches):
        _, last = await index.rewrap(after, 2)
        after = last or ""
    await index.close()  # as a kill leaves it: both keys there, some rows under each

    keys = FileKeys.open(tmp_path / "keys" / "master.key")
    assert len(keys.known) == 2
    index = await MemoryIndex.open(tmp_path / "index", keys)
    assert (await readable(index), index.damaged) == (TEXTS, frozenset())
    assert rotation.waits(tmp_path)
    assert await Rotation(tmp_path, keys, index, Log(), Stopped()).run(new=False) == 7 - 2 * batches
    assert not rotation.waits(tmp_path)
    assert await readable(index) == TEXTS
    await index.close()


def test_a_kill_between_the_two_names_of_a_key_loses_none(tmp_path: Path) -> None:
    keys = FileKeys.open(tmp_path / "master.key")
    wrapped = keys.wrap(b"k" * 32, b"b")
    os.link(tmp_path / "master.key", tmp_path / f"master.{keys.current}.old")
    again = FileKeys.open(tmp_path / "master.key")
    again.retire()
    assert FileKeys.open(tmp_path / "master.key").unwrap(keys.current, wrapped, b"b") == b"k" * 32
    rotated = FileKeys.open(tmp_path / "master.key")
    rotated.rotate()
    assert rotated.unwrap(keys.current, wrapped, b"b") == b"k" * 32
    rotated.retire()
    with pytest.raises(Unavailable):
        rotated.unwrap(keys.current, wrapped, b"b")


class _Died(BaseException):
    """In place of SIGKILL: no step after it is done."""


def test_a_kill_at_any_step_leaves_keys_that_open_and_none_that_was_replaced(tmp_path: Path) -> None:
    """Before and after each step of a rotation. What a kill left is gone after the next rotation that ends."""
    steps = [(os, "fsync"), (os, "link"), (Path, "rename"), (Path, "unlink")]
    real = [getattr(where, name) for where, name in steps]

    def turn(keys: FileKeys, most: int) -> int:
        done = 0

        def reach() -> None:
            nonlocal done
            done += 1
            if done >= most:
                raise _Died

        def counted(call):
            def step(*args, **more):
                reach()
                found = call(*args, **more)
                reach()
                return found

            return step

        with pytest.MonkeyPatch.context() as patch:
            for (where, name), call in zip(steps, real, strict=True):
                patch.setattr(where, name, counted(call))
            keys.rotate()
            keys.retire()
        return done

    every = turn(FileKeys.open(tmp_path / "whole" / "master.key"), 1000)
    assert every > 20
    for at in range(1, every + 1):
        folder = tmp_path / str(at)
        keys = FileKeys.open(folder / "master.key")
        before, wrapped = keys.current, keys.wrap(b"k" * 32, b"b")
        with pytest.raises(_Died):
            turn(keys, at)
        again = FileKeys.open(folder / "master.key")
        if before in again.known:
            assert again.unwrap(before, wrapped, b"b") == b"k" * 32
        else:
            assert again.current != before, "it is gone only after another took its place"
        again.rotate()
        again.retire()
        assert not unfinished(folder / "master.key")
        assert [one.name for one in folder.iterdir()] == ["master.key"], at


async def test_a_log_that_is_down_rotates_nothing(tmp_path: Path) -> None:
    index, keys = await filled(tmp_path)
    log, before = Log(), keys.current

    async def down(_: object) -> None:
        raise Unavailable("the log is down")

    log.append = down  # type: ignore[method-assign, assignment]
    with pytest.raises(Unavailable):
        await Rotation(tmp_path, keys, index, log, Stopped()).run()
    assert keys.current == before
    await index.close()


async def test_changes_and_searches_go_on_meanwhile(tmp_path: Path) -> None:
    index, keys = await filled(tmp_path)
    turn = Rotation(tmp_path, keys, index, Log(), Stopped())

    async def change() -> None:
        for number in range(30):
            await put(index, doc("busy", label("group:hr")), f"busy {number}")
            assert (await readable(index))[-7:] == TEXTS

    async def rotate() -> None:
        for _ in range(5):
            await turn.run()

    await asyncio.gather(change(), rotate())
    assert masters(tmp_path / "index") == {keys.current}
    assert not index.damaged
    await index.close()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    plant(tmp_path, FILES)
    with in_thread(lambda: opened(tmp_path, Words())) as made:
        yield made


async def test_a_command_beside_a_running_gateway_has_it_rotate(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    question = {"query": "Up to what value may I accept gifts from suppliers?"}
    before = masters(lab.folder / "state" / "index")
    async with talking(lab.url, lab.token) as client:
        first = await client.send("POST", "/v1/retrieve", "staff", question)
        told = ["keys", "rotate", "master", "--config", str(lab.folder / "lockgate.toml"), "--wait", "30"]
        assert await asyncio.to_thread(main, told) == 0
        assert "asked to rotate" in capsys.readouterr().err
        assert masters(lab.folder / "state" / "index").isdisjoint(before)
        second = await client.send("POST", "/v1/retrieve", "staff", question)
        assert first.body["data"] == second.body["data"]
        assert first.body["data"]


async def test_what_was_shown_under_an_older_history_key_is_recognized(tmp_path: Path) -> None:
    path, life = tmp_path / "keys" / "history.key", timedelta(days=30)
    ann, secret = person("ann", "hr"), "The merger costs 77319042 EUR and closes in the month of May."
    first, old = load_ring(path, NOW, life)
    assert old == ()
    history = SqliteHistory.open(tmp_path / "history.db")
    high = label("group:hr", level=Sensitivity.RESTRICTED)
    marks = Labeler(history, first).marks(ann, secret)
    await history.remember(ann, sorted(marks.covers), high, NOW)
    request(path)
    second, old = load_ring(path, NOW, life)
    assert (second != first, old) == (True, (first,))
    assert load_ring(path, NOW, life) == (second, (first,)), "once for each request"
    labeler = Labeler(history, second, old=old)
    seen = await labeler.label(ann, [Turn("user", secret)], NOW)
    assert seen.label.sensitivity is Sensitivity.RESTRICTED
    blind = await Labeler(history, second).label(ann, [Turn("user", secret)], NOW)
    assert blind.label.sensitivity < Sensitivity.RESTRICTED, "the probe can fail"
    assert await labeler.unmark(pieces(secret), NOW, Label()) == len(marks.covers)
    history.close()
    assert load_ring(path, NOW + life + timedelta(days=1), life) == (second, ())
    assert not list(path.parent.glob("*.old"))
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_history_key_whose_rotation_was_killed_is_made_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "history.key"
    first = load_or_create(path)
    request(path)
    path.rename(path.with_name(f"history.{time.time():.0f}.old"))  # killed here
    second, old = load_ring(path, NOW, timedelta(days=30_000))
    assert (second != first, old) == (True, (first,))
    assert not path.with_name("history.key.rotate").exists()
