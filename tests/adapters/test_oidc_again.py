"""A token that comes again: its signature is not verified again, and what can have changed is looked at."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from joserfc.jws import JWSRegistry

from adapters.oidc_parts import Provider, TestClock, authenticator, key, token
from lockgate.adapters.oidc import authenticator as module
from lockgate.errors import Unauthenticated
from lockgate.ports import Person


@dataclass
class People:
    """A directory of one person, who changes."""

    person_: Person = field(default_factory=lambda: Person("ann", "Ann", frozenset({"group:sales"})))
    version: str = "1"
    others: str | None = None

    def person(self, id: str, /) -> Person | None:
        return self.person_ if id == "ann" else None


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Count the signatures that are verified."""
    seen: list[bytes] = []
    model = JWSRegistry.algorithms["ES256"]
    real = model.verify

    def verify(message: bytes, signature: bytes, public: object) -> bool:
        seen.append(message)
        return real(message, signature, public)

    monkeypatch.setattr(model, "verify", verify)
    return seen


def test_a_signature_is_verified_once_and_the_answer_is_the_same(verified: list[bytes]) -> None:
    auth = authenticator()

    async def play() -> None:
        first, again, other = token(), token(sub="bob"), token(sub="bob", jti="t-2")
        assert await auth.authenticate(first) == await auth.authenticate(first)
        assert len(verified) == 1
        assert (await auth.authenticate(again)).principal.id == "bob"
        assert (await auth.authenticate(other)).principal.id == "bob"
        assert len(verified) == 3

    asyncio.run(play())


def test_a_changed_token_is_another_token(verified: list[bytes]) -> None:
    auth = authenticator()

    async def play() -> None:
        good = token()
        await auth.authenticate(good)
        head, body, signature = good.split(".")
        for forged in (
            f"{head}.{body}.{signature[:-6]}AAAAAA",
            f"{head}.{body[:-4]}AAAA.{signature}",
            good + "A",
            "",
        ):
            with pytest.raises(Unauthenticated):
                await auth.authenticate(forged)

    asyncio.run(play())


def test_it_ends_with_its_time_and_is_not_yet_valid_where_the_clock_goes_back() -> None:
    clock = TestClock()
    auth = authenticator(clock=clock, freshness=module_freshness(hours=24))

    async def play() -> None:
        shown = token()
        await auth.authenticate(shown)
        clock.forward(minutes=-20)
        with pytest.raises(Unauthenticated) as early:
            await auth.authenticate(shown)
        clock.forward(minutes=20)
        assert (await auth.authenticate(shown)).principal.id == "ann"
        clock.forward(minutes=20)
        with pytest.raises(Unauthenticated) as late:
            await auth.authenticate(shown)
        assert (early.value.code, late.value.code) == ("token_not_yet_valid", "token_expired")

    asyncio.run(play())


def test_it_does_not_outlive_its_key() -> None:
    clock, provider = TestClock(), Provider()
    auth = authenticator(provider, clock)

    async def play() -> None:
        shown = token()
        await auth.authenticate(shown)
        provider.keys = [key("ES256", "k2").as_dict(private=False)]
        clock.forward(minutes=6)
        with pytest.raises(Unauthenticated, match="does not publish"):
            await auth.authenticate(shown)
        # Another key under the same name is another key.
        provider.keys = [key("ES256", "k3").as_dict(private=False) | {"kid": "k1"}]
        clock.forward(minutes=1)
        with pytest.raises(Unauthenticated) as caught:
            await auth.authenticate(shown)
        assert caught.value.code == "bad_signature"

    asyncio.run(play())


def test_the_directory_is_asked_each_time() -> None:
    people = People()
    auth = authenticator(directory=people)

    async def play() -> None:
        shown = token()
        assert "group:sales" in (await auth.authenticate(shown)).principal.groups
        people.person_ = Person("ann", "Ann", frozenset({"group:law"}))
        groups = (await auth.authenticate(shown)).principal.groups
        assert "group:law" in groups
        assert "group:sales" not in groups
        people.person_ = Person("ann", "Ann", frozenset(), active=False)
        with pytest.raises(Unauthenticated, match="closed"):
            await auth.authenticate(shown)

    asyncio.run(play())


def test_what_is_remembered_is_bounded_and_holds_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 3)
    auth = authenticator()

    async def play() -> None:
        shown = [token(jti=f"t-{number}") for number in range(8)]
        for one in shown:
            await auth.authenticate(one)
        assert len(auth._seen) == 3
        kept = repr(auth._seen)
        assert not any(part in kept for one in shown for part in one.split(".")[1:])

    asyncio.run(play())


def module_freshness(**fresh: float):
    from datetime import timedelta

    from lockgate.adapters.oidc.keys import Freshness

    return Freshness(fresh=timedelta(**fresh), stale=timedelta(days=7))
