"""Raise one's own rights by writing the file that states rights."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from adapters.hosts import Host
from lockgate.adapters.files import FilesConnector
from lockgate.ports import Item

GRANT = 'version = 1\n[[rule]]\nmatch = ["**"]\nreaders = ["user:mallory"]\nowners = ["user:mallory"]\n'


def readers(share: Path) -> Item:
    connector = FilesConnector("files", share, "files", directory=Host({}, {}), rights="manifest")
    found = asyncio.run(connector.stat("secret.txt"))
    assert found is not None
    return found


def plant(tmp_path: Path, mode: int) -> Path:
    share = tmp_path / "share"
    share.mkdir()
    (share / "secret.txt").write_text("x")
    (share / ".lockgate-access.toml").write_text(GRANT)
    share.chmod(mode)
    return share


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o1777, 0o2775])
def test_a_manifest_that_strangers_cannot_replace_counts(tmp_path: Path, mode: int) -> None:
    assert not readers(plant(tmp_path, mode)).readers.is_nobody


@pytest.mark.parametrize("mode", [0o777, 0o2777, 0o757, 0o703])
def test_a_manifest_in_a_folder_that_anyone_may_write_counts_nothing(tmp_path: Path, mode: int) -> None:
    """Its own mode was looked at, but who may write into the folder replaces the file."""
    item = readers(plant(tmp_path, mode))
    assert item.readers.is_nobody
    assert "replace it" in item.problem


@pytest.mark.needs_root
def test_whoever_came_first_in_a_sticky_folder_states_nothing(tmp_path: Path) -> None:
    share = plant(tmp_path, 0o1777)
    os.chown(share / ".lockgate-access.toml", 12345, 12345)
    assert readers(share).readers.is_nobody
