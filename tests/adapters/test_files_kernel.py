"""Against the kernel: where opening a file as an account fails, Lockgate denies. Random trees, modes, ACLs."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.hosts import Host
from lockgate.adapters.files import FilesConnector
from lockgate.ports import Item

# Accounts and groups that no host has: the numbers are the names. 60003 is mapped to nobody.
ACCOUNTS = {
    60001: {61001},
    60002: {61001, 61002},
    60003: {61002},
    60004: {61003},
    60005: set(),
    60006: {61001, 61003},
}
GROUPS = {61001: "group:a", 61002: "group:b", 61003: None}
PEOPLE = {60001: "user:1", 60002: "user:2", 60003: None, 60004: "user:4", 60005: "user:5", 60006: "user:6"}
STAFF = "group:staff"

OPEN_AS = """
import json, os, sys
uid, gids, paths = json.loads(sys.stdin.read())
os.setgroups(gids); os.setgid(65534); os.setuid(uid)
opened = []
for path in paths:
    try:
        os.close(os.open(path, os.O_RDONLY)); opened.append(True)
    except PermissionError:
        opened.append(False)
print(json.dumps(opened))
"""


def _grow(root: Path, chance: random.Random, mess: float) -> list[Path]:
    """Grow a tree; `mess` is the share of modes and ACL entries that make no sense to people."""
    folders, files = [root], []
    for number in range(6):
        folder = chance.choice(folders) / f"d{number}"
        folder.mkdir()
        folders.append(folder)
    for number in range(40):
        path = chance.choice(folders) / f"f{number}"
        path.write_text("x")
        files.append(path)
    accounts, groups = [0, *ACCOUNTS], [0, *GROUPS]

    def bits() -> str:
        return "".join(letter if chance.random() > mess else "-" for letter in "rwx")

    for path in files + folders[::-1]:
        is_folder = path in folders
        usual = [0o755, 0o750, 0o711, 0o775] if is_folder else [0o644, 0o640, 0o600, 0o664]
        mode = chance.choice(usual) if chance.random() > mess else chance.randrange(0o1000)
        os.chown(path, chance.choice(accounts), chance.choice(groups))
        path.chmod(mode)
        if chance.random() < 0.4:
            entries = [f"u:{chance.choice(list(ACCOUNTS))}:{bits()}" for _ in range(chance.randrange(3))]
            entries += [f"g:{chance.choice(list(GROUPS))}:{bits()}" for _ in range(chance.randrange(3))]
            if chance.random() < mess:
                entries.append(f"m::{bits()}")
            if entries:
                subprocess.run(["setfacl", "-m", ",".join(entries), str(path)], check=True)
    return files


def _kernel(uid: int, gids: set[int], paths: list[Path]) -> list[bool]:
    question = json.dumps([uid, sorted(gids), [str(path) for path in paths]])
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", OPEN_AS], input=question, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.needs_setfacl
@pytest.mark.parametrize(("mess", "most_stricter"), [(0.0, 0.1), (0.4, 1.0)], ids=["usual", "mess"])
def test_what_the_kernel_refuses_is_denied(
    mess: float, most_stricter: float, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lockgate may be stricter, where the kernel's exceptions cannot be expressed; never the other way around."""
    chance = random.Random(20261124)
    host = Host(
        {str(uid): name for uid, name in PEOPLE.items() if name},
        {str(gid): name for gid, name in GROUPS.items() if name},
        STAFF,
    )
    base = Path("/tmp") / f"lockgate-kernel-{os.getpid()}-{mess}"
    base.mkdir(mode=0o755)
    stricter = permitted = refused = 0
    try:
        for number in range(10):
            root = base / str(number)
            root.mkdir()
            files = _grow(root, chance, mess)
            connector = FilesConnector("t", root, "c", directory=host)
            items = asyncio.run(_items(connector))
            assert set(items) == {str(path.relative_to(root)) for path in files}
            for uid, gids in ACCOUNTS.items():
                if PEOPLE[uid] is None:
                    continue
                holds = {PEOPLE[uid], STAFF, *(GROUPS[gid] for gid in gids if GROUPS[gid])}
                for path, opened in zip(files, _kernel(uid, gids, files), strict=True):
                    permits = items[str(path.relative_to(root))].readers.permits(holds)
                    assert opened or not permits, f"{path} is denied to {uid} by the kernel and not by Lockgate"
                    permitted += opened
                    refused += not opened
                    stricter += opened and not permits
    finally:
        subprocess.run(["rm", "-rf", str(base)], check=True)
    with capsys.disabled():
        print(f"\nkernel, mess {mess}: {permitted} opens, {refused} refusals; {stricter} opens denied here")
    assert permitted > 200
    assert refused > 200
    assert stricter <= permitted * most_stricter


async def _items(connector: FilesConnector) -> dict[str, Item]:
    found = {item.id: item async for item in connector.items()}
    for id, item in found.items():
        assert await connector.stat(id) == item
    return found
