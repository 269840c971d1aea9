"""The clock of the machine is set back while Lockgate serves: what "a moment ago" means is then not known."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from attacks.http import Reply, send
from e2e.beside import SLOW, beside
from e2e.lab import DIRECTORY, Lab, in_thread, opened, plant, talking
from e2e.upstream import drip
from edge.apis import APIS, Api, events
from journeys.places import Words
from lockgate.journeys.standing import WITHDRAWN

OUT = DIRECTORY.replace('[people.staff]\ngroups = ["engineering"]', "[people.staff]\ngroups = []")
BACK = timedelta(minutes=-10)


def leave(lab: Lab) -> None:
    (lab.folder / "new.toml").write_text(OUT)
    (lab.folder / "new.toml").replace(lab.folder / "directory.toml")


def older(lab: Lab) -> str:
    """Return a token of an hour ago: one of now would not be valid yet once the clock is back."""
    return lab.short_token("staff", timedelta(hours=7))


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Lab]:
    plant(tmp_path)
    with beside(tmp_path, Words(), SLOW, drip) as (lab, _):
        yield lab


@pytest.mark.parametrize("api", APIS, ids=lambda one: one.name)
async def test_a_running_answer_still_stops(slow: Lab, api: Api) -> None:
    """It was decided again when 0.3 seconds had gone by on the wall: after ten minutes."""
    body = api.ask("grounded", [("user", "Which gifts may be accepted?")]) | api.more | {"stream": True}
    async with talking(slow.url, slow.token) as client:
        headers = {"Authorization": f"Bearer {older(slow)}"} | api.headers
        raw, moved = "", False
        async with client.session.post(client.base_url + api.path, json=body, headers=headers) as response:
            async for line in response.content:
                raw += line.decode()
                if not moved and "number 3 " in raw:
                    slow.clock.moved, moved = BACK, True
                    await asyncio.to_thread(leave, slow)
    said = api.streamed(events(raw))
    assert said.text.endswith(WITHDRAWN), said.text[-100:]
    assert not said.lockgate.get("citations")


@pytest.mark.parametrize("door", ["/v1/retrieve", "/mcp", "/v1/documents"])
def test_what_was_long_in_making_leaves_for_whom_it_was_made(tmp_path: Path, door: str) -> None:
    """Who asked leaves the group while it is made, and the clock is set back."""
    plant(tmp_path)
    with in_thread(lambda: opened(tmp_path, Words())) as lab:
        passages: Any = lab.lockgate.chat.gate.audit
        real, acted = passages.append, []

        async def slowly(records: Any) -> Any:
            if not acted and any(one.action in {"emit", "read"} for one in records):
                acted.append(True)
                lab.clock.moved = BACK
                leave(lab)
                await asyncio.sleep(2.0)
            return await real(records)

        passages.append = slowly
        reply = _ask(lab, door)
        assert acted
        assert "35 EUR" not in reply.text, reply.text[:300]


def _ask(lab: Lab, door: str) -> Reply:
    token, accept = older(lab), {"Accept": "application/json, text/event-stream"}
    if door == "/v1/documents":
        id = next(one.id for one in lab.lockgate.index.documents() if one.item == "handbook/gifts.md")
        return send(lab.url, "GET", f"/v1/documents/{id}", token=token)
    body: dict[str, Any] = {"query": "gifts"}
    if door == "/mcp":
        call = {"name": "search", "arguments": {"query": "gifts"}}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    return send(lab.url, "POST", door, body, token=token, headers=accept)
