"""Lockgate's own decision point: who may ask about whom, every judge, and one record for each question."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lockgate.audit.record import Kind as Recorded
from lockgate.audit.record import Record
from lockgate.journeys.decisions.model import (
    Answer,
    Entity,
    Malformed,
    Question,
    Semantic,
    executed,
    profile_type,
)
from lockgate.journeys.decisions.moment import Moment, moment
from lockgate.journeys.decisions.things import DECISIONS, SIGNALS, SUITS, Thing, Things
from lockgate.journeys.enforce import Gate, Verdict, base_record
from lockgate.labels.wire import Taxonomy
from lockgate.policy.decision import ObligationKind
from lockgate.policy.model import (
    AccessRequest,
    Action,
    Context,
    Principal,
    PrincipalKind,
    Resource,
    Subject,
)
from lockgate.ports import Directory

OTHERS: Final = "the caller may not ask about others"
_FEW: Final = 16
"""Up to so many decisions are quicker made here than in a thread."""
_NAME: Final = 200
"""Longest name of the caller's that is written to the log, in characters."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the caller may ask about others, and the verdicts that say so."""

    about_others: bool = False
    believed: bool = False
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One question made ready. `denied` says why it is denied before any judge; `requests` are tried in order."""

    question: Question
    own: bool
    subject: Subject | None
    action: Action | None
    moment: Moment
    thing: Thing
    denied: str = ""
    requests: tuple[AccessRequest, ...] = ()


@dataclass(frozen=True, slots=True)
class Decider:
    """Decides questions; `evaluate` below and `search.py` record them."""

    gate: Gate
    directory: Directory
    things: Things
    taxonomy: Taxonomy

    def standing(self, asker: Subject, context: Context) -> Standing:
        """Return what the caller may, as the policies say."""
        asked = [AccessRequest(asker, Action.ADMINISTER, one, context) for one in (DECISIONS, SIGNALS)]
        others, signals = self.gate.judge(asked)
        return Standing(others.decision.permits, signals.decision.permits, (others, signals))

    def subject(self, asker: Subject, entity: Entity, found: Moment) -> Subject | None:
        """Return who is asked about: the caller itself, or a person of the directory; None for nobody known."""
        if is_own(asker, entity):
            return asker
        person = self.directory.person(entity.id) if entity.type == PrincipalKind.USER else None
        if person is None or not person.active:
            return None
        principal = Principal(PrincipalKind.USER, person.id, person.groups)
        return Subject(principal, found.session, found.application)

    def moment(self, asker: Subject, one: Question, context: Context, standing: Standing) -> Moment:
        """Return the inputs of a question beside its subject and resource."""
        own = is_own(asker, one.subject)
        action, believed = known_action(one), standing.believed
        return moment(one.stated, action, asker, context, self.taxonomy, own=own, believed=believed)

    async def cases(
        self, asker: Subject, context: Context, questions: Sequence[Question], standing: Standing
    ) -> list[Case]:
        """Return the questions made ready. Nothing is looked up for those that the caller may not ask."""
        askable = [one for one in questions if standing.about_others or is_own(asker, one.subject)]
        things = await self.things.find([one.resource for one in askable])
        return [self.case(asker, one, context, standing, things) for one in questions]

    def case(
        self,
        asker: Subject,
        one: Question,
        context: Context,
        standing: Standing,
        things: Mapping[tuple[str, str], Thing],
    ) -> Case:
        """Return one question made ready, with its resource among `things`."""
        own = is_own(asker, one.subject)
        found = self.moment(asker, one, context, standing)
        thing = things.get((one.resource.type, one.resource.id), Thing(one.resource.id, "unknown"))
        action = known_action(one)
        if not own and not standing.about_others:
            return Case(one, own, None, action, found, Thing(one.resource.id, "not asked"), OTHERS)
        subject = self.subject(asker, one.subject, found)
        case = Case(one, own, subject, action, found, thing)
        if subject is None:
            return replace(case, denied="the subject is unknown")
        if action is None or not thing.choices:
            return replace(case, denied=f"the {'action' if action is None else 'resource'} is unknown")
        if found.problem:
            return replace(case, denied=found.problem)
        requests = (
            AccessRequest(subject, action, one, _flowing(found, action, thing, one)) for one in thing.choices
        )
        return replace(case, requests=tuple(requests))

    async def judge(self, cases: Sequence[Case]) -> list[tuple[Answer, Verdict | None]]:
        """Return answer and deciding verdict of each case."""
        asked = [request for case in cases for request in case.requests]
        few = len(asked) <= _FEW
        verdicts = iter(self.gate.judge(asked) if few else await asyncio.to_thread(self.gate.judge, asked))
        return [_answer(case, [next(verdicts) for _ in case.requests]) for case in cases]


def is_own(asker: Subject, entity: Entity) -> bool:
    """Tell whether a caller asks about itself, or an agent about the person it acts for.

    An agent that asks so is answered for both, which is what it could find out by trying.
    """
    return any((entity.type, entity.id) == (one.kind.value, one.id) for one in own(asker))


def own(asker: Subject) -> tuple[Principal, ...]:
    """Return the identities about which a caller may ask as about itself."""
    return (asker.principal,) if asker.on_behalf_of is None else (asker.principal, asker.on_behalf_of)


def known_action(one: Question) -> Action | None:
    """Return the action, if it is one that suits the type of the resource."""
    return next((found for found in SUITS.get(one.resource.type, ()) if found.value == one.action), None)


def _flowing(found: Moment, action: Action, thing: Thing, choice: Resource) -> Context:
    """Return the context; what flows when an answer is handed out is that answer."""
    if action is Action.EMIT:
        return replace(found.context, data=choice.label)
    return replace(found.context, route=thing.id) if action is Action.PROMPT else found.context


def _answer(case: Case, verdicts: Sequence[Verdict]) -> tuple[Answer, Verdict | None]:
    if not verdicts:
        error = (400, case.denied) if case.denied == case.moment.problem else None
        return Answer(False, reason=_told(case, case.denied), error=error), None
    verdict = _deciding(verdicts)
    decision = verdict.decision
    obligations = tuple(sorted(decision.obligations))
    if decision.errors:
        return Answer(False, error=(500, "this could not be decided, so it is denied")), verdict
    permits = decision.permits and not any(one.kind is ObligationKind.REROUTE for one in obligations)
    reason = "" if permits else "; ".join(sorted(decision.reasons)) or "denied"
    supported = case.moment.supported
    unmet = sorted(
        {profile_type(one) for one in obligations if supported is not None} - (supported or frozenset())
    )
    if permits and unmet:
        permits, reason = False, f"the caller cannot carry out: {', '.join(unmet)}"
    return Answer(permits, obligations, _told(case, reason)), verdict


def _told(case: Case, reason: str) -> str:
    """Return a reason for whoever may know: who asks about itself must not learn what there is to be denied."""
    return "" if case.own or reason == OTHERS else reason


def _deciding(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict that counts: of the first choice, or of the next as long as a policy says to reroute."""
    for verdict in verdicts:
        reroute = any(one.kind is ObligationKind.REROUTE for one in verdict.decision.obligations)
        if not reroute:
            return verdict
    return verdicts[-1]


