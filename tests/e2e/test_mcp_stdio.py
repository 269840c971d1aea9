"""`lockgate mcp`: the library's client over standard input, and a bridge that is stopped, cut off and lied to."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.shared.exceptions import MCPError

from e2e.lab import Lab, in_thread, opened, plant, records
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.adapters.mcp_stdio import Bridge, lines
from lockgate.errors import Unauthenticated
from lockgate.journeys.retrieve import Retrieve

pytestmark = pytest.mark.slow
SOURCE = str(Path(__file__).resolve().parents[2] / "src")
GIFTS = {"query": "Up to what value may I accept gifts?"}


@pytest.fixture(scope="module")
def lab(embedder: MiniLmEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder: Path = tmp_path_factory.mktemp("mcp-stdio")
    plant(folder)
    with in_thread(lambda: opened(folder, embedder)) as made:
        yield made


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of somebody who has nothing but a token: no configuration, no state."""
    return {
        "PYTHONPATH": SOURCE,
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_STATE_HOME": str(home),
        **more,
    }


@asynccontextmanager
async def started(url: str, home: Path, mode: str, **more: str) -> AsyncIterator[Client]:
    command = ["-m", "lockgate", "mcp", "--url", url]
    server = StdioServerParameters(command=sys.executable, args=command, env=environment(home, **more), cwd=home)
    async with Client(stdio_client(server), mode=mode) as client:
        yield client


@pytest.mark.parametrize("mode", ["legacy", "auto", "2026-07-28"])
async def test_the_real_client_searches_and_fetches(lab: Lab, tmp_path: Path, mode: str) -> None:
    async with started(lab.url, tmp_path, mode, LOCKGATE_TOKEN=lab.token("hr")) as client:
        assert {one.name for one in (await client.list_tools()).tools} == {"search", "fetch"}
        found = await client.call_tool("search", {"query": "base salary of Goran Ilic"})
        assert "61,387" in found.structured_content["results"][0]["text"]
        meta = found.meta["lockgate"]
        assert meta["label"]["sensitivity"] == "restricted"
        assert records(lab.lockgate, meta["request_id"])[0].subject == "user:hr"
        whole = await client.call_tool("fetch", {"id": found.structured_content["results"][0]["id"]})
        assert "61,387" in whole.structured_content["text"]
        wrong = await client.call_tool("fetch", {"id": "größe"})
        assert wrong.is_error
    assert not list(tmp_path.iterdir())


async def test_who_is_not_signed_in_is_told_what_to_do(lab: Lab, tmp_path: Path) -> None:
    async with started(lab.url, tmp_path, "2026-07-28") as client:
        with pytest.raises(MCPError, match="run `lockgate login`"):
            await client.call_tool("search", GIFTS)


async def test_who_is_signed_out_meanwhile_is_told_what_to_do(lab: Lab, tmp_path: Path) -> None:
    async with started(lab.url, tmp_path, "2026-07-28", LOCKGATE_TOKEN="x.y.z") as client:
        with pytest.raises(MCPError, match="run `lockgate login`"):
            await client.call_tool("search", GIFTS)


async def test_a_gateway_that_is_not_there_is_an_error_and_no_hang(tmp_path: Path) -> None:
    async with started("http://127.0.0.1:9", tmp_path, "2026-07-28", LOCKGATE_TOKEN="x") as client:
        with pytest.raises(MCPError, match="no gateway answers"):
            await client.call_tool("search", GIFTS)


def test_lines_that_are_no_requests_are_answered_and_the_end_ends_it(lab: Lab, tmp_path: Path) -> None:
    sent = [
        b"\xff\xfe",
        b"",
        b"[]",
        b"7",
        b'{"jsonrpc":"2.0","id":null,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":[1],"method":"ping"}',
        b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":[1]}}',
        b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":7}',
        b'{"jsonrpc":"2.0","id":9,"result":{}}',
        b"x" * 5_000_000,
        b'{"jsonrpc":"2.0","id":1,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":"2","method":"resources/list"}',
        json.dumps({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "a\nb: c"}}).encode(),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "lockgate", "mcp", "--url", lab.url],
        input=b"\n".join(sent) + b"\n",
        env=environment(tmp_path, LOCKGATE_TOKEN=lab.token("staff")),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    told = [(one["id"], one.get("error", {}).get("code")) for one in answers]
    assert Counter(told) == {
        (None, -32700): 2,
        (None, -32600): 4,
        (1, None): 1,
        ("2", -32601): 1,
        (3, -32602): 1,
    }


