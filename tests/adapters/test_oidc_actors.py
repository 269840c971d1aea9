"""`act` claims (RFC 8693 section 4.1): who acts for whom, and every way to lie about it."""

from __future__ import annotations

import asyncio
import json

import pytest

from adapters.oidc_parts import ISSUER, authenticator, claims, key, sign, token
from lockgate.errors import Unauthenticated
from lockgate.policy.model import Subject


def who(**claims: object) -> Subject:
    return asyncio.run(authenticator().authenticate(token(**claims)))


def nested(*names: str) -> dict[str, object]:
    """Return the claim for actors, the nearest first."""
    act: dict[str, object] = {}
    for name in reversed(names):
        act = {"sub": name} | ({"act": act} if act else {})
    return act


def test_the_actor_is_the_principal_and_the_subject_is_acted_for() -> None:
    subject = who(act={"sub": "bot", "client_id": "ignored", "exp": 1})
    assert [one.name for one in subject.parties] == ["agent:bot", "user:ann"]
    assert subject.principal.groups == frozenset()
    assert subject.applications == ("cli", "bot")


def test_actors_inside_actors_are_parties_too() -> None:
    subject = who(act=nested("d", "c", "b", "a"))
    assert [one.name for one in subject.parties] == ["agent:d", "agent:c", "agent:b", "agent:a", "user:ann"]
    assert subject.applications == ("cli", "d", "c", "b", "a")


def test_an_actor_is_an_agent_whatever_it_is_named() -> None:
    """An agent that took the name of a person gets nothing of that person's."""
    subject = who(act={"sub": "bea"})
    assert subject.principal.name == "agent:bea"
    assert "user:bea" not in subject.principal.identifiers


@pytest.mark.parametrize(
    "act",
    [
        {},
        [],
        "bot",
        7,
        True,
        {"sub": ""},
        {"sub": None},
        {"sub": 7},
        {"sub": ["bot"]},
        {"sub": {"sub": "bot"}},
        {"sub": "bo\nt"},
        {"sub": "x" * 257},
        {"name": "bot"},
        {"sub": "ann"},
        {"sub": "bot", "act": None},
        {"sub": "bot", "act": {}},
        {"sub": "bot", "act": {"sub": "ann"}},
        {"sub": "bot", "act": {"sub": "bot"}},
        {"sub": "bot", "act": "mailer"},
        {"sub": "bot", "iss": "https://evil.example"},
        {"sub": "bot", "iss": None},
        {"sub": "bot", "act": {"sub": "mailer", "iss": f"{ISSUER}/"}},
        nested("a", "b", "a"),
        nested("a", "b", "c", "d", "e"),
        nested(*(f"a{n}" for n in range(400))),
    ],
)
def test_what_is_no_actor_is_malformed_and_nothing_of_it_is_quoted(act: object) -> None:
    with pytest.raises(Unauthenticated) as caught:
        who(act=act)
    assert caught.value.code == "malformed_token"
    assert "evil" not in str(caught.value)


@pytest.mark.parametrize("act", [b"null", b'{"act":' * 1200 + b"{}" + b"}" * 1200])
def test_null_and_what_is_too_deep_are_malformed(act: bytes) -> None:
    payload = json.dumps(claims())[:-1].encode() + b',"act":' + act + b"}"
    written = sign({"alg": "ES256", "typ": "at+jwt", "kid": "k1"}, payload, key("ES256", "k1"))
    with pytest.raises(Unauthenticated) as caught:
        asyncio.run(authenticator().authenticate(written))
    assert caught.value.code == "malformed_token"


def test_a_client_that_acts_for_itself_is_refused() -> None:
    with pytest.raises(Unauthenticated) as caught:
        who(sub="cli", act={"sub": "cli"})
    assert caught.value.code == "malformed_token"
