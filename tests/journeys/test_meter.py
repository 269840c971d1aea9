"""Quotas: nobody gets more by racing, restarting, setting clocks, or through somebody else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeys.places import Log
from lockgate.audit import ocsf
from lockgate.audit.record import Kind, Receipt, Record, Source
from lockgate.errors import AccessDenied, TooManyRequests, Unavailable
from lockgate.journeys.enforce import Gate, base_record
from lockgate.journeys.metering import Meter
from lockgate.journeys.metering.use import COMPLETION, PROMPT
from lockgate.labels import PUBLIC, Label, Sensitivity
from lockgate.policy.model import Context, Principal, PrincipalKind, Subject
from lockgate.policy.quotas import Limits, Measure, Price, Quota, Quotas
from support import NOW, person

ANN, BO = person("ann", "staff"), person("bo", "staff")
EVERYONE = frozenset({"everyone"})
SECRET = replace(PUBLIC, sensitivity=Sensitivity.CONFIDENTIAL)


@dataclass
class Scene:
    limits: Limits
    more: tuple[Quota, ...] = ()
    applications: dict[str, Limits] = field(default_factory=dict)
    time: float = 100_000.0
    log: Log = field(default_factory=Log)
    number: int = 0

    def __post_init__(self) -> None:
        self.meter = self.fresh()

    def fresh(self) -> Meter:
        rules = (*self.more, Quota(EVERYONE, self.limits))
        quotas = Quotas(rules, self.applications, {"m": Price(1_000_000, 2_000_000)})
        return Meter(lambda: quotas, lambda: self.time, self.log)

    def context(self) -> Context:
        self.number += 1
        return Context(NOW, f"req_{self.number}")

    async def shows(self, who: Subject, *chunks: str, label: Label = SECRET) -> None:
        await self.meter.count(who, [shown(who, self.context(), chunks, label)])

    async def calls(self, who: Subject, prompt: int, completion: int) -> str:
        context = self.context()
        record = called(who, context, prompt, completion)
        await self.meter.count(who, [record])
        self.log.records.append(record)
        return context.request_id

    async def ends(self, who: Subject, request: str, prompt: int, completion: int, **more: object) -> None:
        facts = {"prompt_tokens": prompt, "completion_tokens": completion, "characters": 30, **more}
        ended = replace(base_record(Kind.OUTCOME, who, Context(NOW, request)), facts=tuple(sorted(facts.items())))
        await self.meter.count(None, [ended])
        self.log.records.append(ended)


def shown(who: Subject, context: Context, chunks: Sequence[str], label: Label = SECRET) -> Record:
    sources = tuple(Source(one, "d", "c", "i", "r", "x", label) for one in chunks)
    return replace(base_record(Kind.RETRIEVAL, who, context), sources=sources)


def called(who: Subject, context: Context, prompt: int, completion: int) -> Record:
    facts = ((COMPLETION, completion), (PROMPT, prompt))
    return replace(base_record(Kind.MODEL_CALL, who, context), resource_type="model", resource_id="m", facts=facts)


# ------------------------------------------------------------------ each measure


async def test_requests_are_counted_and_come_back_after_an_hour():
    scene = Scene(Limits(requests=2))
    for _ in range(2):
        await scene.meter.admit(ANN, scene.context())
    with pytest.raises(TooManyRequests) as refused:
        await scene.meter.admit(ANN, scene.context())
    assert (refused.value.measure, refused.value.limit) == ("requests", 2)
    assert 3600 < refused.value.retry_after <= 3610
    scene.time += refused.value.retry_after
    await scene.meter.admit(ANN, scene.context())


async def test_a_request_counts_once_however_often_its_credential_is_looked_at():
    scene = Scene(Limits(requests=1))
    context = scene.context()
    await scene.meter.admit(ANN, context)
    await scene.meter.admit(ANN, context)
    with pytest.raises(TooManyRequests):
        await scene.meter.admit(ANN, scene.context())


async def test_only_different_and_only_sensitive_passages_count():
    scene = Scene(Limits(sensitive_chunks=3))
    await scene.shows(ANN, "a", "b")
    await scene.shows(ANN, "a", "b", "c")
    await scene.shows(ANN, *(f"g{number}" for number in range(99)), label=PUBLIC)
    with pytest.raises(TooManyRequests, match="different sensitive passages"):
        await scene.shows(ANN, "c", "d")
    await scene.shows(ANN, "c")
    await scene.shows(BO, "d")


async def test_a_document_that_is_opened_counts_with_all_its_passages():
    scene = Scene(Limits(sensitive_chunks=3))
    opened = replace(
        base_record(Kind.RETRIEVAL, ANN, scene.context()), resource_type="document", resource_id="d", label=SECRET
    )
    await scene.meter.count(ANN, [replace(opened, facts=(("passages", 3),))])
    await scene.shows(ANN, "d#0", "d#2")
    with pytest.raises(TooManyRequests):
        await scene.meter.count(ANN, [replace(opened, facts=(("passages", 4),))])


async def test_tokens_are_set_aside_and_settled():
    scene = Scene(Limits(tokens=1000))
    first = await scene.calls(ANN, 100, 500)
    with pytest.raises(TooManyRequests):
        await scene.calls(ANN, 400, 100)
    await scene.ends(ANN, first, 90, 10)
    await scene.calls(ANN, 400, 100)  # 100 are used, 500 are set aside
    with pytest.raises(TooManyRequests):
        await scene.calls(ANN, 400, 100)


async def test_an_answer_may_have_what_is_left_and_nobody_else_gets_it():
    scene = Scene(Limits(tokens=100))
    first = await scene.calls(ANN, 40, 1024)
    with pytest.raises(TooManyRequests):
        await scene.calls(ANN, 1, 1)
    await scene.ends(ANN, first, 40, 20)
    await scene.calls(ANN, 39, 1024)


async def test_a_model_that_says_nothing_is_estimated_and_one_that_was_not_called_costs_nothing():
    scene = Scene(Limits(tokens=200))
    silent = await scene.calls(ANN, 100, 50)
    await scene.ends(ANN, silent, 0, 0)  # 30 characters count as 10
    with pytest.raises(TooManyRequests):
        await scene.calls(ANN, 90, 1)
    spared = await scene.calls(ANN, 80, 1)
    await scene.ends(ANN, spared, 0, 0, called=False)
    await scene.calls(ANN, 89, 1)


async def test_spending_is_what_tokens_cost():
    scene = Scene(Limits(spend=1_000_000))
    first = await scene.calls(ANN, 500, 250)  # 0.50 and 0.50
    with pytest.raises(TooManyRequests, match="spending"):
        await scene.calls(ANN, 1, 1)
    await scene.ends(ANN, first, 500, 100)
    await scene.calls(ANN, 100, 10)


async def test_so_many_answers_at_a_time_and_each_gives_its_place_back():
    scene = Scene(Limits(streams=1))

    async def broken(who: Subject) -> None:
        async with scene.meter.running(who, scene.context()):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await broken(ANN)
    async with scene.meter.running(ANN, scene.context()):
        with pytest.raises(TooManyRequests, match="at the same time"):
            await broken(ANN)
        with pytest.raises(ZeroDivisionError):
            await broken(BO)
    with pytest.raises(ZeroDivisionError):
        await broken(ANN)


async def test_nothing_is_allowed_where_the_limit_is_nothing():
    scene = Scene(Limits(requests=0, tokens=0, sensitive_chunks=0, streams=0))
    for refused in (
        scene.meter.admit(ANN, scene.context()),
        scene.calls(ANN, 1, 1),
        scene.shows(ANN, "a"),
        scene.meter.running(ANN, scene.context()).__aenter__(),
    ):
        with pytest.raises(TooManyRequests):
            await refused


# ------------------------------------------------------------------ whose quota it is


async def test_the_first_rule_that_names_somebody_is_theirs():
    scene = Scene(Limits(requests=1), more=(Quota(frozenset({"group:staff"}), Limits(requests=3)),))
    for _ in range(3):
        await scene.meter.admit(ANN, scene.context())
    guest = person("gus")
    await scene.meter.admit(guest, scene.context())
    for who in (ANN, guest):
        with pytest.raises(TooManyRequests):
            await scene.meter.admit(who, scene.context())


async def test_an_application_has_a_budget_for_each_person_and_cannot_be_left_out():
    scene = Scene(Limits(requests=3), applications={"app": Limits(requests=1)})
    through = replace(ANN, application="app")
    await scene.meter.admit(through, scene.context())
    with pytest.raises(TooManyRequests):
        await scene.meter.admit(through, scene.context())
    await scene.meter.admit(replace(BO, application="app"), scene.context())
    for _ in range(2):
        await scene.meter.admit(ANN, scene.context())
    with pytest.raises(TooManyRequests):
        await scene.meter.admit(ANN, scene.context())


async def test_an_agent_uses_the_quota_of_the_person_it_acts_for():
    scene = Scene(Limits(requests=2))
    agent = replace(ANN, principal=Principal(PrincipalKind.AGENT, "bot"), on_behalf_of=ANN.principal)
    await scene.meter.admit(agent, scene.context())
    await scene.meter.admit(ANN, scene.context())
    for who in (agent, ANN):
        with pytest.raises(TooManyRequests):
            await scene.meter.admit(who, scene.context())
    other = replace(agent, on_behalf_of=BO.principal)
    await scene.meter.admit(other, scene.context())


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["request", "chunk", "call"]), st.integers(0, 9))))
def test_a_denial_depends_on_the_persons_own_use_alone(steps):
    """Ann's outcomes are the same, byte by byte, whatever Bo does in between."""

    async def play(with_bo: bool) -> list[str]:
        scene, outcomes = Scene(Limits(requests=4, tokens=60, sensitive_chunks=4)), []
        for is_bo, what, number in steps:
            if is_bo and not with_bo:
                continue
            who = BO if is_bo else ANN
            try:
                if what == "request":
                    await scene.meter.admit(who, scene.context())
                elif what == "chunk":
                    await scene.shows(who, f"c{number}")
                else:
                    await scene.calls(who, number, number)
                said = "ok"
            except TooManyRequests as error:
                said = f"{error} {error.remedy} {error.measure} {error.limit} {error.retry_after}"
            if not is_bo:
                outcomes.append(said)
        return outcomes

    assert asyncio.run(play(True)) == asyncio.run(play(False))


