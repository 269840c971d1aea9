"""Bodies that are cheap to send and dear to read: deep, wide, huge and odd values at every place of each."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from attacks.http import Reply, send
from e2e.lab import Lab, in_thread, opened, plant
from edge.test_fuzz import VALID, _changed, _places
from lockgate.adapters.embed_onnx import MiniLmEmbedder

pytestmark = pytest.mark.slow
SECONDS = 5.0
VECTORS = '[[models]]\nid = "vectors"\nkind = "embeddings"\nusers = ["everyone"]\nceiling = "restricted"\n'
MARK = "@@@"

DEEP = b"[" * 1000 + b"]" * 1000
BOMBS: dict[str, bytes] = {
    "deep lists": DEEP,
    "deep objects": b'{"a":' * 900 + b"1" + b"}" * 900,
    "deeper than any reader takes": b"[" * 400_000,
    "100,000 keys": json.dumps({f"k{n}": 0 for n in range(60_000)}).encode(),
    "200,000 numbers": b"[" + b"0," * 200_000 + b"0]",
    "a number of 100,000 digits": b"9" * 100_000,
    "a large number": b"1" + b"0" * 308,
    "a larger number": b"1e400",
    "not a number": b"NaN",
    "a lone surrogate": b'"\\ud800"',
    "a surrogate in UTF-8": b'"\xed\xa0\x80"',
    "bytes that are no UTF-8": b'"\xff\xfe"',
    "NUL": b'"a\\u0000b"',
    "an override": '"\u202e\u2066\u200b\ufeff\U000e0041"'.encode(),
    "900 kB of marks": b'"' + "\u0344".encode() * 390_000 + b'"',
    "900 kB of one letter": b'"' + b"a" * 900_000 + b'"',
    "twice the same key": b'{"id":"a","id":"b","type":"x","type":"y"}',
}


@pytest.fixture(scope="module")
def lab(embedder: MiniLmEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("bombs")
    plant(folder)
    with in_thread(lambda: opened(folder, embedder, models=VECTORS)) as made:
        yield made


@pytest.fixture(autouse=True)
def no_defect(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail where the server has logged a defect, whatever it answered."""
    with caplog.at_level(logging.ERROR):
        yield
    assert [record.getMessage() for record in caplog.records] == []


def post(lab: Lab, path: str, body: bytes, **headers: str) -> Reply:
    shown = {"Content-Type": "application/json", "anthropic-version": "2023-06-01"} | headers
    began = time.monotonic()
    reply = send(lab.url, "POST", path, body, token=lab.token("admin"), headers=shown)
    assert time.monotonic() - began < SECONDS, (path, body[:80])
    assert reply.status < 500, (path, reply.text[:300], body[:80])
    assert "Traceback" not in reply.text
    return reply


@pytest.mark.parametrize("bomb", BOMBS)
def test_at_every_place_of_every_body(lab: Lab, bomb: str) -> None:
    for path, valid in VALID.items():
        if path.endswith("/forget"):
            continue
        places = list(_places(valid))
        if len(BOMBS[bomb]) > 10_000:  # the dear ones at the top, and at one place each below it
            places = [place for place in places if len(place) < 2]
        for place in places:
            whole = json.dumps(_changed(valid, place, MARK, False)).encode()
            post(lab, path, whole.replace(f'"{MARK}"'.encode(), BOMBS[bomb], 1))


def test_100_000_unknown_fields(lab: Lab) -> None:
    for path, valid in VALID.items():
        more: dict[str, Any] = {f"x{n}": None for n in range(60_000)}
        if isinstance(valid, dict) and not path.endswith("/forget"):
            post(lab, path, json.dumps(more | valid).encode())


NAMES = (
    *("\u202etxet", "a\u0000b", "\ud800", "\U0001f512" * 50, "..", "a/../b", "K\u0301" * 100),
    *("'; --", "%00", "{x}"),
)
PATHS = (
    *("/v1/models/@", "/v1/documents/@", "/v1/documents/@/why?as=@&application=@", "/v1/reviews/@"),
    *("/v1/reviews/@/passages/0", "/v1/answers/@/proof", "/v1/exposure/findable/@"),
    *("/v1/audit/records?user=@&model=@", "/v1/audit/proof?index=@"),
)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_any_script_in_every_name(lab: Lab, name: str) -> None:
    """Of models, documents, people, purposes, in bodies, paths, queries and headers."""
    shown = quote(name.encode("utf-8", "surrogatepass"), safe="")
    body = json.dumps({"model": name, "messages": [{"role": "user", "content": name}]}).encode()
    post(lab, "/v1/chat/completions", body)
    for path in PATHS:
        for who in ("staff", "admin", "auditor"):
            reply = send(lab.url, "GET", path.replace("@", shown), token=lab.token(who))
            assert reply.status < 500, (path, reply.text)
    raw = name.encode("utf-8", "surrogatepass").replace(b"\0", b"").decode("latin-1")
    post(lab, "/v1/retrieve", b'{"query":"gifts"}', **{"Lockgate-Purpose": raw})
    part = {"type": "document", "id": name}
    seen = {"subject": part | {"type": name}, "action": {"name": name}, "resource": part}
    for path in ("evaluation", "search/subject", "search/resource", "search/action"):
        post(lab, f"/access/v1/{path}", json.dumps(seen).encode())
