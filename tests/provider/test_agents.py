"""Agents for people, against a real provider: token exchange (RFC 8693), and what the gateway makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from lockgate.adapters.oidc import OidcSettings, open_oidc
from lockgate.errors import Unauthenticated
from lockgate.journeys.registry import Registered
from lockgate.labels import Readers
from lockgate.policy.model import Subject
from lockgate.policy.registered import Application, ApplicationKind, NotRegistered, registry
from provider.running import RESOURCE, Running, exchanged, running, token_of, token_of_agent
from provider.test_real_provider import Now

pytestmark = [pytest.mark.needs_node, pytest.mark.slow]

STAFF, HR = frozenset({"group:staff"}), frozenset({"group:hr"})


def agent(id: str, groups: frozenset[str], *, acts: bool = True) -> Application:
    return Application(id, ApplicationKind.AGENT, groups=groups, may_act_for_users=acts)


@pytest.fixture(scope="module")
def provider() -> Iterator[Running]:
    with running() as provider:
        yield provider


async def who(provider: Running, token: str, *known: Application) -> Subject:
    settings = OidcSettings(provider.issuer, frozenset({RESOURCE}), groups_claim="groups")
    async with open_oidc(settings, Now()) as auth:
        return await Registered(auth, lambda: registry(known)).authenticate(token)


async def acting(provider: Running, *agents: str) -> str:
    """Return ann's token, exchanged by one agent after the other."""
    token = await token_of(provider.issuer, "ann")
    for one in agents:
        answer = await exchanged(provider.issuer, one, token, await token_of_agent(provider.issuer, one))
        token = str(answer["access_token"])
    return token


def test_an_exchanged_token_is_the_agents_for_the_person(provider: Running) -> None:
    token = asyncio.run(acting(provider, "travel-agent"))
    subject = asyncio.run(who(provider, token, agent("travel-agent", HR)))
    assert subject.principal.name == "agent:travel-agent"
    assert subject.on_behalf_of is not None
    assert subject.on_behalf_of.name == "user:ann"
    assert subject.on_behalf_of.groups == {"group:hr", "group:works council"}
    assert subject.satisfies(Readers.any_of("group:hr"))
    assert not subject.satisfies(Readers.any_of("group:works council"))


def test_a_chain_names_every_agent_and_each_takes_away(provider: Running) -> None:
    token = asyncio.run(acting(provider, "mailer", "travel-agent"))
    subject = asyncio.run(who(provider, token, agent("travel-agent", HR), agent("mailer", STAFF)))
    assert [one.name for one in subject.parties] == ["agent:travel-agent", "agent:mailer", "user:ann"]
    assert not subject.satisfies(Readers.any_of("group:hr"))
    with pytest.raises(NotRegistered) as caught:
        asyncio.run(who(provider, token, agent("travel-agent", HR)))
    assert caught.value.application == "mailer"


def test_an_agent_that_may_not_act_does_not_come_in(provider: Running) -> None:
    token = asyncio.run(acting(provider, "travel-agent"))
    with pytest.raises(NotRegistered) as caught:
        asyncio.run(who(provider, token, agent("travel-agent", HR, acts=False)))
    assert caught.value.code == "application_may_not_act"


def test_an_agents_own_token_is_its_own_power(provider: Running) -> None:
    token = asyncio.run(token_of_agent(provider.issuer, "travel-agent"))
    subject = asyncio.run(who(provider, token, agent("travel-agent", STAFF)))
    assert (subject.principal.name, subject.on_behalf_of) == ("agent:travel-agent", None)
    assert subject.principal.groups == STAFF


def test_an_agent_cannot_act_twice_in_a_chain_or_with_anothers_token(provider: Running) -> None:
    token = asyncio.run(acting(provider, "travel-agent", "travel-agent"))
    with pytest.raises(Unauthenticated) as caught:
        asyncio.run(who(provider, token, agent("travel-agent", HR)))
    assert caught.value.code == "malformed_token"

    async def stolen() -> dict[str, object]:
        ann = await token_of(provider.issuer, "ann")
        return await exchanged(
            provider.issuer, "mailer", ann, await token_of_agent(provider.issuer, "travel-agent")
        )

    assert asyncio.run(stolen())["error"] == "invalid_grant"