# ------------------------------------------------------------------ attacks


class Slow(Log):
    """A log that lets everybody else go first."""

    async def append(self, records: Sequence[Record], /) -> Receipt:
        await asyncio.sleep(0)
        return await super().append(records)


async def test_requests_that_race_get_no_more_than_the_limit():
    scene = Scene(Limits(sensitive_chunks=10, tokens=1000, requests=10), log=Slow())
    gate = Gate(lambda: pytest.fail("nothing is decided"), scene.log, meter=scene.meter)

    async def shows(number: int) -> None:
        await gate.meter.count(ANN, [shown(ANN, scene.context(), [f"c{number}"])])
        await scene.log.append([shown(ANN, scene.context(), [])])

    for work in (
        [shows(number) for number in range(50)],
        [scene.calls(ANN, 90, 10) for _ in range(50)],
        [gate.admit(ANN, scene.context()) for _ in range(50)],
    ):
        done = await asyncio.gather(*work, return_exceptions=True)
        assert sum(not isinstance(one, Exception) for one in done) == 10
        assert {type(one) for one in done if isinstance(one, Exception)} == {TooManyRequests}


async def test_either_all_of_a_request_is_counted_or_nothing():
    scene = Scene(Limits(sensitive_chunks=5, tokens=100))
    context = scene.context()
    both = [shown(ANN, context, ["a", "b"]), called(ANN, context, 200, 1)]
    with pytest.raises(TooManyRequests):
        await scene.meter.count(ANN, both)
    await scene.shows(ANN, "1", "2", "3", "4", "5")
    await scene.calls(ANN, 99, 1)


