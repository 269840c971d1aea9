"""Find conditions in policies under which less trust gives more access (invariant I8).

Deleting a signal, adding risk, raising the label of the data or losing a group must never turn a denial into a
permit. A condition of a `permit` may therefore ask for good things to be there and for bad things not to be there;
a condition of a `forbid`, the reverse. This is a check of forms: it may report a harmless condition, which the
policy then accepts with `@accepted("why")`, but it reports every harmful one. `context.use` is not a signal of
trust: it says what is asked, so policies may compare it as they like.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lockgate.policy.residual import is_satisfied
from lockgate.policy.rules import Rule

_GOOD: Final = {
    "context.device_compliant", "context.within_ceiling", "context.may_read_data", "context.assurance",
    "context.purpose", "context.application", "resource.reviewed",
}  # fmt: skip
_BAD: Final = {
    "context.risk", "context.data_level", "context.data_integrity", "context.ai_forbidden_data",
    "resource.level", "resource.integrity", "resource.held", "resource.ai_forbidden",
}  # fmt: skip
_BEST: Final = 0
_TEXTS: Final = {"context.purpose", "context.application"}
_NAMES: Final = "principal.identifiers"
_TOTAL: Final = {
    "Value", "Var", "!", "==", "!=", "in", "<", "<=", ">", ">=", "&&", "||", "contains", "containsAll",
    "containsAny", "isEmpty", ".", "has", "like", "is", "if-then-else", "Set",
}  # fmt: skip

Expr = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Concern:
    """A condition that is not monotone, or that can err."""

    rule: Rule
    what: str

    @property
    def accepted(self) -> bool:
        """Tell whether the policy says that it is meant as it is."""
        return bool(self.rule.accepted)

    def __str__(self) -> str:
        return f"{self.rule.statement.place}: policy `{self.rule.id}` {self.what}"


def concerns(rule: Rule) -> tuple[Concern, ...]:
    """Return what is not monotone in a policy, in its order, each once."""
    return tuple(Concern(rule, what) for what in dict.fromkeys(_rule(rule)))


def _rule(rule: Rule) -> Iterator[str]:
    scope = rule.est["principal"]
    if not rule.permits and (scope["op"] == "in" or scope.get("in")):
        yield "forbids a group: whoever leaves it gains access; permit another group instead"
    for condition in rule.est["conditions"]:
        asks = rule.permits == (condition["kind"] == "when")
        yield from _errors(condition["body"])
        yield from _boolean(condition["body"], asks)


def _errors(expr: object) -> Iterator[str]:
    """Yield what can err while it is evaluated. The attributes that the schema demands are always there."""
    if not isinstance(expr, Mapping):
        return
    for op, body in expr.items():
        if op not in _TOTAL:
            yield f"uses `{op}`, which can err; a request on which it errs is denied"
        if op not in ("Value", "Var", "like"):
            for one in body if isinstance(body, list) else body.values():
                yield from _errors(one)


def _boolean(expr: Expr, asks: bool) -> Iterator[str]:
    """Walk a condition. `asks`: access grows when it becomes true; otherwise access shrinks."""
    op, body = next(iter(expr.items()))
    match op:
        case "&&" | "||":
            yield from _boolean(body["left"], asks)
            yield from _boolean(body["right"], asks)
        case "!":
            yield from _boolean(body["arg"], not asks)
        case "if-then-else":
            yield from _boolean(body["if"], asks)
            yield from _boolean(body["if"], not asks)
            yield from _boolean(body["then"], asks)
            yield from _boolean(body["else"], asks)
        case ".":
            yield from _wants(_name(expr), asks, "")
        case "Value" | "has" | "is":
            return
        case _ if not all(_simple(body[side]) for side in ("left", "right", "arg") if side in body):
            yield f"uses `{op}` on something too complicated to judge; write it in several conditions"
        case "==" | "!=" | "<" | "<=" | ">" | ">=":
            yield from _comparison(op, body["left"], body["right"], asks)
        case "in":
            if body["left"] == {"Var": "principal"} and not asks:
                yield "denies a group: whoever leaves it gains access"
        case _:
            yield from _set(op, body, asks)


def _simple(expr: Expr) -> bool:
    """Tell whether this is a literal, a set of literals, a variable, or an attribute of a variable."""
    if "Set" in expr:
        return all("Value" in one for one in expr["Set"])
    return "Value" in expr or "Var" in expr or bool(_name(expr).partition(".")[0])


def _wants(name: str, true: bool, how: str) -> Iterator[str]:
    """Yield a concern if access grows while a good signal is off or a bad one is on."""
    if name in _GOOD and not true:
        yield f"gives access where `{name}` is {how or 'false'}, also when it is unknown"
    if name in _BAD and true:
        yield f"gives access where `{name}` is {how or 'true'}, the worse case"


def _comparison(op: str, left: Expr, right: Expr, asks: bool) -> Iterator[str]:
    if not _name(left) and _name(right):
        mirror = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
        left, right, op = right, left, mirror.get(op, op)
    if op == "!=":
        op, asks = "==", not asks
    name, value = _name(left), right.get("Value")
    if _name(right) in _GOOD | _BAD and name in _GOOD | _BAD:
        if not _between(name, op, _name(right), asks):
            yield f"compares `{name}` with `{_name(right)}` so that the worse case gives access"
    elif isinstance(value, bool):
        yield from _wants(name, asks == value, "")
    elif op == "==":
        yield from _equality(name, value, asks)
    else:
        yield from _wants(name, asks == (op in (">", ">=")), "low" if name in _GOOD else "high")


def _between(name: str, op: str, other: str, asks: bool) -> bool:
    """Tell whether `bad <= good`, in this or the mirrored direction, is what gives access."""
    less = (op in ("<", "<=")) == asks
    return op != "==" and (name in _BAD, other in _GOOD) == (less, less)


def _equality(name: str, value: object, asks: bool) -> Iterator[str]:
    if name == _NAMES:
        yield "compares all names of the asker; ask for one of them with `contains`"
    elif name in _TEXTS:
        if not asks or not value:
            yield f"gives access where `{name}` is not a certain text, also when it is unknown"
    elif name in _GOOD | _BAD and not (asks and name in _BAD and value == _BEST):
        yield f"uses `==` on the signal `{name}`, which is an order; use `<=` or `>=`"


def _set(op: str, body: Expr, asks: bool) -> Iterator[str]:
    left, right = body.get("left", body.get("arg", {})), body.get("right", {})
    if is_satisfied(left, written=True) or _NAMES in (_name(left), _name(right)):
        fewer = (op == "containsAll" and _name(right) == _NAMES) or op == "isEmpty"
        if asks == fewer:
            yield "gives access to those who lack a name: leaving a group, or losing a right, gives it"
    elif op == "contains" and _name(right) in _TEXTS:
        if not asks or {"Value": ""} in left.get("Set", [{"Value": ""}]):
            yield f"gives access where `{_name(right)}` is not a certain text, also when it is unknown"
    elif op == "contains" and _name(right) in _GOOD | _BAD:
        yield f"uses `contains` on the signal `{_name(right)}`, which is an order; use `<=` or `>=`"
    elif op == "like" and _name(left) in _TEXTS and (not asks or set(map(str, body["pattern"])) <= {"Wildcard"}):
        yield f"gives access where `{_name(left)}` does not match, also when it is unknown"


def _name(expr: Expr) -> str:
    """Return `context.risk` and the like; of anything else, nothing."""
    inner = expr.get(".")
    return f"{inner['left'].get('Var', '')}.{inner['attr']}" if inner else ""
