"""Explain a decision: both judges, the policies that determined it with their text, and what would change it.

What would change it is found by trying: the request is asked again with one thing different, and where no
one thing is enough, with two. So it is true for these policies, whatever they say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Final

from lockgate.labels.label import AI, ALL_USES
from lockgate.policy import mandatory
from lockgate.policy.cedar import PolicySet
from lockgate.policy.decision import Decision, combine_all
from lockgate.policy.model import AccessRequest, Principal, Risk, Use
from lockgate.policy.rules import Rule
from lockgate.policy.slices import GROUP, scope

_STRONGEST: Final = 3
_MOST: Final = 40

Change = Callable[[AccessRequest], AccessRequest]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a request is decided as it is. Each of `changes` alone turns the decision around."""

    request: AccessRequest
    labels: Decision
    policies: Decision
    decision: Decision
    rules: tuple[Rule, ...]
    changes: tuple[str, ...]


def explain(policies: PolicySet, request: AccessRequest) -> Explanation:
    """Explain what `policies` and the labels' judge answer to a request."""
    (by_policies,) = policies.decide([request])
    by_labels = mandatory.judge(request)
    decision = combine_all([by_labels, by_policies])
    rules = tuple(one for one in policies.rules if one.id in by_policies.policies)
    return Explanation(request, by_labels, by_policies, decision, rules, _changes(policies, request, decision))


def _changes(policies: PolicySet, request: AccessRequest, decision: Decision) -> tuple[str, ...]:
    tried = list(_worse(request) if decision.permits else _better(policies, request))
    tried = [(words, change) for words, change in tried if change(request) != request][:_MOST]
    found = _turning(policies, decision, [(words, change(request)) for words, change in tried])
    if not found and not decision.permits:
        pairs = [(f"{a} and {b}", second(first(request))) for (a, first), (b, second) in combinations(tried, 2)]
        found = _turning(policies, decision, pairs)
    return found


def _turning(
    policies: PolicySet, decision: Decision, tried: Sequence[tuple[str, AccessRequest]]
) -> tuple[str, ...]:
    decided = policies.decide([changed for _, changed in tried])
    return tuple(
        words
        for (words, changed), found in zip(tried, decided, strict=True)
        if combine_all([mandatory.judge(changed), found]).permits != decision.permits
    )


def _better(policies: PolicySet, request: AccessRequest) -> Iterator[tuple[str, Change]]:
    """Yield what could help, in words that follow "if"."""
    resource = request.resource
    if resource.type == "document":
        yield "its label were reviewed", _resource(reviewed=True)
        yield "it were not held back", _resource(held=False)
        yield "its owner allowed AI", _allow_ai
        yield "a person opened it, instead of AI reading it", _context(use=Use.OPEN)
    yield "the device were compliant", _context(device_compliant=True)
    yield "risk were low", _session(risk=Risk.LOW)
    for level in range(request.subject.session.assurance + 1, _STRONGEST + 1):
        yield f"the sign-in had assurance {level}", _session(assurance=level)
    for party in request.subject.parties:
        for group in sorted(_named_groups(policies, request) - party.groups):
            yield f"`{party.name}` were in `{group}`", _groups(party, party.groups | {group})


def _worse(request: AccessRequest) -> Iterator[tuple[str, Change]]:
    """Yield what could hurt, in words that follow "if"."""
    for party in request.subject.parties:
        for group in sorted(party.groups):
            yield f"`{party.name}` were not in `{group}`", _groups(party, party.groups - {group})
    if request.resource.type == "document":
        yield "its label were not reviewed", _resource(reviewed=False)
        yield "it were held back", _resource(held=True)
        yield "AI read it, instead of a person opening it", _context(use=Use.AI)
    yield "the device were not compliant", _context(device_compliant=False)
    yield "risk were high", _session(risk=Risk.HIGH)
    yield "the sign-in had assurance 0", _session(assurance=0)


def _named_groups(policies: PolicySet, request: AccessRequest) -> set[str]:
    """Return the groups that the data or the policies name, so that joining one could matter."""
    labels = (request.resource.label, request.context.data)
    named = {one for label in labels for clause in label.readers.clauses for one in clause}
    named |= {one for clause in request.resource.source_readers.clauses for one in clause}
    named |= request.resource.label.owners
    named |= {GROUP + group for rule in policies.rules if (group := scope(rule).group)}
    return {one for one in named if one.startswith(GROUP)}


def _resource(**values: Any) -> Change:
    return lambda request: replace(request, resource=replace(request.resource, **values))


def _context(**values: Any) -> Change:
    return lambda request: replace(request, context=replace(request.context, **values))


def _session(**values: Any) -> Change:
    return lambda request: replace(
        request, subject=replace(request.subject, session=replace(request.subject.session, **values))
    )


def _groups(party: Principal, groups: frozenset[str]) -> Change:
    def change(request: AccessRequest) -> AccessRequest:
        subject = request.subject
        principal, person = subject.principal, subject.on_behalf_of
        if principal.name == party.name:
            principal = replace(principal, groups=groups)
        if person is not None and person.name == party.name:
            person = replace(person, groups=groups)
        actors = tuple(replace(one, groups=groups) if one.name == party.name else one for one in subject.actors)
        changed = replace(subject, principal=principal, on_behalf_of=person, actors=actors)
        return replace(request, subject=changed)

    return change


def _allow_ai(request: AccessRequest) -> AccessRequest:
    label = request.resource.label
    allowed = replace(label, forbidden_uses=label.forbidden_uses - {AI, ALL_USES})
    return replace(request, resource=replace(request.resource, label=allowed))
