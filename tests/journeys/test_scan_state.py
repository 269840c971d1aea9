"""The state of scans: one at a time, for its owner alone, without any value, on a full disk; and the work."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from journeys.scans import CARD, Here, Place, Plain, filled
from lockgate.adapters.directory_host import HostDirectory
from lockgate.adapters.scan_state import SqliteScanState
from lockgate.content.detection import scan_many
from lockgate.content.scanned import Row
from lockgate.errors import Conflict, Invalid, Unavailable
from lockgate.journeys.scan import Looking, Scan, Scope, Target
from lockgate.ports.scanning import STATE, Outcome, Selection, Unit


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return filled(tmp_path)


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


def test_a_state_that_others_made_is_refused(tmp_path: Path) -> None:
    target, linked, shared, beside = (
        tmp_path / name for name in ("target", "linked.db", "shared.db", "beside.db")
    )
    target.touch(0o600)
    linked.symlink_to(target)
    shared.touch()
    shared.chmod(0o666)
    (tmp_path / "beside.db-journal").symlink_to(target)
    for path in (linked, shared, beside):
        with pytest.raises(Invalid, match="a link, another account's, or can be written by others"):
            SqliteScanState.open(path)
    assert target.read_bytes() == shared.read_bytes() == b""


def test_a_state_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "mine.db"
    path.touch()
    path.chmod(0o644)
    SqliteScanState.open(path).close()
    assert path.stat().st_mode & 0o777 == 0o600
