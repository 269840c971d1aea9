"""Any bytes at any door give an answer or a typed problem (I9): never a 500, a traceback, a hang.

Bounded by default. A long run: `HYPOTHESIS_PROFILE=nightly python -m pytest tests/edge/test_fuzz.py`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from e2e.lab import Lab, in_thread, opened, plant
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.demo.run import fetch_weights

pytestmark = pytest.mark.slow

QUESTION = "Up to what value may I accept gifts?"
VALID: dict[str, Any] = {
    "/v1/chat/completions": {
        "model": "assistant",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
            {"role": "assistant", "content": "Hello.", "refusal": None, "tool_calls": []},
            {"role": "user", "content": QUESTION},
        ],
        "temperature": 0.5,
        "max_tokens": 10,
        "stop": ["x"],
        "stream": False,
        "stream_options": None,
        "seed": 1,
        "n": 1,
        "user": "u",
        "response_format": {"type": "text"},
    },
    "/v1/responses": {
        "model": "assistant",
        "instructions": "Be brief.",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "Hello"}]},
            {
                "type": "message",
                "id": "msg_1",
                "status": "completed",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "Hello.", "annotations": [], "logprobs": []}],
            },
            {"role": "user", "content": QUESTION},
        ],
        "temperature": 0.5,
        "top_p": 1,
        "max_output_tokens": 10,
        "stream": False,
        "stream_options": None,
        "store": False,
        "text": {"format": {"type": "text"}},
        "truncation": "disabled",
        "user": "u",
    },
    "/v1/completions": {
        "model": "assistant",
        "prompt": [QUESTION],
        "temperature": 0.5,
        "max_tokens": 10,
        "stop": "x",
        "stream": False,
        "stream_options": None,
        "seed": 1,
        "n": 1,
        "best_of": 1,
        "echo": False,
        "user": "u",
    },
    "/v1/messages": {
        "model": "assistant",
        "max_tokens": 10,
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "5m"}}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "Hello.", "citations": None}]},
            {"role": "user", "content": QUESTION},
        ],
        "metadata": {"user_id": "u"},
        "stop_sequences": ["x"],
        "temperature": 0.5,
        "top_p": 1,
        "stream": False,
        "tools": [],
        "tool_choice": {"type": "none"},
        "thinking": {"type": "disabled"},
    },
    "/v1/embeddings": {
        "model": "vectors",
        "input": ["Hello", QUESTION],
        "dimensions": 384,
        "encoding_format": "base64",
        "user": "u",
    },
    "/v1/retrieve": {"query": QUESTION, "collections": ["brightwater"], "k": 3},
    "/v1/discover": {"query": QUESTION},
    "/v1/classify": {"texts": [{"id": 1, "text": QUESTION}, {"id": "b", "text": "card 4111 1111 1111 1111"}]},
    "/mcp": {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "search", "arguments": {"query": QUESTION}, "_meta": {"progressToken": 1}},
    },
    "/v1/reviews": {
        "document": "d_0",
        "version": "1",
        "sensitivity": "general",
        "readers": [["group:staff"]],
        "forbidden_uses": ["ai"],
        "broad": False,
        "reason": "the form is empty",
    },
    "/v1/reviews/rule": {"pattern": "nowhere/**", "proposed": "general", "sensitivity": "general"},
    "/v1/reviews/undo": {"id": "u_0", "reason": "a mistake"},
    "/v1/reviews/suggest": {"document": "d_0", "model": "assistant", "again": True},
    "/v1/findings": {
        "document": "d_0",
        "version": "1",
        "kind": "financial.card",
        "opinion": "rejected",
        "passage": 0,
        "start": 1,
        "end": 2,
        "reason": "a part number",
    },
    "/v1/exposure/fixes": {"fix": "f_0", "all": False, "hold": False, "apply": True},
    "/v1/documents/{document:path}/forget": {"allow_return": False},  # of a document that has this for a name
}
_PART = {"type": "user", "id": "staff", "properties": {"groups": ["group:hr"]}}
_QUESTION: dict[str, Any] = {
    "subject": _PART,
    "action": {"name": "read", "properties": {}},
    "resource": {"type": "document", "id": "brightwater/handbook/gifts.md"},
    "context": {"use": "open", "risk": "low", "assurance": 2, "purpose": "x", "supported_obligations": ["custom"]},
}
VALID |= {
    "/access/v1/evaluation": _QUESTION,
    "/access/v1/evaluations": _QUESTION
    | {"evaluations": [{}, {"action": {"name": "prompt"}}], "options": {"evaluations_semantic": "execute_all"}},
    **{
        f"/access/v1/search/{what}": _QUESTION | {"page": {"limit": 2}}
        for what in ("subject", "resource", "action")
    },
}
VECTORS = '[[models]]\nid = "vectors"\nkind = "embeddings"\nusers = ["everyone"]\nceiling = "restricted"\n'
PROFILE = settings(suppress_health_check=list(HealthCheck), deadline=None)
SPOKEN = {"anthropic-version": "2023-06-01"}
HANG = 20.0
"""Seconds after which a request counts as hanging; no request may take that long."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("fuzz")
    plant(folder)
    embedder = MiniLmEmbedder(fetch_weights(lambda _: None))
    with in_thread(lambda: opened(folder, embedder, models=VECTORS)) as made:
        yield made