async def test_what_nobody_was_decided_about_is_not_used():
    scene = Scene(Limits())
    for record in (shown(ANN, scene.context(), ["a"]), called(ANN, scene.context(), 1, 1)):
        with pytest.raises(AccessDenied):
            await scene.meter.count(None, [record])


@pytest.mark.parametrize("jump", [timedelta(hours=-5), timedelta(hours=5)])
async def test_the_clock_of_the_wall_opens_no_quota(jump: timedelta):
    scene = Scene(Limits(requests=1, sensitive_chunks=1, tokens=10))
    await scene.meter.admit(ANN, scene.context())
    await scene.shows(ANN, "a")
    await scene.calls(ANN, 1, 9)
    later = lambda: replace(scene.context(), now=NOW + jump)  # noqa: E731
    for refused in (
        scene.meter.admit(ANN, later()),
        scene.meter.count(ANN, [shown(ANN, later(), ["b"])]),
        scene.meter.count(ANN, [called(ANN, later(), 1, 1)]),
    ):
        with pytest.raises(TooManyRequests):
            await refused


async def _refusals(scene: Scene) -> list[str]:
    """Return what is refused to Ann now."""
    said = []
    for what in (
        scene.meter.admit(ANN, scene.context()),
        scene.shows(ANN, "another"),
        scene.calls(ANN, 100, 1),
    ):
        try:
            await what
        except TooManyRequests as error:
            said.append(error.measure)
    return said


