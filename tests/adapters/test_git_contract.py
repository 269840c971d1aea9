"""The connector of Git keeps the contract of connectors: each state of the folder is the only commit there is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from adapters.hosts import Host
from adapters.test_git import git
from contracts.connector import HR, STAFF, ConnectorContract
from lockgate.adapters.files import FilesConnector
from lockgate.adapters.git import GitConnector
from lockgate.ports import Connector

GROUPS = {HR: 61001, STAFF: 61002}


@pytest.mark.needs_root
class TestGit(ConnectorContract):
    """Rights are those of the whole repository, so the items of one test have the same."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        git(tmp_path, "init", "-q", "-b", "main")
        self.reader = HR
        self.ids: dict[str, str] = {}
        return tmp_path

    def open(self, place: Path) -> Connector:
        place.chmod(0o755)
        host = Host(groups={"root": HR, **{str(gid): name for name, gid in GROUPS.items()}})
        folder = FilesConnector("git", place / ".git", "", directory=host, above_root=False, excluded=())
        return GitConnector("git", folder, place / ".git", "docs")

    def named(self, place: Path, id: str) -> str:
        return f"{id}@{self.ids[id]}"

    def write(self, place: Path, id: str, data: bytes) -> None:
        (place / id).parent.mkdir(exist_ok=True)
        (place / id).write_bytes(data)
        self.ids[id] = git(place, "hash-object", str(place / id))
        self._commit(place)

    def delete(self, place: Path, id: str) -> None:
        (place / id).unlink()
        self._commit(place)

    def allow(self, place: Path, id: str, reader: str | None) -> None:
        if reader is None:
            os.setxattr(place / ".git/HEAD", "security.NTACL", b"?")
            return
        self.reader = reader
        self._own(place)

    def _commit(self, place: Path) -> None:
        git(place, "add", "-A")
        commit = git(place, "commit-tree", git(place, "write-tree"), "-m", "all")
        git(place, "update-ref", "refs/heads/main", commit)
        self._own(place)

    def _own(self, place: Path) -> None:
        for folder, _, files in os.walk(place / ".git"):
            for one in (folder, *(f"{folder}/{name}" for name in files)):
                os.chown(one, 0, GROUPS[self.reader])
                os.chmod(one, 0o750 if one == folder else 0o640)


class TestBranch(TestGit):
    """The files of a branch, without its history: named by their paths."""

    def open(self, place: Path) -> Connector:
        place.chmod(0o755)
        host = Host(groups={"root": HR, **{str(gid): name for name, gid in GROUPS.items()}})
        folder = FilesConnector("git", place / ".git", "", directory=host, above_root=False, excluded=())
        return GitConnector("git", folder, place / ".git", "docs", branch="main", history=False)

    def named(self, place: Path, id: str) -> str:
        return id
