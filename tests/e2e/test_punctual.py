"""What is withdrawn counts within a second also while every thread of the common pool waits for a disk (I5)."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from e2e.lab import DIRECTORY, MANIFEST, Lab, opened, plant
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.adapters.policy_files import SHIPPED

pytestmark = pytest.mark.slow
HELD = 2.5
"""Seconds for which the common pool is held."""
SOON = 1.0


@asynccontextmanager
async def held() -> AsyncIterator[None]:
    """Fill the common pool, and its queue, with work that waits."""
    waiting = [asyncio.create_task(asyncio.to_thread(time.sleep, HELD)) for _ in range(64)]
    await asyncio.sleep(0.05)
    try:
        yield
    finally:
        for one in waiting:
            one.cancel()


async def _until(done: Callable[[], Awaitable[bool]]) -> float:
    began = time.monotonic()
    while not await done() and time.monotonic() - began < 2 * HELD:
        await asyncio.sleep(0.02)
    return time.monotonic() - began


def _directory(lab: Lab) -> Callable[[], Awaitable[bool]]:
    path = lab.folder / "directory.toml"
    path.write_text(DIRECTORY.replace("[people.staff]\n", "[people.staff]\nactive = false\n"))

    async def gone() -> bool:
        found = lab.directory.person("staff")
        return found is None or not found.active

    return gone


def _settings(lab: Lab) -> Callable[[], Awaitable[bool]]:
    path = lab.folder / "lockgate.toml"
    path.write_text(path.read_text() + "[central]\nregions = []\n")

    async def taken() -> bool:
        return lab.lockgate.in_force.central.regions == frozenset()

    return taken


def _policies(lab: Lab) -> Callable[[], Awaitable[bool]]:
    before, files = lab.lockgate.policies.current.version, lab.lockgate.policies
    path = lab.folder / "policies" / "90-your-own.cedar"
    path.write_text('@id("none") forbid (principal, action == Lockgate::Action::"emit", resource);\n')

    async def taken() -> bool:
        return files.current.version != before

    return taken


def _rights(lab: Lab) -> Callable[[], Awaitable[bool]]:
    rule = '[[rule]]\nmatch = ["handbook/gifts.md"]\nreaders = ["group:hr"]\nowners = ["user:hr"]\n'
    (lab.share / ".lockgate-access.toml").write_text(MANIFEST + rule + 'sensitivity = "general"\n')
    (connector,) = lab.lockgate.connectors.values()
    gifts = next(one for one in lab.lockgate.index.documents() if one.title == "Gifts")

    async def closed() -> bool:
        item = await connector.stat(gifts.item)
        return item is not None and "group:staff" not in str(item.readers)

    return closed


CHANGES = {"directory": _directory, "settings": _settings, "policies": _policies, "rights": _rights}


@pytest.mark.parametrize("what", CHANGES)
async def test_a_change_counts_within_a_second_while_all_common_threads_wait(
    embedder: MiniLmEmbedder, tmp_path: Path, what: str
) -> None:
    plant(tmp_path)
    shutil.copytree(SHIPPED, tmp_path / "policies")
    async with opened(tmp_path, embedder, top='policies = "policies"') as lab:
        await asyncio.sleep(0.7)  # every watcher has looked
        async with held():
            assert await _until(CHANGES[what](lab)) < SOON
        assert set(lab.lockgate.background.looks.late.values()) == {0}


async def test_a_question_is_embedded_while_all_common_threads_wait(embedder: MiniLmEmbedder) -> None:
    await embedder.open()
    async with held():
        began = time.monotonic()
        await embedder.embed(["gifts from suppliers"])
        assert time.monotonic() - began < SOON
