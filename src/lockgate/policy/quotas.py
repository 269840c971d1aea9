"""How much somebody may have in an hour: the rules, without the counting (`journeys/metering/`).

Amounts are whole numbers: requests, tokens, chunks, and millionths of the currency that prices are in. None limits
nothing; 0 allows nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from lockgate.labels.label import Sensitivity
from lockgate.policy.model import Principal, Subject


class Measure(StrEnum):
    """What is counted. `streams` are answers that run at the same time; the others are of the last hour."""

    REQUESTS = "requests"
    TOKENS = "tokens"
    CHUNKS = "sensitive_chunks"
    SPEND = "spend"
    STREAMS = "streams"


@dataclass(frozen=True, slots=True)
class Limits:
    """The most of each measure."""

    requests: int | None = None
    tokens: int | None = None
    sensitive_chunks: int | None = None
    spend: int | None = None
    streams: int | None = None

    def of(self, measure: Measure) -> int | None:
        """Return the limit of a measure."""
        found: int | None = getattr(self, measure.value)
        return found


UNLIMITED: Final = Limits()


@dataclass(frozen=True, slots=True)
class Quota:
    """A rule: the limits of each identity that is one of `who` (`everyone`, `group:hr`, `service:crawler`)."""

    who: frozenset[str]
    limits: Limits


@dataclass(frozen=True, slots=True)
class Price:
    """What 1,000 tokens cost, in millionths."""

    prompt: int = 0
    completion: int = 0

    def of(self, prompt: int, completion: int) -> int:
        """Return what a call costs, rounded up."""
        return -(-(prompt * self.prompt + completion * self.completion) // 1000)


@dataclass(frozen=True, slots=True)
class Quotas:
    """Every rule.

    Attributes:
        rules: the first that names an identity is the one that counts for it; who is in none has no limit.
        applications: budgets of each identity that comes through an application, by the application's id.
        prices: of models, by id; another one costs nothing.
        sensitive_from: a chunk counts as sensitive from this level on.

    """

    rules: tuple[Quota, ...] = ()
    applications: Mapping[str, Limits] = field(default_factory=dict)
    prices: Mapping[str, Price] = field(default_factory=dict)
    sensitive_from: Sensitivity = Sensitivity.CONFIDENTIAL

    @property
    def any(self) -> bool:
        """Tell whether there is anything to count for."""
        return bool(self.rules) or any(one != UNLIMITED for one in self.applications.values())

    def limits(self, subject: Subject) -> Iterator[tuple[str, Limits]]:
        """Yield every account that a subject's use counts on, with its limits: no use of anybody else does.

        What an agent or a front end does for a person is that person's use. Its budget is one for each person.
        """
        person = subject.person
        if (rule := self._rule(person)) != UNLIMITED:
            yield person.name, rule
        for application in subject.applications:
            if (budget := self.applications.get(application, UNLIMITED)) != UNLIMITED:
                yield through(person.name, application), budget

    def _rule(self, party: Principal) -> Limits:
        for rule in self.rules:
            if not rule.who.isdisjoint(party.identifiers):
                return rule.limits
        return UNLIMITED


def through(person: str, application: str) -> str:
    """Return the name of the account of what somebody does through an application."""
    return f"{person} through {application}"
