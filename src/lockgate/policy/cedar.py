"""The judge that operators write: policies in Cedar, parsed once, asked many times.

The only importer of `cedarpy`. What Cedar leaves to its caller is settled here, each with a test:

* A `forbid` that errs is skipped by Cedar; here any error denies.
* Requests are total and fit the schema; what is not known has its worst value; what does not fit is denied.
* Policies carry their own ids; Cedar's positions (`policy0`) never show.
* Readers are data: each distinct clause is an entity, and who asks carries the set of those satisfied. An empty
  set of clauses, which `containsAll` would wave through, is refused.
* Messages of Cedar quote values, so they are never passed on.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import cedarpy

from lockgate.errors import Invalid
from lockgate.policy import residual
from lockgate.policy.decision import NO_POLICY, Decision, Effect, combine_all
from lockgate.policy.entities import ClauseIds, principal_entity, resource_entity, signals, uid
from lockgate.policy.filter import NOTHING, Const, Filter
from lockgate.policy.model import (
    AccessRequest,
    Action,
    Context,
    Principal,
    PrincipalKind,
    Resource,
    Session,
    Subject,
)
from lockgate.policy.questions import Batch
from lockgate.policy.rules import Rule, rule, split
from lockgate.policy.shortcut import Shortcut
from lockgate.policy.slices import NAMESPACE, TYPES, Slices

RETRIEVAL: Final = (Action.READ, Action.DISCOVER)
"""The actions that an index must be able to apply as a filter."""

_Satisfied = Callable[[AccessRequest, Principal], "list[Rule] | None"]
_REMEMBERED: Final = 512
_ERRING: Final = re.compile(r"error while evaluating policy `([A-Za-z0-9_.:-]+)`")
_HINTS: Final = 3
_POSITION: Final = "for policy `policy0`, "


class PolicySet:
    """A valid set of policies. Immutable in meaning; it remembers parsed slices and filters, in bounds."""

    def __init__(self, rules: Sequence[Rule], schema: str, version: str) -> None:
        self.rules: tuple[Rule, ...] = tuple(rules)
        self.version = version
        self._schema = cedarpy.Schema.from_str(schema)
        self._slices = Slices(self.rules)
        self._by_id = {one.id: one for one in self.rules}
        self._shortcut = Shortcut(self._slices, self._fits)
        self._handles: dict[tuple[str, ...], cedarpy.PolicySet] = {}
        self._filters: dict[tuple[object, ...], Filter] = {}
        self._told: dict[tuple[object, ...], Decision] = {}

    @classmethod
    def from_texts(cls, files: Mapping[str, str], schema: str) -> PolicySet:
        """Parse and validate a set; `files` maps names of files, for messages, to their texts.

        Raises:
            Invalid: a policy does not parse, does not fit the schema, has no `@id` of its own or a bad annotation,
                or uses a form on the retrieval path that no index can apply. It names file, line and policy.

        """
        try:
            handle = cedarpy.Schema.from_str(schema)
        except ValueError as error:
            raise Invalid(f"the schema is invalid: {_first_line(error)}", code="invalid_policy") from error
        rules: dict[str, Rule] = {}
        for file in sorted(files):
            for one in _parse(file, files[file], handle):
                if one.id in rules:
                    other = rules[one.id].statement.place
                    raise _refused(one, f"has the same @id as the one at {other}")
                rules[one.id] = one
        digest = hashlib.sha256(json.dumps([schema, sorted(files.items())]).encode()).hexdigest()
        return cls(tuple(rules.values()), schema, digest[:16])

    def rule(self, id: str) -> Rule | None:
        """Return the policy with this id."""
        return self._by_id.get(id)

    # -------------------------------------------------------------- full decisions

    def decide(self, requests: Sequence[AccessRequest]) -> list[Decision]:
        """Decide each request; the answer to every party of a subject must be a permit."""
        return self._decide(requests, self._shortcut.satisfied)

    def consult(self, requests: Sequence[AccessRequest]) -> list[Decision]:
        """Decide each request as `decide` does, and by the engine alone: what `decide` is measured against."""
        return self._decide(requests, lambda request, party: None)

    def _decide(self, requests: Sequence[AccessRequest], shortcut: _Satisfied) -> list[Decision]:
        answers: list[list[Decision]] = [[] for _ in requests]
        groups: dict[tuple[object, ...], Batch] = {}
        for answer, request in zip(answers, requests, strict=True):
            problem = _unaskable(request.resource)
            if problem:
                answer.append(self._deny(problem, errors=frozenset({problem})))
                continue
            for party in request.subject.parties:
                satisfied = shortcut(request, party)
                if satisfied is None:
                    self._batch(groups, request, party).ask(answer, request)
                else:
                    answer.append(self._follow(satisfied, request))
        for batch in groups.values():
            for answer, decision in zip(batch.answers, self._answer(batch), strict=True):
                answer.append(decision)
        return [combine_all(found) for found in answers]

    def _batch(self, groups: dict[tuple[object, ...], Batch], request: AccessRequest, party: Principal) -> Batch:
        """Return the batch for a question: same party and subject, same slice, no two resources with one id."""
        resource = request.resource
        turn = 0
        while True:
            key = (party, request.subject, request.action, resource.type, turn)
            batch = groups.get(key)
            if batch is None:
                batch = groups[key] = Batch(party, request.subject, request.action, resource.type)
            if batch.resources.setdefault(resource.id, resource) == resource:
                return batch
            turn += 1

    def _answer(self, batch: Batch) -> list[Decision]:
        rules = self._slices.of(batch.party, batch.action, batch.type)
        try:
            results = cedarpy.is_authorized_batch(
                batch.questions(), self._handle(rules), self._entities(batch), self._schema
            )
        except Exception:
            if len(batch.requests) > 1:  # one malformed resource must not deny the others
                return [self._answer(one)[0] for one in batch.singly()]
            problem = "the request does not fit the policy schema"
            return [self._deny(problem, errors=frozenset({problem}))]
        return [self._decision(*one) for one in zip(batch.requests, results, strict=True)]

    def _fits(self, kind: PrincipalKind, action: Action, type: str) -> bool:
        """Ask the engine whether the schema knows a question of this shape, with nothing odd in it."""
        subject = Subject(Principal(kind, "x"), Session("x", datetime.max.replace(tzinfo=UTC)))
        context = Context(subject.session.expires, "x")
        batch = Batch(subject.principal, subject, action, type)
        resource = batch.resources["x"] = Resource(type, "x")
        batch.ask([], AccessRequest(subject, action, resource, context))
        try:
            (result,) = cedarpy.is_authorized_batch(
                batch.questions(), self._handle(()), self._entities(batch), self._schema
            )
        except Exception:
            return False
        return result.decision is cedarpy.Decision.Deny and not result.diagnostics.errors

    def _entities(self, batch: Batch) -> cedarpy.Entities:
        ids = ClauseIds()
        resources = [resource_entity(one, ids) for one in batch.resources.values()]
        principal = principal_entity(batch.party, ids.satisfied(batch.subject))
        return cedarpy.Entities.from_json_str(json.dumps([principal, *resources]), self._schema)

    def _handle(self, rules: tuple[Rule, ...]) -> cedarpy.PolicySet:
        key = tuple(one.id for one in rules)
        handle = self._handles.get(key)
        if handle is None:
            handle = _engine_form(rules)
            _remember(self._handles, key, handle)
        return handle

    def _decision(self, request: AccessRequest, result: cedarpy.AuthzResult) -> Decision:
        found = [self._by_id[id] for id in result.diagnostics.reasons]
        if result.diagnostics.errors or result.decision is cedarpy.Decision.NoDecision:
            errors = frozenset(_error(text) for text in result.diagnostics.errors) or frozenset({"no decision"})
            return self._deny(*errors, errors=errors, policies=frozenset(one.id for one in found))
        return self._tell(result.decision is cedarpy.Decision.Allow, found, request)

    def _follow(self, satisfied: Sequence[Rule], request: AccessRequest) -> Decision:
        """Return what follows from satisfied policies, as the engine has it: a forbid overrides, none denies."""
        forbids = [one for one in satisfied if not one.permits]
        return self._tell(bool(satisfied) and not forbids, forbids or satisfied, request)

    def _tell(self, allowed: bool, found: Sequence[Rule], request: AccessRequest) -> Decision:
        key = (allowed, request.action, request.resource.type, *(one.id for one in found))
        told = self._told.get(key)
        if told is None:
            told = self._say(allowed, found, request)
            _remember(self._told, key, told)
        return told

    def _say(self, allowed: bool, found: Sequence[Rule], request: AccessRequest) -> Decision:
        names = frozenset(one.id for one in found)
        if allowed:
            return Decision(
                Effect.PERMIT,
                frozenset(f"policy `{one.id}` permits this{_because(one)}" for one in found),
                obligations=frozenset(duty for one in found for duty in one.obligations),
                policies=names,
                policy_version=self.version,
            )
        if found:
            return self._deny(
                *(f"policy `{one.id}` forbids this{_because(one)}" for one in found),
                remedies=frozenset(one.remedy for one in found if one.remedy),
                policies=names,
            )
        concerning = self._slices.concerning(request.action, request.resource.type)
        hints = sorted({one.deny_hint for one in concerning if one.deny_hint})
        return self._deny(*NO_POLICY.reasons, remedies=frozenset(hints[:_HINTS]))

    def _deny(
        self,
        *reasons: str,
        remedies: frozenset[str] = frozenset(),
        policies: frozenset[str] = frozenset(),
        errors: frozenset[str] = frozenset(),
    ) -> Decision:
        return Decision(
            Effect.DENY,
            frozenset(reasons),
            remedies,
            policies=policies,
            errors=errors,
            policy_version=self.version,
        )

    # -------------------------------------------------------------- filters

    def filter(self, subject: Subject, action: Action, context: Context) -> Filter:
        """Return which documents these policies permit, as a filter that an index can apply.

        It is a preview: each survivor is still decided in full. What cannot be decided is nothing, never
        everything.
        """
        return residual.conjunction([self._filter(party, subject, action, context) for party in subject.parties])

    def _filter(self, party: Principal, subject: Subject, action: Action, context: Context) -> Filter:
        known = json.dumps(signals(subject, context, None))
        key = (party, action, known)
        found = self._filters.get(key)
        if found is None:
            try:
                found = self._evaluate_partially(party, action, known)
            except Exception:
                found = NOTHING
            _remember(self._filters, key, found)
        return found

    def _evaluate_partially(self, party: Principal, action: Action, context: str) -> Filter:
        rules = self._slices.of(party, action, "document")
        entities = json.dumps([principal_entity(party, [residual.SATISFIED])])
        result = cedarpy.is_authorized_partial(
            {
                "principal": _written(uid(f"{party.kind.capitalize()}", party.id)),
                "action": f'{NAMESPACE}Action::"{action}"',
                "resource": None,
                "context": context,
            },
            self._handle(rules),
            cedarpy.Entities.from_json_str(entities, self._schema),
            self._schema,
        )
        if result.diagnostics.errors:
            return NOTHING
        # INVARIANT: every policy of the slice leaves a residual, if only `true` or `false`; a missing one raises.
        compiled = {one.id: residual.compile_residual(result.residuals[one.id]) for one in rules}
        permitted = residual.disjunction([compiled[one.id] for one in rules if one.permits])
        forbidden = residual.disjunction([compiled[one.id] for one in rules if not one.permits])
        return residual.conjunction([permitted, residual.negation(forbidden)]) if rules else Const(False)


def _unaskable(resource: Resource) -> str:
    return "" if resource.type in TYPES else "the type of the resource is unknown"


def _written(uid: dict[str, str]) -> str:
    """Return an identifier as Cedar writes it, which is the one spelling that it reads back."""
    scope = {"effect": "permit", "principal": {"op": "==", "entity": uid}, "action": {"op": "All"}}
    policy = {**scope, "resource": {"op": "All"}, "conditions": []}
    text = str(
        cedarpy.PolicySet.from_json_str(
            json.dumps({"staticPolicies": {"p": policy}, "templates": {}, "templateLinks": []})
        )
    )
    return text[text.index(uid["type"]) : text.rindex('",') + 1]


# ------------------------------------------------------------------ loading


def _parse(file: str, text: str, schema: cedarpy.Schema) -> Iterable[Rule]:
    for statement in split(file, text):
        try:
            parsed = json.loads(cedarpy.policies_to_json_str(statement.text))
        except (ValueError, RecursionError) as error:
            raise Invalid(f"{statement.place}: {_first_line(error)}", code="invalid_policy") from error
        if parsed.get("templates") or len(parsed["staticPolicies"]) != 1:
            raise Invalid(f"{statement.place}: a policy with open slots is not used", code="invalid_policy")
        (est,) = parsed["staticPolicies"].values()
        found = rule(statement, est)
        try:
            _engine_form([found])
        except ValueError as error:
            raise _refused(found, "is nested too deeply; write it as several policies") from error
        validated = cedarpy.validate_policies(statement.text, schema)
        if not validated.validation_passed:
            told = (_first_line(error.error).removeprefix(_POSITION) for error in validated.errors)
            why = "; ".join(told) or "it does not fit the schema"
            raise _refused(found, f"is invalid: {why}")
        _check_forms(found)
        yield found


def _engine_form(rules: Iterable[Rule]) -> cedarpy.PolicySet:
    """Return the parsed handle; policies are known to the engine by their own ids."""
    static = {one.id: one.est for one in rules}
    text = json.dumps({"staticPolicies": static, "templates": {}, "templateLinks": []})
    return cedarpy.PolicySet.from_json_str(text)


def _check_forms(found: Rule) -> None:
    scopes = Slices([found])
    try:
        residual.check_clauses(found.est["conditions"])
        if any(scopes.concerning(action, "document") for action in RETRIEVAL):
            residual.check_policy(found.est)
    except residual.Unsupported as error:
        raise _refused(found, f"is not usable: {error}", error.remedy) from error
    except RecursionError as error:
        raise _refused(found, "is nested too deeply") from error


def _refused(found: Rule, what: str, remedy: str = "") -> Invalid:
    message = f"{found.statement.place}: policy `{found.id}` {what}"
    return Invalid(message, code="invalid_policy", remedy=remedy)


def _first_line(error: object) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else "it does not parse"


def _because(found: Rule) -> str:
    return f": {found.reason}" if found.reason else ""


def _error(text: str) -> str:
    """Return what may be told of an error: which policy erred, not what Cedar says about it."""
    erring = _ERRING.match(text)
    return (
        f"policy `{erring.group(1)}` could not be evaluated"
        if erring
        else "the request does not fit the policy schema"
    )


def _remember(memory: dict[Any, Any], key: object, value: object) -> None:
    if len(memory) >= _REMEMBERED:
        memory.clear()
    memory[key] = value
