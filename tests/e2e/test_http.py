"""The gateway as bytes on a socket: curl, malformed bodies, hang-ups, and what strangers learn."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from typing import Any

import pytest

from e2e.conftest import Running
from lockgate.content.document import document_id

pytestmark = [pytest.mark.slow, pytest.mark.needs_curl]
QUESTION = "Up to what value may I accept gifts from suppliers?"


def curl(demo: Running, path: str, *args: str, token: str = "", data: str = "") -> tuple[int, dict[str, str], str]:
    """Return status, headers and body as the real curl sees them."""
    command = ["curl", "-s", "-i", "--max-time", "60", *args, demo.url + path]
    if token:
        command += ["-H", f"Authorization: Bearer {token}"]
    out = subprocess.run(command, capture_output=True, check=True, timeout=90, input=data.encode()).stdout.decode()
    head, _, body = out.partition("\r\n\r\n")
    lines = head.split("\r\n")
    headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:])}
    return int(lines[0].split()[1]), headers, body


def post(
    demo: Running, body: Any, token: str, path: str = "/v1/chat/completions"
) -> tuple[int, dict[str, str], str]:
    data = body if isinstance(body, str) else json.dumps(body)
    headers = ("-H", "Content-Type: application/json", "-H", "Expect:")
    return curl(demo, path, *headers, "--data-binary", "@-", token=token, data=data)


def chat(text: str = QUESTION, **more: Any) -> dict[str, Any]:
    return {"model": "assistant", "messages": [{"role": "user", "content": text}], **more}


def test_curl_gets_an_answer_with_its_label(demo: Running) -> None:
    status, headers, body = post(demo, chat(), demo.token("erik"))
    assert status == 200
    assert "35 EUR" in json.loads(body)["choices"][0]["message"]["content"]
    assert headers["lockgate-label"].startswith("general; v=1; l=")
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "invalid_json"),
        ("{", "invalid_json"),
        ("[]", "invalid_json"),
        ('"x"', "invalid_json"),
        ('{"model": "assistant"}', "invalid_type"),
        ('{"model": "assistant", "messages": [{"role": "user", "content": "\\ud800"}]}', "invalid_json"),
        ("[" * 5000, "invalid_json"),
        ('{"a":' * 3000, "invalid_json"),
    ],
)
def test_malformed_bodies_are_typed_400s(demo: Running, body: str, code: str) -> None:
    status, headers, text = post(demo, body, demo.token("erik"))
    assert (status, json.loads(text)["error"]["code"]) == (400, code)
    assert headers["content-type"] == "application/json"


def test_another_content_type_is_refused(demo: Running) -> None:
    status, _, text = curl(
        demo, "/v1/chat/completions", "--data-binary", json.dumps(chat()), token=demo.token("erik")
    )
    assert (status, json.loads(text)["error"]["code"]) == (400, "unsupported_media_type")


def test_a_body_over_the_limit_is_413(demo: Running) -> None:
    status, _, text = post(demo, chat("x" * 900_000), demo.token("erik"))
    assert (status, json.loads(text)["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize("token", ["", "garbage", "eyJhbGciOiJub25lIn0.e30."])
@pytest.mark.parametrize(
    "path", ["/v1/models", "/v1/documents/d_x", "/v1/answers/req_x/proof", "/v1/models/assistant"]
)
def test_every_route_wants_a_token(demo: Running, path: str, token: str) -> None:
    status, headers, text = curl(demo, path, token=token)
    assert status == 401
    assert headers["www-authenticate"].startswith("Bearer ")
    assert ("error=" in headers["www-authenticate"]) == bool(token)
    assert not token or token not in text


def test_strangers_cannot_tell_what_exists(demo: Running) -> None:
    """An existing and an invented document, answer, project: byte for byte the same refusal."""
    secret = document_id("brightwater", next(p for p in demo.stage.organization.documents if p.startswith("hr/")))
    seen = []
    for document in (secret, "d_" + "0" * 24):
        status, _, text = curl(demo, f"/v1/documents/{document}", token=demo.token("zoe"))
        seen.append((status, {k: v for k, v in json.loads(text).items() if k != "request_id"}))
    assert seen[0] == seen[1]
    assert seen[0][0] == 404


def test_somebody_elses_proof_looks_like_none(demo: Running) -> None:
    _, _, body = post(demo, chat(), demo.token("erik"))
    mine = json.loads(body)["lockgate"]["request_id"]
    status, _, text = curl(demo, f"/v1/answers/{mine}/proof", token=demo.token("erik"))
    proof = json.loads(text)
    assert status == 200
    assert {json.loads(e["event"])["unmapped"]["lockgate"]["kind"] for e in proof["events"]} >= {
        "decision",
        "answer",
    }
    seen = []
    for request_id in (mine, "req_" + "0" * 24):
        status, _, text = curl(demo, f"/v1/answers/{request_id}/proof", token=demo.token("zoe"))
        seen.append((status, {k: v for k, v in json.loads(text).items() if k != "request_id"}))
    assert seen[0] == seen[1]


def test_an_unknown_route_is_a_problem(demo: Running) -> None:
    status, headers, text = curl(demo, "/v1/nothing", token=demo.token("erik"))
    assert (status, json.loads(text)["code"]) == (404, "unknown_route")
    assert headers["content-type"] == "application/problem+json"


def test_a_reader_who_hangs_up_is_recorded(demo: Running) -> None:
    """A raw socket sends a streamed request, reads the first bytes and closes."""
    body = json.dumps(chat(model="assistant-small", stream=True, max_tokens=200, temperature=0)).encode()
    host, _, port = demo.url.removeprefix("http://").partition(":")
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {demo.token('bruno')}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=60) as raw:
        raw.sendall(head.encode() + body)
        first = raw.recv(4096)
    request_id = next(
        line.partition(": ")[2]
        for line in first.decode().split("\r\n")
        if line.lower().startswith("lockgate-request-id")
    )
    outcomes: list[str] = []
    for _ in range(100):
        entries = demo.stage.lockgate.log.by_request(request_id)
        outcomes = [e.record.outcome for e in entries if e.record.kind.value == "outcome"]
        if outcomes:
            break
        time.sleep(0.1)
    assert outcomes in (["cut_off"], ["failed"])


def test_half_a_request_does_not_hold_the_server(demo: Running) -> None:
    host, _, port = demo.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        status, _, _ = curl(demo, "/healthz")
        assert status == 200


def test_a_wrong_method_is_405_and_says_which_are_right(demo: Running) -> None:
    for path in ("/v1/chat/completions", "/v1/models"):
        status, headers, text = curl(demo, path, "-X", "DELETE", token=demo.token("erik"))
        body = json.loads(text)
        assert (status, body.get("code") or body["error"]["code"]) == (405, "method_not_allowed")
        assert headers["allow"]
