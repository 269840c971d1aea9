"""The files connector keeps the contract of connectors, with rights from a manifest and from the file system."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from adapters.hosts import Host
from contracts.connector import HR, STAFF, ConnectorContract
from lockgate.adapters.files import FilesConnector
from lockgate.ports import Connector

MANIFEST = ".lockgate-access.toml"
GROUPS = {HR: 61001, STAFF: 61002}


class _Files(ConnectorContract):
    def write(self, place: Path, id: str, data: bytes) -> None:
        (place / id).parent.mkdir(exist_ok=True)
        (place / id).parent.chmod(0o755)
        (place / id).write_bytes(data)

    def delete(self, place: Path, id: str) -> None:
        (place / id).unlink()


class TestManifest(_Files):
    def open(self, place: Path) -> Connector:
        return FilesConnector("share", place, "docs", directory=Host(), rights="manifest")

    def allow(self, place: Path, id: str, reader: str | None) -> None:
        known = (place / MANIFEST).read_text() if (place / MANIFEST).exists() else "version = 1\n"
        readers = f'readers = ["{reader}"]' if reader else "raeders = 1"
        (place / MANIFEST).write_text(known + f'[[rule]]\nmatch = ["{id}"]\n{readers}\n')


@pytest.mark.needs_root
class TestPosix(_Files):
    def open(self, place: Path) -> Connector:
        place.chmod(0o755)
        # Everyone of the tests may search the folders, which belong to root.
        host = Host(groups={"root": HR, **{str(gid): name for name, gid in GROUPS.items()}}, others=STAFF)
        return FilesConnector("share", place, "docs", directory=host, above_root=False)

    def allow(self, place: Path, id: str, reader: str | None) -> None:
        if reader is None:
            os.setxattr(place / id, "security.NTACL", b"?")
            return
        os.chown(place / id, 0, GROUPS[reader])
        (place / id).chmod(0o640)
        (place / id).parent.chmod(0o755)
