"""The demonstration's page hands out everybody's tokens, so no other site may reach it through a browser."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette

from lockgate.demo.page_routes import PageApi
from lockgate.edge.body import Limits
from serving import free_socket, serving

KEY = "a-key-of-this-run"
CHANGES = [
    ("POST", "/page/token", {"person": "ann"}),
    ("POST", "/page/membership", {"person": "ann", "group": "hr", "member": True}),
    ("POST", "/page/drop?name=a.txt&person=ann&audience=staff", {}),
]
READS = [("GET", "/page/state", None), ("GET", "/page/exposure", None)]


class Ground:
    """A host of the page that notes what reached it."""

    def __init__(self) -> None:
        self.reached: list[str] = []

    def _note(self, what: str) -> dict[str, Any]:
        self.reached.append(what)
        return {"token": "t0ken"}

    def state(self) -> dict[str, Any]:
        return self._note("state")

    async def token(self, person: str, /) -> dict[str, Any]:
        return self._note("token")

    async def set_membership(self, person: str, group: str, member: bool, /) -> None:
        self._note("membership")

    async def drop(self, name: str, data: bytes, person: str, audience: str, /) -> dict[str, Any]:
        return self._note("drop")

    async def exposure(self) -> list[dict[str, Any]]:
        return [self._note("exposure")]


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, Ground]]:
    ground = Ground()
    with free_socket() as (bound, url), serving(Starlette(routes=PageApi(ground, Limits(), KEY).routes()), bound):
        yield url.removeprefix("http://"), ground


@pytest.fixture
def place(served: tuple[str, Ground]) -> tuple[str, Ground]:
    served[1].reached.clear()
    return served


def ask(
    place: str, method: str, path: str, body: object, **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection(place, timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    payload = None if body is None else json.dumps(body).encode()
    connection.request(method, path, payload, {"Content-Type": "application/json"} | named)
    answer = connection.getresponse()
    found = answer.status, answer.headers, answer.read()
    connection.close()
    return found


@pytest.mark.parametrize(("method", "path", "body"), [*CHANGES, *READS])
def test_the_pages_own_requests_pass(place: tuple[str, Ground], method: str, path: str, body: object):
    status, _, _ = ask(place[0], method, path, body, Lockgate_Demo=KEY)
    assert status == 200
    assert place[1].reached


@pytest.mark.parametrize(("method", "path", "body"), [*CHANGES, *READS])
@pytest.mark.parametrize("name", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.", ""])
def test_a_name_that_was_rebound_to_this_machine_reaches_nothing(
    place: tuple[str, Ground], method: str, path: str, body: object, name: str
):
    status, _, text = ask(place[0], method, path, body, Lockgate_Demo=KEY, Host=name)
    assert status == 403
    assert b"t0ken" not in text
    assert not place[1].reached


@pytest.mark.parametrize(("method", "path", "body"), [*CHANGES, *READS])
def test_a_request_that_another_site_can_send_reaches_nothing(
    place: tuple[str, Ground], method: str, path: str, body: object
):
    """Without asking first, a page of another site can send plain requests, but no header of its own."""
    status, _, text = ask(place[0], method, path, body, Origin="https://evil.example")
    assert status == 403
    assert b"t0ken" not in text
    assert not place[1].reached


def test_no_other_site_is_told_that_it_may_send_the_header(place: tuple[str, Ground]):
    asked = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "lockgate-demo"}
    status, headers, _ = ask(place[0], "OPTIONS", "/page/token", None, Origin="https://evil.example", **asked)
    assert status == 405
    assert not [name for name in headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("path", ["/", "/page/app.js"])
def test_the_page_runs_nothing_foreign_and_is_framed_by_nobody(place: tuple[str, Ground], path: str):
    status, headers, _ = ask(place[0], "GET", path, None)
    assert status == 200
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert ask(place[0], "GET", path, None, Host="evil.example")[0] == 403