@pytest.fixture(autouse=True)
def no_defect(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail where the server has logged a defect, whatever it answered."""
    with caplog.at_level(logging.ERROR):
        yield
    assert [record.getMessage() for record in caplog.records] == []


def test_every_post_route_is_fuzzed(lab: Lab) -> None:
    posts = {route.path for route in lab.lockgate.table() if "POST" in route.methods}  # type: ignore[attr-defined]
    assert posts == set(VALID)


async def _send(lab: Lab, many: list[tuple[str, bytes, dict[str, str]]]) -> None:
    """Post each, and hold every response against what may come back."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=HANG)) as session:
        for path, data, headers in many:
            async with session.post(lab.url + path, data=data, headers=headers) as response:
                text = await response.text()
                assert response.status < 500, (path, response.status, data[:500])
                assert "Traceback" not in text
                if response.status == 202:  # a notification, which has no answer
                    assert (path, text) == ("/mcp", "")
                    continue
                kind = response.headers["content-type"]
                if "event-stream" in kind:
                    continue
                body = json.loads(text)
                if response.status == 200:
                    continue
                error = body.get("error", body)
                code = error.get("details", {}).get("error_code") if path == "/v1/messages" else error.get("code")
                assert isinstance(code, str | int), (path, text)
                assert response.headers["lockgate-request-id"].startswith("req_")


def _headers(lab: Lab, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {lab.token('staff')}", "Content-Type": "application/json", **SPOKEN, **more}


@PROFILE
@given(st.sampled_from(sorted(VALID)), st.binary(max_size=300))
def test_any_bytes(lab: Lab, path: str, data: bytes) -> None:
    asyncio.run(_send(lab, [(path, data, _headers(lab))]))


ODD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["\x00", "\u202e", "a" * 2000, "☃", "../../etc/passwd", "d_" + "0" * 24, "${x}", "'; --"])
)
VALUES = st.recursive(ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner))


def _places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _places(inner, (*at, key))


def _changed(value: Any, at: tuple[Any, ...], to: Any, remove: bool) -> Any:
    if not at:
        return to
    copy = dict(value) if isinstance(value, dict) else list(value)
    if len(at) == 1 and remove:
        del copy[at[0]]
    else:
        copy[at[0]] = _changed(copy[at[0]], at[1:], to, remove)
    return copy


