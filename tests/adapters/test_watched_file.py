"""A file is read when it has changed and keeps still, and what is wrong with it is told once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lockgate.adapters.watched_file import WatchedFile
from lockgate.errors import NotFound, TooLarge


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "settings"
    path.write_text("one")
    return path


def test_it_is_read_once_it_keeps_still(file: Path):
    watched = WatchedFile(file)
    assert [watched.look(), watched.look(), watched.look()] == [None, b"one", None]
    file.write_text("half of ")
    assert watched.look() is None
    file.write_text("half of two")
    assert [watched.look(), watched.look(), watched.look()] == [None, b"half of two", None]


def test_a_replaced_file_is_another_one_whatever_its_times_say(file: Path):
    watched = WatchedFile(file)
    watched.look()
    watched.look()
    before = file.stat()
    fresh = file.with_suffix(".new")
    fresh.write_text("two")
    os.utime(fresh, ns=(before.st_atime_ns, before.st_mtime_ns))
    fresh.replace(file)
    assert [watched.look(), watched.look()] == [None, b"two"]


def test_what_could_not_be_used_is_given_again(file: Path):
    watched = WatchedFile(file)
    watched.look()
    assert watched.look() == b"one"
    watched.again()
    assert watched.look() == b"one"


def test_a_file_that_is_gone_is_told_once_and_taken_up_when_it_is_back(file: Path):
    watched = WatchedFile(file)
    file.unlink()
    with pytest.raises(NotFound):
        watched.look()
    assert watched.look() is None
    file.write_text("back")
    assert [watched.look(), watched.look()] == [None, b"back"]
    file.unlink()
    with pytest.raises(NotFound):
        watched.look()


def test_a_file_that_is_too_large_is_not_read(file: Path):
    watched = WatchedFile(file, most=2)
    watched.look()
    with pytest.raises(TooLarge):
        watched.look()
