"""What a policy leaves open about documents, as a filter that an index can apply.

Partial evaluation of the policies with the resource unknown leaves a residual; `policy/cedar.py` compiles it
into these forms and into no others. A filter speaks about the attributes of a document resource:

    clauses       set of reader clauses         ContainsAll (satisfied by the subject)
    owners        set of identifiers            ContainsAny
    collections   set of names                  ContainsAny
    level         0..3                          AtMost
    reviewed, held, ai_forbidden                IsTrue
    the whole label                             Within (the ceiling of a destination)

`ContainsAll(satisfied)` over clauses is kept symbolic (`MayRead`): the subject decides it clause by clause.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lockgate.labels.label import Label
from lockgate.policy.model import Resource, Subject


class Flag(StrEnum):
    """The boolean attributes of a document."""

    REVIEWED = "reviewed"
    HELD = "held"
    AI_FORBIDDEN = "ai_forbidden"


@dataclass(frozen=True, slots=True)
class Const:
    """Every document, or none."""

    value: bool


@dataclass(frozen=True, slots=True)
class MayRead:
    """The subject satisfies every clause of the readers: of the label, or (`source`) of the source system."""

    source: bool = False


@dataclass(frozen=True, slots=True)
class IsTrue:
    """A boolean attribute is set."""

    flag: Flag


@dataclass(frozen=True, slots=True)
class AtMost:
    """The sensitivity is at most this level (0 to 3)."""

    level: int


@dataclass(frozen=True, slots=True)
class OwnedBy:
    """At least one of these identifiers is an owner."""

    identifiers: frozenset[str]


@dataclass(frozen=True, slots=True)
class InCollections:
    """The document belongs to at least one of these collections."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Within:
    """The label fits under the ceiling of the destination that the text is meant for."""

    ceiling: Label


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; of no parts, true."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """At least one part holds; of no parts, false."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Filter


Filter = Const | MayRead | IsTrue | AtMost | OwnedBy | InCollections | Within | All | Any | Not

NOTHING: Final = Const(False)


def matches(f: Filter, subject: Subject, resource: Resource) -> bool:
    """Apply a filter to one document. This is the meaning that every index must reproduce."""
    match f:
        case All(parts):
            return all(matches(part, subject, resource) for part in parts)
        case Any(parts):
            return any(matches(part, subject, resource) for part in parts)
        case Not(part):
            return not matches(part, subject, resource)
        case _:
            return _test(f, subject, resource)


def _test(
    f: Const | MayRead | IsTrue | AtMost | OwnedBy | InCollections | Within, s: Subject, r: Resource
) -> bool:
    match f:
        case Const(value):
            return value
        case MayRead(source):
            return s.satisfies(r.source_readers if source else r.label.readers)
        case IsTrue(flag):
            return _flag(flag, r)
        case AtMost(level):
            return r.label.sensitivity <= level
        case OwnedBy(identifiers):
            return not r.label.owners.isdisjoint(identifiers)
        case InCollections(names):
            return not r.collections.isdisjoint(names)
        case Within(ceiling):
            return r.label.fits_under(ceiling)


def _flag(flag: Flag, resource: Resource) -> bool:
    match flag:
        case Flag.REVIEWED:
            return resource.reviewed
        case Flag.HELD:
            return resource.held
        case Flag.AI_FORBIDDEN:
            return resource.label.forbids("ai")
