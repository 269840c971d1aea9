"""Service keys: form, secrecy, end, revocation, and the choice of an authenticator."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.oidc_parts import TestClock, authenticator, token
from lockgate.adapters.credentials import ByPrefix
from lockgate.adapters.service_keys import (
    PREFIX,
    KeyFile,
    ServiceKey,
    ServiceKeyAuthenticator,
    create,
    revoke,
)
from lockgate.errors import Invalid, NotFound, Unauthenticated, Unavailable
from lockgate.policy.model import PrincipalKind, Subject
from support import NOW


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "keys.json")


def make(file: KeyFile, **change: object) -> tuple[ServiceKey, str]:
    values: dict[str, object] = {
        "service": "nightly",
        "owner": "ann",
        "scopes": frozenset({"chat"}),
        "groups": frozenset({"hr"}),
        "life": timedelta(days=1),
        "now": NOW,
    }
    return create(file, **(values | change))  # type: ignore[arg-type]  # tests give wrong ones on purpose


def who(file: KeyFile, text: str, clock: TestClock | None = None) -> Subject:
    return asyncio.run(ServiceKeyAuthenticator(file, clock or TestClock()).authenticate(text))


def refusal(file: KeyFile, text: str, clock: TestClock | None = None) -> str:
    with pytest.raises(Unauthenticated) as caught:
        who(file, text, clock)
    assert len(text) < 8 or text not in str(caught.value)
    return caught.value.code


def test_a_key_is_a_service(file: KeyFile) -> None:
    key, text = make(file)
    subject = who(file, text)
    assert subject.principal.kind is PrincipalKind.SERVICE
    assert subject.principal.name == "service:nightly"
    assert subject.principal.groups == {"group:hr"}
    assert subject.confined_to == {"chat"}
    assert subject.session.expires == key.expires
    assert subject.session.id == f"key-{key.id}"


def test_the_file_holds_no_secret_and_is_private(file: KeyFile, tmp_path: Path) -> None:
    _, text = make(file)
    path = tmp_path / "keys.json"
    assert text.split("_", 2)[2] not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert {p.name for p in tmp_path.iterdir()} == {"keys.json", "keys.json.lock"}


def test_a_file_that_others_can_read_is_not_used(file: KeyFile, tmp_path: Path) -> None:
    _, text = make(file)
    (tmp_path / "keys.json").chmod(0o640)
    with pytest.raises(Unavailable) as caught:
        who(file, text)
    assert str(tmp_path) not in f"{caught.value} {caught.value.remedy}"
    with pytest.raises(Unavailable, match="mode 640"):
        file.load()


def test_unknown_id_and_wrong_secret_are_one_refusal(file: KeyFile) -> None:
    key, text = make(file)
    _, other = make(file)
    mixed = f"{PREFIX}{key.id}_{other.split('_', 2)[2]}"
    unknown = f"{PREFIX}{'0' * 12}_{'A' * 43}"
    messages = set()
    for bad in (mixed, unknown):
        with pytest.raises(Unauthenticated) as caught:
            who(file, bad)
        messages.add((caught.value.code, str(caught.value)))
    assert len(messages) == 1
    assert {code for code, _ in messages} == {"unknown_key_id"}
    assert text


def test_an_empty_digest_matches_no_key(file: KeyFile) -> None:
    assert refusal(file, f"{PREFIX}{'0' * 12}_{'A' * 43}") == "unknown_key_id"  # there is no file at all


@pytest.mark.parametrize(
    "text", ["lgk_", "lgk_x", "lgk_a_b", "lgk_" + "a" * 12 + "_" + "A" * 44, "x", "lgk_\u00e9"]
)
def test_other_forms(file: KeyFile, text: str) -> None:
    assert refusal(file, text) == "malformed_token"


@given(st.text())
def test_any_text_is_refused(text: str) -> None:
    file = KeyFile(Path("/nonexistent/keys.json"))
    for credential in (text, PREFIX + text):
        with pytest.raises(Unauthenticated):
            who(file, credential)


def test_a_key_ends(file: KeyFile) -> None:
    _, text = make(file)
    clock = TestClock()
    clock.forward(hours=23, minutes=59)
    assert who(file, text, clock)
    clock.forward(minutes=1)
    assert refusal(file, text, clock) == "token_expired"


def test_a_revoked_key_is_refused_from_the_next_use_on(file: KeyFile) -> None:
    key, text = make(file)
    auth = ServiceKeyAuthenticator(file, TestClock())
    assert asyncio.run(auth.authenticate(text))
    revoke(file, key.id, NOW)
    with pytest.raises(Unauthenticated) as caught:
        asyncio.run(auth.authenticate(text))
    assert caught.value.code == "key_revoked"
    assert revoke(file, key.id, NOW + timedelta(days=9)).revoked == NOW


def test_what_cannot_be_made(file: KeyFile) -> None:
    for change in (
        {"service": ""},
        {"service": "a b"},
        {"owner": ""},
        {"owner": "x\n"},
        {"groups": frozenset({"a,b"})},
        {"life": timedelta(0)},
        {"life": timedelta(days=367)},
    ):
        with pytest.raises(Invalid):
            make(file, **change)
    with pytest.raises(NotFound):
        revoke(file, "none", NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"expires": None},
        {"expires": "2099-01-01"},
        {"digest": ""},
        {"digest": "a"},
        {"groups": "hr"},
        {"owner": ""},
    ],
)
def test_a_malformed_file_closes(file: KeyFile, tmp_path: Path, change: dict[str, object]) -> None:
    _, text = make(file)
    path = tmp_path / "keys.json"
    entries = json.loads(path.read_text())
    entries["keys"][0] |= change
    path.write_text(json.dumps(entries))
    with pytest.raises(Unavailable):
        who(file, text)


def test_two_writers_lose_nothing(file: KeyFile) -> None:
    async def play() -> None:
        await asyncio.gather(*(asyncio.to_thread(make, file) for _ in range(10)))

    asyncio.run(play())
    assert len(file.load()) == 10


def test_the_prefix_chooses_and_the_choice_is_final(file: KeyFile) -> None:
    _, text = make(file)

    async def play() -> None:
        both = ByPrefix(authenticator(), {PREFIX: ServiceKeyAuthenticator(file, TestClock())})
        assert (await both.authenticate(text)).principal.name == "service:nightly"
        assert (await both.authenticate(token())).principal.name == "user:ann"
        for credential, code in (("", "missing_token"), ("lgk_x", "malformed_token"), ("x", "malformed_token")):
            with pytest.raises(Unauthenticated) as caught:
                await both.authenticate(credential)
            assert caught.value.code == code

    asyncio.run(play())


@pytest.mark.parametrize("scopes", [(), ("everything",), ("chat", "Review"), ("chat ",)])
def test_no_key_is_made_without_known_scopes(file: KeyFile, scopes: tuple[str, ...]) -> None:
    with pytest.raises(Invalid) as caught:
        make(file, scopes=frozenset(scopes))
    assert "chat, retrieve, review, audit" in caught.value.remedy
    assert not file.load()
