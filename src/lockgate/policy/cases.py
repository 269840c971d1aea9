"""Decision cases: what a policy set must answer, written down beside it in YAML.

    defaults:                       # optional; merged under the same part of every case of the file
      context: {use: ai}
    cases:
      - name: HR staff may open the salaries
        subject: {user: ann, groups: [hr], risk: low, assurance: 1}
        action: read
        resource: {document: salaries, readers: [group:hr], sensitivity: restricted, reviewed: true, held: false,
                   forbidden_uses: []}
        context: {use: open}
        want: permit                # or deny
        policies: [open-what-the-source-allows]     # optional: exactly these policies determine it
        obligations: []                             # optional: exactly these

What is left out has its worst value, as in a request. A `subject` is a `user`, a `service` or an `agent`, the last
two also `for:` a user. `readers` lists clauses that must all hold, each one identifier or a list of alternatives;
`everyone` and `nobody` stand alone. A document's `source_readers` are its `readers` unless given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any, Final, TypeVar

import yaml

from lockgate.errors import Invalid
from lockgate.labels.label import PUBLIC, Integrity, Label, Sensitivity
from lockgate.labels.readers import Readers
from lockgate.policy import mandatory
from lockgate.policy.cedar import PolicySet
from lockgate.policy.decision import Decision, Effect, Obligation, combine_all
from lockgate.policy.model import (
    AccessRequest,
    Action,
    Context,
    Principal,
    PrincipalKind,
    Resource,
    Risk,
    Session,
    Subject,
    Use,
)
from lockgate.policy.slices import GROUP, TYPES

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""The moment of every case; no policy may depend on it."""

_PARTS: Final = ("subject", "resource", "context")
_CASE: Final = {"name", "action", "want", "policies", "obligations", *_PARTS}
_LABEL: Final = {"sensitivity", "readers", "integrity", "owners", "forbidden_uses"}
_SUBJECT: Final = {*PrincipalKind, "groups", "risk", "assurance", "application", "for"}
_RESOURCE: Final = {*TYPES, *_LABEL, "source_readers", "collections", "reviewed", "held", "ceiling"}
_CONTEXT: Final = {"use", "purpose", "device_compliant", "data"}

E = TypeVar("E", bound=StrEnum)
N = TypeVar("N", bound=IntEnum)


