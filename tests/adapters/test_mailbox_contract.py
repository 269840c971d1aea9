"""The connector of mailboxes keeps the contract of connectors: mbox and maildir, owners and rights of files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from adapters.hosts import Host
from contracts.connector import HR, STAFF, ConnectorContract
from lockgate.adapters.files import FilesConnector
from lockgate.adapters.mailbox import MailboxConnector, messages
from lockgate.ports import Connector

GROUPS = {HR: 61001, STAFF: 61002}


class _Mbox(ConnectorContract):
    """Each item is a mailbox with one message."""

    def write(self, place: Path, id: str, data: bytes) -> None:
        (place / id).parent.mkdir(exist_ok=True)
        (place / id).parent.chmod(0o755)
        (place / id).write_bytes(b"From ann@acme.example Tue Nov 24 09:00:00 2026\n" + data + b"\n\n")
        with (place / id).open("rb") as stream:
            (one,) = messages.in_mbox(stream)
        self._keys = {**getattr(self, "_keys", {}), id: one.key}

    def named(self, place: Path, id: str) -> str:
        return f"{id}/{self._keys[id]}"

    def held(self, data: bytes) -> bytes:
        return data + b"\n"

    def delete(self, place: Path, id: str) -> None:
        (place / id).unlink()


class TestOwners(_Mbox):
    @pytest.fixture(autouse=True)
    def owned(self) -> None:
        self.owners: dict[str, frozenset[str]] = {}

    def open(self, place: Path) -> Connector:
        return MailboxConnector("mail", _files(place), "docs", owners=self.owners)

    def allow(self, place: Path, id: str, reader: str | None) -> None:
        self.owners[id] = frozenset({reader}) if reader else frozenset()


class TestMaildir(TestOwners):
    def write(self, place: Path, id: str, data: bytes) -> None:
        for inside in ("cur", "new", "tmp"):
            (place / id / inside).mkdir(parents=True, exist_ok=True)
        (file := place / id / "cur" / f"{len(data)}.M1.host:2,S").write_bytes(data)
        for old in (place / id / "cur").iterdir():
            if old != file:
                old.unlink()
        with file.open("rb") as stream:
            self._keys = {**getattr(self, "_keys", {}), id: messages.alone(stream).key}

    def held(self, data: bytes) -> bytes:
        return data

    def delete(self, place: Path, id: str) -> None:
        for file in (place / id / "cur").iterdir():
            file.unlink()


@pytest.mark.needs_root
class TestPosix(_Mbox):
    def open(self, place: Path) -> Connector:
        place.chmod(0o755)
        return MailboxConnector("mail", _files(place), "docs")

    def allow(self, place: Path, id: str, reader: str | None) -> None:
        if reader is None:
            os.setxattr(place / id, "security.NTACL", b"?")
            return
        os.chown(place / id, 0, GROUPS[reader])
        (place / id).chmod(0o640)


def _files(place: Path) -> FilesConnector:
    host = Host(groups={"root": HR, **{str(gid): name for name, gid in GROUPS.items()}}, others=STAFF)
    return FilesConnector("mail", place, "docs", directory=host, above_root=False)