def test_an_address_in_clear_over_a_network_is_refused_at_once(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lockgate", "mcp", "--url", "http://lockgate.example.com"],
        stdin=subprocess.DEVNULL,
        env=environment(tmp_path, LOCKGATE_TOKEN="x"),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"in clear" in done.stderr


class Held:
    """Standard input of a bridge, as a test types it, and what the bridge says."""

    def __init__(self) -> None:
        self.typed = asyncio.Queue[bytes]()
        self.said: list[dict[str, Any]] = []

    async def lines(self) -> AsyncIterator[bytes]:
        while line := await self.typed.get():
            yield line

    def say(self, line: bytes) -> None:
        assert b"\n" not in line
        self.said.append(json.loads(line))

    def type(self, value: object) -> None:
        self.typed.put_nowait(json.dumps(value).encode())

    async def until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 5
        while not done():
            assert time.monotonic() < deadline, self.said
            await asyncio.sleep(0.02)


@asynccontextmanager
async def bridged(url: str, *tokens: str) -> AsyncIterator[Held]:
    held, left = Held(), list(tokens)

    async def token() -> str:
        one = left.pop(0) if len(left) > 1 else left[0]
        if not one:
            raise Unauthenticated("nobody is signed in", code="missing_token", remedy="run `lockgate login`")
        return one

    async with aiohttp.ClientSession() as session:
        running = asyncio.create_task(Bridge(session, url, token, held.say).run(held.lines()))
        yield held
        held.typed.put_nowait(b"")
        await running


def call(id: object, name: str = "search", **arguments: object) -> dict[str, object]:
    params = {"name": name, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}


async def test_a_token_is_asked_for_with_each_request(lab: Lab) -> None:
    """So a login that is renewed, or ended, counts at once."""
    async with bridged(lab.url, "", "x.y.z", lab.token("staff")) as held:
        for id in (1, 2, 3):
            held.type(call(id, **GIFTS))
            await held.until(lambda id=id: len(held.said) == id)  # type: ignore[misc]
    assert [one.get("error", {}).get("data", {}).get("code") for one in held.said] == [
        "missing_token",
        held.said[1]["error"]["data"]["code"],
        None,
    ]
    assert "35 EUR" in held.said[2]["result"]["content"][0]["text"]


async def test_a_cancelled_request_is_stopped_at_the_gateway_and_not_answered(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    async def slow(self: Retrieve, *args: object, **more: object) -> object:
        seen.append("began")
        try:
            await asyncio.sleep(20)
        except asyncio.CancelledError:
            seen.append("stopped")
            raise
        raise AssertionError

    monkeypatch.setattr(Retrieve, "run", slow)
    async with bridged(lab.url, lab.token("staff")) as held:
        held.type(call("a", **GIFTS))
        await held.until(lambda: seen == ["began"])
        held.type(call("a", **GIFTS))
        await held.until(lambda: len(held.said) == 1)
        assert "in use" in held.said[0]["error"]["message"]
        cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "a"}}
        held.type(cancel)
        await held.until(lambda: seen == ["began", "stopped"])
    assert len(held.said) == 1


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"jsonrpc":"1.0"}', b'{"detail":7}', b"\xff"])
@pytest.mark.parametrize("status", [200, 302, 404, 502])
async def test_whatever_answers_instead_of_a_gateway_is_an_error(status: int, body: bytes) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers={"Location": "http://127.0.0.1:9/"})

    app = web.Application()
    app.router.add_post("/mcp", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        async with bridged(f"http://{host}:{port}", "x") as held:
            held.type(call(1))
            await held.until(lambda: len(held.said) == 1)
    finally:
        await runner.cleanup()
    assert held.said[0]["id"] == 1
    assert held.said[0]["error"]["code"] == -32603


async def test_too_many_at_a_time_are_refused() -> None:
    async def answer(_: web.Request) -> web.Response:
        await asyncio.sleep(0.5)
        return web.json_response({"jsonrpc": "2.0", "id": 0, "result": {}})

    app = web.Application()
    app.router.add_post("/mcp", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        async with bridged(f"http://{host}:{port}", "x") as held:
            for id in range(80):
                held.type(call(id))
    finally:
        await runner.cleanup()
    assert sorted(one["id"] for one in held.said) == list(range(80))
    assert sum("error" in one for one in held.said) == 16


async def test_lines_of_any_length() -> None:
    source = io.BytesIO(b"a\n" + b"x" * 9_000_000 + b"\nb")
    assert [len(line) async for line in lines(source)] == [2, 4_000_001, 1]