@dataclass(frozen=True, slots=True)
class Case:
    """One question and the answer that is wanted."""

    file: str
    name: str
    request: AccessRequest
    want: Effect
    policies: frozenset[str] | None = None
    obligations: frozenset[Obligation] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out, and how it differs from what was wanted; no differences means that it passed."""

    case: Case
    decision: Decision
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.differences


def run(policies: PolicySet, cases: tuple[Case, ...]) -> list[Outcome]:
    """Ask both judges every case; and the policies once more, by the engine alone, which must say the same."""
    requests = [case.request for case in cases]
    asked = zip(cases, policies.decide(requests), policies.consult(requests), strict=True)
    return [_compare(*one) for one in asked]


def _compare(case: Case, by_policies: Decision, by_engine: Decision) -> Outcome:
    decision = combine_all([mandatory.judge(case.request), by_policies])
    effect = Effect.PERMIT if decision.permits else Effect.DENY
    found = []
    if effect is not case.want:
        found.append(f"wanted {case.want}, got {effect}")
    if case.policies is not None and case.policies != by_policies.policies:
        found.append(f"wanted policies {_list(case.policies)}, got {_list(by_policies.policies)}")
    if case.obligations is not None and case.obligations != decision.obligations:
        wanted, got = (frozenset(map(str, one)) for one in (case.obligations, decision.obligations))
        found.append(f"wanted obligations {_list(wanted)}, got {_list(got)}")
    if by_policies != by_engine:
        found.append("compiled policies and Cedar differ: please report this as a fault of Lockgate")
    return Outcome(case, decision, tuple(found))


def _list(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "none"


# ------------------------------------------------------------------ reading


def parse_cases(file: str, text: str) -> tuple[Case, ...]:
    """Read a file of cases.

    Raises:
        Invalid: it is no YAML, or something in it is missing, unknown or of the wrong kind; says where.

    """
    try:
        tree = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Invalid(f"{file}: not readable as YAML") from error
    tree = _mapping(tree or {}, {"defaults", "cases"}, file)
    defaults = _mapping(tree.get("defaults") or {}, set(_PARTS), f"{file}: defaults")
    listed = tree.get("cases")
    if not isinstance(listed, list) or not listed:
        raise Invalid(f"{file}: `cases` must be a list of at least one case")
    return tuple(_case(file, number, one, defaults) for number, one in enumerate(listed, 1))


def _case(file: str, number: int, value: object, defaults: Mapping[str, Any]) -> Case:
    where = f"{file}: case {number}"
    tree = _mapping(value, _CASE, where)
    name = _text(tree.get("name", ""), f"{where}: name")
    if not name:
        raise Invalid(f"{where}: needs a `name`")
    parts = {part: [one.get(part) or {} for one in (defaults, tree)] for part in _PARTS}
    if not all(isinstance(one, dict) for pair in parts.values() for one in pair):
        raise Invalid(f"{where}: {', '.join(_PARTS)} must each be a mapping")
    merged = {**tree, **{part: {**default, **own} for part, (default, own) in parts.items()}}
    return Case(
        file,
        name,
        parse_request({key: merged[key] for key in (*_PARTS, "action") if key in merged}, where),
        _word(Effect, tree.get("want"), f"{where}: want"),
        _names(tree["policies"], f"{where}: policies") if "policies" in tree else None,
        frozenset(Obligation.parse(one) for one in _names(tree["obligations"], f"{where}: obligations"))
        if "obligations" in tree
        else None,
    )


def parse_request(value: object, where: str = "request") -> AccessRequest:
    """Read a request in the form of a case.

    Raises:
        Invalid: something is missing, unknown or of the wrong kind; says where.

    """
    tree = _mapping(value, {"action", *_PARTS}, where)
    return AccessRequest(
        _subject(tree.get("subject"), f"{where}: subject"),
        _word(Action, tree.get("action"), f"{where}: action"),
        _resource(tree.get("resource"), f"{where}: resource"),
        _context(tree.get("context") or {}, f"{where}: context"),
    )


def _subject(value: object, where: str) -> Subject:
    tree = _mapping(value, _SUBJECT, where)
    principal = _principal(tree, where)
    other = _mapping(tree["for"], {"user", "groups"}, f"{where}: for") if "for" in tree else None
    assurance = tree.get("assurance", 0)
    if not isinstance(assurance, int) or isinstance(assurance, bool):
        raise Invalid(f"{where}: `assurance` must be a whole number")
    risk = _level(Risk, tree.get("risk", "high"), f"{where}: risk")
    return Subject(
        principal,
        Session("case", NOW + timedelta(hours=1), assurance, risk),
        _text(tree.get("application", ""), f"{where}: application"),
        _principal(other, f"{where}: for") if other is not None else None,
    )


def _principal(tree: Mapping[str, Any], where: str) -> Principal:
    kinds = [kind for kind in PrincipalKind if kind in tree]
    if len(kinds) != 1:
        raise Invalid(f"{where}: needs exactly one of: {', '.join(PrincipalKind)}")
    groups = _names(tree.get("groups", []), f"{where}: groups")
    named = frozenset(one if one.startswith(GROUP) else GROUP + one for one in groups)
    return Principal(kinds[0], _text(tree[kinds[0]], f"{where}: {kinds[0]}"), named)


def _resource(value: object, where: str) -> Resource:
    tree = _mapping(value, _RESOURCE, where)
    types = [one for one in TYPES if one in tree]
    if len(types) != 1:
        raise Invalid(f"{where}: needs exactly one of: {', '.join(TYPES)}")
    label = _label(tree, where)
    source = _readers(tree["source_readers"], where) if "source_readers" in tree else label.readers
    return Resource(
        types[0],
        _text(tree[types[0]], f"{where}: {types[0]}"),
        label,
        _names(tree.get("collections", []), f"{where}: collections"),
        _flag(tree.get("reviewed", False), f"{where}: reviewed"),
        _flag(tree.get("held", True), f"{where}: held"),
        source,
        _label(_mapping(tree["ceiling"], _LABEL, f"{where}: ceiling"), where) if "ceiling" in tree else None,
    )


def _context(value: object, where: str) -> Context:
    tree = _mapping(value, _CONTEXT, where)
    return Context(
        NOW,
        "case",
        _word(Use, tree.get("use", "ai"), f"{where}: use"),
        _text(tree.get("purpose", ""), f"{where}: purpose"),
        _label(_mapping(tree["data"], _LABEL, f"{where}: data"), where) if "data" in tree else PUBLIC,
        _flag(tree.get("device_compliant", False), f"{where}: device_compliant"),
    )


def _label(tree: Mapping[str, Any], where: str) -> Label:
    worst = Label()
    return Label(
        _level(Sensitivity, tree.get("sensitivity", "restricted"), f"{where}: sensitivity"),
        _readers(tree["readers"], where) if "readers" in tree else worst.readers,
        _level(Integrity, tree.get("integrity", "untrusted"), f"{where}: integrity"),
        owners=_names(tree.get("owners", []), f"{where}: owners"),
        forbidden_uses=_names(tree.get("forbidden_uses", ["*"]), f"{where}: forbidden_uses"),
    )


def _readers(value: object, where: str) -> Readers:
    if value == "everyone":
        return Readers.everyone()
    if value == "nobody":
        return Readers.nobody()
    if not isinstance(value, list) or not value:
        raise Invalid(f"{where}: readers must be `everyone`, `nobody` or a list of clauses")
    clauses = frozenset(
        frozenset({one}) if isinstance(one, str) else _names(one, f"{where}: readers") for one in value
    )
    for one in sorted(name for clause in clauses for name in clause if ":" not in name):
        raise Invalid(f"{where}: the reader `{one}` needs a prefix, such as `group:` or `user:`")
    return Readers(clauses)


def _mapping(value: object, known: set[str], where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Invalid(f"{where}: must be a mapping")
    unknown = sorted(str(key) for key in value if key not in known)
    if unknown:
        raise Invalid(f"{where}: unknown field `{unknown[0]}`", remedy=f"It may have: {', '.join(sorted(known))}.")
    return value


def _names(value: object, where: str) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Invalid(f"{where}: must be a list of names")
    return frozenset(value)


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise Invalid(f"{where}: must be a text")
    return value


def _flag(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise Invalid(f"{where}: must be true or false")
    return value


def _word(kind: type[E], value: object, where: str) -> E:
    try:
        return kind(str(value))
    except ValueError as error:
        raise Invalid(f"{where}: must be one of: {', '.join(kind)}") from error


def _level(kind: type[N], value: object, where: str) -> N:
    names = {one.name.lower(): one for one in kind}
    if not isinstance(value, str) or value not in names:
        raise Invalid(f"{where}: must be one of: {', '.join(names)}")
    return names[value]
