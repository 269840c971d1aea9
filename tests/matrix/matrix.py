"""The authorization matrix: who may do what to what, by both judges and the shipped policies.

`decisions.txt` beside this file is the answer that is checked in: a change of policy or code that gives or takes
access shows as a changed line that names subject and resource. To accept a change:

    PYTHONPATH=src:tests python -m matrix.matrix
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lockgate.adapters.policy_files import SHIPPED, load
from lockgate.labels import AI, PUBLIC, Integrity, Label, Readers, Retention, Sensitivity
from lockgate.policy import mandatory
from lockgate.policy.decision import combine_all
from lockgate.policy.model import (
    AccessRequest,
    Action,
    Context,
    Principal,
    PrincipalKind,
    Resource,
    Risk,
    Subject,
    Use,
)
from support import NOW, person

FILE = Path(__file__).with_name("decisions.txt")

STAFF, HR = Readers.any_of("group:staff"), Readers.any_of("group:hr")
GENERAL = Label(
    Sensitivity.GENERAL, STAFF, Integrity.INTERNAL, owners=frozenset({"user:olga"}), forbidden_uses=frozenset()
)
SECRET = replace(GENERAL, sensitivity=Sensitivity.RESTRICTED, readers=HR)
OPEN = replace(PUBLIC, integrity=Integrity.INTERNAL)
_SESSION = replace(person("x").session, risk=Risk.LOW, assurance=1)


def _bot(user: Subject, *groups: str, kind: PrincipalKind = PrincipalKind.AGENT) -> Subject:
    bot = Principal(kind, "bot", frozenset(f"group:{one}" for one in groups))
    return replace(user, principal=bot, on_behalf_of=user.principal)


SUBJECTS = {
    "stranger": person("stranger"),
    "staff": person("sam", "staff"),
    "hr": person("hana", "staff", "hr"),
    "owner": person("olga", "staff", "hr"),
    "steward": person("stella", "staff", "stewards"),
    "admin": person("adam", "staff", "admins"),
    "auditor": person("audra", "staff", "auditors"),
    "enforcement point": Subject(Principal(PrincipalKind.SERVICE, "portal", frozenset({"group:peps"})), _SESSION),
    "source of signals": Subject(
        Principal(PrincipalKind.SERVICE, "posture", frozenset({"group:peps", "group:signal-sources"})), _SESSION
    ),
    "service in hr": Subject(
        Principal(PrincipalKind.SERVICE, "etl", frozenset({"group:staff", "group:hr"})), _SESSION
    ),
    "weak agent for hr": _bot(person("hana", "staff", "hr"), "staff"),
    "strong agent for staff": _bot(person("sam", "staff"), "staff", "hr", "stewards", "admins", "auditors"),
    "strong agent for steward": _bot(person("stella", "staff", "stewards"), "staff", "stewards"),
}


def _document(id: str, label: Label, *, reviewed: bool = True, held: bool = False) -> Resource:
    return Resource("document", id, label, frozenset({"shares"}), reviewed, held, label.readers)


def _model(id: str, users: Readers, ceiling: Label | None) -> Resource:
    return Resource("model", id, replace(PUBLIC, readers=users), ceiling=ceiling)


_CEILING = Label(Sensitivity.GENERAL, STAFF, Integrity.UNTRUSTED)
_HIGH = Label(Sensitivity.RESTRICTED, Readers(STAFF.clauses | HR.clauses), Integrity.UNTRUSTED)

RESOURCES = {
    "public document": _document("public", replace(OPEN, owners=frozenset({"user:olga"}))),
    "general document": _document("general", GENERAL),
    "hr document, restricted": _document("salaries", SECRET),
    "hr document, narrowed by label only": replace(_document("narrowed", SECRET), source_readers=STAFF),
    "unreviewed document": _document("found", GENERAL, reviewed=False),
    "held document": _document("wide", GENERAL, held=True),
    "no-ai document": _document("plan", replace(GENERAL, forbidden_uses=frozenset({AI}))),
    "document under a hold": _document(
        "held", replace(GENERAL, retention=Retention(holds=frozenset({"lawsuit"})))
    ),
    "unlabeled document": Resource("document", "unlabeled"),
    "general answer": Resource("answer", "a", GENERAL),
    "hr answer": Resource("answer", "b", SECRET),
    "model of everyone, ceiling general": _model("small", Readers.everyone(), _CEILING),
    "model of hr, ceiling restricted": _model("safe", HR, _HIGH),
    "model without a ceiling": _model("unknown", Readers.everyone(), None),
    "system: audit": Resource("system", "audit"),
    "system: why": Resource("system", "why"),
    "system: settings": Resource("system", "settings"),
    "system: decisions": Resource("system", "decisions"),
    "system: signals": Resource("system", "signals"),
}


def _questions(resource: Resource) -> Iterator[tuple[str, Action, Context]]:
    """Yield the actions that make sense on a resource, with what would flow."""
    context = Context(NOW, "matrix", use=Use.AI, device_compliant=True)
    match resource.type:
        case "document":
            yield "read (open)", Action.READ, replace(context, use=Use.OPEN)
            yield "read (ai)", Action.READ, context
            yield "discover", Action.DISCOVER, context
            yield "downgrade", Action.DOWNGRADE, context
            yield "forget", Action.FORGET, context
        case "answer":
            yield "emit", Action.EMIT, replace(context, data=resource.label)
        case "model":
            yield "prompt public", Action.PROMPT, replace(context, data=OPEN)
            yield "prompt general", Action.PROMPT, replace(context, data=GENERAL)
            yield "prompt hr", Action.PROMPT, replace(context, data=SECRET)
            no_ai = replace(OPEN, forbidden_uses=frozenset({AI}))
            yield "prompt no-ai", Action.PROMPT, replace(context, data=no_ai)
        case "system":
            yield "administer", Action.ADMINISTER, context
    asked = {
        "document": {Action.READ, Action.DISCOVER, Action.DOWNGRADE, Action.FORGET},
        "answer": {Action.EMIT},
        "model": {Action.PROMPT},
        "system": {Action.ADMINISTER},
    }
    for action in Action:
        if action not in asked[resource.type]:
            yield str(action), action, context


def render() -> str:
    """Return the matrix as text."""
    policies = load(SHIPPED)
    lines = ["Who may do what, by labels and the shipped policies. What is not listed is denied.", ""]
    for name, resource in RESOURCES.items():
        questions = list(_questions(resource))
        for who, subject in SUBJECTS.items():
            granted = []
            requests = [AccessRequest(subject, action, resource, context) for _, action, context in questions]
            for request, decided, (title, _, _) in zip(
                requests, policies.decide(requests), questions, strict=True
            ):
                decision = combine_all([mandatory.judge(request), decided])
                duties = ", ".join(sorted(map(str, decision.obligations)))
                if decision.permits:
                    granted.append(f"{title} ({duties})" if duties else title)
                elif duties:
                    granted.append(f"{title}: denied here, {duties}")
            lines.append(f"{name:<37}{who:<26}{'; '.join(granted) or '-'}")
        lines.append("")
    lines.append(
        f"{len(SUBJECTS)} subjects, {len(RESOURCES)} resources, {len(Action)} actions: each asked of each"
    )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
