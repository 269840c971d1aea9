"""The exact match sets in force: sealed, watched, recorded; and where they are not known, nothing passes."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime
from pathlib import Path

import pytest

from journeys.places import Log, Stopped, Words
from lockgate.adapters import match_sets
from lockgate.config import parse
from lockgate.content.detection import scan
from lockgate.content.match.sets import Terms
from lockgate.errors import Conflict, Invalid, LockgateError, Unavailable
from lockgate.journeys.suggest import OfDocument
from lockgate.labels.label import Sensitivity
from lockgate.policy.model import Context
from lockgate.storage.threads import Looks
from lockgate.wiring import Parts, judging, match, matching, open_lockgate
from lockgate.wiring.match import Detection, Watching
from support import NOW, person

CSV = "id,name,account\n1,Anna Müller,DE89370400440532013000\n2,Jürgen Strauß,80016643\n3,Karla Kolumna,80016644\n"
TEXT = "Frau Müller, Anna hat DE89 3704 0044 0532 0130 00."
TERMS = Terms("customers", ("name", "account"))


def add(folder: Path, csv: str | bytes = CSV, terms: Terms = TERMS, **how: bool) -> None:
    file = folder.parent / "records.csv"
    file.write_bytes(csv if isinstance(csv, bytes) else csv.encode())
    matching.add(folder, terms, matching.Source(file), "ann", NOW, lambda *_: None, **how)


def no_memory(*_: object) -> None:
    raise MemoryError


def kinds(detection: Detection, text: str = TEXT) -> set[str]:
    return {one.kind for one in detection.scan(text) if one.kind.startswith("match.")}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def test_without_sets_all_is_as_it_was(state: Path):
    found = Detection.open(state)
    assert found.scan(TEXT) == scan(TEXT)
    assert found.scan_many([TEXT, ""]) == [scan(TEXT), ()]
    assert found.version == ""
    assert not state.exists(), "looking makes nothing"


def test_a_set_is_found_beside_everything_else_and_survives(state: Path):
    add(state)
    found = Detection.open(state)
    assert set(scan(TEXT)) < set(found.scan(TEXT))
    assert kinds(found) == {"match.customers"}
    assert found.scan_many([TEXT, "", TEXT]) == [found.scan(TEXT), (), found.scan(TEXT)]
    add(state, "x,y\nProject Bluebird,1\n", Terms("projects", ("x",), 1, level=Sensitivity.RESTRICTED))
    assert kinds(Detection.open(state), TEXT + " project bluebird") == {
        "match.customers",
        "match.projects.restricted",
    }
    matching.remove(state, "customers")
    assert kinds(Detection.open(state)) == set()
    with pytest.raises(Invalid):
        matching.remove(state, "customers")


def test_a_table_may_have_any_ends_of_lines(state: Path):
    for end in ("\r", "\r\n"):
        add(state, CSV.replace("\n", end), replacing=True)
        assert kinds(Detection.open(state)) == {"match.customers"}


def test_a_set_is_replaced_only_on_demand_and_its_old_file_goes(state: Path):
    add(state)
    before = match.version(state)
    with pytest.raises(Conflict):
        add(state)
    add(state, CSV.replace("Anna", "Berta"), replacing=True)
    assert match.version(state) != before
    assert kinds(Detection.open(state)) == set()
    assert len(list((state / "match").glob("*.set"))) == 1


def test_no_value_lies_in_the_state_folder_and_files_are_closed(state: Path):
    add(state)
    held = {path: path.read_bytes() for path in state.rglob("*") if path.is_file()}
    assert held
    for path, data in held.items():
        assert path.stat().st_mode & 0o077 == 0, path
        for value in ("Müller", "müller", "muller", "DE8937", "de8937", "80016643", "Anna", "anna"):
            assert value.encode() not in data, path
            assert value.encode("utf-16-le") not in data, path


DAMAGE = {
    "the set is cut": lambda state: _write(next((state / "match").glob("*.set")), lambda data: data[:-9]),
    "a byte of the set is another": lambda state: _write(
        next((state / "match").glob("*.set")), lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:]
    ),
    "the set is gone": lambda state: next((state / "match").glob("*.set")).unlink(),
    "the set is empty": lambda state: _write(next((state / "match").glob("*.set")), lambda _: b""),
    "the list is another's": lambda state: _write(
        state / "match" / "sets.json", lambda data: data.replace(b'"within":200', b'"within":1')
    ),
    "the list is cut": lambda state: _write(state / "match" / "sets.json", lambda data: data[:40]),
    "the list is empty": lambda state: _write(state / "match" / "sets.json", lambda _: b""),
    "the list is gone": lambda state: (state / "match" / "sets.json").unlink(),
    "the key is gone": lambda state: (state / "keys" / "match.key").unlink(),
    "the key is another": lambda state: _write(state / "keys" / "match.key", lambda _: b"x" * 32),
    "the key is open": lambda state: (state / "keys" / "match.key").chmod(0o644),
}


def _write(path: Path, change) -> None:
    path.write_bytes(change(path.read_bytes()))


@pytest.mark.parametrize("how", DAMAGE)
def test_what_is_damaged_denies_every_look_and_says_so(state: Path, how: str, caplog: pytest.LogCaptureFixture):
    add(state)
    DAMAGE[how](state)
    found = Detection.open(state)
    for look in (lambda: found.scan("hello"), lambda: found.scan_many([]), lambda: found.version):
        with pytest.raises(Unavailable) as error:
            look()
        assert error.value.code == "match_unknown"
    assert "match" in caplog.text
    with pytest.raises(LockgateError):
        add(state, terms=Terms("more", ("name", "account")))


class Scene:
    def __init__(self, state: Path) -> None:
        self.state, self.log = state, Log()
        self.detection = Detection.open(state)
        self.watching = Watching(state, self.detection, self.log, Stopped(), Looks())

    async def look(self, times: int = 2) -> None:
        for _ in range(times):
            await self.watching.look()

    @property
    def said(self) -> list[tuple[str, str]]:
        return [(one.action, one.resource_id) for one in self.log.records]


async def test_a_set_that_memory_was_short_for_is_taken_up_when_there_is_some(
    state: Path, monkeypatch: pytest.MonkeyPatch
):
    scene = Scene(state)
    await scene.look()
    add(state)
    with monkeypatch.context() as short:
        short.setattr(match, "read", no_memory)
        with pytest.raises(MemoryError):
            await scene.look()
    await scene.look()
    assert kinds(scene.detection) == {"match.customers"}


async def test_a_running_gateway_takes_up_what_is_added_and_removed_and_records_it(state: Path):
    scene = Scene(state)
    await scene.look()
    assert (kinds(scene.detection), scene.said) == (set(), [])
    add(state)
    await scene.look()
    assert kinds(scene.detection) == {"match.customers"}
    facts = dict(scene.log.records[-1].facts)
    assert (facts["by"], facts["rows"], facts["require"]) == ("ann", 3, 2)
    assert len(str(facts["source"])) == 32
    await scene.look(4)
    assert scene.said == [("match.apply", "match.customers")]
    matching.remove(state, "customers")
    await scene.look()
    assert kinds(scene.detection) == set()
    assert scene.said[1:] == [("match.remove", "match.customers")]


@pytest.mark.parametrize("how", [one for one in DAMAGE if "list" in one or one == "the key is gone"])
async def test_damage_while_it_runs_denies_until_it_is_mended(
    state: Path, how: str, caplog: pytest.LogCaptureFixture
):
    add(state)
    scene = Scene(state)
    await scene.look()
    kept = {path: path.read_bytes() for path in (state / "match" / "sets.json", state / "keys" / "match.key")}
    DAMAGE[how](state)
    if how == "the key is gone":  # it is in memory: what is in force stays so until the list changes
        os.utime(state / "match" / "sets.json")
    await scene.look(8)
    with pytest.raises(Unavailable):
        scene.detection.scan("hello")
    told = sum("nothing is served" in one.message for one in caplog.records)
    assert told == 1
    for path, data in kept.items():
        path.write_bytes(data)
        path.chmod(0o600)
    await scene.look(40)
    assert kinds(scene.detection) == {"match.customers"}


async def test_a_log_that_is_down_denies_and_is_asked_again(state: Path):
    scene = Scene(state)
    await scene.look()
    broken, scene.watching._audit = scene.watching._audit, Down()
    add(state)
    await scene.look()
    with pytest.raises(Unavailable):
        scene.detection.scan("hello")
    scene.watching._audit = broken
    await scene.look(40)
    assert kinds(scene.detection) == {"match.customers"}
    assert scene.said == [("match.apply", "match.customers")]


class Down:
    async def append(self, records: object, /) -> None:
        raise Unavailable("the log is full")


async def test_every_part_of_a_gateway_looks_with_the_sets(tmp_path: Path):
    state, share = tmp_path / "state", tmp_path / "share"
    share.mkdir()
    (share / "letter.txt").write_text("Nothing is in here.\n\n" + TEXT)
    add(state)
    file = tmp_path / "lockgate.toml"
    file.write_text(
        f'data = "state"\n[[collections]]\nname = "share"\npath = "{share}"\n'
        '[[models]]\nid = "m"\nkind = "extractive"\nusers = ["everyone"]\n'
    )
    async with open_lockgate(parse(file.read_text(), file), Parts(embedder=Words())) as running:
        looks = running.detection.scan
        assert running.chat.labeler.scan == looks
        assert running.chat.retrieve.scan == looks
        assert OfDocument.within(running.chat.retrieve, "d").scan == looks
        assert running.release.labeler.scan == looks
        assert running.passages.labeler.scan == looks
        assert running.forget.labeler.scan == looks
        assert judging.journey(running).scan == looks
        assert running.findings.scan_many == running.detection.scan_many
        with pytest.raises(Invalid, match="sensitive"):  # reasons are kept in the log, and values are not
            await running.reviews.undo(
                person("ann"), Context(NOW, "r"), "x", reason="as Jürgen Strauß, 80016643, asked"
            )
        await running.ingest.run(running.connectors["share"])
        (document,) = running.index.documents()
        assert [one.kind for one in document.evidence if one.kind.startswith("match")] == ["match.customers"]
        assert document.label.sensitivity is Sensitivity.CONFIDENTIAL

        # a set that comes later: read again, once
        add(state, "x\nNothing is in here\n", Terms("phrases", ("x",), 1, level=Sensitivity.RESTRICTED))
        watching = running.background.match
        for _ in range(2):
            await watching.look()
        assert (await running.ingest.run(running.connectors["share"])).stored == 1
        (document,) = running.index.documents()
        assert document.label.sensitivity is Sensitivity.RESTRICTED
        assert (await running.ingest.run(running.connectors["share"])).stored == 0

        # and goes: a machine lowers no label
        matching.remove(state, "phrases")
        matching.remove(state, "customers")
        for _ in range(2):
            await watching.look()
        assert (await running.ingest.run(running.connectors["share"])).stored == 1
        (document,) = running.index.documents()
        assert document.label.sensitivity is Sensitivity.RESTRICTED
        assert not [one for one in document.evidence if one.kind.startswith("match")]
        assert (await running.ingest.run(running.connectors["share"])).stored == 0

        # what is not known is not stored
        add(state)
        (state / "match" / "sets.json").write_bytes(b"{}")
        for _ in range(2):
            await watching.look()
        (share / "new.txt").write_text("something new")
        with pytest.raises(Unavailable):
            await running.ingest.run(running.connectors["share"])
        assert [one.item for one in running.index.documents() if one.digest] == ["letter.txt"]


def test_two_at_a_time_lose_nothing(state: Path):
    async def both() -> None:
        key = match.key_of(state, make=True)
        assert key
        made = [_made(name) for name in ("one", "two", "three")]
        await asyncio.gather(
            *(
                asyncio.to_thread(match_sets.put, state, built, stated, key, bytes([at]) * 12, replace=False)
                for at, (built, stated) in enumerate(made)
            )
        )

    asyncio.run(both())
    assert [one.terms.name for one in matching.listed(state)] == ["one", "three", "two"]


def _made(name: str):
    from content.matching import CUSTOMERS, built

    made = built(CUSTOMERS, name=name).made
    when: datetime = NOW
    return made, match_sets.Stated(made.terms, made.rows, len(made.digests), "ann", when, "")
