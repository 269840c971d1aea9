"""Compile what Cedar leaves open about a document into a `Filter`.

Input is Cedar's JSON form of an expression: of a residual (the resource is `unknown`), or of a policy as written
(the resource is a variable). In the second case parts that do not speak of the resource are opaque, and the answer
only says whether every form is one that an index can apply. So a set is checked once, when it is loaded, with the
compiler that runs later. The set of forms is closed: `and`, `or`, `not`, `if`, `==`, `<=` and its kin, `in`, `is`,
`has`, `contains`, `containsAll`, `containsAny`. No other form, and no arithmetic, which can overflow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from lockgate.errors import Invalid
from lockgate.policy import filter as filters
from lockgate.policy.filter import All, AtMost, Const, Filter, Flag, InCollections, IsTrue, MayRead, Not, OwnedBy

SATISFIED: Final = "$satisfied"
"""Id of the clause that stands for all clauses that the asker satisfies while the resource is unknown."""

_CLAUSES: Final = {"clauses": False, "source_clauses": True}
_KNOWN: Final = {*_CLAUSES, "level", "integrity", "owners", "reviewed", "held", "ai_forbidden"}
_TOP: Final = 3
_COMPARISONS: Final = {"<=", "<", ">=", ">", "==", "!="}
_MIRROR: Final = {"<=": ">=", "<": ">", ">=": "<=", ">": "<", "==": "==", "!=": "!="}
_CONNECTIVES: Final = {"&&", "||", "!", "if-then-else"}
_OPAQUE_FORMS: Final = {
    *_COMPARISONS, "Value", "Var", "unknown", ".", "has", "&&", "||", "!", "in", "is", "like", "Set",
    "contains", "containsAll", "containsAny", "isEmpty", "if-then-else",
}  # fmt: skip

Expr = Mapping[str, Any]


class Unsupported(Invalid):
    """A form that an index cannot apply."""

    code = "unsupported_form"


def check_policy(est: Mapping[str, Any]) -> None:
    """Accept a policy, as written, whose conditions an index can apply.

    Raises:
        Unsupported: it uses a form outside the closed set.

    """
    _compile(est)


def compile_residual(est: Mapping[str, Any]) -> Filter:
    """Return when a residual applies.

    Raises:
        Unsupported: it uses a form outside the closed set, or something other than the resource is still open.

    """
    if has_variable(est["conditions"]):
        _refuse("a residual with another unknown than the resource")
    return _compile(est)


def check_clauses(value: object) -> None:
    """Accept what uses clauses of readers in the one way that has a meaning, anywhere in a policy.

    A request carries only the clauses that it needs, so any other use of them would see a part of the truth.

    Raises:
        Unsupported: clauses are used otherwise than in `principal.satisfied.containsAll(resource.clauses)`.

    """
    if isinstance(value, list):
        for one in value:
            check_clauses(one)
    if not isinstance(value, Mapping):
        return
    inner = value.get("containsAll")
    if inner and _resource_attribute(inner["right"]) in _CLAUSES and is_satisfied(inner["left"], written=True):
        return
    attribute = value.get(".")
    if attribute and attribute["attr"] in (*_CLAUSES, "satisfied"):
        _refuse(f"`.{attribute['attr']}` other than in `principal.satisfied.containsAll(resource.clauses)`")
    if isinstance(value.get("__entity"), Mapping) and value["__entity"].get("type") == "Lockgate::Clause":
        _refuse("a clause by its name")
    for one in value.values():
        check_clauses(one)


def _compile(est: Mapping[str, Any]) -> Filter:
    parts = [_scope(est["resource"])]
    for condition in est["conditions"]:
        body = _boolean(condition["body"])
        parts.append(body if condition["kind"] == "when" else negation(body))
    return conjunction(parts)


def conjunction(parts: list[Filter]) -> Filter:
    """Return the simplest filter for "all of these"."""
    kept: list[Filter] = []
    for part in parts:
        if part == Const(False):
            return part
        kept += part.parts if isinstance(part, All) else [] if part == Const(True) else [part]
    kept = list(dict.fromkeys(kept))
    return Const(True) if not kept else kept[0] if len(kept) == 1 else All(tuple(kept))


def disjunction(parts: list[Filter]) -> Filter:
    """Return the simplest filter for "any of these"."""
    kept: list[Filter] = []
    for part in parts:
        if part == Const(True):
            return part
        kept += part.parts if isinstance(part, filters.Any) else [] if part == Const(False) else [part]
    kept = list(dict.fromkeys(kept))
    return Const(False) if not kept else kept[0] if len(kept) == 1 else filters.Any(tuple(kept))


def negation(part: Filter) -> Filter:
    """Return the simplest filter for "not this"."""
    match part:
        case Const(value):
            return Const(not value)
        case Not(inner):
            return inner
    return Not(part)


# ------------------------------------------------------------------ boolean forms


def _scope(constraint: Mapping[str, Any]) -> Filter:
    op = constraint["op"]
    if op == "All":
        return Const(True)
    if op == "in":
        return _inside([constraint["entity"]])
    if op == "is":
        kind = _is_document(constraint["entity_type"])
        inside = constraint.get("in")
        return conjunction([kind, _inside([inside["entity"]])]) if inside else kind
    return _refuse("`resource ==` names one document")


def _boolean(expr: Expr) -> Filter:
    op, body = _only(expr)
    if op == "Value":
        return Const(body) if isinstance(body, bool) else _refuse("a condition that is no truth value")
    if not speaks_of_resource(expr) and op not in _CONNECTIVES:
        _opaque(expr)
        return Const(True)  # only a policy as written has such parts; only refusals count there
    compiler = _FORMS.get(op)
    return compiler(body) if compiler else _refuse(f"the form `{op}`")


def _and(body: Expr) -> Filter:
    return conjunction([_boolean(body["left"]), _boolean(body["right"])])


def _or(body: Expr) -> Filter:
    return disjunction([_boolean(body["left"]), _boolean(body["right"])])


def _not(body: Expr) -> Filter:
    return negation(_boolean(body["arg"]))


def _if(body: Expr) -> Filter:
    test = _boolean(body["if"])
    return disjunction(
        [conjunction([test, _boolean(body["then"])]), conjunction([negation(test), _boolean(body["else"])])]
    )


def _attribute(body: Expr) -> Filter:
    name = _resource_attribute({".": body})
    if name not in frozenset(Flag):
        _refuse(f"`resource.{name}` as a condition")
    return IsTrue(Flag(str(name)))


def _has(body: Expr) -> Filter:
    if not _is_resource(body["left"]):
        _refuse("`has` on a part of the resource")
    return Const(body["attr"] in _KNOWN)


def _is(body: Expr) -> Filter:
    if not _is_resource(body["left"]):
        _refuse("`is` on a part of the resource")
    kind = _is_document(body["entity_type"])
    return conjunction([kind, _in({"left": body["left"], "right": body["in"]})]) if "in" in body else kind


def _in(body: Expr) -> Filter:
    if not _is_resource(body["left"]) or speaks_of_resource(body["right"]):
        _refuse("`in` with the resource on the right")
    return _inside(_set(body["right"]) if "Set" in body["right"] else [_value(body["right"], {})])


def _comparison(op: str) -> Callable[[Expr], Filter]:
    def compile_comparison(body: Expr) -> Filter:
        left, right, relation = body["left"], body["right"], op
        if not speaks_of_resource(left):
            left, right, relation = right, left, _MIRROR[op]
        if speaks_of_resource(right):
            _refuse(f"`{op}` between two parts of the resource")
        name = _resource_attribute(left)
        if name == "level":
            return _level(relation, _value(right, 0))
        if name in frozenset(Flag) and relation in ("==", "!="):
            flag = IsTrue(Flag(str(name)))
            return flag if _value(right, True) is (relation == "==") else negation(flag)
        return _refuse(f"`{op}` on `resource.{name}`" if name else f"`{op}` on the resource itself")

    return compile_comparison


def _contains(body: Expr) -> Filter:
    left, right = body["left"], body["right"]
    if _resource_attribute(left) == "owners" and not speaks_of_resource(right):
        return OwnedBy(frozenset({_value(right, "")}))
    if _resource_attribute(right) == "level" and not speaks_of_resource(left):
        return disjunction([_level("==", level) for level in _set(left)])
    return _refuse("`contains` other than `resource.owners.contains(...)`")


def _contains_any(body: Expr) -> Filter:
    for owners, names in ((body["left"], body["right"]), (body["right"], body["left"])):
        if _resource_attribute(owners) == "owners" and not speaks_of_resource(names):
            found = frozenset(_set(names))
            return OwnedBy(found) if found else Const(False)
    return _refuse("`containsAny` other than on `resource.owners`")


def _contains_all(body: Expr) -> Filter:
    left, right = body["left"], body["right"]
    name = _resource_attribute(right)
    if name in _CLAUSES and is_satisfied(left):
        return MayRead(source=_CLAUSES[str(name)])
    if _resource_attribute(left) == "owners" and not speaks_of_resource(right):
        return conjunction([OwnedBy(frozenset({one})) for one in _set(right)])
    return _refuse("`containsAll` other than `principal.satisfied.containsAll(resource.clauses)`")


_FORMS: Final[Mapping[str, Callable[[Expr], Filter]]] = {
    "&&": _and, "||": _or, "!": _not, "if-then-else": _if, ".": _attribute, "has": _has, "is": _is, "in": _in,
    "contains": _contains, "containsAny": _contains_any, "containsAll": _contains_all,
    **{op: _comparison(op) for op in _COMPARISONS},
}  # fmt: skip


# ------------------------------------------------------------------ atoms


def _level(relation: str, bound: object) -> Filter:
    if isinstance(bound, bool) or not isinstance(bound, int):
        _refuse("a level compared with something that is no number")
    match relation:
        case "<=":
            return Const(False) if bound < 0 else Const(True) if bound >= _TOP else AtMost(bound)
        case "<":
            return _level("<=", bound - 1)
        case ">":
            return negation(_level("<=", bound))
        case ">=":
            return negation(_level("<", bound))
        case "==":
            return conjunction([_level("<=", bound), _level(">=", bound)])
    return negation(_level("==", bound))


def _inside(entities: list[Any]) -> Filter:
    names = []
    for entity in entities:
        found = entity.get("__entity", entity) if isinstance(entity, Mapping) else None
        if found == {}:  # opaque: not known before the request
            continue
        if found is None or found["type"] != "Lockgate::Collection":
            _refuse("`in` something other than a collection")
        names.append(str(found["id"]))
    return InCollections(frozenset(names)) if names else Const(False)


def _is_document(entity_type: str) -> Filter:
    return Const(entity_type == "Lockgate::Document")


def is_satisfied(expr: Expr, *, written: bool = False) -> bool:
    """Tell whether this is `principal.satisfied`; unless `written`, also what partial evaluation makes of it."""
    if expr == {".": {"left": {"Var": "principal"}, "attr": "satisfied"}}:
        return True
    stand_in = [{"Value": {"__entity": {"type": "Lockgate::Clause", "id": SATISFIED}}}]
    return not written and expr.get("Set") == stand_in


def _is_resource(expr: Expr) -> bool:
    return expr in ({"Var": "resource"}, {"unknown": [{"Value": "resource"}]})


def _resource_attribute(expr: Expr) -> str | None:
    """Return the attribute's name if this is `resource.name`."""
    inner = expr.get(".")
    return str(inner["attr"]) if inner and _is_resource(inner["left"]) else None


