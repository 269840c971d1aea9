"""What Cedar sees of a request: total, in JSON, and cut to what the request needs.

Entities are written in the short form that the schema gives a meaning to, so they are always parsed with it.

Readers reach Cedar prepared: each distinct clause is an entity named by a digest, and the asker carries the set
of clauses that are satisfied. An agent and the person it acts for are asked separately, but a clause counts as
satisfied only if both satisfy it, which is what the labels' judge and the index say too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

from lockgate.errors import Invalid
from lockgate.labels.label import AI
from lockgate.labels.readers import EVERYONE, Readers
from lockgate.policy.model import Context, Principal, Resource, Subject
from lockgate.policy.slices import NAMESPACE, TYPES, group_ids


def clause_id(clause: frozenset[str]) -> str:
    """Return the id of the entity that stands for a clause of readers."""
    return hashlib.sha256(json.dumps(sorted(clause)).encode()).hexdigest()[:32]


class ClauseIds(dict[frozenset[str], str]):
    """The clauses that a request speaks of, with their ids, each computed once."""

    def __missing__(self, clause: frozenset[str]) -> str:
        self[clause] = found = clause_id(clause)
        return found

    def satisfied(self, subject: Subject) -> list[str]:
        """Return the ids of the clauses that every party of the subject satisfies."""
        held = [party.identifiers for party in subject.parties]
        return [
            id
            for clause, id in self.items()
            if EVERYONE in clause or all(not clause.isdisjoint(identifiers) for identifiers in held)
        ]


class Kind(StrEnum):
    """The kinds of values that policies compare."""

    BOOL = "bool"
    LONG = "long"
    STRING = "string"
    ENTITY = "entity"
    BOOLS = "bools"
    LONGS = "longs"
    STRINGS = "strings"
    ENTITIES = "entities"


def _within_ceiling(subject: Subject, context: Context, resource: Resource | None) -> bool:
    ceiling = resource.ceiling if resource and resource.type == "model" else None
    return ceiling is not None and context.data.fits_under(ceiling)


Signal = Callable[[Subject, Context, Resource | None], Any]
SIGNALS: Final[Mapping[str, tuple[Kind, Signal]]] = {
    "use": (Kind.STRING, lambda subject, context, resource: str(context.use)),
    "purpose": (Kind.STRING, lambda subject, context, resource: context.purpose),
    "application": (Kind.STRING, lambda subject, context, resource: subject.application),
    "risk": (Kind.LONG, lambda subject, context, resource: int(subject.session.risk)),
    "assurance": (Kind.LONG, lambda subject, context, resource: subject.session.assurance),
    "device_compliant": (Kind.BOOL, lambda subject, context, resource: context.device_compliant),
    "data_level": (Kind.LONG, lambda subject, context, resource: int(context.data.sensitivity)),
    "data_integrity": (Kind.LONG, lambda subject, context, resource: int(context.data.integrity)),
    "ai_forbidden_data": (Kind.BOOL, lambda subject, context, resource: context.data.forbids(AI)),
    "within_ceiling": (Kind.BOOL, _within_ceiling),
    "may_read_data": (Kind.BOOL, lambda subject, context, resource: subject.satisfies(context.data.readers)),
}
"""What policies call `context`: kind and meaning of each part. The schema says the same to operators."""

_LEVEL: Final = (Kind.LONG, lambda resource: int(resource.label.sensitivity))
ATTRIBUTES: Final[Mapping[str, Mapping[str, tuple[Kind, Callable[[Resource], Any]]]]] = {
    "document": {
        "level": _LEVEL,
        "integrity": (Kind.LONG, lambda resource: int(resource.label.integrity)),
        "owners": (Kind.STRINGS, lambda resource: resource.label.owners),
        "reviewed": (Kind.BOOL, lambda resource: resource.reviewed),
        "held": (Kind.BOOL, lambda resource: resource.held),
        "ai_forbidden": (Kind.BOOL, lambda resource: resource.label.forbids(AI)),
    },
    "answer": {"level": _LEVEL},
    "model": {},
    "system": {},
}
"""The attributes of each type of resource, besides its clauses of readers."""


def signals(subject: Subject, context: Context, resource: Resource | None) -> dict[str, Any]:
    """Return the context of a request: total, and for every resource the same as far as reading goes."""
    return {name: read(subject, context, resource) for name, (_, read) in SIGNALS.items()}


def uid(kind: str, id: str) -> dict[str, str]:
    """Return the identifier of an entity in the form that is never parsed as text."""
    return {"type": f"{NAMESPACE}{kind}", "id": str(id)}


def principal_entity(party: Principal, satisfied: Iterable[str]) -> dict[str, Any]:
    """Return who asks, with the ids of satisfied clauses and flat groups."""
    return {
        "uid": uid(party.kind.capitalize(), party.id),
        "attrs": {
            "satisfied": [uid("Clause", one) for one in satisfied],
            "identifiers": sorted(party.identifiers),
        },
        "parents": [uid("Group", one) for one in sorted(group_ids(party))],
    }


def _clauses(readers: Readers, ids: ClauseIds) -> list[dict[str, str]]:
    if not readers.clauses:
        raise Invalid("readers without a clause are malformed")  # `containsAll` of nothing would be true
    return [uid("Clause", ids[clause]) for clause in readers.clauses]


def resource_entity(resource: Resource, ids: ClauseIds) -> dict[str, Any]:
    """Return what is acted on, with exactly the attributes of its type; its clauses join `ids`.

    Raises:
        Invalid: readers without any clause.

    """
    attrs: dict[str, Any] = {}
    for name, (kind, read) in ATTRIBUTES[resource.type].items():
        attrs[name] = sorted(read(resource)) if kind is Kind.STRINGS else read(resource)
    if resource.type != "system":
        attrs["clauses"] = _clauses(resource.label.readers, ids)
    if resource.type == "document":
        attrs["source_clauses"] = _clauses(resource.source_readers, ids)
    parents = sorted(resource.collections) if resource.type == "document" else []
    return {
        "uid": {"type": TYPES[resource.type], "id": resource.id},
        "attrs": attrs,
        "parents": [uid("Collection", one) for one in parents],
    }