@PROFILE
@given(st.sampled_from(sorted(VALID)), st.data())
def test_a_valid_request_with_changes(lab: Lab, path: str, data: st.DataObject) -> None:
    body = VALID[path]
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.sampled_from(list(_places(body))))
        body = _changed(body, at, data.draw(VALUES), data.draw(st.booleans()))
        if isinstance(body, dict) and data.draw(st.booleans()):
            body = body | {data.draw(st.text(max_size=12)): data.draw(ODD)}
    raw = json.dumps(body, ensure_ascii=data.draw(st.booleans())).encode("utf-8", "surrogatepass")
    asyncio.run(_send(lab, [(path, raw, _headers(lab))]))


@PROFILE
@given(st.sampled_from(sorted(VALID)), st.data())
def test_a_valid_request_with_broken_bytes(lab: Lab, path: str, data: st.DataObject) -> None:
    raw = bytearray(json.dumps(VALID[path]).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw)))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    asyncio.run(_send(lab, [(path, bytes(raw), _headers(lab))]))


_HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=80)


@PROFILE
@given(
    st.sampled_from(sorted(VALID)),
    st.sampled_from(["Authorization", "Content-Type", "Lockgate-Purpose", "Content-Encoding", "Accept"]),
    _HEADER
    | _HEADER.map("Bearer {}".format)
    | st.sampled_from(["Bearer", "bearer  ", "Basic eDp5", "Bearer a.b.c"]),
)
def test_any_header(lab: Lab, path: str, name: str, value: str) -> None:
    asyncio.run(_send(lab, [(path, json.dumps(VALID[path]).encode(), _headers(lab, **{name: value}))]))


HEADS = (
    "/v1/documents/",
    "/v1/answers/",
    "/v1/exposure/findable/",
    "/v1/models/",
    "/v1/reviews/",
    "/v1/reviews?limit=",
)


@PROFILE
@given(st.text(max_size=60), st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"]))
def test_any_path(lab: Lab, tail: str, method: str) -> None:
    async def ask() -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=HANG)) as session:
            for head in (
                "/v1/documents/",
                "/v1/answers/",
                "/v1/exposure/findable/",
                "/v1/models/",
                "/v1/reviews/",
                "/v1/reviews?limit=",
            ):
                url = lab.url + head + quote(tail, safe="/", errors="replace")
                async with session.request(method, url, headers=_headers(lab), allow_redirects=False) as response:
                    assert response.status < 500, (url, response.status)
                    assert "Traceback" not in await response.text()

    asyncio.run(ask())


def _raw(lab: Lab, data: bytes) -> bytes:
    """Send bytes on a socket, close the sending side, and return what comes back until the server closes."""
    parts = urlsplit(lab.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=HANG) as raw:
        raw.settimeout(HANG)
        try:
            raw.sendall(data)
            raw.shutdown(socket.SHUT_WR)
            found = b""
            while chunk := raw.recv(65536):
                found += chunk
        except (ConnectionResetError, BrokenPipeError):
            return b""  # the server hung up on bytes that are no HTTP
    return found


@PROFILE
@given(st.data())
def test_any_bytes_on_the_socket(lab: Lab, data: st.DataObject) -> None:
    """Not even HTTP: torn heads, wrong lengths, smuggled requests."""
    body = json.dumps(VALID["/v1/retrieve"]).encode()
    lines = [
        "POST /v1/retrieve HTTP/1.1",
        "Host: x",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"Authorization: Bearer {lab.token('staff')}",
        "Connection: close",
    ]
    raw = bytearray("\r\n".join([*lines, "", ""]).encode() + body)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(raw)))
        raw[at : at + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=6))
    found = _raw(lab, bytes(raw))
    assert b" 500 " not in found.split(b"\r\n", 1)[0]
    assert b"Traceback" not in found


def test_it_still_serves(lab: Lab) -> None:
    rng = random.Random(1)
    body = json.dumps({"query": QUESTION, "k": rng.randint(1, 8)}).encode()
    asyncio.run(_send(lab, [("/v1/retrieve", body, _headers(lab))]))
