"""Whether compiled policies and Cedar say the same: random policies, random requests, every field compared.

    python -m bench.agree                     a million requests (some minutes)
    python -m bench.agree REQUESTS [SEED]

Policies are random expressions over everything that the schema knows, also forms that are left to Cedar; those
that a load refuses are thrown away. One request in twenty is odd: a name that is no text, a number out of range, a
type that does not fit the action. Exit code 1 if a single decision differs in a single field.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from lockgate.adapters.policy_files import SHIPPED
from lockgate.errors import Invalid
from lockgate.labels import EVERYONE, Integrity, Label, Readers, Sensitivity
from lockgate.policy.cedar import PolicySet
from lockgate.policy.decision import Decision
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

NOW = datetime(2026, 11, 24, tzinfo=UTC)
SCHEMA = (SHIPPED / "schema.cedarschema").read_text()
SHIPPED_TEXTS = {path.name: path.read_text() for path in sorted(SHIPPED.glob("*.cedar"))}
GROUPS = ["hr", "legal", "staff", "admins", "auditors", "stewards", "contractors"]
PEOPLE = ["ann", "bob", "o'brien", "é😀", ""]
NAMES = [f"user:{one}" for one in PEOPLE] + [f"group:{one}" for one in GROUPS]
COLLECTIONS = ["pay", "handbook", "é", ""]
SYSTEMS = ["audit", "why", "settings"]
PURPOSES = ["", "support", "pay"]
FITTING = {
    "document": [Action.READ, Action.READ, Action.READ, Action.DISCOVER, Action.DOWNGRADE, Action.APPROVE,
                 Action.TRAIN],
    "answer": [Action.EMIT, Action.EMIT, Action.APPROVE, Action.EXPORT],
    "model": [Action.PROMPT],
    "system": [Action.ADMINISTER],
}  # fmt: skip
_POLICIES, _TOGETHER, _PER_SET = 9, 20, 2000


class Policies:
    """Random policies, as text."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice

    def policy(self, id: str) -> str:
        dice = self._dice
        effect = dice.choice(["permit"] * 4 + ["forbid"])
        notes = [f'@id("{id}")']
        if dice.random() < 0.3:
            notes.append(f'@reason("because of {id}")')
        if effect == "permit":
            notes += [f'@deny_hint("hint {dice.randrange(6)}")'] if dice.random() < 0.4 else []
            duty = dice.choice(["mark:internal", "step_up:2", "reroute, redact:pii"])
            notes += [f'@obligation("{duty}")'] if dice.random() < 0.3 else []
        elif dice.random() < 0.4:
            notes.append(f'@remedy("remedy {dice.randrange(6)}")')
        type, action, resource = dice.choice(_HEADS)
        head = f"{self._principal()}, {action}, {resource.format(collection=dice.choice(COLLECTIONS))}"
        conditions = "".join(
            f" {dice.choice(['when', 'when', 'unless'])} {{ {self.boolean(dice.randrange(5), type)} }}"
            for _ in range(dice.choice([0, 0, 1, 1, 1, 2]))
        )
        return f"{' '.join(notes)} {effect}({head}){conditions};\n"

    def _principal(self) -> str:
        dice = self._dice
        group, person = self._group(), self._person()
        return dice.choice(
            ["principal"] * 9
            + [
                f"principal in {group}", f"principal is {dice.choice(_KINDS)}", f"principal == {person}",
                f"principal is Lockgate::User in {group}", f"principal in {person}",
            ]
        )  # fmt: skip

    def _group(self) -> str:
        return f'Lockgate::Group::"{self._dice.choice(GROUPS)}"'

    def _person(self) -> str:
        kind = self._dice.choice(["User", "User", "Service", "Agent"])
        return f'Lockgate::{kind}::"{self._dice.choice(PEOPLE)}"'

    def boolean(self, depth: int, type: str) -> str:
        dice = self._dice
        if depth <= 0:
            return self._atom(type)
        left, right = self.boolean(depth - 1, type), self.boolean(depth - 2, type)
        return dice.choice(
            [
                f"({left} && {right})", f"({left} || {right})", f"!({left})", f"({left} && {right})",
                f"(if {right} then {left} else {self.boolean(depth - 2, type)})", left,
            ]
        )  # fmt: skip

    def _atom(self, type: str) -> str:
        dice = self._dice
        flag = dice.choice(["device_compliant", "ai_forbidden_data", "within_ceiling", "may_read_data"])
        compare = dice.choice(["<", "<=", ">", ">=", "==", "!="])
        common = [
            f"context.{flag}", f"context.{flag} {dice.choice(['==', '!='])} true", "true",
            f"{self._text()} == {self._text()}",
            f"{self._text()} != {self._text()}", f"principal in {self._group()}", f"principal == {self._person()}",
            f"principal in [{self._group()}, {self._group()}]", f"principal is {dice.choice(_KINDS)}",
            f"principal is Lockgate::User in {self._group()}", "context has risk", "principal has identifiers",
            f"{self._names(type)}.contains({self._name()})", f"[0, 2].contains({self._long(type)})",
            f"{self._names(type)}.containsAny({self._names(type)})", f"{self._names(type)} == {self._names(type)}",
            f"{self._names(type)}.containsAll({self._names(type)})", f"{self._names(type)}.isEmpty()",
            f'action == Lockgate::Action::"{dice.choice(list(Action))}"', 'context.purpose like "s*t"',
            f"{self._long(type)} + {dice.choice([1, 9223372036854775807])} > 1", "resource has level",
            f"principal != {self._person()}", "resource has owners && true", "resource has clauses",
        ]  # fmt: skip
        common += [f"{self._long(type)} {compare} {self._long(type)}"] * 4
        return dice.choice(common + _OWN[type] * 2).format(collection=dice.choice(COLLECTIONS))

    def _long(self, type: str) -> str:
        own = ["resource.level"] if type in ("document", "answer") else []
        own += ["resource.integrity"] if type == "document" else []
        signals = [f"context.{one}" for one in ("risk", "assurance", "data_level", "data_integrity")]
        return self._dice.choice(own * 2 + signals + [str(self._dice.randrange(-1, 4))])

    def _text(self) -> str:
        dice = self._dice
        signals = [f"context.{one}" for one in ("use", "purpose", "application")]
        return dice.choice([*signals, f'"{dice.choice([*PURPOSES, "open", "ai", "chat"])}"'])

    def _name(self) -> str:
        return f'"{self._dice.choice(NAMES)}"'

    def _names(self, type: str) -> str:
        own = ["resource.owners"] * 2 if type == "document" else []
        written = f"[{', '.join(self._name() for _ in range(self._dice.randrange(1, 4)))}]"
        return self._dice.choice([*own, "principal.identifiers", written])


