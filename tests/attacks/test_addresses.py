"""Addresses to which nothing may be sent: as they are written, when they are looked up, and by redirects."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from opentelemetry.sdk.trace.export import SpanExportResult

from lockgate.adapters.oidc.discovery import http_fetch, opened
from lockgate.adapters.openai_upstream import Configured, OpenAiUpstream, OpenAiVectors
from lockgate.adapters.telemetry.export import OtlpHttp
from lockgate.config import parse
from lockgate.errors import Invalid, Unavailable
from lockgate.labels.label import Label
from lockgate.labels.labeled import Labeled
from lockgate.ports import Message, Prompt

MODEL = '[[models]]\nid = "m"\nmodel = "m"\nplain_http = true\nbase_url = "{}"\n'
ISSUER = '[identity]\nissuer = "{}"\naudience = "a"\n'


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/v1", "http://[::ffff:169.254.169.254]/v1", "https://metadata.google.internal/v1"],
)
@pytest.mark.parametrize("section", [MODEL, ISSUER])
def test_a_configuration_that_points_there_is_refused_with_its_line(section: str, url: str) -> None:
    with pytest.raises(Invalid, match=r"lockgate\.toml:\d+"):
        parse(section.format(url), Path("/x/lockgate.toml"))


@asynccontextmanager
async def here(status: int = 200, location: str = "") -> AsyncIterator[tuple[int, list[str]]]:
    """Serve something on loopback that trusts this machine; yield its port and what it was asked."""
    asked: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append(f"{request.path} {request.headers.get('Authorization', '')}")
        return web.json_response({}, status=status, headers={"Location": location} if location else {})

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1], asked
    finally:
        await asyncio.sleep(0.05)  # a caller that hung up at once is accepted in the loop's next turns
        await runner.cleanup()
        await asyncio.sleep(0.01)  # and what is closed, in those after it


async def _ask(url: str) -> None:
    """Ask a chat model and a model of vectors at an address."""
    said = Message("user", Labeled("Hi", Label()))
    chat = OpenAiUpstream("m", Configured(url, plain_http=True))
    vectors = OpenAiVectors("m", Configured(url, plain_http=True))
    try:
        with pytest.raises(Unavailable):
            async for _ in chat.generate(Prompt("", (said,))):
                pass
        with pytest.raises(Unavailable):
            await vectors.vectors(["a"], None, ())
    finally:
        await chat.close()
        await vectors.close()


NAMES = ["2130706433", "0x7f000001", "127.1", "017700000001"]
"""Loopback, in spellings that are names to a URL and addresses to the resolver: no name server is needed."""


@pytest.mark.parametrize("name", NAMES)
async def test_a_name_that_leads_to_this_machine_reaches_nothing_here(name: str) -> None:
    async with here() as (port, asked):
        await _ask(f"http://{name}:{port}/v1")
        assert asked == []


@pytest.mark.parametrize("name", [*NAMES, "localhost"])
async def test_traces_and_their_token_follow_the_same_rule(name: str, tmp_path: Path) -> None:
    """The receiver was looked at as it was written, and not where its name led."""
    token = tmp_path / "token"
    token.write_text("secret")
    async with here() as (port, asked):
        sent = await asyncio.to_thread(OtlpHttp(f"http://{name}:{port}/v1/traces", token).export, [])
        wanted = ["/v1/traces Bearer secret"] if name == "localhost" else []
        assert asked == wanted
        assert (sent is SpanExportResult.SUCCESS) is (name == "localhost")


async def test_what_says_that_it_is_this_machine_is_asked() -> None:
    async with here(500) as (port, asked):
        await _ask(f"http://localhost:{port}/v1")
        assert [one.split()[0] for one in asked] == ["/v1/chat/completions", "/v1/embeddings"]


async def test_a_name_whose_answer_changes_is_held_against_the_rule_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS rebinding: the first look at a name said nothing bad."""
    real = socket.getaddrinfo
    answers = ["169.254.169.254", "127.0.0.1", "0.0.0.0", "::ffff:127.0.0.1"]

    async with here() as (port, asked):
        for answer in answers:

            def resolve(host: str, *more: Any, answer: str = answer, **named: Any) -> object:
                return real(answer if host == "models.example.com" else host, *more, **named)

            monkeypatch.setattr(socket, "getaddrinfo", resolve)
            await asyncio.wait_for(_ask(f"http://models.example.com:{port}/v1"), 10)
        assert asked == []


@pytest.mark.parametrize("name", NAMES)
async def test_metadata_of_an_issuer_leads_to_nothing_here(name: str) -> None:
    """A provider, or whoever took it over, that names an address of this machine as its `jwks_uri`."""
    async with here() as (port, asked), opened("https://id.example.com") as session:
        with pytest.raises(Unavailable):
            await http_fetch(session)(f"http://{name}:{port}/admin")
        with pytest.raises(Unavailable):
            await http_fetch(session)(f"http://127.0.0.1:{port}/admin")
        assert asked == []


async def test_an_issuer_on_this_machine_is_asked_and_keeps_no_cookie() -> None:
    async with here() as (port, asked), opened(f"http://127.0.0.1:{port}") as session:
        await http_fetch(session)(f"http://127.0.0.1:{port}/keys")
        assert len(asked) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed_by_nobody(tmp_path: Path, status: int) -> None:
    """Neither with a key nor without, to no host, by no client of ours."""
    (tmp_path / "key").write_text("sk-zanzibar")
    async with here() as (other, elsewhere), here(status, f"http://127.0.0.1:{other}/v1") as (port, _):
        url = f"http://127.0.0.1:{port}/v1"
        vectors = OpenAiVectors("m", Configured(url, key_file=tmp_path / "key"))
        with pytest.raises(Unavailable):
            await vectors.vectors(["a"], None, ())
        await vectors.close()
        await _ask(url)
        async with opened(url) as session:
            with pytest.raises(Unavailable):
                await http_fetch(session)(url)
        assert elsewhere == []
