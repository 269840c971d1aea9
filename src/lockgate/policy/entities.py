"""What Cedar sees of a request: total, in JSON, and cut to what the request needs.

Entities are written in the short form that the schema gives a meaning to, so they are always parsed with it.

Readers reach Cedar prepared: each distinct clause is an entity named by a digest, and the asker carries the set
of clauses that are satisfied. An agent and the person it acts for are asked separately, but a clause counts as
satisfied only if both satisfy it, which is what the labels' judge and the index say too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

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


def signals(subject: Subject, context: Context, resource: Resource | None) -> dict[str, Any]:
    """Return the context of a request: total, and for every resource the same as far as reading goes."""
    ceiling = resource.ceiling if resource and resource.type == "model" else None
    return {
        "use": str(context.use),
        "purpose": context.purpose,
        "application": subject.application,
        "risk": int(subject.session.risk),
        "assurance": subject.session.assurance,
        "device_compliant": context.device_compliant,
        "data_level": int(context.data.sensitivity),
        "data_integrity": int(context.data.integrity),
        "ai_forbidden_data": context.data.forbids(AI),
        "within_ceiling": ceiling is not None and context.data.fits_under(ceiling),
        "may_read_data": subject.satisfies(context.data.readers),
    }


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
    label = resource.label
    attrs: dict[str, Any] = {}
    if resource.type != "system":
        attrs["clauses"] = _clauses(label.readers, ids)
    if resource.type in ("document", "answer"):
        attrs["level"] = int(label.sensitivity)
    if resource.type == "document":
        attrs |= {
            "source_clauses": _clauses(resource.source_readers, ids),
            "integrity": int(label.integrity),
            "owners": sorted(label.owners),
            "reviewed": resource.reviewed,
            "held": resource.held,
            "ai_forbidden": label.forbids(AI),
        }
    parents = sorted(resource.collections) if resource.type == "document" else []
    return {
        "uid": {"type": TYPES[resource.type], "id": resource.id},
        "attrs": attrs,
        "parents": [uid("Collection", one) for one in parents],
    }
