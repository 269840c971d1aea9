"""The demo's issuer: its tokens against the gateway's authenticator, its device flow over HTTP, its fence."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from adapters.oidc_parts import TestClock
from lockgate.adapters.directory_file import DirectoryFile, parse
from lockgate.adapters.oidc import OidcAuthenticator, open_oidc
from lockgate.cli.main import main
from lockgate.demo.issuer import DemoIssuer, TokenKind
from lockgate.errors import Invalid, NotFound, Unauthenticated
from lockgate.policy.model import Risk
from serving import free_socket, serving

PEOPLE = """
[people.ann]
name = "Ann <b>Kessler</b>"
groups = ["hr"]
[people.bea]
active = false
"""
BOOK = DirectoryFile(Path("directory.toml"), parse(PEOPLE.encode(), "directory.toml"), (0, 0, 0))
AUDIENCE = "http://127.0.0.1:8080"


class Now:
    """The time of day, which a test can move."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


@pytest.fixture
def clock() -> Now:
    return Now()


@pytest.fixture
def served(clock: Now) -> Iterator[DemoIssuer]:
    with free_socket() as (sock, address):
        issuer = DemoIssuer.start(f"{address}/idp", AUDIENCE, BOOK, clock)
        with serving(Starlette(routes=[Mount("/idp", issuer.app())]), sock):
            yield issuer


def in_memory() -> tuple[DemoIssuer, OidcAuthenticator]:
    clock = TestClock()
    issuer = DemoIssuer.start("http://127.0.0.1:1/idp", AUDIENCE, BOOK, clock)
    return issuer, OidcAuthenticator(issuer.settings, clock, issuer.fetch, BOOK)


def test_a_token_of_a_person() -> None:
    issuer, auth = in_memory()
    subject = asyncio.run(auth.authenticate(issuer.mint("ann")))
    assert subject.principal.name == "user:ann"
    assert subject.principal.groups == {"group:hr"}
    assert (subject.session.assurance, subject.session.risk) == (1, Risk.LOW)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (TokenKind.EXPIRED, "token_expired"),
        (TokenKind.FORGED, "bad_signature"),
        (TokenKind.AUDIENCE, "wrong_audience"),
        (TokenKind.NONE, "bad_algorithm"),
    ],
)
def test_tokens_of_the_story_are_refused_each_with_its_reason(kind: TokenKind, code: str) -> None:
    issuer, auth = in_memory()
    with pytest.raises(Unauthenticated) as caught:
        asyncio.run(auth.authenticate(issuer.mint("ann", kind)))
    assert caught.value.code == code


def test_a_restart_ends_every_token() -> None:
    issuer, _ = in_memory()
    _, auth = in_memory()
    with pytest.raises(Unauthenticated) as caught:
        asyncio.run(auth.authenticate(issuer.mint("ann")))
    assert caught.value.code == "bad_signature"


def test_nobody_gets_no_token_and_a_closed_account_does_not_get_in() -> None:
    issuer, auth = in_memory()
    with pytest.raises(NotFound):
        issuer.mint("zoe")
    with pytest.raises(Unauthenticated):
        asyncio.run(auth.authenticate(issuer.mint("bea")))


@pytest.mark.parametrize(
    "address", ["https://id.example.com", "http://0.0.0.0:1", "http://10.0.0.1", "http://x", ""]
)
def test_it_runs_on_this_machine_only(address: str) -> None:
    with pytest.raises(Invalid):
        DemoIssuer.start(address, AUDIENCE, BOOK, TestClock())


async def confirm(address: str, code: str, person: str, **headers: str) -> int:
    """Press a person's button, as a browser does."""
    async with aiohttp.ClientSession() as session:
        form = {"user_code": code, "person": person}
        async with session.post(address, data=form, headers=headers) as answer:
            return answer.status


