"""Raw attacks on the MCP door: other origins, lying headers, hostile bodies, what exists, and hanging up."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from attacks.http import Reply, send, tool
from attacks.timing import Ask, tell_apart
from e2e.conftest import Running
from e2e.lab import Lab, in_thread, opened, plant, records
from lockgate.adapters.clock import SystemClock
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.adapters.service_keys import KeyFile, create
from lockgate.audit.record import Kind
from lockgate.content.document import document_id
from lockgate.content.mcp import CAPABILITIES_KEY, VERSION_KEY
from lockgate.journeys.retrieve import Retrieve

pytestmark = pytest.mark.slow
META = {VERSION_KEY: "2026-07-28", CAPABILITIES_KEY: {}}
NEW = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "search"}


@pytest.fixture(scope="module")
def lab(embedder: MiniLmEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder: Path = tmp_path_factory.mktemp("attacked-mcp")
    plant(folder)
    with in_thread(lambda: opened(folder, embedder)) as made:
        yield made


def post(lab: Lab, body: object, headers: dict[str, str] | None = None, person: str = "staff") -> Reply:
    return send(lab.url, "POST", "/mcp", body, token=lab.token(person) if person else "", headers=headers)


def error(reply: Reply) -> int:
    assert reply.headers["content-type"] == "application/json", reply.text
    return int(reply.json["error"]["code"])


def modern(method: str = "tools/call", **params: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": META}}


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://127.0.0.1:1",
        "http://localhost",
        "",
        "http://127.0.0.1.evil.example",
    ],
)
def test_pages_of_other_origins_are_refused(lab: Lab, origin: str) -> None:
    for headers in ({"Origin": origin}, {"Origin": origin, "Host": urlsplit(origin).netloc or "x"}):
        reply = post(lab, tool("search", query="gifts"), headers)
        assert (reply.status, reply.json["code"]) == (403, "foreign_origin")
        assert "access-control-allow-origin" not in reply.headers
    assert post(lab, tool("search", query="gifts"), {"Origin": lab.url}).status == 200


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "PATCH", "OPTIONS"])
def test_there_is_no_stream_and_no_session(lab: Lab, method: str) -> None:
    reply = send(lab.url, method, "/mcp", token=lab.token("staff"), headers={"Accept": "text/event-stream"})
    assert (reply.status, reply.headers["allow"]) == (405, "POST")
    opened = post(
        lab, {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-11-25"}}
    )
    assert opened.status == 200
    assert "mcp-session-id" not in opened.headers
    guessed = post(lab, tool("search", query="gifts"), {"Mcp-Session-Id": "1"}, person="")
    assert guessed.status == 401


def test_strangers_are_sent_to_sign_in_before_anything_is_read(lab: Lab) -> None:
    """They announce a body and never send it."""
    where = urlsplit(lab.url)
    head = "POST /mcp HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n{"
    with closing(socket.create_connection((str(where.hostname), where.port or 0), timeout=5)) as connection:
        connection.sendall(head.encode())
        began = time.monotonic()
        answer = connection.recv(65536).decode()
    assert time.monotonic() - began < 2
    assert answer.startswith("HTTP/1.1 401 ")
    assert f'resource_metadata="{lab.url}/.well-known/oauth-protected-resource/mcp"' in answer


def test_a_service_needs_the_scope(lab: Lab) -> None:
    file, now = KeyFile(lab.folder / "service-keys.json"), SystemClock().now()
    for scope, status in (("chat", 403), ("retrieve", 200)):
        key = create(file, "etl", "it", frozenset({scope}), frozenset(), timedelta(days=1), now)[1]
        reply = send(lab.url, "POST", "/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, token=key)
        assert reply.status == status
        assert status == 200 or 'scope="retrieve"' in reply.headers["www-authenticate"]


HOSTILE: list[tuple[bytes, int, int]] = [
    (b"", 400, -32700),
    (b"{", 400, -32700),
    (b"\xff\xfe{}", 400, -32700),
    (b'{"jsonrpc":"2.0","id":1,"method":"\xc3\x28"}', 400, -32700),
    (b'{"jsonrpc":"2.0","id":1,"method":"\\ud800"}', 400, -32700),
    (b"[" * 100_000, 400, -32700),
    (b'{"a":' * 100_000, 400, -32700),
    (b"NaN", 400, -32700),
    (b"[]", 400, -32600),
    (json.dumps([tool("search", query="gifts")] * 3).encode(), 400, -32600),
    (b'{"jsonrpc":"2.0","id":1,"result":{}}', 400, -32600),
    (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', 400, -32600),
    (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"' + b"x" * 100_000 + b'"}}', 400, -32602),
    (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":{"$ne":1}}}', 400, -32602),
    (b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"x"}}', 400, -32602),
    (b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":7}}', 400, -32602),
    (b'{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"file:///etc/passwd"}}', 200, -32601),
]


@pytest.mark.parametrize(("body", "status", "code"), HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_bodies_get_a_typed_error_that_quotes_nothing(
    lab: Lab, body: bytes, status: int, code: int
) -> None:
    reply = post(lab, body, {"Content-Type": "application/json"})
    assert (reply.status, error(reply)) == (status, code)
    assert len(reply.text) < 500
    assert "passwd" not in reply.text


def test_bodies_of_other_types_and_sizes_are_refused(lab: Lab) -> None:
    assert post(lab, b"{}", {"Content-Type": "text/plain"}).status == 400
    assert post(lab, b"{}").status == 400
    big = b'{"jsonrpc":"2.0","id":1,"method":"ping","x":"' + b"x" * 1_000_000 + b'"}'
    assert post(lab, big, {"Content-Type": "application/json"}).status == 413
    for accept in ("text/event-stream", "text/html", "application/json;q=0"):
        assert post(lab, tool("search", query="gifts"), {"Accept": accept}).status == 406


ARGUMENTS: list[object] = [
    [],
    "gifts",
    7,
    True,
    {"query": 7},
    {"query": None},
    {"query": ["gifts"]},
    {"query": {"$gt": ""}},
    {"query": ""},
    {"query": " \n\t"},
    {"query": "x" * 400_001},
    {"query": "gifts", "as": "hr"},
    {"query": "gifts", "collections": ["hr"]},
    {"query": "gifts", **{f"k{n}": n for n in range(10_000)}},
    {"id": "d_0"},
    {},
    None,
]


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=range(len(ARGUMENTS)))
def test_hostile_arguments_are_refused_by_the_tool(lab: Lab, arguments: object) -> None:
    body = tool("search") | {"params": {"name": "search", "arguments": arguments}}
    reply = post(lab, body)
    result = reply.json["result"]
    assert (reply.status, result["isError"]) == (200, True)
    assert result["_meta"]["lockgate"]["code"] in {"invalid_request", "unknown_parameter"}
    assert "structuredContent" not in result
    assert len(reply.text) < 1000
    assert not [r for r in records(lab.lockgate, reply.headers["lockgate-request-id"]) if r.kind is Kind.RETRIEVAL]


@pytest.mark.parametrize(
    "id",
    [
        "../../etc/passwd",
        "d_",
        "d_" + "0" * 24,
        "hr/salaries.md",
        "brightwater/hr/salaries.md",
        "#0",
        "d_x#-1",
        "%00",
        "ä",
        "*",
        "d_x#" + "9" * 40,
        "x" * 64,
    ],
)
def test_ids_that_are_none_are_answered_like_any_other(lab: Lab, id: str) -> None:
    reply = post(lab, tool("fetch", id=id), person="hr")
    assert reply.json["result"]["isError"]
    assert reply.json["result"]["_meta"]["lockgate"]["code"] == "not_found"


def test_ids_of_the_wrong_type_are_refused(lab: Lab) -> None:
    for id in (7, None, ["d_1"], {"id": "d_1"}, "x" * 65, ""):
        assert post(lab, tool("fetch", id=id)).json["result"]["_meta"]["lockgate"]["code"] == "invalid_request"


def test_a_lying_header_changes_nothing_and_is_refused(lab: Lab) -> None:
    body = modern(name="search", arguments={"query": "gifts"})
    assert post(lab, body, NEW).status == 200
    for lie in ({"Mcp-Name": "fetch"}, {"Mcp-Method": "tools/list"}, {"MCP-Protocol-Version": "2025-11-25"}):
        reply = post(lab, body, NEW | lie)
        assert (reply.status, error(reply)) == (400, -32020)
        assert "35 EUR" not in reply.text
        assert not records(lab.lockgate, reply.headers["lockgate-request-id"])
    spoken = post(lab, body, NEW | {"MCP-Protocol-Version": "2031-01-01"})
    assert error(spoken) == -32020  # the body says otherwise
    unspoken = post(lab, tool("search", query="gifts"), {"MCP-Protocol-Version": "2031-01-01"})
    assert (unspoken.status, error(unspoken)) == (400, -32022)
    assert unspoken.json["error"]["data"]["requested"] == "2031-01-01"
    unknown = post(lab, modern("subscriptions/listen"), NEW | {"Mcp-Method": "subscriptions/listen"})
    assert error(unknown) == -32020  # Mcp-Name stands for nothing
    del (headers := dict(NEW))["Mcp-Name"]
    unknown = post(lab, modern("subscriptions/listen"), headers | {"Mcp-Method": "subscriptions/listen"})
    assert (unknown.status, error(unknown)) == (404, -32601)


def test_nothing_may_be_kept_by_anybody(lab: Lab) -> None:
    for method in ("server/discover", "tools/list"):
        headers = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method}
        reply = post(lab, modern(method), headers)
        assert (reply.json["result"]["ttlMs"], reply.json["result"]["cacheScope"]) == (0, "private")
        assert reply.headers["cache-control"] == "no-store"
    assert (
        post(lab, modern(name="search", arguments={"query": "gifts"}), NEW).headers["cache-control"] == "no-store"
    )


def test_notifications_do_nothing(lab: Lab) -> None:
    for method in ("notifications/initialized", "notifications/cancelled", "notifications/x"):
        reply = post(lab, {"jsonrpc": "2.0", "method": method, "params": {"requestId": 1}})
        assert (reply.status, reply.text) == (202, "")
    assert error(post(lab, {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "search"}})) == -32600


def test_hanging_up_stops_the_work(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found is neither recorded as shown nor remembered, since nobody was there to see it."""
    seen: list[str] = []

    async def slow(self: Retrieve, *args: object, **more: object) -> object:
        seen.append("began")
        try:
            await asyncio.sleep(20)
        except asyncio.CancelledError:
            seen.append("stopped")
            raise
        seen.append("went on")
        raise AssertionError

    monkeypatch.setattr(Retrieve, "run", slow)
    where = urlsplit(lab.url)
    body = json.dumps(tool("search", query="gifts"))
    head = f"POST /mcp HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {lab.token('staff')}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    connection = socket.create_connection((str(where.hostname), where.port or 0), timeout=5)
    connection.sendall((head + body).encode())
    _until(lambda: seen == ["began"])
    connection.close()
    _until(lambda: seen == ["began", "stopped"])


def _until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_neither_words_nor_time_tell_what_exists(demo: Running) -> None:
    hidden = [path for path in demo.stage.organization.documents if path.startswith("hr/")]

    def ask(path: str) -> Ask:
        return "POST", "/mcp", tool("fetch", id=document_id("brightwater", path))

    def unlike(answer: set[str]) -> set[str]:
        return {one.partition('"request_id"')[0] for one in answer}

    scores = []
    for _ in range(3):  # a busy machine may disturb one round, but no gap survives three
        score, there, absent = tell_apart(
            demo.url,
            demo.token("zoe"),
            lambda: ask(random.choice(hidden)),
            lambda: ask(f"hr/invented-{random.randrange(10**9)}.md"),
            120,
        )
        assert unlike(there) == unlike(absent)
        assert len(unlike(there)) == 1
        scores.append(score)
        if 0.4 < score < 0.6:
            return
    pytest.fail(f"told apart by time: AUC {scores}")
