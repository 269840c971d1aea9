"""Git: the history is read, and a repository that wants to harm does not."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from adapters.hosts import Host
from contracts.connector import walk
from lockgate.adapters.git import GitConnector
from lockgate.errors import Unavailable
from lockgate.wiring.sources.common import TargetOptions
from lockgate.wiring.targets import open_target


def git(place: Path, *words: str) -> str:
    who = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PATH": os.environ["PATH"]}
    for role in ("AUTHOR", "COMMITTER"):
        who |= {f"GIT_{role}_NAME": "Ann", f"GIT_{role}_EMAIL": "a@x", f"GIT_{role}_DATE": "1700000000 +0000"}
    done = subprocess.run(["git", "-C", str(place), *words], env=who, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = tmp_path / "repository"
    made.mkdir()
    git(made, "init", "-q", "-b", "main")
    (made / "key.txt").write_text("secret of the past\n")
    git(made, "add", ".")
    git(made, "commit", "-qm", "1")
    git(made, "rm", "-q", "key.txt")
    (made / "now.txt").write_text("now\n")
    git(made, "add", ".")
    git(made, "commit", "-qm", "2")
    return made


def opened(place: Path) -> GitConnector:
    source = open_target(f"git://{place}", TargetOptions(Host(groups={"root": "group:hr"}, others="group:staff")))
    assert isinstance(source, GitConnector)
    return source


@pytest.mark.parametrize("packed", [False, True])
def test_what_was_deleted_is_found_with_who_put_it_there(place: Path, packed: bool) -> None:
    if packed:
        git(place, "gc", "-q", "--aggressive")
        git(place, "pack-refs", "--all")
    source = opened(place)
    try:
        key, now = walk(source)
        assert key.id.startswith("key.txt@")
        assert "by Ann <a@x>" in " ".join(key.notes)
        assert asyncio.run(source.fetch(key.id)) == b"secret of the past\n"
        assert asyncio.run(source.stat(now.id)) == now
        assert asyncio.run(source.stat("now.txt@" + "0" * 40)) is None
    finally:
        source.close()


def test_what_no_ref_reaches_any_more_is_gone_and_tags_count(place: Path) -> None:
    source = opened(place)
    try:
        key, _ = walk(source)
        git(place, "tag", "-a", "old", "-m", "t", "HEAD~1")
        git(place, "checkout", "-q", "--orphan", "new")
        git(place, "commit", "-qm", "3")
        git(place, "branch", "-D", "main")
        assert asyncio.run(source.stat(key.id)) == key
        git(place, "tag", "-d", "old")
        assert asyncio.run(source.stat(key.id)) is None
        assert [item.id.partition("@")[0] for item in walk(source)] == ["now.txt"]
    finally:
        source.close()


def test_nothing_of_the_repository_is_executed_or_borrowed(place: Path, tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    with (place / ".git/config").open("a") as config:
        config.write(f'[core]\n\tfsmonitor = "touch {mark}"\n\thooksPath = /tmp\n')
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    (other / "x").write_text("of somebody else\n")
    borrowed = git(other, "hash-object", "-w", "x")
    (place / ".git/objects/info").mkdir(exist_ok=True)
    (place / ".git/objects/info/alternates").write_text(f"{other}/.git/objects\n")
    (place / ".git/refs/heads/borrowed").write_text(borrowed + "\n")
    source = opened(place)
    try:
        items = {item.id.partition("@")[2]: item for item in walk(source)}
        assert items[borrowed].problem
        assert items[borrowed].readers.is_nobody
        assert not mark.exists()
    finally:
        source.close()


def test_links_in_a_repository_are_not_followed(place: Path) -> None:
    (place / ".git/refs/heads/link").symlink_to("/etc/passwd")
    source = opened(place)
    try:
        with pytest.raises(Unavailable, match="symbolic links"):
            walk(source)
    finally:
        source.close()


def test_odd_trees_submodules_pointers_and_damage_are_told(place: Path) -> None:
    pointer = place / "large.bin"
    pointer.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    git(place, "add", ".")
    git(place, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    git(place, "commit", "-qm", "3")
    source = opened(place)
    try:
        items = {item.id.partition("@")[0]: item for item in walk(source)}
        assert items["module"].problem == "it is a submodule, which is another repository"
        with pytest.raises(Unavailable, match="LFS"):
            asyncio.run(source.fetch(items["large.bin"].id))
        sha = items["now.txt"].revision
        loose = place / ".git/objects" / sha[:2] / sha[2:]
        loose.chmod(0o644)
        loose.write_bytes(b"damaged")
        with pytest.raises(Unavailable, match="damaged"):
            asyncio.run(source.fetch(items["now.txt"].id))
    finally:
        source.close()
