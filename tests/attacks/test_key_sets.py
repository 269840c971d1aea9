"""Key sets of a provider over HTTP that lie, stall, grow or change while tokens are checked."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from adapters.oidc_parts import SHARED_SECRET, TestClock, b64, claims, key, sign
from lockgate.adapters.oidc import OidcAuthenticator, OidcSettings
from lockgate.adapters.oidc.discovery import http_fetch, opened
from lockgate.errors import Unauthenticated, Unavailable

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def public(algorithm: str = "ES256", kid: str = "k1") -> dict[str, object]:
    return dict(key(algorithm, kid).as_dict(private=False))


@dataclass
class Provider:
    """A provider whose answers a test gives."""

    port: int = 0
    keys: list[object] = field(default_factory=lambda: [public()])
    answer: Answer | None = None
    asked: list[str] = field(default_factory=list)
    clock: TestClock = field(default_factory=TestClock)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def token(self, algorithm: str = "ES256", kid: str = "k1", **header: object) -> str:
        head = {"alg": algorithm, "typ": "at+jwt", "kid": kid} | header
        return sign(head, json.dumps(claims(iss=self.issuer)).encode(), key(algorithm, kid))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if request.path.endswith("openid-configuration"):
            return web.json_response({"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks"})
        if self.answer is not None:
            return await self.answer(request)
        return web.json_response({"keys": self.keys})


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Provider, OidcAuthenticator]]:
    provider = Provider()
    app = web.Application()
    app.router.add_get("/{rest:.*}", provider.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    provider.port = runner.addresses[0][1]
    settings = OidcSettings(provider.issuer, frozenset({str(claims()["aud"])}), groups_claim="groups")
    async with opened(provider.issuer) as session:
        made = OidcAuthenticator(settings, provider.clock, http_fetch(session))
        try:
            yield provider, made
        finally:
            await made.close()
            await runner.cleanup()


async def code(made: OidcAuthenticator, token: str) -> str:
    """Return the code of the refusal; an empty string if the token gets in. No refusal may quote the token."""
    try:
        await made.authenticate(token)
    except (Unauthenticated, Unavailable) as error:
        return "quoted" if token in f"{error} {error.remedy}" else error.code
    return ""


async def _stalls(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(30)
    raise AssertionError


async def _drips(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(300):
        await response.write(b" ")
        await asyncio.sleep(0.1)
    return response


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" " * 65536)


async def _bomb(_: web.Request) -> web.StreamResponse:
    body = gzip.compress(b" " * 200_000_000, 9)
    return web.Response(body=body, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})


async def _redirects(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/elsewhere")


async def _nonsense(_: web.Request) -> web.StreamResponse:
    return web.Response(body=b'{"keys":' + b"[" * 100_000)


async def _many(_: web.Request) -> web.StreamResponse:
    return web.json_response({"keys": [public()] + [{"kty": "oct"}] * 200})


@pytest.mark.parametrize("how", [_stalls, _drips, _endless, _bomb, _redirects, _nonsense, _many])
async def test_a_key_set_that_is_none_lets_nobody_in(how: Answer) -> None:
    async with served() as (provider, made):
        provider.answer = how
        began = time.monotonic()
        assert await code(made, provider.token()) == "unavailable"
        assert time.monotonic() - began < 8
        assert "/elsewhere" not in provider.asked


async def test_while_one_stalls_those_with_known_keys_come_in() -> None:
    async with served() as (provider, made):
        assert await code(made, provider.token()) == ""
        provider.answer = _stalls
        provider.clock.forward(minutes=6)
        token = sign(
            {"alg": "ES256", "typ": "at+jwt", "kid": "k1"},
            json.dumps(claims(iss=provider.issuer, jti="t-2")).encode(),
            key("ES256", "k1"),
        )
        began = time.monotonic()
        found = await asyncio.gather(*(code(made, token) for _ in range(20)))
        assert set(found) == {""}
        assert time.monotonic() - began < 4
        assert provider.asked.count("/jwks") == 2


async def test_a_key_that_is_gone_in_mid_flight_lets_nobody_in_any_more() -> None:
    """Tokens are checked while the set is exchanged: each is good under the one or the other, and never later."""
    async with served() as (provider, made):
        old, new = provider.token(), provider.token(kid="k2")
        assert await code(made, old) == ""
        provider.keys = [public(kid="k2")]
        provider.clock.forward(minutes=6)
        found = await asyncio.gather(*(code(made, token) for token in (old, new) * 10))
        assert set(found) <= {"", "unknown_key"}
        assert (await code(made, old), await code(made, new)) == ("unknown_key", "")


async def test_two_keys_of_one_name_are_none() -> None:
    async with served() as (provider, made):
        provider.keys = [public(), public("ES256", "k2") | {"kid": "k1"}]
        assert await code(made, provider.token()) == "unknown_key"


async def test_invented_names_of_keys_do_not_become_questions() -> None:
    async with served() as (provider, made):
        assert await code(made, provider.token()) == ""
        for kid in ("../../etc/passwd", "' OR '1'='1", "k1\x00", "\ud800", "k" * 5000, "http://169.254.169.254/"):
            for _ in range(5):
                head = {
                    "alg": "ES256",
                    "typ": "at+jwt",
                    "kid": kid,
                    "jku": f"{provider.issuer}/evil",
                    "x5u": "file:///",
                }
                assert await code(made, sign(head, b"{}", key("ES256", "k1"))) == "unknown_key"
        assert provider.asked.count("/jwks") <= 2
        assert not any("evil" in path for path in provider.asked)


async def test_algorithms_are_not_confused() -> None:
    """HS256 with the RSA key as its secret, PS with a key for RS, zeros for a curve, a token in a token, none."""
    async with served() as (provider, made):
        rsa = public("RS256", "r") | {"alg": "RS256"}
        provider.keys = [rsa, public()]
        good = provider.token("RS256", "r")
        assert await code(made, good) == ""
        _, payload, signature = good.split(".")
        for algorithm in ("PS256", "RS384", "ES256", "HS256", "none", "NONE", "nOnE"):
            other = b64(json.dumps({"alg": algorithm, "typ": "at+jwt", "kid": "r"}).encode())
            assert await code(made, f"{other}.{payload}.{signature}") in {"bad_algorithm", "unknown_key"}
            assert await code(made, f"{other}.{payload}.") in {"bad_algorithm", "unknown_key"}
        mixed = sign(
            {"alg": "PS256", "typ": "at+jwt", "kid": "r"},
            json.dumps(claims(iss=provider.issuer)).encode(),
            key("RS256", "r"),
        )
        assert await code(made, mixed) == "unknown_key"
        forged = sign({"alg": "HS256", "typ": "at+jwt", "kid": "r"}, b"{}", SHARED_SECRET)
        assert await code(made, forged) == "bad_algorithm"
        for zeros in (bytes(64), b"\x00" * 63 + b"\x01", bytes.fromhex("ff" * 64)):
            assert await code(made, f"{provider.token().rpartition('.')[0]}.{b64(zeros)}") == "bad_signature"
        for header in ({"crit": ["exp"]}, {"b64": False}, {"cty": "JWT"}, {"enc": "A256GCM", "alg": "dir"}):
            assert await code(made, provider.token() if not header else _with(provider, header)) in {
                "malformed_token",
                "bad_algorithm",
            }


def _with(provider: Provider, header: dict[str, object]) -> str:
    head = {"alg": "ES256", "typ": "at+jwt", "kid": "k1"} | header
    start = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims(iss=provider.issuer)).encode())}"
    return f"{start}.{b64(bytes(64))}"
