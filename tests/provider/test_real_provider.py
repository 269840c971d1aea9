"""The gateway and the command line against a real, certified OpenID provider (oidc-provider from npm)."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lockgate.adapters.oidc import OidcSettings, open_oidc
from lockgate.cli.main import main
from lockgate.errors import Unauthenticated
from lockgate.policy.model import Subject
from provider.running import DEVICE_GRANT, HERE, RESOURCE, Running, ask, confirm, running, token_of

pytestmark = [pytest.mark.needs_node, pytest.mark.slow]


class Now:
    def __init__(self) -> None:
        self.offset = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


@pytest.fixture(scope="module")
def provider() -> Iterator[Running]:
    with running() as provider:
        yield provider


def settings(provider: Running) -> OidcSettings:
    return OidcSettings(provider.issuer, frozenset({RESOURCE}), groups_claim="groups")


async def who(provider: Running, token: str, clock: Now | None = None) -> Subject:
    async with open_oidc(settings(provider), clock or Now()) as auth:
        return await auth.authenticate(token)


def refusal(provider: Running, token: str, clock: Now | None = None) -> str:
    with pytest.raises(Unauthenticated) as caught:
        asyncio.run(who(provider, token, clock))
    return caught.value.code


def test_the_lock_pins_integrity_and_names_no_registry() -> None:
    lock = (HERE / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert "registry" not in lock
    assert lock.count('"integrity"') == lock.count('"node_modules/')


def test_a_real_token_gives_its_person_and_groups(provider: Running) -> None:
    subject = asyncio.run(who(provider, asyncio.run(token_of(provider.issuer, "ann"))))
    assert subject.principal.name == "user:ann"
    assert subject.principal.groups == {"group:hr", "group:works council"}
    assert subject.application == "lockgate-cli"
    assert "lockgate" in subject.scopes


def test_for_another_audience_and_expired(provider: Running) -> None:
    other = asyncio.run(token_of(provider.issuer, "ann", "https://other.example.com"))
    assert refusal(provider, other) == "wrong_audience"
    mine = asyncio.run(token_of(provider.issuer, "ann"))
    clock = Now()
    clock.offset = timedelta(seconds=620)
    assert asyncio.run(who(provider, mine, clock))
    clock.offset = timedelta(seconds=631)
    assert refusal(provider, mine, clock) == "token_expired"


def test_a_client_that_took_a_persons_name_is_a_service(provider: Running) -> None:
    form = {"grant_type": "client_credentials", "resource": RESOURCE, "scope": "lockgate"}
    form |= {"client_id": "ann", "client_secret": "of-a-client-that-took-the-name-of-a-person"}
    answer = asyncio.run(ask(f"{provider.issuer}/token", form))
    subject = asyncio.run(who(provider, str(answer["access_token"])))
    assert subject.principal.name == "service:ann"


def test_an_id_token_and_an_opaque_token_are_no_access_tokens(provider: Running) -> None:
    async def play() -> dict[str, object]:
        client = {"client_id": "lockgate-cli"}
        begun = await ask(f"{provider.issuer}/device/auth", client | {"scope": "openid"})
        await confirm(str(begun["verification_uri_complete"]), "ann")
        code = str(begun["device_code"])
        return await ask(f"{provider.issuer}/token", client | {"grant_type": DEVICE_GRANT, "device_code": code})

    answer = asyncio.run(play())
    assert refusal(provider, str(answer["id_token"])) == "wrong_type"
    assert refusal(provider, str(answer["access_token"])) == "malformed_token"


def test_rotation(provider: Running) -> None:
    async def play() -> str:
        clock = Now()
        async with open_oidc(settings(provider), clock) as auth:
            old = await token_of(provider.issuer, "ann")
            await auth.authenticate(old)
            provider.rotate()
            new = await token_of(provider.issuer, "bea")
            clock.offset = timedelta(seconds=11)
            assert (await auth.authenticate(new)).principal.id == "bea"
            with pytest.raises(Unauthenticated) as caught:
                await auth.authenticate(old)
            return caught.value.code

    assert asyncio.run(play()) == "unknown_key"


def test_login_token_renewal_and_logout(
    provider: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command line from end to end. The provider's tokens are short-lived here, so `token` renews."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    seen = threading.Event()
    shown: list[str] = []
    write = capsys.readouterr

    def person() -> None:
        while not seen.wait(0.05):
            shown.append(write().err)
            address = re.search(r"Open (\S+)\n", "".join(shown))
            if address:
                seen.set()
                asyncio.run(confirm(address[1], "ann"))

    thread = threading.Thread(target=person)
    thread.start()
    try:
        options = ["--issuer", provider.issuer, "--client-id", "lockgate-cli", "--resource", f"{RESOURCE}/short"]
        assert main(["login", "--scope", "openid offline_access lockgate", *options]) == 0
    finally:
        seen.set()
        thread.join()
    write()
    assert main(["token"]) == 0
    first = write().out.strip()
    assert main(["token"]) == 0
    second = write().out.strip()
    assert first != second
    short = OidcSettings(provider.issuer, frozenset({f"{RESOURCE}/short"}), groups_claim="groups")

    async def use() -> str:
        async with open_oidc(short, Now()) as auth:
            return (await auth.authenticate(second)).principal.name

    assert asyncio.run(use()) == "user:ann"
    assert main(["logout"]) == 0
    assert "Signed out." in write().err
    assert main(["token"]) == 2
