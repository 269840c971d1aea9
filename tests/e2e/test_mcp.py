"""The MCP door with the library's own client, in both eras: the same readable set, labels, records, revocation."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from attacks.http import Reply, send
from e2e.lab import DIRECTORY, PEOPLE, Lab, in_thread, opened, plant, records
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.audit.record import Kind
from lockgate.content.document import document_id
from lockgate.labels.wire import parse, parse_header

pytestmark = pytest.mark.slow
ERAS = ["legacy", "auto", "2026-07-28"]
EVERYTHING = "gifts salaries plan minutes travel"
LONG = "handbook/größe.md"
HARMLESS = "hr/picnic.md"
"""Restricted by its place: no detector finds anything in it."""


@pytest.fixture(scope="module")
def lab(embedder: MiniLmEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder: Path = tmp_path_factory.mktemp("mcp")
    plant(folder)
    text = "# Größe 📏\n\n" + "\n\n".join(f"Absatz {n} über Türen: {'naïve Maße ' * 70}" for n in range(70))
    (folder / "share" / LONG).write_text(text)
    (folder / "share" / HARMLESS).write_text(
        "# Picnic\n\nThe lanterns wait behind the boathouse near the old pier.\n"
    )
    with in_thread(lambda: opened(folder, embedder)) as made:
        yield made


@asynccontextmanager
async def connected(lab: Lab, person: str, mode: str) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {lab.token(person)}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(f"{lab.url}/mcp", http_client=http), mode=mode) as client,
    ):
        yield client


def rpc(lab: Lab, person: str, name: str, arguments: object, headers: dict[str, str] | None = None) -> Reply:
    """Call a tool as a client without the library does."""
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
    return send(lab.url, "POST", "/mcp", body, token=lab.token(person), headers=headers)


def _id(item: str) -> str:
    return document_id("brightwater", item)


@pytest.mark.parametrize("mode", ERAS)
async def test_the_real_client_searches_and_fetches(lab: Lab, mode: str) -> None:
    async with connected(lab, "staff", mode) as client:
        tools = {one.name: one for one in (await client.list_tools()).tools}
        assert set(tools) == {"search", "fetch"}
        for tool in tools.values():
            assert tool.annotations is not None
            assert tool.annotations.read_only_hint
            assert not tool.annotations.destructive_hint
        found = await client.call_tool("search", {"query": "Up to what value may I accept gifts?"})
        assert not found.is_error
        first = found.structured_content["results"][0]
        assert set(first) == {"id", "title", "text", "url"}
        assert "35 EUR" in first["text"]
        assert json.loads(found.content[0].text) == found.structured_content
        whole = await client.call_tool("fetch", {"id": first["id"]})
        assert whole.structured_content["id"] == first["id"]
        assert "35 EUR" in whole.structured_content["text"]
        assert whole.structured_content["metadata"] == {
            "label": "general",
            "source": "brightwater/handbook/gifts.md",
        }
        assert first["url"] == whole.structured_content["url"] == f"lockgate://document/{first['id']}"
        for result in (found, whole):
            meta = result.meta["lockgate"]
            assert parse(meta["label"]) == parse_header(meta["label_header"])
            assert meta["label"]["sensitivity"] == "general"
            assert [one["effect"] for one in meta["decisions"]].count("permit") == len(meta["decisions"]) > 1
            assert meta["sources"][0]["item"] == "brightwater/handbook/gifts.md"
            assert records(lab.lockgate, meta["request_id"])


@pytest.mark.parametrize("mode", ERAS)
async def test_errors_reach_the_real_client_with_a_remedy(lab: Lab, mode: str) -> None:
    async with connected(lab, "staff", mode) as client:
        await client.list_tools()
        missing = await client.call_tool("fetch", {"id": _id("hr/salaries.md")})
        assert missing.is_error
        assert "there is no such document" in missing.content[0].text
        assert missing.meta["lockgate"]["code"] == "not_found"
        with pytest.raises(MCPError, match="no such tool"):
            await client.call_tool("delete", {})
        with pytest.raises(MCPError, match=r"not known|Not Found"):
            await client.list_resources()


async def test_everybody_finds_and_reads_what_retrieve_gives_them(lab: Lab) -> None:
    """One policy decides identically: passages, order and label are those of `/v1/retrieve`, for every person."""
    seen = {}
    for person in PEOPLE:
        plain = send(lab.url, "POST", "/v1/retrieve", {"query": EVERYTHING}, token=lab.token(person)).json
        reply = rpc(lab, person, "search", {"query": EVERYTHING})
        result = reply.json["result"]
        meta = result["_meta"]["lockgate"]
        fields = ("chunk", "document", "title", "item", "digest", "label")
        assert [[one[f] for f in fields] for one in meta["sources"]] == [
            [one[f] for f in fields] for one in plain["data"]
        ]
        assert meta["label"] == plain["label"]
        assert reply.headers["lockgate-label"] == meta["label_header"]
        stable = [[d["action"], d["effect"], d["policies"], d["resource"]["type"]] for d in plain["decisions"]]
        assert stable == [
            [d["action"], d["effect"], d["policies"], d["resource"]["type"]] for d in meta["decisions"]
        ]
        readable = {one["document"] for one in plain["data"]}
        for item in ("handbook/gifts.md", "hr/salaries.md", "loose/plan.md", "noai/minutes.md", "no/such.md"):
            fetched = rpc(lab, person, "fetch", {"id": _id(item)}).json["result"]
            assert fetched["isError"] == (_id(item) not in readable), (person, item)
        seen[person] = readable
    assert seen["outsider"] == set()
    assert _id("hr/salaries.md") in seen["hr"] - seen["staff"]
    assert _id("loose/plan.md") in seen["owner"] - seen["staff"]  # unreviewed: AI serves it to its owner only
    assert not any(_id("noai/minutes.md") in one for one in seen.values())  # though staff may open it


async def test_records_and_marks_are_those_of_retrieve(lab: Lab) -> None:
    def shape(name: str) -> list[Any]:
        return [
            (
                r.kind,
                r.subject,
                r.action,
                r.resource_type,
                r.effect,
                r.outcome,
                r.label,
                r.policies,
                len(r.sources),
            )
            for r in records(lab.lockgate, name)
        ]

    query = "Up to what value may I accept gifts?"
    plain = send(lab.url, "POST", "/v1/retrieve", {"query": query}, token=lab.token("staff"))
    searched = rpc(lab, "staff", "search", {"query": query})
    ids = [one.headers["lockgate-request-id"] for one in (plain, searched)]
    assert shape(ids[0]) == shape(ids[1])
    fetched = rpc(lab, "hr", "fetch", {"id": _id(HARMLESS)})
    found = records(lab.lockgate, fetched.headers["lockgate-request-id"])
    assert [r.kind for r in found].count(Kind.RETRIEVAL) == 1
    assert {r.action for r in found if r.kind is Kind.DECISION} == {"read", "emit"}
    assert {source.document for r in found for source in r.sources} == {_id(HARMLESS)}
    # What a tool has shown is known when it is sent to a model.
    shown = json.loads(fetched.json["result"]["content"][0]["text"])["text"].splitlines()[-1]
    asked = {"model": "assistant", "messages": [{"role": "user", "content": f"Translate: {shown}"}]}
    for person, level in (("hr", "restricted"), ("staff", "general")):
        answer = send(lab.url, "POST", "/v1/chat/completions", asked, token=lab.token(person))
        assert answer.json["lockgate"]["prompt_label"]["sensitivity"] == level


async def test_refusals_are_recorded_and_tell_nothing(lab: Lab) -> None:
    told = []
    for item in ("hr/salaries.md", "noai/minutes.md", "loose/plan.md", "hr/no-such-file.md"):
        reply = rpc(lab, "staff", "fetch", {"id": _id(item)})
        (one,) = records(lab.lockgate, reply.headers["lockgate-request-id"])
        assert (one.action, one.effect, one.resource_id) == ("read", "deny", _id(item))
        left_out = {"date", "lockgate-request-id", "content-length"}
        kept = {k: v for k, v in reply.headers.items() if k not in left_out}
        told.append((reply.status, kept, reply.text.replace(reply.headers["lockgate-request-id"], "")))
    assert all(one == told[0] for one in told)


async def test_a_long_document_comes_in_parts_that_make_the_whole(lab: Lab) -> None:
    asked, seen, parts = _id(LONG), [], 0
    while asked:
        result = rpc(lab, "staff", "fetch", {"id": asked}).json["result"]
        assert not result["isError"], result
        assert result["structuredContent"]["id"] == asked
        assert result["structuredContent"]["url"] == f"lockgate://document/{_id(LONG)}"
        seen += [one["chunk"] for one in result["_meta"]["lockgate"]["sources"]]
        parts += 1
        asked = result["structuredContent"]["metadata"].get("next")
    chunks = lab.run(lab.lockgate.index.chunks(_id(LONG)))
    assert seen == [one.id for one in chunks]
    assert parts == -(-len(chunks) // 64) == 2
    beyond = rpc(lab, "staff", "fetch", {"id": f"{_id(LONG)}#999999"}).json["result"]
    assert beyond["isError"]


async def test_names_and_words_in_any_script(lab: Lab) -> None:
    for query in ("Größe Türen 📏 naïve", "\u202eegap\u202c", "日本語の問題", "a\u0000b", "\ufeff\u200b gifts"):
        result = rpc(lab, "staff", "search", {"query": query}).json["result"]
        assert not result["isError"], query
    result = rpc(lab, "staff", "fetch", {"id": _id(LONG)}).json["result"]
    assert "Größe 📏" in result["structuredContent"]["text"]


def _measured(lab: Lab, item: str, change: Any, undo: Any) -> float:
    """Return the seconds from a change until the document cannot be fetched any more."""
    assert not rpc(lab, "staff", "fetch", {"id": _id(item)}).json["result"]["isError"]
    try:
        change()
        began = time.monotonic()
        while time.monotonic() - began < 5:
            reply = rpc(lab, "staff", "fetch", {"id": _id(item)})
            if reply.status == 401 or reply.json["result"]["isError"]:
                return time.monotonic() - began
        pytest.fail("it is still served")
    finally:
        undo()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            reply = rpc(lab, "staff", "fetch", {"id": _id(item)})
            if reply.status == 200 and not reply.json["result"]["isError"]:
                break
            time.sleep(0.1)


@pytest.mark.parametrize("way", ["leaves the group", "is deactivated", "document is closed"])
def test_a_revocation_takes_effect_within_a_second(lab: Lab, way: str) -> None:
    directory, share = lab.folder / "directory.toml", lab.share / ".lockgate-access.toml"
    rights = share.read_text()
    member = '[people.staff]\ngroups = ["engineering"]'
    changes = {
        "leaves the group": (directory, DIRECTORY.replace(member, "[people.staff]\ngroups = []"), DIRECTORY),
        "is deactivated": (directory, DIRECTORY.replace(member, f"{member}\nactive = false"), DIRECTORY),
        "document is closed": (
            share,
            rights.replace('readers = ["group:staff"]', 'readers = ["group:hr"]'),
            rights,
        ),
    }
    path, after, before = changes[way]
    assert after != before
    took = _measured(lab, "handbook/gifts.md", lambda: path.write_text(after), lambda: path.write_text(before))
    assert took < 1.0
