"""Which policies can matter for a request, by their scopes alone.

Cedar looks at every policy of a set for every request (about 2 microseconds each), so a request is given only
those whose scope can match: by action, type of resource, and the asker's kind, name and groups. Leaving out a
policy whose scope cannot match changes no decision: it can neither be satisfied nor err.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lockgate.policy.model import Action, Principal
from lockgate.policy.rules import Rule

NAMESPACE: Final = "Lockgate::"
TYPES: Final[Mapping[str, str]] = {
    "document": "Lockgate::Document",
    "answer": "Lockgate::Answer",
    "model": "Lockgate::Model",
    "system": "Lockgate::System",
}
"""The resource types, and what the schema calls them."""

GROUP: Final = "group:"


def group_ids(principal: Principal) -> frozenset[str]:
    """Return the ids of the Group entities that a principal belongs to: `hr` for `group:hr`."""
    return frozenset(group.removeprefix(GROUP) for group in principal.groups if group.startswith(GROUP))


@dataclass(frozen=True, slots=True)
class Scope:
    """What the head of a policy asks for; None means anything."""

    rule: Rule
    actions: frozenset[str] | None
    resource_type: str | None
    principal_type: str | None
    principal_id: str | None
    group: str | None

    def concerns(self, action: Action, resource_type: str) -> bool:
        """Tell whether it can match this action on this type of resource (a name from `TYPES`' values)."""
        return (self.actions is None or action in self.actions) and self.resource_type in (None, resource_type)

    def admits(self, principal: Principal, groups: frozenset[str]) -> bool:
        """Tell whether it can match this principal, in these groups."""
        return (
            self.principal_type in (None, f"{NAMESPACE}{principal.kind.capitalize()}")
            and self.principal_id in (None, principal.id)
            and (self.group is None or self.group in groups)
        )


def scope(rule: Rule) -> Scope:
    """Read the head of a policy from its JSON form."""
    action, resource, principal = rule.est["action"], rule.est["resource"], rule.est["principal"]
    named = _entities(action)
    group = inside(principal)
    exactly = principal["entity"] if principal["op"] == "==" else None
    kind = str(exactly["type"]) if exactly else principal.get("entity_type")
    return Scope(
        rule,
        None if action["op"] == "All" else frozenset(str(entity["id"]) for entity in named),
        _resource_type(resource),
        kind,
        str(exactly["id"]) if exactly else None,
        str(group["id"]) if group and group["type"] == f"{NAMESPACE}Group" else None,
    )


def _entities(constraint: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    if "entities" in constraint:
        return list(constraint["entities"])
    return [constraint["entity"]] if "entity" in constraint else []


def inside(constraint: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the entity of an `in`, also of an `is ... in`."""
    if constraint["op"] == "in":
        entity: Mapping[str, Any] = constraint["entity"]
        return entity
    within = constraint.get("in")
    return within["entity"] if within else None


def _resource_type(constraint: Mapping[str, Any]) -> str | None:
    if constraint["op"] == "==":
        return str(constraint["entity"]["type"])
    named = constraint.get("entity_type")
    return str(named) if named else None


class _Shelf:
    """The scopes for one action on one type of resource, indexed by what they ask of the principal."""

    def __init__(self, scopes: Iterable[Scope]) -> None:
        self.all: tuple[Scope, ...] = tuple(scopes)
        self._numbered = dict(enumerate(self.all))
        self._anybody: list[int] = []
        self._by_id: dict[str, list[int]] = {}
        self._by_group: dict[str, list[int]] = {}
        for number, one in self._numbered.items():
            if one.principal_id is not None:
                self._by_id.setdefault(one.principal_id, []).append(number)
            elif one.group is not None:
                self._by_group.setdefault(one.group, []).append(number)
            else:
                self._anybody.append(number)

    def of(self, principal: Principal) -> tuple[Rule, ...]:
        groups = group_ids(principal)
        numbers = [*self._anybody, *self._by_id.get(principal.id, ())]
        for group in groups & self._by_group.keys():
            numbers += self._by_group[group]
        found = (self._numbered[number] for number in sorted(numbers))
        return tuple(one.rule for one in found if one.admits(principal, groups))


class Slices:
    """The scopes of a policy set, indexed by action and type of resource, then by who asks."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        scopes = [scope(rule) for rule in rules]
        self._shelves: dict[tuple[Action, str], _Shelf] = {
            (action, kind): _Shelf(one for one in scopes if one.concerns(action, entity_type))
            for action in Action
            for kind, entity_type in TYPES.items()
        }

    def concerning(self, action: Action, resource_type: str) -> tuple[Rule, ...]:
        """Return the policies for an action on a type of resource, whoever asks."""
        return tuple(one.rule for one in self.scopes(action, resource_type))

    def scopes(self, action: Action, resource_type: str) -> tuple[Scope, ...]:
        """Return the scopes of the policies for an action on a type of resource."""
        return self._shelves[action, resource_type].all

    def of(self, principal: Principal, action: Action, resource_type: str) -> tuple[Rule, ...]:
        """Return the policies whose scope can match, in the order of the files."""
        return self._shelves[action, resource_type].of(principal)
