"""Small builders that tests share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lockgate.policy.model import Principal, PrincipalKind, Risk, Session, Subject

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def person(name: str, *groups: str) -> Subject:
    """Return a signed-in user who is in `group:<each of groups>`."""
    principal = Principal(PrincipalKind.USER, name, frozenset(f"group:{g}" for g in groups))
    return Subject(principal, Session(f"s-{name}", NOW + timedelta(hours=1), assurance=1, risk=Risk.LOW))
