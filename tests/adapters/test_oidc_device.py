"""The device login against a provider that misbehaves, and the file that keeps a login."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.oidc_parts import TestClock
from lockgate.adapters.oidc.device import Client, DeviceLogin, Tokens
from lockgate.adapters.oidc.store import TokenStore, valid_token
from lockgate.errors import AccessDenied, Invalid, LockgateError, Unauthenticated, Unavailable
from serving import free_socket, serving
from support import NOW

GOOD = {"access_token": "t1", "token_type": "bearer", "expires_in": 60, "refresh_token": "r1"}


class Scripted:
    """A provider that gives the answers that it is told to give, one after the other."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.begin: dict[str, object] = {
            "device_code": "d",
            "user_code": "AB-CD",
            "verification_uri": f"{address}/go",
            "expires_in": 100,
        }
        self.answers: list[tuple[int, object]] = []
        self.slept: list[float] = []
        self.forms: list[bytes] = []
        self.clock = TestClock()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.forward(seconds=seconds)

    async def metadata(self, request: Request) -> Response:
        paths = {
            f"{name}_endpoint": f"{self.address}/{name}"
            for name in ("token", "device_authorization", "revocation")
        }
        return JSONResponse({"issuer": self.address, **paths})

    async def device(self, request: Request) -> Response:
        self.forms.append(await request.body())
        return JSONResponse(self.begin, 400 if "error" in self.begin else 200)

    async def token(self, request: Request) -> Response:
        self.forms.append(await request.body())
        status, body = self.answers.pop(0)
        return Response(body, status) if isinstance(body, bytes) else JSONResponse(body, status)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.metadata),
                Route("/device_authorization", self.device, methods=["POST"]),
                Route("/token", self.token, methods=["POST"]),
                Route("/revocation", self.token, methods=["POST"]),
            ]
        )

    def client(self) -> Client:
        return Client(self.address, "cli", resource="https://gate.example.com")

    def login(self) -> Tokens:
        async def play() -> Tokens:
            async with aiohttp.ClientSession() as session:
                login = DeviceLogin(session, self.clock, self.client(), self.sleep)
                return await login.wait(await login.start())

        return asyncio.run(play())

    def refresh(self, tokens: Tokens) -> Tokens:
        async def play() -> Tokens:
            async with aiohttp.ClientSession() as session:
                return await DeviceLogin(session, self.clock, self.client()).refresh(tokens)

        return asyncio.run(play())


@contextmanager
def scripted() -> Iterator[Scripted]:
    with free_socket() as (sock, address):
        provider = Scripted(address)
        with serving(provider.app(), sock):
            yield provider


@pytest.fixture
def provider() -> Iterator[Scripted]:
    with scripted() as provider:
        yield provider


def error(code: str) -> tuple[int, object]:
    return 400, {"error": code}


def test_waiting_slowing_down_and_an_outage(provider: Scripted) -> None:
    provider.answers = [
        error("authorization_pending"),
        error("slow_down"),
        error("authorization_pending"),
        (502, b"<html>"),
        (200, GOOD),
    ]
    tokens = provider.login()
    assert (tokens.access_token, tokens.refresh_token) == ("t1", "r1")
    assert provider.slept == [5, 5, 10, 10, 20]
    assert all(b"resource=https%3A%2F%2Fgate.example.com" in form for form in provider.forms)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error("access_denied"), AccessDenied),
        (error("expired_token"), Unauthenticated),
        (error("invalid_grant"), Invalid),
        (error("\x1b[2Jcleared"), Invalid),
        ((200, {}), Unavailable),
        ((200, GOOD | {"token_type": "mac"}), Unavailable),
        ((200, GOOD | {"access_token": "a\nb"}), Unavailable),
        ((200, GOOD | {"expires_in": -1}), Unavailable),
        ((200, GOOD | {"expires_in": 1e300}), Unavailable),
        ((302, b""), Invalid),
    ],
)
def test_endings(provider: Scripted, answer: tuple[int, object], kind: type[LockgateError]) -> None:
    provider.answers = [answer]
    with pytest.raises(kind) as caught:
        provider.login()
    assert "\x1b" not in str(caught.value)


def test_it_gives_up_when_the_code_runs_out(provider: Scripted) -> None:
    provider.answers = [error("authorization_pending")] * 20
    with pytest.raises(Unauthenticated):
        provider.login()
    assert len(provider.answers) == 0


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"verification_uri": "http://evil.example.com"}, Unavailable),
        ({"verification_uri": "javascript:alert(1)"}, Unavailable),
        ({"user_code": None}, Unavailable),
        ({"interval": "soon"}, Unavailable),
        ({"error": "invalid_scope"}, Invalid),
    ],
)
def test_a_beginning_that_is_not_one(
    provider: Scripted, change: dict[str, object], kind: type[LockgateError]
) -> None:
    provider.begin |= change
    with pytest.raises(kind):
        provider.login()


def test_a_client_needs_a_safe_issuer_and_an_id() -> None:
    for issuer, client in (("http://id.example.com", "cli"), ("https://id.example.com", "")):
        with pytest.raises(Invalid):
            Client(issuer, client)


def tokens(client: Client, life: float = 3600, refresh: str = "r1") -> Tokens:
    return Tokens(client, "t0", NOW + timedelta(seconds=life), refresh)


def test_a_store_gives_back_what_it_was_given(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "a" / "lockgate")
    assert store.load() is None
    assert not store.delete()
    kept = tokens(Client("https://id.example.com", "cli"))
    store.save(kept)
    assert store.load() == kept
    assert store.delete()
    assert store.load() is None


def test_a_store_that_others_can_read_or_that_is_damaged(tmp_path: Path) -> None:
    store = TokenStore(tmp_path)
    store.save(tokens(Client("https://id.example.com", "cli")))
    path = tmp_path / "session.json"
    whole = json.loads(path.read_text())
    for damage in (
        "",
        "[]",
        "{}",
        json.dumps(whole | {"expires": "2099-01-01"}),
        json.dumps(whole | {"client": {}}),
    ):
        path.write_text(damage)
        assert store.load() is None
    path.chmod(0o644)
    with pytest.raises(Unavailable):
        store.load()


def test_a_token_is_renewed_when_little_time_is_left(provider: Scripted, tmp_path: Path) -> None:
    store = TokenStore(tmp_path)

    async def renew(old: Tokens) -> Tokens:
        async with aiohttp.ClientSession() as session:
            return await DeviceLogin(session, provider.clock, provider.client()).refresh(old)

    def give() -> str:
        with store.locked():
            return asyncio.run(valid_token(store, NOW, renew))

    with pytest.raises(Unauthenticated):
        give()
    store.save(tokens(provider.client()))
    assert give() == "t0"
    store.save(tokens(provider.client(), life=59))
    provider.answers = [(200, {k: v for k, v in GOOD.items() if k != "refresh_token"})]
    assert give() == "t1"
    kept = store.load()
    assert kept is not None
    assert (kept.access_token, kept.refresh_token) == ("t1", "r1")
    store.save(tokens(provider.client(), life=59))
    provider.answers = [error("invalid_grant")]
    with pytest.raises(Unauthenticated):
        give()
    store.save(replace(tokens(provider.client(), life=59), refresh_token=""))
    with pytest.raises(Unauthenticated):
        give()
