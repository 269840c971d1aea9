"""Decide without the engine, where every policy that could matter is compiled.

It answers which policies are satisfied, and nothing else: what follows from that is said in one place for both
ways (`policy/cedar.py`). It never answers in doubt. A policy in a form that is not compiled, a request that the
schema may refuse (a name that is no text, a number out of range, a type that does not fit the action) and any
exception are `None`, which sends the question to Cedar.

What is remembered depends on the policies, which never change in a set, and on the whole principal, groups
included: a person whose groups changed is another principal, and a new version of the policies is a new set (I5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from lockgate.labels.label import Label
from lockgate.policy.compiled import compile_rule
from lockgate.policy.facts import Facts, Test, Unsupported, admits
from lockgate.policy.model import AccessRequest, Action, Context, Principal, PrincipalKind, Resource, Subject
from lockgate.policy.rules import Rule
from lockgate.policy.slices import NAMESPACE, Slices, inside

Fits = Callable[[PrincipalKind, Action, str], bool]
"""Tell whether the schema knows this kind of asker and this action on this type of resource."""

_REMEMBERED: Final = 4096
_LONGEST_INTEGER: Final = 2**63
_COLLECTION: Final = f"{NAMESPACE}Collection"


@dataclass(slots=True)
class _Slice:
    """Compiled policies; those that ask for one collection are found by its name."""

    everywhere: list[tuple[Rule, Test]] = field(default_factory=list)
    within: dict[str, list[tuple[Rule, Test]]] = field(default_factory=dict)

    def satisfied(self, facts: Facts, found: list[Rule]) -> None:
        found += [rule for rule, test in self.everywhere if test(facts)]
        if self.within:
            for name in facts.resource.collections:
                found += [rule for rule, test in self.within.get(name, ()) if test(facts)]


class Shortcut:
    """The compiled form of a policy set. Immutable in meaning; it remembers slices, in bounds."""

    def __init__(self, slices: Slices, fits: Fits) -> None:
        self._slices = slices
        self._fits = fits
        self._tests: dict[tuple[str, str], Test | None] = {}
        self._general: dict[tuple[PrincipalKind, Action, str], _Slice | None] = {}
        self._personal: dict[tuple[Principal, Action, str], _Slice | None] = {}

    def satisfied(self, request: AccessRequest, party: Principal) -> list[Rule] | None:
        """Return the policies that are satisfied for one party, permits and forbids; None: ask the engine."""
        resource, context, subject, action = request.resource, request.context, request.subject, request.action
        try:
            general, personal = self._of(party, action, resource.type)
            if general is None or personal is None or not (_sound(subject, context) and _fitting(resource)):
                return None
            facts = Facts(party, subject, action, resource, context)
            found: list[Rule] = []
            general.satisfied(facts, found)
            personal.satisfied(facts, found)
        except Exception:  # what is odd enough to fail here is the engine's to judge
            return None
        return found

    def _of(self, party: Principal, action: Action, type: str) -> tuple[_Slice | None, _Slice | None]:
        shape = (party.kind, action, type)
        if shape not in self._general:
            rules = self._slices.anybody(party, action, type)
            self._general[shape] = self._compile(rules, party, type) if self._fits(*shape) else None
        key = (party, action, type)
        if key not in self._personal:
            if len(self._personal) >= _REMEMBERED:
                self._personal.clear()
            rules = self._slices.personal(party, action, type)
            known = all(_text(one) for one in (party.id, *party.groups))
            self._personal[key] = self._compile(rules, party, type) if known else None
        return self._general[shape], self._personal[key]

    def _compile(self, rules: Iterable[Rule], party: Principal, type: str) -> _Slice | None:
        """Return the rules whose head admits the party; None if one of the rules is left to the engine."""
        made = _Slice()
        for rule in rules:
            key = (rule.id, type)
            if key not in self._tests:
                self._tests[key] = _test(rule, type)
            test = self._tests[key]
            if test is None:
                return None
            if not admits(rule.est["principal"], party):
                continue
            entity = inside(rule.est["resource"])
            if entity and entity["type"] == _COLLECTION:
                made.within.setdefault(str(entity["id"]), []).append((rule, test))
            else:
                made.everywhere.append((rule, test))
        return made


def _test(rule: Rule, type: str) -> Test | None:
    try:
        return compile_rule(rule.est, type)
    except (Unsupported, RecursionError):
        return None


# ------------------------------------------------------------------ what the schema is sure to accept


def _text(value: object) -> bool:
    """Tell whether it is text that JSON can carry: a lone surrogate cannot be."""
    if not isinstance(value, str):
        return False
    if not value.isascii():
        value.encode()  # raises, which leaves the question to the engine
    return True


def _sound(subject: Subject, context: Context) -> bool:
    session = subject.session
    return (
        _text(context.use)
        and _text(context.purpose)
        and _text(subject.application)
        and isinstance(context.device_compliant, bool)
        and type(session.assurance) is int
        and -_LONGEST_INTEGER <= session.assurance < _LONGEST_INTEGER
        and 0 <= session.risk < _LONGEST_INTEGER
        and _leveled(context.data)
    )


def _leveled(label: Label) -> bool:
    return 0 <= label.sensitivity < _LONGEST_INTEGER and 0 <= label.integrity < _LONGEST_INTEGER


def _fitting(resource: Resource) -> bool:
    label = resource.label
    if not (_text(resource.id) and _leveled(label) and label.readers.clauses):
        return False
    if resource.type != "document":
        return True
    return (
        isinstance(resource.reviewed, bool)
        and isinstance(resource.held, bool)
        and bool(resource.source_readers.clauses)
        and all(_text(one) for one in label.owners)
        and all(_text(one) for one in resource.collections)
    )
