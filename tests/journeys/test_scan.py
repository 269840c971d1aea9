"""Scans: what is read again and what is not, what is gone, what is found where; with real states and folders."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from journeys.scans import CARD, KEY, Here, Place, Plain, filled
from lockgate.adapters.directory_host import HostDirectory
from lockgate.adapters.files import FilesConnector
from lockgate.adapters.scan_state import SqliteScanState
from lockgate.content.detection import scan_many
from lockgate.errors import Unavailable
from lockgate.journeys.scan import Looking, Scan, Scope, Target
from lockgate.labels.label import Sensitivity
from lockgate.ports import Item


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return filled(tmp_path)


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


def test_a_folder_itself_that_was_refused_and_is_gone_is_gone(place: Place) -> None:
    class Refused(FilesConnector):
        async def items(self) -> AsyncIterator[Item]:
            async for item in super().items():
                yield item
            yield replace(item, id="locked/", revision="", problem="the system refuses: permission denied")

    place.scan(source=Refused("share", place.root, "", directory=HostDirectory.read()))
    gone = place.scan()
    assert gone.report.gone == ("share/locked/",)
    assert gone.report.totals.unread == 0


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


def test_what_was_found_in_a_part_counts_while_that_part_cannot_be_read(place: Place) -> None:
    place.write("zip.txt", f"{CARD * 3}{KEY}")
    place.scan()
    place.write("zip.txt", f"?{CARD}")  # the key was in what cannot be read now
    row = next(row for row in place.scan().rows if row.item == "zip.txt")
    assert row.level == Sensitivity.RESTRICTED
    assert {one.kind: one.count for one in row.evidence} == {"financial.card": 3, "secret.aws_access_key": 1}
    assert "1 x secret.aws_access_key was known before, and not all of it could be read now" in row.reasons
    assert [one.kind for one in row.places] == ["financial.card"]  # only what is there has a place
    place.write("zip.txt", "!is broken")  # nor does it help to break it whole, and mend a part of it
    assert len(next(row for row in place.scan().rows if row.item == "zip.txt").evidence) == 2
    place.write("zip.txt", "?nothing")
    row = next(row for row in place.scan().rows if row.item == "zip.txt")
    assert (row.level, len(row.evidence)) == (Sensitivity.RESTRICTED, 2)
    place.write("zip.txt", f"{CARD} and no more")  # read whole, it is what it is
    row = next(row for row in place.scan().rows if row.item == "zip.txt")
    assert (row.level, [one.count for one in row.evidence]) == (Sensitivity.CONFIDENTIAL, [1])


def test_what_was_never_read_stays_restricted_until_all_of_it_is(place: Place) -> None:
    place.write("zip.txt", "!is broken")
    place.scan()
    place.write("zip.txt", "?lunch")
    row = next(row for row in place.scan().rows if row.item == "zip.txt")
    assert row.level == Sensitivity.RESTRICTED
    assert row.reasons == ("it was restricted before, and not all of it could be read now",)


def test_a_source_that_was_away_for_once_raises_nothing_for_good(place: Place) -> None:
    place.write("zip.txt", f"?{CARD}")
    place.scan()
    away = place.source()
    away.fetch = failing  # type: ignore[method-assign] # a disk that answers nothing
    row = next(row for row in place.scan(Scope(full=True), source=away).rows if row.item == "zip.txt")
    assert (row.level, [one.count for one in row.evidence]) == (Sensitivity.RESTRICTED, [1])
    assert row.problem.startswith("could not read: ")
    row = next(row for row in place.scan().rows if row.item == "zip.txt")
    assert (row.level, row.problem) == (Sensitivity.CONFIDENTIAL, "")


async def failing(_: str, /) -> bytes:
    raise Unavailable("it is away")


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
