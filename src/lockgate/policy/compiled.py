"""Policies as Python predicates, for the forms that almost every policy consists of.

Input is Cedar's JSON form of a policy that Cedar has parsed and validated against the schema, so what reaches this
file is well typed and cannot err: no arithmetic, which overflows, and no extension function, which rejects its
argument, is compiled. Kinds are still checked here, and a form, an attribute or a comparison that this file does
not know is no answer (`Unsupported`): then Cedar is asked. What is read of a request is what Cedar would be given
(`SIGNALS`, `ATTRIBUTES` in `policy/entities.py`); a differential test holds the two to the same answers
(`tests/policy/test_shortcut.py`, and a million random requests by `python -m bench.agree`).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lockgate.policy.entities import ATTRIBUTES, SIGNALS, Kind
from lockgate.policy.facts import Expr, Facts, Read, Test, equals, is_a, is_in, literal, refuse, uid_of
from lockgate.policy.residual import is_satisfied
from lockgate.policy.slices import inside

_SETS: Final = {
    Kind.BOOL: Kind.BOOLS, Kind.LONG: Kind.LONGS, Kind.STRING: Kind.STRINGS, Kind.ENTITY: Kind.ENTITIES
}  # fmt: skip
_ORDER: Final = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@dataclass(frozen=True, slots=True)
class _Term:
    """A compiled expression: what kind of value it has, and how to get it."""

    kind: Kind
    read: Read


def compile_rule(est: Expr, resource_type: str) -> Test:
    """Return whether what a policy asks of the resource, and its conditions, hold for one type of resource.

    Its head is matched before: the action by slicing, the principal by `facts.admits`.

    Raises:
        Unsupported: it has a form that is left to Cedar.

    """
    compiler = _Compiler(resource_type)
    tests = _resource_scope(est["resource"], resource_type)
    for condition in est["conditions"]:
        body = compiler.boolean(condition["body"])
        tests.append(body if condition["kind"] == "when" else _negation(body))
    return _conjunction(tests)


def _conjunction(tests: list[Test]) -> Test:
    match tests:
        case []:
            return lambda facts: True
        case [only]:
            return only
        case [first, second]:
            return lambda facts: first(facts) and second(facts)
    many = tuple(tests)
    return lambda facts: all(test(facts) for test in many)


def _negation(test: Test) -> Test:
    return lambda facts: not test(facts)


def _resource_scope(constraint: Expr, resource_type: str) -> list[Test]:
    op, above = constraint["op"], inside(constraint)
    if op not in ("All", "==", "in", "is"):
        refuse(op)
    tests = [is_a("resource", constraint["entity_type"], resource_type)] if op == "is" else []
    if op == "==":
        tests.append(equals("resource", literal(constraint["entity"])))
    return [*tests, is_in("resource", literal(above))] if above else tests


# ------------------------------------------------------------------ conditions


class _Compiler:
    """Compiles the expressions of one policy for one type of resource."""

    def __init__(self, resource_type: str) -> None:
        self._type = resource_type
        self._attributes = ATTRIBUTES[resource_type]
        self._forms: Mapping[str, Callable[[Any], _Term]] = {
            "&&": self._and, "||": self._or, "!": self._not, "if-then-else": self._if, ".": self._attribute,
            "has": self._has, "is": self._is, "in": self._in, "==": self._equal, "!=": self._unequal,
            "contains": self._contains, "containsAll": self._contains_all, "containsAny": self._contains_any,
            "isEmpty": self._is_empty, "Set": self._set, "Value": _literal, "Var": self._variable,
        }  # fmt: skip

    def boolean(self, expr: Expr) -> Test:
        return self._kind(expr, Kind.BOOL)

    def _kind(self, expr: Expr, kind: Kind) -> Read:
        term = self._term(expr)
        return term.read if term.kind is kind else refuse("an unexpected kind")

    def _term(self, expr: Expr) -> _Term:
        if len(expr) != 1:
            refuse("a form with several heads")
        ((op, body),) = expr.items()
        if op in _ORDER:
            return self._ordered(op, body)
        compiler = self._forms.get(op)
        return compiler(body) if compiler else refuse(op)

    def _and(self, body: Expr) -> _Term:
        left, right = self.boolean(body["left"]), self.boolean(body["right"])
        return _Term(Kind.BOOL, lambda facts: left(facts) and right(facts))

    def _or(self, body: Expr) -> _Term:
        left, right = self.boolean(body["left"]), self.boolean(body["right"])
        return _Term(Kind.BOOL, lambda facts: left(facts) or right(facts))

    def _not(self, body: Expr) -> _Term:
        return _Term(Kind.BOOL, _negation(self.boolean(body["arg"])))

    def _if(self, body: Expr) -> _Term:
        test, then, otherwise = self.boolean(body["if"]), self._term(body["then"]), self._term(body["else"])
        _same(then, otherwise)
        first, second = then.read, otherwise.read
        return _Term(then.kind, lambda facts: first(facts) if test(facts) else second(facts))

    def _variable(self, name: str) -> _Term:
        return _Term(Kind.ENTITY, uid_of(name))  # `context` as a whole is refused there

    def _attribute(self, body: Expr) -> _Term:
        name = body["attr"]
        match body["left"]:
            case {"Var": "context"} if name in SIGNALS:
                kind, signal = SIGNALS[name]
                return _Term(kind, lambda facts: signal(facts.subject, facts.context, facts.resource))
            case {"Var": "resource"} if name in self._attributes:
                kind, read = self._attributes[name]
                return _Term(kind, lambda facts: read(facts.resource))
            case {"Var": "principal"} if name == "identifiers":
                return _Term(Kind.STRINGS, lambda facts: facts.party.identifiers)
        return refuse(f".{name}")

    def _has(self, body: Expr) -> _Term:
        name = body["attr"]
        match body["left"]:
            case {"Var": "context"} if name in SIGNALS:
                found = True
            case {"Var": "resource"} if any(name in known for known in _PRESENT.values()):
                found = name in _PRESENT[self._type]
            case {"Var": "principal"} if name in ("satisfied", "identifiers"):
                found = True
            case _:
                refuse("has")
        return _Term(Kind.BOOL, lambda facts: found)

    def _is(self, body: Expr) -> _Term:
        variable = _named(body["left"])
        tests = [is_a(variable, body["entity_type"], self._type)]
        if "in" in body:
            tests.append(self._inside(variable, body["in"]))
        return _Term(Kind.BOOL, _conjunction(tests))

    def _in(self, body: Expr) -> _Term:
        return _Term(Kind.BOOL, self._inside(_named(body["left"]), body["right"]))

    def _inside(self, variable: str, right: Expr) -> Test:
        found = right.get("Set", [right])
        tests = [is_in(variable, literal(one.get("Value"))) for one in found]
        return lambda facts: any(test(facts) for test in tests)

    def _equal(self, body: Expr) -> _Term:
        left, right = self._term(body["left"]), self._term(body["right"])
        _same(left, right)
        first, second = left.read, right.read
        return _Term(Kind.BOOL, lambda facts: bool(first(facts) == second(facts)))

    def _unequal(self, body: Expr) -> _Term:
        return _Term(Kind.BOOL, _negation(self._equal(body).read))

    def _ordered(self, op: str, body: Expr) -> _Term:
        left, right = self._kind(body["left"], Kind.LONG), self._kind(body["right"], Kind.LONG)
        compare = _ORDER[op]
        return _Term(Kind.BOOL, lambda facts: bool(compare(left(facts), right(facts))))

    def _set(self, body: list[Expr]) -> _Term:
        terms = [self._term(one) for one in body]
        kinds = {_SETS.get(term.kind) for term in terms}
        kind = kinds.pop() if len(kinds) == 1 else None
        reads = tuple(term.read for term in terms)
        return _Term(kind, lambda facts: {read(facts) for read in reads}) if kind else refuse("a set")

    def _contains(self, body: Expr) -> _Term:
        left, right = self._collection(body["left"]), self._term(body["right"])
        if left.kind is not _SETS.get(right.kind):
            refuse("an unexpected kind")
        held, one = left.read, right.read
        return _Term(Kind.BOOL, lambda facts: one(facts) in held(facts))

    def _contains_all(self, body: Expr) -> _Term:
        if is_satisfied(body["left"], written=True):
            return self._readable(body["right"])
        left, right = self._collections(body)
        return _Term(Kind.BOOL, lambda facts: bool(right(facts) <= left(facts)))

    def _contains_any(self, body: Expr) -> _Term:
        left, right = self._collections(body)
        return _Term(Kind.BOOL, lambda facts: not left(facts).isdisjoint(right(facts)))

    def _is_empty(self, body: Expr) -> _Term:
        held = self._collection(body["arg"]).read
        return _Term(Kind.BOOL, lambda facts: not held(facts))

    def _collection(self, expr: Expr) -> _Term:
        term = self._term(expr)
        return term if term.kind in _SETS.values() else refuse("an unexpected kind")

    def _collections(self, body: Expr) -> tuple[Read, Read]:
        left, right = self._collection(body["left"]), self._collection(body["right"])
        _same(left, right)
        return left.read, right.read

    def _readable(self, clauses: Expr) -> _Term:
        """Return `principal.satisfied.containsAll(...)`: who asks satisfies every clause of the readers."""
        match clauses:
            case {".": {"left": {"Var": "resource"}, "attr": "clauses"}} if "clauses" in _PRESENT[self._type]:
                return _Term(Kind.BOOL, Facts.reads)
            case {".": {"left": {"Var": "resource"}, "attr": "source_clauses"}} if self._type == "document":
                return _Term(Kind.BOOL, Facts.reads_source)
        return refuse("satisfied")


_PRESENT: Final[Mapping[str, frozenset[str]]] = {
    kind: frozenset(attributes)
    | ({"clauses"} if kind != "system" else set())
    | ({"source_clauses"} if kind == "document" else set())
    for kind, attributes in ATTRIBUTES.items()
}
"""What `has` finds on a resource of each type, its readers included."""


def _literal(value: object) -> _Term:
    kind = {bool: Kind.BOOL, int: Kind.LONG, str: Kind.STRING}.get(type(value))
    if kind is None:
        kind, value = Kind.ENTITY, literal(value)
    return _Term(kind, lambda facts: value)


def _named(expr: Expr) -> str:
    found = expr.get("Var")
    return (
        str(found) if found in ("principal", "resource") else refuse("another entity than who asks and for what")
    )


def _same(left: _Term, right: _Term) -> None:
    if left.kind is not right.kind:
        refuse("two kinds in one expression")
