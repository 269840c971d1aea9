"""Small builders that tests share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lockgate.policy.model import Principal, PrincipalKind, Risk, Session, Subject
from lockgate.policy.registered import Applications, registry, unlimited

APPLICATION = "tests"
"""Through which the people of tests come. It limits nothing; tests of applications have their own."""
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class StoppedClock:
    """`ports.Clock` that stands still."""

    def __init__(self, at: datetime = NOW) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at


def registered() -> Applications:
    """Return the registry in which `APPLICATION` stands, for `Gate.applications`."""
    return registry([unlimited(APPLICATION)])


def person(name: str, *groups: str) -> Subject:
    """Return a signed-in user who is in `group:<each of groups>`."""
    principal = Principal(PrincipalKind.USER, name, frozenset(f"group:{g}" for g in groups))
    return Subject(
        principal, Session(f"s-{name}", NOW + timedelta(hours=1), assurance=1, risk=Risk.LOW), APPLICATION
    )