async def _used_up(*, ended: bool) -> tuple[Scene, list[Record]]:
    scene = Scene(Limits(requests=2, sensitive_chunks=2, tokens=500))
    context = scene.context()
    log = [shown(ANN, context, ["a", "b"]), called(ANN, context, 100, 300)]
    await scene.meter.count(ANN, log)
    for each in (context, scene.context()):
        await scene.meter.admit(ANN, each)
        log.append(base_record(Kind.DECISION, ANN, each))
    if ended:
        scene.log.records.clear()
        await scene.ends(ANN, context.request_id, 100, 390)
        log += scene.log.records
    return scene, log


@pytest.mark.parametrize("ended", [True, False], ids=["ended", "killed in the middle"])
async def test_a_restart_forgives_nothing(ended: bool):
    scene, log = await _used_up(ended=ended)
    assert await _refusals(scene) == ["requests", "sensitive_chunks", "tokens"]
    stored = [ocsf.parse(ocsf.encode(ocsf.event(one), number)) for number, one in enumerate(log)]
    scene.time = 7.0  # the machine was restarted too
    for now, refused in (
        (NOW, ["requests", "sensitive_chunks", "tokens"]),
        (NOW + timedelta(minutes=59), ["requests", "sensitive_chunks", "tokens"]),
        (NOW - timedelta(hours=9), ["requests", "sensitive_chunks", "tokens"]),
        (NOW + timedelta(minutes=61), []),
    ):
        scene.meter = scene.fresh()
        scene.meter.replay(stored, now)
        assert await _refusals(scene) == refused


async def test_what_is_replayed_leaves_when_it_would_have():
    scene, log = await _used_up(ended=True)
    scene.time, scene.meter = 7.0, scene.fresh()
    scene.meter.replay(log, NOW + timedelta(minutes=40))
    scene.time += 19 * 60
    assert await _refusals(scene) == ["requests", "sensitive_chunks", "tokens"]
    scene.time += 2 * 60
    assert await _refusals(scene) == []


# ------------------------------------------------------------------ alerts


async def test_a_crawl_raises_one_alert_an_hour():
    scene = Scene(Limits(sensitive_chunks=2))
    for number in range(50):
        try:
            await scene.shows(ANN, f"c{number}")
        except TooManyRequests:
            scene.time += 1
    (alert,) = scene.log.records
    assert (alert.kind, alert.subject, alert.effect) == (Kind.ALERT, "user:ann", "deny")
    assert dict(alert.facts) == {"limit": 2, "measure": "sensitive_chunks"}
    event = ocsf.event(alert)
    assert (event["class_uid"], event["is_alert"], event["severity_id"]) == (2004, True, 3)
    scene.time += 3700
    for number in range(5):
        with suppress(TooManyRequests):
            await scene.shows(ANN, f"d{number}")
    assert len(scene.log.records) == 2


async def test_without_a_log_the_refusal_stays_a_refusal():
    class Down(Log):
        async def append(self, records: Sequence[Record], /) -> Receipt:
            raise Unavailable("the log is full")

    scene = Scene(Limits(requests=0), log=Down())
    for _ in range(2):
        with pytest.raises(Unavailable):
            await scene.meter.admit(ANN, scene.context())


async def test_idle_accounts_are_forgotten():
    scene = Scene(Limits(requests=9))
    for number in range(100):
        await scene.meter.admit(person(f"p{number}"), scene.context())
    scene.time += 4000
    await scene.meter.admit(ANN, scene.context())
    assert set(scene.meter._accounts.by_name) == {"user:ann"}


def test_measures_and_limits_have_the_same_names():
    assert {one.value for one in Measure} == set(Limits.__dataclass_fields__)
