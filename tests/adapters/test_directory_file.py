"""The directory file: format, closure of groups, reload."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.adapters.directory_file import DirectoryFile, parse, snapshots
from lockgate.adapters.directory_file.format import closure
from lockgate.errors import Invalid, LockgateError, Unavailable
from lockgate.ports import Directory
from lockgate.storage.threads import Looks

TEXT = """\
others = "group:staff"
[people.ann]
name = "Ann Kessler"
groups = ["hr"]
[people."auth0|7"]
groups = ["sales", "no-such-group"]
[people.old]
groups = ["hr"]
active = false
[groups.staff]
groups = ["hr", "sales"]
[groups.world]
groups = ["staff"]
[accounts]
akessler = "ann"
[host_groups]
hr-share = "hr"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "directory.toml"
    path.write_text(TEXT)
    return path


def replace(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


def test_what_the_file_says(path: Path) -> None:
    book: Directory = DirectoryFile.open(path)
    ann = book.person("ann")
    assert ann is not None
    assert (ann.name, ann.active) == ("Ann Kessler", True)
    assert ann.groups == {"group:hr", "group:staff", "group:world"}
    assert [p.id for p in book.people()] == ["ann", "auth0|7", "old"]
    assert book.person("nobody") is None
    assert book.members("group:staff") == {"ann", "auth0|7"}
    assert book.members("group:no-such-group") == {"auth0|7"}
    assert book.members("staff") == frozenset()
    assert (book.account("akessler"), book.account("root")) == ("user:ann", None)
    assert (book.host_group("hr-share"), book.host_group("wheel")) == ("group:hr", None)
    assert book.others == "group:staff"


def test_a_change_that_memory_was_short_for_is_read_when_there_is_some(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: object) -> None:
        raise MemoryError

    book = DirectoryFile.open(path)
    replace(path, TEXT.replace('groups = ["hr"]\n[people."auth0|7"]', 'groups = []\n[people."auth0|7"]'))
    with monkeypatch.context() as short:
        short.setattr(snapshots, "parse", no_memory)
        for _ in range(3):
            with pytest.raises(MemoryError):
                book.refresh()
    assert book.refresh()
    assert book.members("group:hr") == frozenset()


def test_nothing_said_is_nobody() -> None:
    empty = parse(b"", "f")
    assert (empty.others, dict(empty.people), dict(empty.members)) == (None, {}, {})


def test_an_incomplete_directory_answers_no_question_about_people(path: Path) -> None:
    replace(path, "complete = false\n" + TEXT)
    book = DirectoryFile.open(path)
    for ask in (lambda: book.person("ann"), book.people, lambda: book.members("group:hr")):
        with pytest.raises(Unavailable) as caught:
            ask()
        assert caught.value.code == "incomplete_groups"
    assert book.account("akessler") == "user:ann"


groups = st.sampled_from("abcdef")


@given(st.dictionaries(groups, st.lists(groups)))
def test_closure_is_reachability(nested: dict[str, list[str]]) -> None:
    """Against the dumb model: add parents until nothing changes."""
    every = set(nested) | {part for parts in nested.values() for part in parts}
    model = {group: {group} for group in every}
    for _ in every:
        for outer, parts in nested.items():
            for group in every:
                if model[group] & set(parts):
                    model[group].add(outer)
    assert closure(nested) == model


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("other = 'group:staff'", "f:1`: `other` is not known"),
        ("others = 'staff'", "f:1`: `others` must be a group"),
        ("others = 'group:'", "must be a group"),
        ("others = 'user:ann'", "must be a group"),
        ("others = 5", "must be a group"),
        ("complete = 'no'", "must be true or false"),
        ("\n[people.ann]\ngroup = ['hr']", "f:3`: `people.ann.group` is not known"),
        ("[people.ann]\ngroups = 'hr'", "f:2`: `people.ann.groups` must be a list"),
        ("[people.ann]\ngroups = ['']", "must be a list of names"),
        ("[people.ann]\ngroups = ['group:hr']", "without the prefix"),
        ("[people.ann]\nactive = 0", "must be true or false"),
        ("[people.ann]\nname = 5", "must be a text"),
        ("[people]\nann = 5", "f:2`: `people.ann` must be a table"),
        ("people = 5", "must be a table"),
        ("[groups.staff]\nmembers = ['ann']", "is not known"),
        ("[accounts]\nroot = ['ann']", "must be a name"),
        ("[accounts]\nroot = ''", "must be a name"),
        ("[host_groups]\nwheel = 5", "must be a name"),
        ("[people.ann]\n[people.ann]", "not valid TOML"),
        ("[", "not valid TOML"),
        ("a = " + "[" * 5000, "not valid TOML"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, says: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse(text.encode(), "f")
    assert says in str(caught.value)


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_give_a_directory_or_a_reason(data: bytes) -> None:
    with contextlib.suppress(LockgateError):
        parse(data, "f")


def test_a_change_takes_effect_and_changes_the_version(path: Path) -> None:
    book = DirectoryFile.open(path)
    before = book.version
    book.refresh()
    assert book.version == before
    replace(path, TEXT.replace('groups = ["hr"]', "groups = []"))
    assert book.refresh()
    assert book.members("group:hr") == frozenset()
    assert book.version != before


def test_a_change_within_one_tick_of_the_clock_is_seen(path: Path) -> None:
    """Same size, same inode, same time: the stamp alone cannot tell."""
    book = DirectoryFile.open(path)
    stat = path.stat()
    path.write_text(TEXT.replace('"sales", "no', '"salez", "no'))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert book.refresh()
    assert book.members("group:salez") == {"auth0|7"}
    replace(path, TEXT)
    assert book.refresh()
    stat = path.stat()
    path.write_text(TEXT.replace('"sales", "no', '"salez", "no'))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert book.refresh()


def test_a_bad_file_changes_nothing_and_is_reported_until_it_is_good(path: Path) -> None:
    book = DirectoryFile.open(path)
    for spoil in (lambda: replace(path, "nonsense"), path.unlink):
        spoil()
        assert not book.refresh()
        assert not book.refresh()
        assert book.problem
        assert book.members("group:hr") == {"ann"}
    replace(path, TEXT)
    assert not book.refresh()
    assert book.problem == ""


def test_watching_sees_a_change_within_a_second(path: Path) -> None:
    async def play() -> list[str]:
        book = DirectoryFile.open(path)
        told: list[str] = []
        task = asyncio.create_task(book.watch(told.append, Looks(), interval=0.02))
        replace(path, "[people.eve]")
        for _ in range(50):
            await asyncio.sleep(0.02)
            if book.person("eve"):
                break
        assert book.person("ann") is None
        replace(path, "[people.eve")
        for _ in range(50):
            await asyncio.sleep(0.02)
            if told:
                break
        task.cancel()
        return told

    assert "not valid TOML" in asyncio.run(play())[0]


def test_half_of_a_file_that_is_being_written_is_not_in_force(path: Path) -> None:
    """Without its last line, the person whose account was closed has it back, and the file is valid."""
    closed = "[people.eve]\ngroups = ['hr']\nactive = false\n"

    async def play() -> None:
        path.write_text(closed)
        book = DirectoryFile.open(path)
        task = asyncio.create_task(book.watch(lambda _: None, Looks(), interval=0.1))
        with path.open("w") as file:
            for line in ("# written slowly\n", *closed.splitlines(keepends=True)):
                file.write(line)
                file.flush()
                for _ in range(3):
                    await asyncio.sleep(0.02)
                    eve = book.person("eve")
                    assert eve is not None
                    assert not eve.active
        task.cancel()

    asyncio.run(play())


def test_a_file_that_changes_while_it_is_read_is_read_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = DirectoryFile.open(path)
    read = snapshots._read

    def torn(where: Path) -> tuple[tuple[int, int, int], bytes]:
        stamp, _ = read(where)
        replace(where, TEXT)
        return stamp, b"[people.eve]"

    monkeypatch.setattr(snapshots, "_read", torn)
    replace(path, "[people.eve]")
    assert not book.refresh()
    assert book.person("ann") is not None
    monkeypatch.undo()
    book.refresh()
    assert (book.person("ann") is not None, book.problem) == (True, "")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        DirectoryFile.open(tmp_path / "none.toml")
