"""Each part fails in turn under load (WP-26): nothing flows unrecorded, errors are typed, and it recovers."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from e2e.lab import DIRECTORY
from e2e.upstream import Upstream, parrot
from faults import disk
from faults.harness import Gateway, whole
from faults.load import check, flowing, flows, load, until

pytestmark = pytest.mark.slow
FAULTS = {
    "disk full": ("enough again", {503}),
    "writes fail": ("disk mended", {503}),
    "policies broken": ("policies mended", {403, 500, 503}),
    "clock ahead": ("clock right", {401}),
    "clock behind": ("clock right", {401}),
    "embedder dead": ("embedder back", {503}),
}
"""What closes everything, what heals it, and how it is told."""


@pytest.mark.parametrize("fault", FAULTS)
def test_what_decides_or_records_fails_and_nothing_flows(running: Gateway, folder: Path, fault: str) -> None:
    heal, told = FAULTS[fault]
    if fault == "writes fail" and not disk.breakable():
        pytest.skip("the SQLite of this Python does not let its calls be replaced")
    with load(running) as seen:
        until(seen, 0, flowing)
        running.fault(fault)
        broken = time.monotonic()
        until(seen, broken, lambda found: len(found) >= 12)
        during = seen.since(broken)
        running.fault(heal)
        until(seen, time.monotonic(), flowing)
    assert not [got for door, got in during if flows(got, door)], fault
    plain = {got.status for door, got in during if door in ("chat", "retrieve")}
    assert plain <= told, plain
    check(folder, seen)
    whole(folder)


def test_a_model_server_that_dies(running: Gateway, folder: Path, server: Upstream) -> None:
    """Cut in the middle of an answer, again and again."""

    async def dies(stream) -> None:
        await stream.say("Gifts are accepted up to 35 EUR per ")
        stream.cut()

    with load(running) as seen:
        until(seen, 0, flowing)
        server.behave = dies
        broken = time.monotonic()
        until(seen, broken, lambda found: sum(d.startswith("chat") for d, _ in found) >= 6)
        server.behave = parrot
        until(seen, time.monotonic(), flowing)
    check(folder, seen)


NONSENSE = {
    "directory.toml": (b"people = [[[", b"\xff\xfe\x00", b""),
    "lockgate.toml": (b"mode = ", b"\x00" * 100, b""),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_a_file_that_binds_is_nonsense_or_gone(running: Gateway, folder: Path, name: str) -> None:
    """What was in force stays in force: nobody gains a right, and what flows is decided and recorded as before."""
    path = folder / name
    held = path.read_bytes()
    with load(running) as seen:
        until(seen, 0, flowing)
        for nonsense in NONSENSE[name]:
            path.write_bytes(nonsense)
            time.sleep(0.7)
        path.unlink()
        time.sleep(0.7)
        gone = time.monotonic()
        until(seen, gone, lambda found: len(found) >= 8)
        path.write_bytes(held)
        until(seen, time.monotonic(), flowing)
    assert held == path.read_bytes()
    assert name != "directory.toml" or held.decode() == DIRECTORY
    check(folder, seen)
