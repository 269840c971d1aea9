"""A backup is a folder that lay somewhere: what was done to it must not reach the machine that restores it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from e2e.lab import in_thread, opened, plant
from journeys.places import Words
from lockgate.errors import Invalid
from lockgate.wiring import backup

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECRET = b"correct horse battery staple"


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vault")
    plant(folder / "live")
    with in_thread(lambda: opened(folder / "live", Words())) as lab:
        backup.backup(lab.lockgate.settings, folder / "made", SECRET, NOW)
    return folder / "made"


@pytest.fixture
def copy(vault: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(vault, tmp_path / "copy"))


def _manifest(change: Callable[[dict[str, object]], object]) -> Callable[[Path], None]:
    def tamper(copy: Path) -> None:
        path = copy / "manifest.json"
        manifest = json.loads(path.read_text())
        manifest = change(manifest) or manifest
        path.write_text(json.dumps(manifest))

    return tamper


def _listed(copy: Path, name: str) -> None:
    """Put a file into the manifest as a forger would: with its digest, where it can be read."""
    path = copy / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"][name] = backup._sha(b"")
    path.write_text(json.dumps(manifest))


def _linked_folder(copy: Path) -> None:
    (copy / "settings" / "extra").symlink_to(copy.parent / "outside")


def _linked_state(copy: Path) -> None:
    (copy / "state").rename(copy.parent / "elsewhere")
    (copy / "state").symlink_to(copy.parent / "elsewhere")


def _linked_file(copy: Path) -> None:
    (copy / "settings" / "extra").symlink_to(copy.parent / "outside" / "secret")
    _listed(copy, "settings/extra")


def _loop(copy: Path) -> None:
    (copy / "settings" / "extra").symlink_to(copy)


def _pipe(copy: Path) -> None:
    os.mkfifo(copy / "settings" / "extra")
    _listed(copy, "settings/extra")


TAMPERED: dict[str, Callable[[Path], None]] = {
    "a linked folder": _linked_folder,
    "a linked state": _linked_state,
    "a linked file": _linked_file,
    "a loop": _loop,
    "a pipe": _pipe,
    "data outside": _manifest(lambda m: m | {"data": "../../outside"}),
    "data that is absolute": _manifest(lambda m: m | {"data": "/tmp/outside"}),
    "data with a zero": _manifest(lambda m: m | {"data": "a\0b"}),
    "data among the settings": _manifest(lambda m: m | {"data": "lockgate.toml"}),
    "data that is a number": _manifest(lambda m: m | {"data": 5}),
    "no data": _manifest(lambda m: m.pop("data")),
    "no keys": _manifest(lambda m: {k: v for k, v in m.items() if k != "keys"}),
    "no root": _manifest(lambda m: {k: v for k, v in m.items() if k != "root"}),
    "another root": _manifest(lambda m: m | {"root": "00"}),
    "files that are a list": _manifest(lambda m: m | {"files": []}),
    "files that are a number": _manifest(lambda m: m | {"files": 7}),
    "a list": _manifest(lambda m: [m]),
    "another form": _manifest(lambda m: m | {"format": "x"}),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_what_was_tampered_with_is_refused_and_reaches_nothing(copy: Path, how: str) -> None:
    """Links to folders were in no manifest, and what they led to was restored with it."""
    outside = copy.parent / "outside"
    outside.mkdir()
    (outside / "secret").write_text("of this machine")
    TAMPERED[how](copy)
    target = copy.parent / "again"
    with pytest.raises(Invalid):
        backup.restore(copy, target, SECRET, None)
    assert not target.exists()
    assert sorted(one.name for one in outside.iterdir()) == ["secret"]
    assert not [one for one in copy.parent.iterdir() if one.name.endswith(".part")]


def test_the_untouched_one_is_restored(copy: Path) -> None:
    backup.restore(copy, copy.parent / "again", SECRET, None)
    assert (copy.parent / "again" / "state" / "audit.db").is_file()
