"""Questions of other systems and their answers, in AuthZEN's information model (Authorization API 1.0, section 5).

The edge knows only these and `Pdp`, so that it is the same for Lockgate's own policies and for those of a
conformance fixture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol, TypeAlias

from lockgate.policy.decision import Obligation, ObligationKind
from lockgate.policy.model import Context, Subject

Properties: TypeAlias = Mapping[str, Any]
"""What a caller states about a thing. Never trusted because it is stated."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A subject or a resource. `id` is empty for the one that is searched."""

    type: str
    id: str = ""
    properties: Properties = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """May this subject do this to that resource? `stated` is the caller's context."""

    subject: Entity
    action: str
    resource: Entity
    properties: Properties = field(default_factory=dict)
    stated: Properties = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Malformed:
    """An entry of a batch that asks nothing; `why` says what is wrong with it, and quotes nothing."""

    why: str


class Semantic(StrEnum):
    """How a batch is executed (section 7.1.2.1): all of it, or up to the first denial or permit."""

    ALL = "execute_all"
    FIRST_DENY = "deny_on_first_deny"
    FIRST_PERMIT = "permit_on_first_permit"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question.

    Attributes:
        permits: true only where everything permits; whoever asks must also meet every obligation.
        obligations: what the enforcement point must do, on a permit and on a denial.
        reason: why, for callers that may know; empty for the others.
        error: what went wrong with this question, as status and message; it is denied then.

    """

    permits: bool
    obligations: tuple[Obligation, ...] = ()
    reason: str = ""
    error: tuple[int, str] | None = None


OBLIGATION_TYPES: Final = ("step-up", "custom")
"""The types of obligations that answers can have (AuthZEN Obligations profile, draft 1)."""


def profile_type(one: Obligation) -> str:
    """Return the type under which the profile states an obligation."""
    return "step-up" if one.kind is ObligationKind.STEP_UP else "custom"


class Kind(StrEnum):
    """What is searched."""

    SUBJECT = "subject"
    RESOURCE = "resource"
    ACTION = "action"


@dataclass(frozen=True, slots=True)
class Search:
    """Which subjects, resources or actions would be permitted? The one that is searched has no id, or no name."""

    kind: Kind
    subject: Entity
    action: str
    resource: Entity
    properties: Properties = field(default_factory=dict)
    stated: Properties = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """One subject or resource (`type` and `id`), or one action (`id` alone is its name), and its obligations."""

    id: str
    type: str = ""
    obligations: tuple[Obligation, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A page of results. `after` is the place behind which the next page begins; empty where this is the last."""

    results: tuple[Result, ...] = ()
    after: str = ""


class Pdp(Protocol):
    """A policy decision point. What it returns is recorded already."""

    async def evaluate(
        self, asker: Subject, context: Context, items: Sequence[Question | Malformed], semantic: Semantic, /
    ) -> Sequence[Answer]:
        """Answer in order; as many as the semantic lets run, and at least one.

        Raises:
            Unavailable: it cannot be decided or recorded.

        """
        ...

    async def search(self, asker: Subject, context: Context, search: Search, after: str, limit: int, /) -> Found:
        """Return up to `limit` results behind `after`, in a stable order.

        Raises:
            Unavailable: it cannot be decided or recorded.

        """
        ...


def executed(answers: Sequence[Answer], semantic: Semantic) -> Sequence[Answer]:
    """Return the answers up to where the semantic stops; an error counts as a denial."""
    if semantic is Semantic.ALL:
        return answers
    stop = semantic is Semantic.FIRST_PERMIT
    for number, answer in enumerate(answers, start=1):
        if answer.permits is stop:
            return answers[:number]
    return answers