def test_login_token_and_logout_end_to_end(
    served: DemoIssuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`lockgate login` against the issuer over HTTP, confirmed by a person, then the token at the gateway."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    config = tmp_path / "lockgate.toml"
    config.write_text(f'[identity]\nissuer = "{served.issuer}"\nclient_id = "cli"\n')
    statuses: list[int] = []

    def person() -> None:
        for _ in range(500):
            waiting = list(served._waiting.values())
            if waiting:
                statuses.append(
                    asyncio.run(confirm(f"{served.issuer}/device", waiting[0].user_code.lower(), "ann"))
                )
                return
            threading.Event().wait(0.01)

    thread = threading.Thread(target=person)
    thread.start()
    assert main(["login", "--config", str(config)]) == 0
    thread.join()
    assert statuses == [200]
    assert re.search(r"Open http://127\S+/device\?user_code=[A-Z]{4}-[A-Z]{4}", capsys.readouterr().err)
    session = tmp_path / "lockgate" / "session.json"
    assert session.stat().st_mode & 0o777 == 0o600
    assert session.parent.stat().st_mode & 0o777 == 0o700
    assert main(["token"]) == 0
    text = capsys.readouterr().out.strip()

    async def use() -> str:
        async with open_oidc(served.settings, Now(), BOOK) as auth:
            return (await auth.authenticate(text)).principal.name

    assert asyncio.run(use()) == "user:ann"
    assert main(["logout"]) == 0
    assert not session.exists()
    assert main(["token"]) == 2
    assert "lockgate login" in capsys.readouterr().err


async def post(address: str, **form: str) -> tuple[int, dict[str, object]]:
    async with aiohttp.ClientSession() as session, session.post(address, data=form) as answer:
        return answer.status, await answer.json()


def test_the_device_flow_says_no_as_the_standard_does(served: DemoIssuer, clock: Now) -> None:
    grant = "urn:ietf:params:oauth:grant-type:device_code"

    async def play() -> None:
        async def ask(code: object, client: str = "cli") -> object:
            form = {"grant_type": grant, "device_code": str(code), "client_id": client}
            return (await post(f"{served.issuer}/token", **form))[1].get("error")

        assert (await post(f"{served.issuer}/device_authorization"))[1] == {"error": "invalid_client"}
        assert (await post(f"{served.issuer}/token", grant_type="password"))[1] == {
            "error": "unsupported_grant_type"
        }
        _, begun = await post(f"{served.issuer}/device_authorization", client_id="cli")
        code = begun["device_code"]
        assert await ask("x") == "invalid_grant"
        assert await ask(code, "other") == "invalid_grant"
        assert await ask(code) == "authorization_pending"
        assert await ask(code) == "slow_down"
        page, user_code = f"{served.issuer}/device", str(begun["user_code"])
        assert await confirm(page, user_code, "ann", Origin="https://evil.example.com") == 403
        assert await confirm(page, user_code, "ann", Origin="null") == 403
        assert await confirm(page, "AAAA-AAAA", "ann") == 400
        assert await confirm(page, user_code, "zoe") == 400
        assert await confirm(page, user_code, "bea") == 400
        assert await confirm(page, "x" * 10000, "ann") == 400
        clock.offset += timedelta(seconds=2)
        assert await ask(code) == "authorization_pending"
        clock.offset += timedelta(minutes=11)
        assert await ask(code) == "expired_token"
        assert await confirm(page, user_code, "ann") == 400

    asyncio.run(play())


def test_a_code_is_good_for_one_person_and_one_token(served: DemoIssuer) -> None:
    async def play() -> None:
        _, begun = await post(f"{served.issuer}/device_authorization", client_id="cli")
        page, user_code = f"{served.issuer}/device", str(begun["user_code"])
        assert await confirm(page, user_code, "ann") == 200
        assert await confirm(page, user_code, "ann") == 400
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "client_id": "cli"}
        form["device_code"] = str(begun["device_code"])
        assert (await post(f"{served.issuer}/token", **form))[0] == 200
        assert (await post(f"{served.issuer}/token", **form))[1] == {"error": "invalid_grant"}

    asyncio.run(play())


def test_the_page_shows_names_as_text(served: DemoIssuer) -> None:
    async def play() -> str:
        async with aiohttp.ClientSession() as session:
            address = f'{served.issuer}/device?user_code="><script>'
            async with session.get(address) as answer:
                assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
                return await answer.text()

    page = asyncio.run(play())
    assert "<script>" not in page
    assert "<b>" not in page
    assert "Ann &lt;b&gt;Kessler" in page
    assert "bea" not in page