_KINDS = ["Lockgate::User", "Lockgate::Agent", "Lockgate::Service"]
_HEADS = [
    ("document", 'action == Lockgate::Action::"read"', "resource"),
    ("document", 'action == Lockgate::Action::"read"', "resource is Lockgate::Document"),
    ("document", 'action in [Lockgate::Action::"read", Lockgate::Action::"discover"]', "resource"),
    ("document", 'action in [Lockgate::Action::"read", Lockgate::Action::"discover"]',
     'resource in Lockgate::Collection::"{collection}"'),
    ("document", 'action == Lockgate::Action::"downgrade"', "resource"),
    ("document", 'action == Lockgate::Action::"downgrade"', 'resource == Lockgate::Document::"d1"'),
    ("document", "action", 'resource is Lockgate::Document in Lockgate::Collection::"{collection}"'),
    ("answer", 'action == Lockgate::Action::"emit"', "resource"),
    ("answer", 'action in [Lockgate::Action::"emit", Lockgate::Action::"approve"]',
     "resource is Lockgate::Answer"),
    ("model", 'action == Lockgate::Action::"prompt"', "resource"),
    ("system", 'action == Lockgate::Action::"administer"', "resource"),
    ("system", 'action == Lockgate::Action::"administer"', 'resource == Lockgate::System::"audit"'),
    ("any", "action", "resource"),
]  # fmt: skip
_READ = "principal.satisfied.containsAll(resource.clauses)"
_OWN = {
    "document": [
        _READ, _READ, f"!{_READ}", "principal.satisfied.containsAll(resource.source_clauses)", "resource.reviewed",
        "resource.held == false", "resource.ai_forbidden", 'resource in Lockgate::Collection::"{collection}"',
        'resource in [Lockgate::Collection::"pay", Lockgate::Collection::"{collection}"]', "resource.held",
        "principal.identifiers.containsAny(resource.owners)", "resource is Lockgate::Document",
        'resource is Lockgate::Document in Lockgate::Collection::"{collection}"',
        'resource.owners.contains("group:hr")',
    ],
    "answer": [_READ, "resource is Lockgate::Answer", f"!{_READ}"],
    "model": [_READ, f"!{_READ}", "context.within_ceiling"],
    "system": ['resource == Lockgate::System::"why"', 'resource != Lockgate::System::"audit"'],
    "any": ["resource is Lockgate::Document && resource.held", "resource has level && resource.level <= 1",
            f"resource has clauses && {_READ}"],
}  # fmt: skip


