"""Readiness part by part, and what a gateway says about itself on another port."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from lockgate.config import parse
from lockgate.errors import Unavailable
from lockgate.wiring import open_lockgate
from lockgate.wiring.core import Lockgate, Parts
from lockgate.wiring.readiness import FAILED, KEPT, OK, Readiness, writable

CONFIGURATION = """
data = "state"
[identity]
issuer = "http://127.0.0.1:9/issuer"
audience = "lockgate"
[[applications]]
id = "x"
"""
WELL = {"audit", "history", "index", "policies", "settings", "changes", "keys", "models", "serving"}


async def on(folder: Path, look: Callable[[Lockgate], Awaitable[None]], parts: Parts | None = None) -> None:
    (folder / "lockgate.toml").write_text(CONFIGURATION)
    async with open_lockgate(parse(CONFIGURATION, folder / "lockgate.toml"), parts) as lockgate:
        await look(lockgate)


async def test_an_issuer_without_keys_is_said_by_name_alone(tmp_path: Path) -> None:
    async def look(lockgate: Lockgate) -> None:
        assert await lockgate.operations.readiness.parts() == dict.fromkeys(WELL, OK) | {"issuer": FAILED}

    await on(tmp_path, look)


async def test_files_that_are_refused_are_kept(tmp_path: Path) -> None:
    async def look(lockgate: Lockgate) -> None:
        lockgate.policies.error, lockgate.in_force.problem = "wrong", "wrong"
        parts = await lockgate.operations.readiness.parts()
        assert (parts["policies"], parts["settings"]) == (KEPT, KEPT)
        figures = lockgate.operations.metrics.exposition().decode()
        assert "lockgate_policies_refused 1.0" in figures
        assert "lockgate_settings_refused 1.0" in figures
        assert 'lockgate_ready{part="issuer"} 0.0' in figures

    await on(tmp_path, look)


async def test_what_is_gone_fails(tmp_path: Path) -> None:
    async def look(lockgate: Lockgate) -> None:
        (tmp_path / "state" / "keys" / "audit.pem").unlink()
        lockgate.operations.drain.begin()
        parts = await lockgate.operations.readiness.parts()
        assert (parts["keys"], parts["serving"]) == (FAILED, "stopping")

    await on(tmp_path, look)


async def test_a_disk_that_takes_no_write_fails(tmp_path: Path) -> None:
    assert await writable(tmp_path)() == OK
    assert not list(tmp_path.iterdir())
    (tmp_path / ".ready").symlink_to(tmp_path / "elsewhere")  # is not followed
    readiness = Readiness({"audit": writable(tmp_path), "gone": writable(tmp_path / "none")}, lambda: False)
    assert await readiness.parts() == {"audit": FAILED, "gone": FAILED, "serving": OK}
    assert not (tmp_path / "elsewhere").exists()


async def test_many_who_ask_are_one_look() -> None:
    looked = []

    async def look() -> str:
        looked.append(1)
        await asyncio.sleep(0.01)
        return OK

    async def broken() -> str:
        raise Unavailable("a secret")

    readiness = Readiness({"a": look, "b": broken}, lambda: False)
    found = await asyncio.gather(*(readiness.parts() for _ in range(200)))
    assert len(looked) == 1
    assert all(one == {"a": OK, "b": FAILED, "serving": OK} for one in found)


@pytest.mark.parametrize("listens", [None, ("127.0.0.1", 4321)])
async def test_the_port_that_it_listens_on_is_the_one_that_it_states(
    tmp_path: Path, listens: tuple[str, int] | None
) -> None:
    async def look(lockgate: Lockgate) -> None:
        url = f"http://127.0.0.1:{4321 if listens else 8420}"
        client = TestClient(lockgate.app(sync=False))
        metadata = client.get("/.well-known/oauth-protected-resource").json()
        assert metadata["resource"] == url
        refused = client.post("/v1/retrieve", json={})
        assert url in refused.headers["www-authenticate"]
        # The `Origin` check of MCP: our own address passes, and is then asked for a token.
        own, other = (client.post("/mcp", json={}, headers={"Origin": one}) for one in (url, "http://127.0.0.1:1"))
        assert (own.status_code, other.status_code) == (401, 403)
        assert lockgate.settings.server.port == 8420  # what the file says, which is what changes are compared with

    await on(tmp_path, look, Parts(listens=listens))