def speaks_of_resource(value: object) -> bool:
    """Tell whether the resource occurs anywhere in an expression."""
    if isinstance(value, Mapping):
        return _is_resource(value) or any(speaks_of_resource(one) for one in value.values())
    return isinstance(value, list) and any(speaks_of_resource(one) for one in value)


def has_variable(value: object) -> bool:
    """Tell whether a variable (`principal`, `context`, ...) occurs anywhere in an expression."""
    if isinstance(value, Mapping):
        return "Var" in value or any(has_variable(one) for one in value.values())
    return isinstance(value, list) and any(has_variable(one) for one in value)


def _value(expr: Expr, otherwise: Any) -> Any:
    """Return a literal; of an opaque part, `otherwise`."""
    if "Value" in expr:
        return expr["Value"]
    _opaque(expr)
    return otherwise


def _set(expr: Expr) -> list[Any]:
    if "Set" in expr:
        return [_value(one, {}) for one in expr["Set"]]
    found = _value(expr, [])
    return found if isinstance(found, list) else _refuse("a set that is none")


def _opaque(expr: Expr) -> None:
    """Accept a part that is known at run time: it speaks of other variables and cannot err."""
    if not has_variable(expr):
        _refuse("a condition between constants")
    _check_total(expr)


def _check_total(expr: object) -> None:
    """Refuse what can err at run time: arithmetic overflows, extension functions reject their argument."""
    if not isinstance(expr, Mapping):
        return
    op, body = _only(expr)
    if op not in _OPAQUE_FORMS:
        _refuse(f"the form `{op}`")
    if op in ("Value", "Var", "unknown"):
        return
    for one in body if isinstance(body, list) else body.values():
        _check_total(one)


def _only(expr: Expr) -> tuple[str, Any]:
    if len(expr) != 1:
        _refuse("a form with several heads")
    return next(iter(expr.items()))


def _refuse(what: str) -> NoReturn:
    raise Unsupported(
        f"{what} cannot be applied by an index",
        remedy="Policies on reading or discovering documents may use: and, or, not, if, ==, <=, in, is, has, "
        "contains, containsAny on owners, and principal.satisfied.containsAll(resource.clauses).",
    )
