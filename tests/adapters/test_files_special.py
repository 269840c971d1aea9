"""What stands in folders and is no file: each is a row that says so, in no time, and nothing is opened."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import time
from pathlib import Path

import pytest

from adapters.test_files import ALL, MANIFEST, connector, items
from lockgate.errors import TooLarge


def test_loops_of_links_sockets_and_a_file_that_never_ends(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "in" / "deeper").mkdir(parents=True)
    (root / MANIFEST).write_text(ALL)
    (root / "real.txt").write_text("ok")
    (root / "one").symlink_to("two")
    (root / "two").symlink_to("one")
    (root / "in" / "deeper" / "up").symlink_to(root)
    (root / "endless").symlink_to("/dev/zero")
    (root / "proc").symlink_to("/proc/self")
    os.mkfifo(root / "in" / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(root / "sock"))
        started = time.monotonic()
        found = items(connector(root))
        assert time.monotonic() - started < 5
    assert {id for id, item in found.items() if not item.problem} == {"real.txt"}
    assert set(found) == {"real.txt", "one", "two", "in/deeper/up", "endless", "proc", "in/pipe", "sock"}
    assert all(item.readers.is_nobody for item in found.values() if item.problem)


@pytest.mark.needs_root
def test_devices(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / MANIFEST).write_text(ALL)
    try:
        os.mknod(root / "zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))
        os.mknod(root / "disk", stat.S_IFBLK | 0o666, os.makedev(7, 0))
    except PermissionError:
        pytest.skip("this root may not make devices")
    found = items(connector(root))
    assert {id: item.problem for id, item in found.items()} == dict.fromkeys(
        ("disk", "zero"), "it is no regular file"
    )


def test_a_sparse_file_is_not_read_beyond_the_limit(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / MANIFEST).write_text(ALL)
    with (root / "huge.txt").open("wb") as stream:
        stream.truncate(1 << 40)
    source = connector(root)
    started = time.monotonic()
    assert "huge.txt" in items(source)
    with pytest.raises(TooLarge, match="has more than"):
        asyncio.run(source.fetch("huge.txt"))
    assert time.monotonic() - started < 5