def record(asker: Subject, context: Context, case: Case, answer: Answer, verdict: Verdict | None) -> Record:
    """Return the record of a decision: who asked, about whom, with every input and its origin."""
    asked = case.question
    about = "token" if case.own else "directory" if case.subject is not None else "unknown"
    facts: dict[str, str | int | bool] = dict(case.moment.facts())
    facts |= {"about": f"{asked.subject.type}:{asked.subject.id}"[:_NAME], "source.subject": about}
    facts |= {"source.resource": case.thing.origin, "source.time": "clock"}
    if case.subject is not None:
        facts["input.groups"] = len(case.subject.person.groups)
    kept = replace(
        base_record(Recorded.DECISION, asker, context),
        action=f"evaluate.{case.action}" if case.action else "evaluate",
        resource_type=asked.resource.type if asked.resource.type in SUITS else "unknown",
        resource_id=case.thing.id[:_NAME],
        effect="permit" if answer.permits else "deny",
        reasons=(case.denied,) if case.denied else (),
        facts=tuple(sorted(facts.items())),
    )
    if verdict is None:
        return kept
    decided, purpose = verdict.record(), verdict.request.context.purpose
    if purpose != case.moment.context.purpose:
        facts |= {"input.purpose": purpose, "source.purpose": "settings"}
    return replace(
        kept,
        facts=tuple(sorted(facts.items())),
        label=decided.label,
        reasons=decided.reasons,
        policies=decided.policies,
        obligations=decided.obligations,
        errors=decided.errors,
        policy_version=decided.policy_version,
    )


def malformed(asker: Subject, context: Context, one: Malformed) -> Record:
    """Return the record of an entry that asks nothing."""
    base = base_record(Recorded.DECISION, asker, context)
    return replace(base, action="evaluate", effect="deny", reasons=(one.why,), outcome="malformed")


async def evaluate(
    decider: Decider, asker: Subject, context: Context, items: Sequence[Question | Malformed], semantic: Semantic
) -> list[Answer]:
    """Answer and record a batch; see `Pdp.evaluate`."""
    questions = [one for one in items if isinstance(one, Question)]
    foreign = any(not is_own(asker, one.subject) for one in questions)
    standing = decider.standing(asker, context) if foreign else Standing()
    cases = iter(await decider.cases(asker, context, questions, standing))
    ready = [one if isinstance(one, Malformed) else next(cases) for one in items]
    judged = iter(await decider.judge([one for one in ready if isinstance(one, Case)]))
    answers: list[Answer] = []
    records: list[Record] = []
    for one in ready:
        if isinstance(one, Malformed):
            answers.append(Answer(False, error=(400, one.why)))
            records.append(malformed(asker, context, one))
        else:
            answer, verdict = next(judged)
            answers.append(answer)
            records.append(record(asker, context, one, answer, verdict))
    run = executed(answers, semantic)
    await decider.gate.settle(standing.verdicts, records[: len(run)])
    return list(run)
