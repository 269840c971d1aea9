"""Scans: what is read again and what is not, what is gone, what is found where; with real states and folders.

The engine of these tests does the work here, one unit at a time, and can stop in the middle.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lockgate.adapters.directory_host import HostDirectory
from lockgate.adapters.files import FilesConnector
from lockgate.adapters.scan_state import SqliteScanState
from lockgate.content.detection import scan_many
from lockgate.content.scanned import Row, ScanReport
from lockgate.errors import Conflict, Invalid, Unavailable
from lockgate.journeys.scan import Looking, Scan, Scope, Target
from lockgate.labels.label import Sensitivity
from lockgate.ports import Extracted, Item
from lockgate.ports.scanning import STATE, Outcome, Selection, Unit
from support import NOW

CARD = "card 4111 1111 1111 1111\n"
KEY = "AWS=" + "AKIA" + "IOSFODNN7EXAMPLQ\n"


class Plain:
    """`ports.Extractor` of plain text: `!why` cannot be read, `?` not in part."""

    async def extract(self, name: str, data: bytes, /) -> Extracted:
        text = data.decode()
        if text.startswith("!"):
            raise Invalid(text[1:].strip())
        return Extracted(text, unread=("inside.txt: is encrypted",) if text.startswith("?") else ())


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


@dataclass
class Here:
    """`ports.scanning.Engine` in this process; after `stop` outcomes it is as if the process were killed."""

    work: Looking
    stop: int = -1
    before: dict[str, object] = field(default_factory=dict)
    done: list[Unit] = field(default_factory=list)

    async def run(self, units: AsyncIterator[Unit], /) -> AsyncGenerator[Outcome, None]:
        async for unit in units:
            if len(self.done) == self.stop:
                raise KeyboardInterrupt
            self.done.append(unit)
            if callable(act := self.before.get(unit.item)):
                act()
            async for outcome in self.work([unit]):
                if outcome is not None:
                    yield outcome


@dataclass
class Place:
    """A folder, its state, and scans of it."""

    root: Path
    state: Path
    rules: str = "r1"
    clock: Clock = field(default_factory=Clock)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def source(self) -> FilesConnector:
        return FilesConnector("share", self.root, "", directory=HostDirectory.read())

    def scan(
        self,
        scope: Scope | None = None,
        *,
        stop: int = -1,
        changed: bool = False,
        before: dict[str, object] | None = None,
        source: FilesConnector | None = None,
    ) -> Seen:
        source = source or self.source()
        engine = Here(Looking([source], Plain(), scan_many), stop, before or {})

        async def body() -> Seen:
            with closing(SqliteScanState.open(self.state)) as state:
                scan = Scan([Target(source)], engine, state, HostDirectory.read(), self.clock, self.rules)
                run = await scan.run(scope)
                since = scope.since if scope else None
                report = await scan.report(run, 100, changed=changed, since=since)
                rows = [row async for row in scan.rows(run, changed=changed, since=since)]
                return Seen(report, rows, [unit.item for unit in engine.done])

        return asyncio.run(body())

    def interrupted(self, stop: int) -> None:
        with pytest.raises(KeyboardInterrupt):
            self.scan(stop=stop)


@dataclass
class Seen:
    report: ScanReport
    rows: list[Row]
    read: list[str]

    @property
    def items(self) -> list[str]:
        return [row.item for row in self.rows]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path / "share", tmp_path / "state.db")
    found.write("a.txt", CARD)
    found.write("b/c.txt", KEY)
    found.write("b/d.txt", "harmless\n")
    return found


def test_a_second_scan_reads_nothing_and_finds_the_same(place: Place) -> None:
    first, second = place.scan(), place.scan()
    assert sorted(first.read) == ["a.txt", "b/c.txt", "b/d.txt"]
    assert second.read == []
    assert first.rows == second.rows
    assert (second.report.totals.read, second.report.totals.unchanged) == (0, 3)


def test_same_bytes_under_another_time_are_not_looked_at_again(place: Place) -> None:
    place.scan()
    os.utime(place.root / "a.txt", (1, 1))
    looked: list[str] = []

    def looking(texts: list[str]) -> list[tuple[object, ...]]:
        looked.extend(texts)
        return scan_many(texts)  # type: ignore[return-value]

    source = place.source()
    engine = Here(Looking([source], Plain(), looking))  # type: ignore[arg-type]

    async def body() -> None:
        with closing(SqliteScanState.open(place.state)) as state:
            await Scan([Target(source)], engine, state, HostDirectory.read(), place.clock, "r1").run()

    asyncio.run(body())
    assert [unit.item for unit in engine.done] == ["a.txt"]
    assert looked == []
    assert place.scan().read == []  # its new time is known now


def test_other_rules_look_at_everything_again_and_equal_bytes_have_equal_labels(place: Place) -> None:
    place.write("copy/of/a.txt", CARD)
    place.scan()
    again = replace(place, rules="r2").scan()
    assert len(again.read) == 4
    one, other = (row for row in again.rows if row.item.endswith("a.txt"))
    assert (one.level, one.evidence, one.places, one.digest) == (
        other.level,
        other.evidence,
        other.places,
        other.digest,
    )


def test_what_is_gone_is_said_once_and_what_comes_back_is_there(place: Place) -> None:
    place.scan()
    (place.root / "a.txt").unlink()
    gone = place.scan()
    assert gone.report.gone == ("share/a.txt",)
    assert [row.gone for row in gone.rows] == [False, True]
    assert place.scan().report.gone == ()
    place.write("a.txt", CARD)
    back = place.scan()
    assert (back.report.gone, back.report.totals.items, back.read) == ((), 3, ["a.txt"])


def test_below_a_folder_that_cannot_be_entered_nothing_is_gone(place: Place) -> None:
    class Refused(FilesConnector):
        async def items(self) -> AsyncIterator[Item]:
            async for item in super().items():
                if item.id == "a.txt":
                    yield item
                elif item.id == "b/c.txt":
                    yield replace(item, id="b/", revision="", problem="the system refuses: permission denied")

    place.scan()
    refused = place.scan(source=Refused("share", place.root, "", directory=HostDirectory.read()))
    assert refused.report.gone == ()
    assert "b/c.txt" in refused.items
    assert refused.report.problems[0].examples == ("share/b/",)
    assert not refused.report.complete
    assert place.scan().report.complete


def test_a_walk_that_breaks_takes_nothing_as_gone(place: Place) -> None:
    class Broken(FilesConnector):
        async def items(self) -> AsyncIterator[Item]:
            async for item in super().items():
                yield item
                raise Unavailable("the share went away")

    place.scan()
    broken = place.scan(source=Broken("share", place.root, "", directory=HostDirectory.read()))
    assert broken.report.broken == ("share: the share went away",)
    assert not broken.report.complete
    assert broken.report.gone == ()
    assert place.scan().read == []


@pytest.mark.parametrize("stop", range(3))
def test_after_a_kill_what_was_done_is_not_done_again(place: Place, stop: int) -> None:
    place.interrupted(stop)
    resumed = place.scan(Scope(resume=True))
    # what was done but not yet kept (less than a second of it) is done again, and counts once
    assert len(resumed.read) in range(3 - stop, 4)
    assert resumed.report.totals.items == resumed.report.totals.read == 3
    assert place.scan().rows == resumed.rows
    assert [one.findings for one in resumed.report.by_kind] == [1, 1]


def test_resume_without_an_interrupted_scan_is_a_scan(place: Place) -> None:
    assert len(place.scan(Scope(resume=True)).read) == 3
    assert place.scan(Scope(resume=True)).read == []


def test_files_that_change_grow_and_vanish_while_they_are_read(place: Place) -> None:
    def change() -> None:
        place.write("a.txt", CARD * 3)

    acts: dict[str, object] = {"a.txt": change, "b/c.txt": (place.root / "b" / "c.txt").unlink}
    seen = place.scan(before=acts)
    assert seen.items == ["a.txt", "b/c.txt"]
    assert seen.rows[0].evidence[0].count == 3
    assert seen.rows[1].gone
    assert seen.report.totals.items == 2
    again = place.scan()  # its revision at the walk was another
    assert again.read == ["a.txt"]
    assert again.rows[0].evidence[0].count == 3


def test_what_could_not_be_read_is_a_row_and_keeps_no_lower_label(place: Place) -> None:
    place.scan()
    place.write("b/c.txt", "!is encrypted")
    place.write("new.txt", "!is broken")
    place.write("zip.txt", f"?{CARD}")
    seen = place.scan()
    rows = {row.item: row for row in seen.rows}
    assert rows["b/c.txt"].problem == "could not read: is encrypted"
    assert rows["b/c.txt"].level == rows["new.txt"].level == Sensitivity.RESTRICTED
    assert rows["zip.txt"].unread == ("inside.txt: is encrypted",)
    assert (seen.report.totals.unread, seen.report.totals.partly) == (2, 1)
    assert [one.item for one in seen.report.rows] == ["a.txt", "zip.txt"]
    assert place.scan().read == []  # the same bytes would fail the same way


def test_rights_are_those_of_now(place: Place) -> None:
    place.scan()
    (place.root / "a.txt").chmod(0o000)
    row = next(row for row in place.scan().rows if row.item == "a.txt")
    assert row.people == 0
    assert row.readers.is_nobody


def test_since_a_date_and_since_the_last(place: Place) -> None:
    os.utime(place.root / "a.txt", (1, 1))
    since = datetime(2020, 1, 1, tzinfo=UTC)
    seen = place.scan(Scope(since=since))
    assert sorted(seen.read) == ["b/c.txt", "b/d.txt"]
    assert seen.items == ["b/c.txt"]
    assert place.scan(Scope()).items == ["b/c.txt", "a.txt"]
    place.write("e.txt", KEY)
    last = place.scan(changed=True)
    assert last.items == ["e.txt"]
    assert last.report.totals.items == 1
    assert place.scan(changed=True).items == []


def test_items_outside_of_the_scope_are_neither_listed_nor_gone(place: Place) -> None:
    place.scan()
    (place.root / "a.txt").unlink()
    narrow = place.scan(Scope(wanted=lambda id: id.startswith("b/")))
    assert narrow.items == ["b/c.txt"]
    assert narrow.report.totals.items == 2


def test_full_reads_everything_again(place: Place) -> None:
    place.scan()
    assert len(place.scan(Scope(full=True)).read) == 3


def test_worst_first(place: Place) -> None:
    place.write("many.txt", CARD * 60)
    seen = place.scan()
    assert seen.items == ["b/c.txt", "a.txt", "many.txt"]
    many = seen.rows[-1]
    assert many.evidence[0].count == 60
    assert len(many.places) == 50
    kinds = {one.name: one for one in seen.report.by_kind}
    assert (kinds["financial.card"].items, kinds["financial.card"].findings) == (2, 61)
    assert sum(one.items for one in seen.report.by_label) == 4
    assert sum(one.items for one in seen.report.by_audience) == 4
    assert {one.name: one.items for one in seen.report.by_folder} == {"share/b/": 2, "share/./": 2}


# ------------------------------------------------------------------ the state


def test_two_scans_on_one_state_are_refused_until_the_first_ends(place: Place) -> None:
    with (
        closing(SqliteScanState.open(place.state)),
        pytest.raises(Conflict, match="another scan works on the state"),
    ):
        SqliteScanState.open(place.state)
    SqliteScanState.open(place.state).close()


def test_a_state_is_for_its_owner_alone(place: Place) -> None:
    place.scan()
    assert place.state.stat().st_mode & 0o777 == 0o600


def test_what_is_no_state_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    other, text = tmp_path / "other.db", tmp_path / "text.db"
    with closing(sqlite3.connect(other)) as mine:
        mine.execute("CREATE TABLE precious (x)")
    text.write_text("precious, and long enough to be taken for a header of something " * 20)
    before = other.read_bytes(), text.read_bytes()
    for path in (other, text):
        with pytest.raises(Invalid, match="no state of a scan"):
            SqliteScanState.open(path)
    assert (other.read_bytes(), text.read_bytes()) == before
    with pytest.raises(Unavailable, match="cannot be used"):
        SqliteScanState.open(tmp_path)


def test_a_state_of_another_layout_is_begun_anew(place: Place) -> None:
    place.scan()
    with closing(sqlite3.connect(place.state)) as old:
        old.execute("PRAGMA user_version = 1")
    assert len(place.scan().read) == 3


def test_a_full_disk_ends_the_scan_with_what_to_do_and_what_was_done_stays(place: Place) -> None:
    place.scan()
    for number in range(300):
        place.write(f"more/{number}.txt", CARD * 30)
    source = place.source()

    async def body() -> None:
        with closing(SqliteScanState.open(place.state)) as state:
            pages = state._connection.execute("PRAGMA page_count").fetchone()[0]
            state._connection.execute(f"PRAGMA max_page_count = {pages + 30}")
            engine = Here(Looking([source], Plain(), scan_many))
            await Scan([Target(source)], engine, state, HostDirectory.read(), place.clock, "r1").run()

    with pytest.raises(Unavailable, match="full") as refused:
        asyncio.run(body())
    assert refused.value.code == STATE
    assert "--resume" in refused.value.remedy
    resumed = place.scan(Scope(resume=True))
    assert resumed.report.totals.items == 303
    assert len(set(resumed.read)) == len(resumed.read)


def test_no_value_is_in_the_state(place: Place) -> None:
    place.scan()
    data = b"".join(path.read_bytes() for path in place.state.parent.glob("state.db*"))
    assert b"4111" not in data
    assert b"IOSFODNN" not in data


def test_rows_can_be_read_while_pages_follow(place: Place) -> None:
    for number in range(600):
        place.write(f"more/{number}.txt", CARD)
    assert len(place.scan().items) == 602


def test_a_selection_of_another_run_is_empty(place: Place) -> None:
    place.scan()

    async def body() -> list[Row]:
        with closing(SqliteScanState.open(place.state)) as state:
            return [row async for row in state.rows(Selection(99))]

    assert asyncio.run(body()) == []


# ------------------------------------------------------------------ the work


class Slow:
    """A source behind a network: counts what it is asked at a time; `lost` raises what no source should."""

    name = "slow"

    def __init__(self, size: int = 10) -> None:
        self.now = self.most = self.asked = 0
        self._size = size

    async def fetch(self, id: str) -> bytes:
        self.asked += 1
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.01)
        self.now -= 1
        if id == "lost":
            raise KeyError("4111 1111 1111 1111")
        return CARD.encode()


def outcomes(source: Slow, units: list[Unit]) -> list[Outcome]:
    async def body() -> list[Outcome]:
        work = Looking([source], Plain(), scan_many)  # type: ignore[list-item]
        return [one async for one in work(units) if one is not None]

    return asyncio.run(body())


def test_some_items_are_fetched_ahead_but_not_many_and_not_much() -> None:
    source = Slow()
    assert len(outcomes(source, [Unit(0, str(number), "", 10) for number in range(40)])) == 40
    assert source.most == 4
    large = Slow()
    outcomes(large, [Unit(0, str(number), "", 20_000_000) for number in range(4)])
    assert large.most == 1


def test_a_source_that_fails_in_its_own_way_costs_one_item_and_tells_nothing() -> None:
    found = outcomes(Slow(), [Unit(0, "a", "", 1), Unit(0, "lost", "", 1), Unit(0, "b", "", 1)])
    (lost,) = (one for one in found if one.problem)
    assert lost.problem == "could not read: its source failed (KeyError)"
    assert lost.again
    assert len(found) == 3


def test_work_that_is_left_fetches_nothing_more() -> None:
    source = Slow()

    async def body() -> None:
        work = Looking([source], Plain(), scan_many)  # type: ignore[list-item]
        outcomes = work([Unit(0, str(number), "", 1) for number in range(100)])
        async for _ in outcomes:
            break
        await outcomes.aclose()  # type: ignore[attr-defined]
        asked = source.asked
        await asyncio.sleep(0.05)
        assert source.asked == asked

    asyncio.run(body())
