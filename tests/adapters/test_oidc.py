"""What a good token makes of its holder, and how keys are kept and replaced."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from adapters.oidc_parts import ISSUER, Provider, TestClock, authenticator, claims, key, token
from lockgate.adapters.directory_file import DirectoryFile, parse
from lockgate.adapters.oidc import OidcAuthenticator
from lockgate.errors import Unauthenticated, Unavailable
from lockgate.policy.model import PrincipalKind, Risk, Subject
from lockgate.ports import Person
from support import NOW


def who(credential: str, **change: object) -> Subject:
    return asyncio.run(authenticator(**change).authenticate(credential))  # type: ignore[arg-type]


def directory(text: str) -> DirectoryFile:
    from pathlib import Path

    return DirectoryFile(Path("directory.toml"), parse(text.encode(), "directory.toml"), (0, 0, 0))


def refused(auth: OidcAuthenticator, credential: str) -> str:
    with pytest.raises(Unauthenticated) as caught:
        asyncio.run(auth.authenticate(credential))
    return caught.value.code


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"])
def test_each_default_algorithm(algorithm: str) -> None:
    provider = Provider(keys=[key(algorithm, "k").as_dict(private=False)])
    assert who(token(algorithm, "k"), provider=provider).principal.id == "ann"


def test_a_whole_subject() -> None:
    subject = who(
        token(sid="s-9", scope="openid lockgate", acr="mfa", groups=["hr", "Works Council"]),
        assurance={"mfa": 2},
        risk=Risk.LOW,
    )
    assert subject.principal.kind is PrincipalKind.USER
    assert subject.principal.name == "user:ann"
    assert subject.principal.groups == {"group:hr", "group:Works Council"}
    assert subject.session.id == "s-9"
    assert subject.session.expires == NOW + timedelta(seconds=630)
    assert subject.session.assurance == 2
    assert subject.session.risk is Risk.LOW
    assert subject.application == "cli"
    assert subject.scopes == {"openid", "lockgate"}


def test_what_is_not_said_is_the_worst() -> None:
    session = who(token(acr="unheard-of")).session
    assert (session.id, session.assurance, session.risk) == ("t-1", 0, Risk.HIGH)


def test_a_session_without_name_is_a_digest_of_the_token() -> None:
    plain = token(header={"typ": "JWT"}, jti=None)
    session = who(plain, require_at_jwt=False).session
    assert len(session.id) == 64
    assert session.id not in plain


def test_groups_by_dotted_path_and_by_plain_name() -> None:
    nested = token(groups=None, realm_access={"roles": ["hr"]})
    assert who(nested, groups_claim="realm_access.roles").principal.groups == {"group:hr"}
    url = "https://example.com/groups"
    assert who(token(**{url: ["it"]}), groups_claim=url).principal.groups == {"group:it"}
    assert who(token(groups=None), groups_optional=True).principal.groups == frozenset()
    assert who(token(), groups_claim="").principal.groups == frozenset()


def test_a_clients_own_token_is_not_the_person_of_that_name() -> None:
    """RFC 9700 section 4.15: a client that registers as `ann` must not become Ann."""
    subject = who(token(client_id="ann"))
    assert subject.principal.name == "service:ann"


def test_an_agent_has_its_users_view_and_no_more_than_its_own() -> None:
    subject = who(token(act={"sub": "bot", "act": {"sub": "older"}}))
    assert subject.principal.name == "agent:bot"
    assert subject.principal.groups == frozenset()
    assert subject.person.name == "user:ann"


PEOPLE = """
[people.ann]
groups = ["legal"]
[people.bea]
active = false
"""


def test_the_directory_adds_groups_and_closes_accounts() -> None:
    book = directory(PEOPLE)
    assert who(token(), directory=book).principal.groups == {"group:hr", "group:legal"}
    assert who(token(sub="zoe"), directory=book).principal.groups == {"group:hr"}
    assert refused(authenticator(directory=book), token(sub="bea")) == "inactive_person"


def test_a_required_directory_must_know_the_person() -> None:
    book = directory(PEOPLE)
    assert refused(authenticator(directory=book, directory_required=True), token(sub="zoe")) == "unknown_person"
    assert refused(authenticator(directory_required=True), token()) == "unknown_person"
    service = token(client_id="ann")
    assert refused(authenticator(directory=book, directory_required=True), service) == "unknown_person"


def test_an_incomplete_directory_lets_nobody_in() -> None:
    book = directory("complete = false\n" + PEOPLE)
    assert refused(authenticator(directory=book), token()) == "incomplete_groups"
    with pytest.raises(Unauthenticated) as caught:
        who(token(), directory=book)
    assert "directory.toml" not in f"{caught.value} {caught.value.remedy}"


def test_a_directory_that_fails_closes() -> None:
    class Down(DirectoryFile):
        def person(self, id: str, /) -> Person | None:
            raise Unavailable("down")

    book = Down.__new__(Down)
    with pytest.raises(Unavailable):
        who(token(), directory=book)


def test_keys_are_fetched_once_and_by_one() -> None:
    async def play() -> None:
        provider = Provider()
        auth = authenticator(provider)
        await asyncio.gather(*(auth.authenticate(token()) for _ in range(20)))
        assert len(provider.asked) == 2  # discovery and key set

    asyncio.run(play())


def test_a_new_key_is_found_and_an_old_one_forgotten() -> None:
    async def play() -> None:
        provider, clock = Provider(), TestClock()
        auth = authenticator(provider, clock)
        await auth.authenticate(token())
        provider.keys = [key("ES256", "k2").as_dict(private=False)]
        clock.forward(seconds=11)
        await auth.authenticate(token(kid="k2"))
        with pytest.raises(Unauthenticated):
            await auth.authenticate(token())

    asyncio.run(play())


def test_a_withdrawn_key_ends_with_the_freshness() -> None:
    async def play() -> None:
        provider, clock = Provider(), TestClock()
        auth = authenticator(provider, clock)
        await auth.authenticate(token())
        provider.keys = []
        clock.forward(minutes=5, seconds=1)
        with pytest.raises(Unauthenticated) as caught:
            await auth.authenticate(token())
        assert caught.value.code == "unknown_key"

    asyncio.run(play())


def test_invented_key_ids_do_not_make_a_storm() -> None:
    async def play() -> None:
        provider, clock = Provider(), TestClock()
        auth = authenticator(provider, clock)
        await auth.authenticate(token())
        for n in range(100):
            with pytest.raises(Unauthenticated):
                await auth.authenticate(token(kid="k1", header={"kid": f"invented-{n}"}))
        assert len(provider.asked) == 2
        clock.forward(seconds=10)
        for n in range(100):
            with pytest.raises(Unauthenticated):
                await auth.authenticate(token(kid="k1", header={"kid": f"invented-{n}"}))
        assert len(provider.asked) == 4

    asyncio.run(play())


def test_an_outage_is_survived_for_a_while_and_then_closes() -> None:
    async def play() -> None:
        provider, clock = Provider(), TestClock()
        auth = authenticator(provider, clock)
        long = token(exp=int(NOW.timestamp()) + 99999)
        await auth.authenticate(long)
        provider.down = True
        clock.forward(minutes=59)
        await auth.authenticate(long)
        clock.forward(minutes=2)
        with pytest.raises(Unavailable):
            await auth.authenticate(long)
        provider.down = False
        clock.forward(seconds=11)
        await auth.authenticate(long)

    asyncio.run(play())


def test_a_clock_that_was_set_back_asks_again() -> None:
    async def play() -> None:
        provider, clock = Provider(), TestClock()
        auth = authenticator(provider, clock)
        await auth.authenticate(token())
        provider.keys = []
        clock.forward(seconds=-20)
        with pytest.raises(Unauthenticated):
            await auth.authenticate(token())
        assert len(provider.asked) == 4

    asyncio.run(play())


def test_a_caller_who_hangs_up_does_not_stop_the_fetch() -> None:
    async def play() -> None:
        provider = Provider()
        gate = asyncio.Event()

        async def slow(address: str) -> bytes:
            await gate.wait()
            return await provider.fetch(address)

        from adapters.oidc_parts import settings

        auth = OidcAuthenticator(settings(), TestClock(), slow)
        first = asyncio.create_task(auth.authenticate(token()))
        await asyncio.sleep(0.01)
        second = asyncio.create_task(auth.authenticate(token()))
        await asyncio.sleep(0.01)
        first.cancel()
        gate.set()
        assert (await second).principal.id == "ann"
        await auth.close()

    asyncio.run(play())


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example.com", "jwks_uri": f"{ISSUER}/jwks"},
        {"issuer": ISSUER + "/", "jwks_uri": f"{ISSUER}/jwks"},
        {"jwks_uri": f"{ISSUER}/jwks"},
        {"issuer": ISSUER},
        {"issuer": ISSUER, "jwks_uri": "http://id.example.com/jwks"},
        {"issuer": ISSUER, "jwks_uri": "file:///etc/passwd"},
        {"issuer": ISSUER, "jwks_uri": 5},
    ],
)
def test_metadata_that_is_not_the_issuers(metadata: dict[str, object]) -> None:
    with pytest.raises(Unavailable):
        who(token(), provider=Provider(metadata=metadata))


def test_claims_are_those_of_the_documentation() -> None:
    """RFC 9068 section 2.2: the claims that every access token has."""
    assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} <= claims().keys()
