"""Other systems ask a running Lockgate over HTTP, with service keys and real tokens, and the real log has it."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from attacks.http import Reply, send
from e2e.lab import FILES, PEOPLE, Lab, in_thread, opened, plant, records
from lockgate.adapters.clock import SystemClock
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.adapters.service_keys import KeyFile, create
from lockgate.content.document import document_id

pytestmark = pytest.mark.slow
SALARIES = "brightwater/hr/salaries.md"
PORTAL = """
[[applications]]
id = "portal"
kind = "service"
collections = ["*"]
purposes = ["*"]
ceiling = "restricted"
"""


@pytest.fixture(scope="module", params=["enforce", "report"])
def lab(request: pytest.FixtureRequest, embedder: MiniLmEmbedder, tmp_path_factory: Any) -> Iterator[Lab]:
    """In report mode the gateway lets more through; others are told what policies decide all the same."""
    folder: Path = tmp_path_factory.mktemp("authzen")
    plant(folder)
    with in_thread(lambda: opened(folder, embedder, mode=request.param, models=PORTAL)) as made:
        yield made


def key(lab: Lab, *groups: str) -> str:
    file = KeyFile(lab.folder / "service-keys.json")
    return create(
        file, "portal", "hr", frozenset({"decide"}), frozenset(groups), timedelta(days=1), SystemClock().now()
    )[1]


def post(lab: Lab, token: str, what: str, body: Any) -> Reply:
    return send(lab.url, "POST", f"/access/v1/{what}", body, token=token)


def ask(person: str, action: str = "read", document: str = SALARIES, **context: Any) -> dict[str, Any]:
    return {
        "subject": {"type": "user", "id": person},
        "action": {"name": action},
        "resource": {"type": "document", "id": document},
        "context": {"use": "open"} | context,
    }


def test_an_enforcement_point_is_told_what_the_doors_would_do(lab: Lab) -> None:
    """Its answer for opening a document is what the person gets at `/v1/documents`, in enforce mode."""
    token = key(lab, "peps")
    for person in PEOPLE:
        for item in FILES:
            told = post(lab, token, "evaluation", ask(person, document=f"brightwater/{item}"))
            assert told.status == 200
            opens = send(
                lab.url, "GET", f"/v1/documents/{document_id('brightwater', item)}", token=lab.token(person)
            )
            assert told.json["decision"] == (opens.status == 200), (person, item)


def test_what_is_answered_is_in_the_log(lab: Lab) -> None:
    reply = post(lab, key(lab, "peps"), "evaluation", ask("hr"))
    assert reply.json == {"decision": True}
    found = records(lab.lockgate, reply.headers["lockgate-request-id"])
    assert [(one.action, one.effect) for one in found] == [
        ("administer", "permit"), ("administer", "deny"), ("evaluate.read", "permit")
    ]  # fmt: skip
    assert found[-1].subject == "service:portal"
    facts = dict(found[-1].facts)
    assert (facts["about"], facts["input.risk"], facts["source.risk"]) == ("user:hr", "high", "worst")


def test_a_person_asks_about_themselves_and_nobody_else(lab: Lab) -> None:
    for asker in PEOPLE:
        for person in PEOPLE:
            told = post(lab, lab.token(asker), "evaluation", ask(person)).json
            assert told == {"decision": asker == person == "hr"}
    assert post(lab, key(lab, "staff", "hr"), "evaluation", ask("hr")).json == {"decision": False}


def test_searches_over_http(lab: Lab) -> None:
    token = key(lab, "peps")
    readers = post(lab, token, "search/subject", ask("x", document="brightwater/handbook/gifts.md")).json
    assert {one["id"] for one in readers["results"]} == set(PEOPLE) - {"outsider"}
    found: list[str] = []
    body, page = ask("hr"), {"limit": 2}
    while True:
        answer = post(lab, token, "search/resource", body | {"page": page}).json
        found += [one["id"] for one in answer["results"]]
        if not answer["page"]["next_token"]:
            break
        page = {"token": answer["page"]["next_token"]}
    assert found == sorted(document_id("brightwater", item) for item in FILES)
    stolen = post(lab, lab.token("hr"), "search/resource", body | {"page": page})
    assert (stolen.status, stolen.json["code"]) == (400, "invalid_page_token")
    actions = post(lab, token, "search/action", ask("hr")).json["results"]
    assert actions == [{"name": "downgrade"}, {"name": "read"}]


def test_ai_reads_what_is_released(lab: Lab) -> None:
    """Also where the gateway only reports, in which case it would let through what the source allows."""
    token = key(lab, "peps")
    for item, permits in (("handbook/gifts.md", True), ("loose/plan.md", False), ("noai/minutes.md", False)):
        body = ask("staff", document=f"brightwater/{item}", use="ai")
        assert post(lab, token, "evaluation", body).json["decision"] is permits


def test_a_change_of_the_directory_counts_at_the_next_question(lab: Lab) -> None:
    token, listed = key(lab, "peps"), lab.folder / "directory.toml"
    assert post(lab, token, "evaluation", ask("hr")).json["decision"] is True
    before = listed.read_text()
    listed.write_text(before.replace('[people.hr]\ngroups = ["hr"]', '[people.hr]\ngroups = ["sales"]'))
    try:
        wait_until(lambda: post(lab, token, "evaluation", ask("hr")).json["decision"] is False)
    finally:
        listed.write_text(before)
        wait_until(lambda: post(lab, token, "evaluation", ask("hr")).json["decision"] is True)


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.1)


def test_the_callers_id_comes_back_byte_by_byte(lab: Lab) -> None:
    host, port = str(urlsplit(lab.url).hostname), int(urlsplit(lab.url).port or 0)
    body = json.dumps(ask("hr")).encode()
    head = (
        f"POST /access/v1/evaluation HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {lab.token('hr')}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\nX-Request-ID: "
    ).encode()
    with socket.create_connection((host, port), 20) as connection:
        connection.sendall(head + b"caf\xe9 \xff;=1\r\n\r\n" + body)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"x-request-id: caf\xe9 \xff;=1\r\n" in answer.lower()


def test_metadata_names_the_configured_address(lab: Lab) -> None:
    reply = send(lab.url, "GET", "/.well-known/authzen-configuration", headers={"Host": "evil.example"})
    assert reply.json["policy_decision_point"] == lab.url
    assert reply.json["search_action_endpoint"] == f"{lab.url}/access/v1/search/action"


def test_other_routes_below_are_none(lab: Lab) -> None:
    for method, path in (
        ("POST", "/access/v1/other"),
        ("GET", "/access/v1/evaluation"),
        ("POST", "/access/v2/evaluation"),
    ):
        assert send(lab.url, method, path, {} if method == "POST" else None, token=lab.token("hr")).status in {
            404,
            405,
        }
