"""One question as compiled policies see it, and what they ask of entities: `==`, `in` and `is`.

Cedar has a graph of entities; a request needs two of them. Who asks stands below the groups that it is in, and a
document below its collections; an entity is also "in" itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from lockgate.errors import Invalid
from lockgate.policy.model import Action, Context, Principal, Resource, Subject
from lockgate.policy.slices import GROUP, NAMESPACE, TYPES, inside

Expr = Mapping[str, Any]
Test = Callable[["Facts"], bool]
Read = Callable[["Facts"], Any]
Uid = tuple[str, str]
"""Type and id of an entity."""

_PRINCIPALS: Final = {kind: f"{NAMESPACE}{kind.capitalize()}" for kind in ("user", "service", "agent")}
_COLLECTION: Final = f"{NAMESPACE}Collection"
_GROUP: Final = f"{NAMESPACE}Group"


class Unsupported(Invalid):
    """A form that is left to Cedar."""

    code = "unsupported_form"


class Facts:
    """One question about one party. Whether readers permit is asked by several policies and answered once."""

    __slots__ = ("_reads", "_reads_source", "action", "context", "party", "resource", "subject")

    def __init__(
        self, party: Principal, subject: Subject, action: Action, resource: Resource, context: Context
    ) -> None:
        self.party = party
        self.subject = subject
        self.action = action
        self.resource = resource
        self.context = context
        self._reads: bool | None = None
        self._reads_source: bool | None = None

    def reads(self) -> bool:
        """Tell whether every party satisfies the readers of the label."""
        if self._reads is None:
            self._reads = self.subject.satisfies(self.resource.label.readers)
        return self._reads

    def reads_source(self) -> bool:
        """Tell whether every party satisfies the readers in the source system."""
        if self._reads_source is None:
            self._reads_source = self.subject.satisfies(self.resource.source_readers)
        return self._reads_source


def admits(constraint: Expr, party: Principal) -> bool:
    """Tell whether the head of a policy (its part on the principal) matches a party.

    Raises:
        Unsupported: it has a form that is left to Cedar.

    """
    op, above = constraint["op"], inside(constraint)
    if op == "==":
        return _uid(party) == literal(constraint["entity"])
    if op not in ("All", "in", "is"):
        refuse(op)
    if op == "is" and _PRINCIPALS[party.kind] != constraint["entity_type"]:
        return False
    return above is None or _stands_below(party, literal(above))


def _uid(party: Principal) -> Uid:
    return _PRINCIPALS[party.kind], party.id


def _stands_below(party: Principal, uid: Uid) -> bool:
    return f"{GROUP}{uid[1]}" in party.groups if uid[0] == _GROUP else _uid(party) == uid


def is_a(variable: str, entity_type: str, resource_type: str) -> Test:
    """Return Cedar's `is` for `principal` or `resource`."""
    if variable == "principal":
        return lambda facts: _PRINCIPALS[facts.party.kind] == entity_type
    found = TYPES[resource_type] == entity_type
    return lambda facts: found


def uid_of(variable: str) -> Read:
    """Return how the entity of a variable is called.

    Raises:
        Unsupported: it is `context`, which is no entity.

    """
    match variable:
        case "principal":
            return lambda facts: _uid(facts.party)
        case "resource":
            return lambda facts: (TYPES[facts.resource.type], facts.resource.id)
        case "action":
            return lambda facts: (f"{NAMESPACE}Action", str(facts.action))
    return refuse(variable)


def equals(variable: str, uid: Uid) -> Test:
    """Return Cedar's `==` between a variable and an entity that is written out."""
    read = uid_of(variable)
    return lambda facts: bool(read(facts) == uid)


def is_in(variable: str, uid: Uid) -> Test:
    """Return Cedar's `in` for `principal` or `resource`: the entity itself, or one that stands above it."""
    if variable == "principal":
        return lambda facts: _stands_below(facts.party, uid)
    kind, id = uid
    if kind == _COLLECTION:
        return lambda facts: facts.resource.type == "document" and id in facts.resource.collections
    return equals(variable, uid)


def literal(value: object) -> Uid:
    """Return the entity that is written out in a policy.

    Raises:
        Unsupported: it is something else.

    """
    found = value.get("__entity", value) if isinstance(value, Mapping) else None
    if not isinstance(found, Mapping) or set(found) != {"type", "id"}:
        refuse("a literal that is no entity")
    return str(found["type"]), str(found["id"])


def refuse(what: str) -> NoReturn:
    """Leave a form to Cedar."""
    raise Unsupported(f"`{what}` is left to the policy engine")
