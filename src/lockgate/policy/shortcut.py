"""Decide without the engine, where every policy that could matter is compiled.

It answers which policies are satisfied, and nothing else: what follows from that is said in one place for both
ways (`policy/cedar.py`). It never answers in doubt. A policy in a form that is not compiled, a request that the
schema may refuse (a name that is no text, a number out of range, a type that does not fit the action) and any
exception are `None`, which sends the question to Cedar.

What is remembered depends on the policies alone, which never change in a set: a new version is a new set (I5).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from lockgate.labels.label import Label
from lockgate.policy.compiled import compile_rule
from lockgate.policy.facts import Facts, Test, Unsupported, admits
from lockgate.policy.model import AccessRequest, Action, Context, Principal, PrincipalKind, Resource, Subject
from lockgate.policy.rules import Rule
from lockgate.policy.slices import GROUP, NAMESPACE, Scope, Slices, inside

Fits = Callable[[PrincipalKind, Action, str], bool]
"""Tell whether the schema knows this kind of asker and this action on this type of resource."""

_LONGEST_INTEGER: Final = 2**63
_COLLECTION: Final = f"{NAMESPACE}Collection"
Tested = tuple[Rule, Test]


@dataclass(slots=True)
class _Shelf:
    """Compiled policies by what their heads ask of the principal."""

    anybody: list[Tested] = field(default_factory=list)
    by_id: dict[str, list[Tested]] = field(default_factory=dict)
    by_group: dict[str, list[Tested]] = field(default_factory=dict)
    others: list[tuple[Rule, Test]] = field(default_factory=list)

    def put(self, scope: Scope, test: Test) -> None:
        one = (scope.rule, test)
        if scope.principal_id is not None:
            self.by_id.setdefault(scope.principal_id, []).append(one)
        elif scope.group is not None:
            self.by_group.setdefault(f"{GROUP}{scope.group}", []).append(one)
        elif inside(scope.rule.est["principal"]):
            self.others.append(one)
        else:
            self.anybody.append(one)

    def satisfied(self, facts: Facts, found: list[Rule]) -> None:
        for rule, test in self.anybody:
            if test(facts):
                found.append(rule)
        for group in facts.party.groups & self.by_group.keys():
            found += [rule for rule, test in self.by_group[group] if test(facts)]
        if self.by_id:
            found += [rule for rule, test in self.by_id.get(facts.party.id, ()) if test(facts)]
        for rule, test in self.others:
            if admits(rule.est["principal"], facts.party) and test(facts):
                found.append(rule)


class _Library:
    """The policies for one kind of principal, one action and one type of resource, by the collection they name."""

    def __init__(self) -> None:
        self._everywhere = _Shelf()
        self._within: dict[str, _Shelf] = {}

    def put(self, scope: Scope, test: Test) -> None:
        above = inside(scope.rule.est["resource"])
        named = above is not None and above["type"] == _COLLECTION
        shelf = self._within.setdefault(str(above["id"]), _Shelf()) if above and named else self._everywhere
        shelf.put(scope, test)

    def satisfied(self, facts: Facts) -> list[Rule]:
        found: list[Rule] = []
        self._everywhere.satisfied(facts, found)
        for name in facts.resource.collections:
            shelf = self._within.get(name)
            if shelf is not None:
                shelf.satisfied(facts, found)
        return found


class Shortcut:
    """The compiled form of a policy set. Immutable in meaning; it compiles what is asked for the first time."""

    def __init__(self, slices: Slices, fits: Fits) -> None:
        self._slices = slices
        self._fits = fits
        self._tests: dict[tuple[str, str], Test] = {}
        self._libraries: dict[tuple[PrincipalKind, Action, str], _Library | None] = {}

    def satisfied(self, request: AccessRequest, party: Principal) -> list[Rule] | None:
        """Return the policies that are satisfied for one party, permits and forbids; None: ask the engine."""
        resource, context, subject, action = request.resource, request.context, request.subject, request.action
        try:
            shape = (party.kind, action, resource.type)
            library = self._libraries[shape] if shape in self._libraries else self._build(shape)
            if library is None or not (_sound(subject, context) and _known(party) and _fitting(resource)):
                return None
            return library.satisfied(Facts(party, subject, action, resource, context))
        except Exception:  # a policy that is left to the engine, or anything odd: the engine judges
            return None

    def _build(self, shape: tuple[PrincipalKind, Action, str]) -> _Library | None:
        kind, action, type = shape
        library = _Library() if self._fits(*shape) else None
        if library is not None:
            for scope in self._slices.scopes(action, type):
                if scope.principal_type in (None, f"{NAMESPACE}{kind.capitalize()}"):
                    library.put(scope, self._test(scope.rule, type))
        self._libraries[shape] = library
        return library

    def _test(self, rule: Rule, type: str) -> Test:
        key = (rule.id, type)
        if key not in self._tests:
            try:
                self._tests[key] = compile_rule(rule.est, type)
            except (Unsupported, RecursionError):
                self._tests[key] = _left_to_the_engine
        return self._tests[key]


def _left_to_the_engine(facts: Facts) -> bool:
    raise Unsupported("a policy that could matter is not compiled")


# ------------------------------------------------------------------ what the schema is sure to accept


def _texts(*values: str) -> bool:
    """Tell whether all is text that JSON can carry. What is none, or a lone surrogate, raises."""
    joined = "".join(values)
    return joined.isascii() or bool(joined.encode())


def _sound(subject: Subject, context: Context) -> bool:
    session = subject.session
    return (
        _texts(context.use, context.purpose, subject.application)
        and isinstance(context.device_compliant, bool)
        and type(session.assurance) is int
        and -_LONGEST_INTEGER <= session.assurance < _LONGEST_INTEGER
        and 0 <= session.risk < _LONGEST_INTEGER
        and _leveled(context.data)
    )


def _known(party: Principal) -> bool:
    return _texts(party.id, *party.groups)


def _leveled(label: Label) -> bool:
    return 0 <= label.sensitivity < _LONGEST_INTEGER and 0 <= label.integrity < _LONGEST_INTEGER


def _fitting(resource: Resource) -> bool:
    label = resource.label
    if not (_texts(resource.id) and _leveled(label) and label.readers.clauses):
        return False
    if resource.type != "document":
        return True
    return (
        isinstance(resource.reviewed, bool)
        and isinstance(resource.held, bool)
        and bool(resource.source_readers.clauses)
        and _texts(*label.owners, *resource.collections)
    )
