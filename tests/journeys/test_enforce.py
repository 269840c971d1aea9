"""The gate: both judges must permit, everything is recorded before release, and errors deny in every mode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from lockgate.audit.record import Receipt, Record
from lockgate.errors import AccessDenied, Invalid, Unavailable
from lockgate.journeys.enforce import Gate, Mode
from lockgate.labels import PUBLIC, Label, Readers, Sensitivity
from lockgate.policy.decision import Decision, Effect, Obligation, ObligationKind
from lockgate.policy.filter import Const, Filter, matches
from lockgate.policy.model import AccessRequest, Action, Context, Resource, Subject, Use
from lockgate.policy.registered import registry, unlimited
from support import APPLICATION, NOW, person, registered

PERMIT, DENY = Decision(Effect.PERMIT), Decision(Effect.DENY, frozenset({"policy says no"}))
CONTEXT = Context(NOW, "req_1")
HR, SALES = person("ann", "hr"), person("bob", "sales")
PAY = Resource(
    "document",
    "d_pay",
    replace(PUBLIC, sensitivity=Sensitivity.RESTRICTED, readers=Readers.any_of("group:hr")),
    reviewed=True,
    held=False,
    source_readers=Readers.any_of("group:hr"),
)


@dataclass
class Log:
    down: bool = False
    records: list[Record] = field(default_factory=list)
    writes: int = 0

    async def append(self, records: Sequence[Record], /) -> Receipt:
        if self.down:
            raise Unavailable("the log is full")
        self.writes += 1
        self.records += records
        return Receipt(0, len(self.records))


@dataclass
class Policy:
    answer: Decision = PERMIT
    version: str = "v1"
    broken: bool = False

    def decide(self, requests: Sequence[AccessRequest], /) -> list[Decision]:
        if self.broken:
            raise Invalid("the engine tripped over canary-4711")
        return [self.answer] * len(requests)

    def filter(self, subject: Subject, action: Action, context: Context, /) -> Filter:
        return Const(self.answer.permits)


def gate(policy: Policy | None = None, log: Log | None = None, mode: Mode = Mode.ENFORCE) -> Gate:
    judge = policy or Policy()
    return Gate(lambda: judge, log or Log(), mode, applications=registered)


def read(subject: Subject, resource: Resource = PAY, use: Use = Use.AI) -> AccessRequest:
    return AccessRequest(subject, Action.READ, resource, replace(CONTEXT, use=use))


async def test_both_judges_must_permit() -> None:
    await gate().enforce(read(HR))
    with pytest.raises(AccessDenied, match="not among the readers"):
        await gate().enforce(read(SALES))
    with pytest.raises(AccessDenied, match="policy says no"):
        await gate(Policy(DENY)).enforce(read(HR))


async def test_a_denial_is_recorded_too_and_carries_its_reason() -> None:
    log = Log()
    with pytest.raises(AccessDenied):
        await gate(log=log).enforce(read(SALES))
    assert [(r.effect, r.action, r.resource_id, r.subject) for r in log.records] == [
        ("deny", "read", "d_pay", "user:bob")
    ]


async def test_without_a_record_there_is_no_release() -> None:
    with pytest.raises(Unavailable):
        await gate(log=Log(down=True)).enforce(read(HR))


async def test_many_verdicts_are_one_write() -> None:
    log = Log()
    one = gate(log=log)
    await one.settle(one.judge([read(HR)] * 20))
    assert (log.writes, len(log.records)) == (1, 20)


@pytest.mark.parametrize("mode", Mode)
async def test_an_error_denies_in_every_mode(mode: Mode) -> None:
    with pytest.raises(AccessDenied):
        await gate(Policy(replace(PERMIT, errors=frozenset({"erred"}))), mode=mode).enforce(read(HR))
    with pytest.raises(AccessDenied):
        await gate(Policy(broken=True), mode=mode).enforce(read(HR))


async def test_an_obligation_that_cannot_be_fulfilled_denies() -> None:
    redact = Obligation(ObligationKind.REDACT, "pii")
    policy = Policy(replace(PERMIT, obligations=frozenset({redact})))
    with pytest.raises(AccessDenied, match="obligation"):
        await gate(policy).enforce(read(HR))
    assert await gate(policy).enforce(read(HR), frozenset({ObligationKind.REDACT})) == {redact}


async def test_an_empty_answer_of_the_engine_denies() -> None:
    class Silent(Policy):
        def decide(self, requests: Sequence[AccessRequest], /) -> list[Decision]:
            return []

    with pytest.raises(AccessDenied):
        await gate(Silent()).enforce(read(HR))


UNREVIEWED = replace(PAY, reviewed=False, held=True, source_readers=Readers.everyone())


@pytest.mark.parametrize(
    ("subject", "resource", "passes"),
    [(SALES, UNREVIEWED, True), (SALES, PAY, False), (HR, PAY, True)],
    ids=["the source allows", "the source does not", "permitted anyway"],
)
async def test_report_mode_lets_through_what_the_source_allows_and_says_so(
    subject: Subject, resource: Resource, passes: bool
) -> None:
    verdict = gate(mode=Mode.REPORT).judge([read(subject, resource)])[0]
    assert verdict.passes is passes
    assert verdict.effect == {True: "permit" if resource is PAY else "observe", False: "deny"}[passes]


async def test_report_mode_lets_nothing_through_an_application_that_is_not_declared() -> None:
    """Which programs there are, and what each may draw from, is not the source's to allow."""
    handbook = replace(unlimited(APPLICATION), collections=frozenset({"handbook"}))
    for known in ({}, registry([handbook])):
        one = replace(gate(mode=Mode.REPORT), applications=lambda known=known: known)
        assert not one.judge([read(SALES, UNREVIEWED)])[0].passes
        assert not matches(one.readable(SALES, CONTEXT), SALES, UNREVIEWED)


async def test_report_mode_lets_nobody_change_labels() -> None:
    request = AccessRequest(SALES, Action.DOWNGRADE, PAY, CONTEXT)
    assert not gate(Policy(DENY), mode=Mode.REPORT).judge([request])[0].passes


OWNED = replace(UNREVIEWED, label=replace(PAY.label, owners=frozenset({"user:ann"})))
NO_AI = replace(PAY, label=replace(PAY.label, forbidden_uses=frozenset({"ai"})))


@pytest.mark.parametrize(
    "resource", [PAY, UNREVIEWED, OWNED, NO_AI, Resource("document", "d"), replace(PAY, held=True)]
)
@pytest.mark.parametrize("subject", [HR, SALES])
async def test_the_filter_is_the_decision(subject: Subject, resource: Resource) -> None:
    one = gate()
    assert (
        matches(one.readable(subject, CONTEXT), subject, resource)
        == one.judge([read(subject, resource)])[0].passes
    )


async def test_no_ai_opens_for_its_reader_and_reaches_no_model() -> None:
    await gate().enforce(read(HR, NO_AI, Use.OPEN))
    with pytest.raises(AccessDenied, match="excluded"):
        await gate().enforce(read(HR, NO_AI))


def test_unlabeled_is_for_nobody() -> None:
    assert not gate().judge([read(HR, Resource("document", "d"))])[0].passes
    assert Label().forbids("ai")