class Requests:
    """Random requests in a small world, so that things meet."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice

    def together(self, count: int) -> list[AccessRequest]:
        """Return requests of one subject in one context, as a retrieval asks them; odd ones among them."""
        subject, context = self._subject(), self._context()
        made = []
        for _ in range(count):
            request = AccessRequest(subject, Action.READ, self._resource(), context)
            fitting = FITTING[request.resource.type]
            action = self._dice.choice(fitting if self._dice.random() < 0.98 else list(Action))
            request = replace(request, action=action)
            made.append(self._odd(request) if self._dice.random() < 0.05 else request)
        return made

    def _some(self, values: Sequence[str], most: int) -> frozenset[str]:
        return frozenset(self._dice.choices(values, k=self._dice.randrange(most + 1)))

    def _readers(self) -> Readers:
        if self._dice.random() < 0.3:
            return Readers.any_of("group:staff")
        clauses = range(self._dice.randrange(1, 4))
        return Readers(frozenset(self._some([*NAMES, EVERYONE], 3) for _ in clauses))

    def _label(self) -> Label:
        dice = self._dice
        return Label(
            dice.choice(list(Sensitivity)),
            self._readers(),
            dice.choice(list(Integrity)),
            owners=self._some(NAMES, 2),
            forbidden_uses=frozenset(dice.choice([[], [], [], ["ai"], ["training"], ["*"]])),
        )

    def _principal(self, kinds: Sequence[PrincipalKind]) -> Principal:
        groups = frozenset(f"group:{one}" for one in self._some([*GROUPS, "staff", "staff"], 5))
        odd = frozenset({"role:x", "hr"}) if self._dice.random() < 0.1 else frozenset()
        return Principal(self._dice.choice(kinds), self._dice.choice(PEOPLE), groups | odd)

    def _subject(self) -> Subject:
        dice = self._dice
        assurance = dice.choice([0, 1, 2, 3])
        session = Session("s", NOW + timedelta(hours=1), assurance, dice.choice(list(Risk)))
        user = [PrincipalKind.USER]
        other = self._principal(user) if dice.random() < 0.3 else None
        acting = self._principal(list(PrincipalKind) if other else [*user * 4, *PrincipalKind])
        return Subject(acting, session, dice.choice(["", "chat"]), other)

    def _context(self) -> Context:
        dice = self._dice
        return Context(NOW, "r", dice.choice(list(Use)), dice.choice(PURPOSES), self._label(), dice.random() < 0.5)

    def _resource(self) -> Resource:
        dice = self._dice
        type = dice.choice(["document"] * 5 + ["answer", "model", "system"])
        names = {"document": ["d1", "d2", 'd"é'], "system": SYSTEMS}.get(type, ["x", ""])
        label = self._label()
        same = dice.random() < 0.6
        return Resource(
            type,
            dice.choice(names),
            label,
            self._some(COLLECTIONS, 2),
            dice.random() < 0.7,
            dice.random() < 0.3,
            label.readers if same else self._readers(),
            self._label() if dice.random() < 0.7 else None,
        )

    def _odd(self, request: AccessRequest) -> AccessRequest:
        subject, resource, context = request.subject, request.resource, request.context
        session, label = subject.session, resource.label
        broken = "\ud800"
        hollow = Readers.everyone()
        object.__setattr__(hollow, "clauses", frozenset())
        odd_numbers = [2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 1.5, None]
        return self._dice.choice(
            [
                replace(request, resource=replace(resource, type=self._dice.choice(["folder", "", "Document"]))),
                replace(request, resource=replace(resource, id=broken)),
                replace(request, resource=replace(resource, collections=frozenset({broken}))),
                replace(request, resource=replace(resource, source_readers=hollow)),
                replace(request, resource=replace(resource, label=replace(label, readers=hollow))),
                replace(request, resource=replace(resource, label=replace(label, owners=frozenset({broken})))),
                replace(request, resource=replace(resource, held=None)),
                replace(request, resource=replace(resource, reviewed="yes")),
                replace(request, context=replace(context, purpose=broken)),
                replace(request, context=replace(context, purpose="x" * 3000 + "\x00é")),
                replace(request, context=replace(context, device_compliant=None)),
                replace(request, subject=replace(subject, application=broken)),
                replace(request, subject=replace(subject, principal=replace(subject.principal, id=broken))),
                replace(
                    request,
                    subject=replace(
                        subject, principal=replace(subject.principal, groups=frozenset({f"group:{broken}"}))
                    ),
                ),
                replace(
                    request,
                    subject=replace(subject, session=replace(session, assurance=self._dice.choice(odd_numbers))),
                ),
            ]
        )


@dataclass
class Found:
    """What a comparison saw."""

    requests: int = 0
    shortcut: int = 0
    effects: Counter[str] = field(default_factory=Counter)
    disagreements: list[tuple[PolicySet, AccessRequest, Decision, Decision]] = field(default_factory=list)


def sets(dice: random.Random) -> Iterator[PolicySet]:
    """Yield the shipped set, and then random ones; every third has the shipped policies among them."""
    yield PolicySet.from_texts(SHIPPED_TEXTS, SCHEMA)
    written = Policies(dice)
    for turn in range(sys.maxsize):
        files = dict(SHIPPED_TEXTS) if turn % 3 == 0 else {}
        while len(files) < _POLICIES:
            text = {f"p{len(files)}.cedar": written.policy(f"p{len(files)}")}
            try:
                PolicySet.from_texts(text, SCHEMA)
            except Invalid:
                continue
            files |= text
        yield PolicySet.from_texts(files, SCHEMA)


def compare(requests: int, seed: int = 1, per_set: int = _PER_SET) -> Found:
    """Ask both ways until enough is asked."""
    dice = random.Random(seed)
    made, found = Requests(dice), Found()
    for chosen in sets(dice):
        for _ in range(per_set // _TOGETHER):
            asked = made.together(_TOGETHER)
            for request, ours, cedars in zip(asked, chosen.decide(asked), chosen.consult(asked), strict=True):
                found.requests += 1
                found.effects[_kind(cedars)] += 1
                if ours != cedars:
                    found.disagreements.append((chosen, request, ours, cedars))
            found.shortcut += sum(
                all(chosen._shortcut.satisfied(one, party) is not None for party in one.subject.parties)
                for one in asked
            )
            if found.requests >= requests:
                return found
    return found


def _kind(decision: Decision) -> str:
    if decision.errors:
        return "error"
    return "permit" if decision.permits else "forbidden" if decision.policies else "no policy permits"


def main(arguments: Sequence[str]) -> int:
    """Print what was compared; return 1 if anything differed."""
    requests = int(arguments[0]) if arguments else 1_000_000
    seed = int(arguments[1]) if len(arguments) > 1 else 1
    start = time.monotonic()
    found = compare(requests, seed)
    print(f"{found.requests:,} random requests (seed {seed}) in {time.monotonic() - start:,.0f} s")
    print("  Cedar's answers: " + ", ".join(f"{count:,} {kind}" for kind, count in found.effects.most_common()))
    print(f"  {found.shortcut:,} ({found.shortcut / found.requests:.1%}) were decided without Cedar")
    print(f"  {len(found.disagreements):,} disagreements")
    for chosen, request, ours, cedars in found.disagreements[:3]:
        print("", *(rule.statement.text for rule in chosen.rules), request, ours, cedars, sep="\n  ")
    return 1 if found.disagreements else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
