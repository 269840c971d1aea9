"""The demonstration replaces its folder at each start. It must never replace anybody else's."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from lockgate.demo.place import MARK, clear, remove
from lockgate.errors import Conflict, Invalid


def test_somebodys_folder_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.txt").write_text("years of work")
    with pytest.raises(Invalid, match="no demonstration made"):
        clear(home)
    remove(home)
    assert (home / "thesis.txt").read_text() == "years of work"


def test_a_link_and_a_file_are_refused(tmp_path: Path) -> None:
    earlier = tmp_path / "earlier"
    clear(earlier)
    (tmp_path / "link").symlink_to(earlier)
    (tmp_path / "file").write_text("x")
    for name in ("link", "file"):
        with pytest.raises(Invalid):
            clear(tmp_path / name)
    assert (earlier / MARK).is_file()


def test_what_an_earlier_demonstration_left_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "demo-data"
    clear(folder)
    (folder / "share").mkdir()
    clear(folder)
    assert [path.name for path in folder.iterdir()] == [MARK]
    remove(folder)
    assert not folder.exists()


def test_one_that_runs_keeps_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "demo-data"
    clear(folder)
    (folder / "state").mkdir()
    with (folder / "state" / "audit.db.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Conflict, match="runs in"):
            clear(folder)
    assert (folder / "state").is_dir()
    clear(folder)
    assert not (folder / "state").exists()
