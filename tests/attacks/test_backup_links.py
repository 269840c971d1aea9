"""A backup has what lies in its folders, and nothing that a link in them leads to, or that waits for ever."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from e2e.lab import Lab, in_thread, opened, plant
from journeys.places import Words
from lockgate.adapters.policy_files import SHIPPED
from lockgate.wiring import backup

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECRET = b"correct horse battery staple"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    plant(tmp_path / "live")
    shutil.copytree(SHIPPED, tmp_path / "live" / "policies")
    with in_thread(lambda: opened(tmp_path / "live", Words(), top='policies = "policies"')) as made:
        yield made


def made(lab: Lab, target: Path) -> tuple[dict[str, Any], bytes]:
    """Make a backup without keys; return its manifest and all its bytes."""
    told = backup.backup(lab.lockgate.settings, target, None, NOW)
    return told, b"".join(one.read_bytes() for one in target.rglob("*") if one.is_file())


def test_a_link_brings_nothing_in(lab: Lab, tmp_path: Path) -> None:
    """The master key lay in clear in a backup that said that it has no keys."""
    policies, elsewhere = lab.folder / "policies", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "shadow").write_text("what nobody shall have")
    (policies / "a.txt").symlink_to(lab.folder / "state" / "keys" / "master.key")
    (policies / "b.txt").symlink_to(elsewhere / "shadow")
    (policies / "more").symlink_to(elsewhere)
    (policies / "keys").symlink_to(lab.folder / "state" / "keys")
    (policies / "round").symlink_to(policies)
    (policies / "nowhere").symlink_to(elsewhere / "absent")
    (policies / "itself").symlink_to(policies / "itself")
    key = (lab.folder / "state" / "keys" / "master.key").read_bytes().split()[2]
    told, everything = made(lab, tmp_path / "vault")
    assert key not in everything
    assert b"what nobody shall have" not in everything
    left = {Path(one).name for one in told["outside"]}
    assert {"a.txt", "b.txt", "more", "keys", "round", "nowhere", "itself"} <= left
    restored = backup.restore(tmp_path / "vault", tmp_path / "again", None, lab.folder / "state" / "keys")
    assert restored["documents"] == told["documents"]


def test_policies_that_are_links_beside_each_other_come_along(lab: Lab, tmp_path: Path) -> None:
    """So a ConfigMap is mounted."""
    policies = lab.folder / "policies"
    (policies / "..now").mkdir()
    for one in sorted(policies.glob("*.cedar")):
        one.rename(policies / "..now" / one.name)
        one.symlink_to(Path("..now") / one.name)
    made(lab, tmp_path / "vault")
    for one in policies.glob("*.cedar"):
        kept = tmp_path / "vault" / "settings" / "policies" / one.name
        assert not kept.is_symlink()
        assert kept.read_bytes() == one.read_bytes()


def test_a_pipe_is_not_waited_for(lab: Lab, tmp_path: Path) -> None:
    os.mkfifo(lab.folder / "policies" / "pipe")
    os.mkfifo(lab.folder / "policies" / "cases" / "pipe.yaml")
    told, _ = made(lab, tmp_path / "vault")
    assert {Path(one).name for one in told["outside"]} >= {"pipe", "pipe.yaml"}


def test_a_target_among_the_policies_does_not_swallow_itself(lab: Lab) -> None:
    told, _ = made(lab, lab.folder / "policies" / "vault")
    assert not [name for name in told["files"] if "vault" in name]


def test_a_state_folder_among_the_policies_is_no_policy(tmp_path: Path) -> None:
    """It came along once more, with the keys in clear."""
    plant(tmp_path / "live")
    shutil.copytree(SHIPPED, tmp_path / "live" / "state" / "policies")
    with in_thread(lambda: opened(tmp_path / "live", Words(), top='policies = "state/policies"')) as lab:
        (lab.folder / "state" / "policies" / "up").symlink_to("..")
        (lab.folder / "state" / "policies" / "key.txt").symlink_to("../keys/master.key")
        told, everything = made(lab, tmp_path / "vault")
        key = (lab.folder / "state" / "keys" / "master.key").read_bytes().split()[2]
        assert key not in everything
        assert [one for one in told["files"] if one.endswith(".cedar")]
