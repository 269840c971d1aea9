"""Decisions for other systems: who may ask about whom, what counts, what is told, and what is recorded."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journeys.asking import (
    APPLICATIONS,
    CONTEXT,
    FILES,
    PEOPLE,
    PEP,
    SELF,
    SOURCE,
    Asked,
    asking,
    question,
    service,
)
from lockgate.adapters.seal import AesSeal
from lockgate.audit.record import Kind as Recorded
from lockgate.audit.record import Record
from lockgate.content.document import document_id
from lockgate.errors import Invalid, Unavailable
from lockgate.flow.resources import document_resource
from lockgate.journeys.decisions import Answer, Entity, Kind, Malformed, Pages, Search, Semantic
from lockgate.journeys.decisions.decide import OTHERS
from lockgate.journeys.decisions.things import SUITS
from lockgate.labels import Label, Readers, Sensitivity
from lockgate.labels.wire import render
from lockgate.policy import mandatory, registered
from lockgate.policy.cedar import PolicySet
from lockgate.policy.decision import Obligation, ObligationKind, combine_all
from lockgate.policy.model import (
    AccessRequest,
    Action,
    Principal,
    PrincipalKind,
    Risk,
    Session,
    Subject,
    Use,
)
from policy.sets import SHIPPED, policies
from support import NOW

DOCUMENTS = {name: f"document:share/{name}" for name in FILES}
NO = Answer(False)
DEMANDING = policies(
    '@id("f") forbid(principal, action == Lockgate::Action::"read", resource) when { resource.level >= 2 } unless '
    "{ context.assurance >= 2 && context.risk <= 0 && context.device_compliant };",
    '@id("g") forbid(principal, action == Lockgate::Action::"read", resource) when '
    '{ resource.level == 1 && context.use == "open" } unless { context.risk <= 1 };',
    '@id("h") forbid(principal, action == Lockgate::Action::"read", resource) when '
    '{ resource.level == 1 && context.use == "ai" } unless '
    '{ context.purpose == "audit" };',
    shipped=True,
)
"""Policies under which every signal counts."""


def data(level: Sensitivity) -> Label:
    """Return the label of data that AI may use, for staff."""
    return Label(level, Readers.any_of("group:staff"), forbidden_uses=frozenset())


def run(story: Callable[[Asked], Awaitable[None]], folder: Path, using: PolicySet = SHIPPED) -> None:
    async def whole() -> None:
        async with asking(folder, using) as asked:
            await story(asked)

    asyncio.run(whole())


def expected(policies: PolicySet, who: Subject, action: Action, asked: Asked, name: str, use: Use) -> bool:
    """Return what the judges say, asked directly."""
    resource = document_resource(asked.place.document(name))
    request = AccessRequest(who, action, resource, replace(CONTEXT, use=use))
    mine = combine_all([mandatory.judge(request), registered.judge(request, APPLICATIONS)])
    return combine_all([mine, policies.decide([request])[0]]).permits


def from_directory(id: str) -> Subject:
    """Return somebody as an enforcement point can ask about them: of the moment the worst is known."""
    found = next(one for one in PEOPLE if one.id == id)
    session = Session("s", NOW, assurance=0, risk=Risk.HIGH)
    return Subject(Principal(PrincipalKind.USER, id, found.groups), session, application="portal")


def test_answers_are_those_of_the_judges(tmp_path: Path) -> None:
    """About oneself and, for an enforcement point, about everybody: every person, document, action and use."""

    async def story(asked: Asked) -> None:
        seen = set()
        for one in PEOPLE:
            for name, thing in DOCUMENTS.items():
                for action in (Action.READ, Action.DISCOVER, Action.DOWNGRADE):
                    for use in Use:
                        stated = {"use": use.value}
                        own = await asked.ask(SELF[one.id], f"user:{one.id}", action, thing, stated)
                        other = await asked.ask(PEP, f"user:{one.id}", action, thing, stated)
                        direct = expected(SHIPPED, from_directory(one.id), action, asked, name, use)
                        assert own.permits == expected(SHIPPED, SELF[one.id], action, asked, name, use)
                        assert other.permits == (direct and one.active), (one.id, name, action, use)
                        seen.add((action, other.permits))
        assert {(Action.READ, True), (Action.READ, False), (Action.DOWNGRADE, True)} <= seen

    run(story, tmp_path)


def test_a_document_has_two_names(tmp_path: Path) -> None:
    async def story(asked: Asked) -> None:
        id = document_id("share", "hr/plan.txt")
        for name in (f"document:{id}", DOCUMENTS["hr/plan.txt"]):
            assert (await asked.ask(PEP, "user:ann", "read", name)).permits
            assert asked.log[-1].resource_id == id

    run(story, tmp_path)


def test_whoever_may_not_ask_about_others_learns_nothing(tmp_path: Path) -> None:
    """The same answer for what exists and what does not, what is permitted and what is not, without a look."""

    async def story(asked: Asked) -> None:
        looked: list[object] = []

        async def recheck(document: Any) -> None:
            looked.append(document)

        things = replace(asked.pdp.decider.things, recheck=recheck)
        blind = replace(asked, pdp=replace(asked.pdp, decider=replace(asked.pdp.decider, things=things)))
        agent = replace(
            SELF["bo"], principal=Principal(PrincipalKind.AGENT, "ann"), on_behalf_of=SELF["bo"].principal
        )
        for asker in (SELF["bo"], SELF["stella"], service("etl", "hr", "admins"), service("ann", "hr"), agent):
            for who in ("user:ann", "user:gus", "user:gone", "user:nobody", "moon:ann", "group:hr", "user:bo "):
                for thing in (*DOCUMENTS.values(), "document:share/none", "moon:x", "system:audit", "model:small"):
                    for action in ("read", "prompt", "fly"):
                        assert await blind.ask(asker, who, action, thing, {"use": "open"}) == NO
            for kind in (Kind.RESOURCE, Kind.ACTION):
                assert await blind.search(asker, kind, "user:ann", "read", DOCUMENTS["hr/plan.txt"]) == []
        assert not looked
        assert {one.reasons for one in blind.log if one.action.startswith("evaluate")} == {(OTHERS,)}

    run(story, tmp_path)


def test_a_denial_about_oneself_does_not_tell_what_exists(tmp_path: Path) -> None:
    async def story(asked: Asked) -> None:
        looked: list[object] = []
        real = asked.pdp.decider.things.recheck

        async def recheck(document: Any) -> Any:
            looked.append(document)
            return await real(document)

        things = replace(asked.pdp.decider.things, recheck=recheck)
        blind = replace(asked, pdp=replace(asked.pdp, decider=replace(asked.pdp.decider, things=things)))
        for thing in (DOCUMENTS["hr/plan.txt"], "document:share/hr/none.txt", "document:other/hr/plan.txt"):
            assert await blind.ask(SELF["bo"], "user:bo", "read", thing) == NO
        assert len(looked) == 3, "the source is asked as often for what is not"

    run(story, tmp_path)


UNKNOWN = [
    ("user:nobody", "read", DOCUMENTS["handbook/gifts.txt"]),
    ("user:gone", "read", DOCUMENTS["handbook/gifts.txt"]),
    ("User:ann", "read", DOCUMENTS["handbook/gifts.txt"]),
    ("service:ann", "read", DOCUMENTS["handbook/gifts.txt"]),
    ("agent:ann", "read", DOCUMENTS["handbook/gifts.txt"]),
    ("group:hr", "read", DOCUMENTS["handbook/gifts.txt"]),
    ("user:user:ann", "read", DOCUMENTS["handbook/gifts.txt"]),
    ("user:ann", "READ", DOCUMENTS["handbook/gifts.txt"]),
    ("user:ann", "write", DOCUMENTS["handbook/gifts.txt"]),
    ("user:ann", "prompt", DOCUMENTS["handbook/gifts.txt"]),
    ("user:ann", "administer", DOCUMENTS["handbook/gifts.txt"]),
    ("user:ann", "read", "document:share/none.txt"),
    ("user:ann", "read", "document:"),
    ("user:ann", "read", "Document:share/handbook/gifts.txt"),
    ("user:ann", "read", "file:share/handbook/gifts.txt"),
    ("user:ann", "read", "answer:req_1"),
    ("user:ann", "emit", "answer:req_1"),
    ("user:ann", "prompt", "model:none"),
    ("user:ann", "read", "model:small"),
    ("user:ann", "administer", "system:everything"),
    ("user:ann", "read", "system:audit"),
]


def test_everything_unknown_denies(tmp_path: Path) -> None:
    async def story(asked: Asked) -> None:
        for who, action, thing in UNKNOWN:
            for asker in (PEP, SOURCE, SELF["ann"]):
                answer = await asked.ask(asker, who, action, thing, {"use": "open", "label": render(Label())})
                assert not answer.permits, (who, action, thing)
                assert answer.error is None

    run(story, tmp_path)


def test_properties_grant_nothing(tmp_path: Path) -> None:
    """Whatever a caller states about subject, action or resource: groups, owners, labels, readers."""

    async def story(asked: Asked) -> None:
        lies = {
            "groups": ["group:hr", "hr"],
            "role": "admin",
            "identifiers": ["group:hr"],
            "satisfied": [],
            "active": True,
            "readers": [["everyone"]],
            "owners": ["user:bo"],
            "reviewed": True,
            "label": render(Label(Sensitivity.PUBLIC, Readers.everyone())),
        }
        for asker in (PEP, SOURCE, SELF["bo"]):
            for name in ("hr/plan.txt", "noai/minutes.txt"):
                assert not (await asked.ask(asker, "user:bo", "read", DOCUMENTS[name], lies, **lies)).permits
            assert not (
                await asked.ask(asker, "user:gone", "read", DOCUMENTS["hr/plan.txt"], lies, **lies)
            ).permits

    run(story, tmp_path)


GOOD = {"risk": "low", "assurance": 3, "device_compliant": True, "purpose": "audit"}


def test_signals_count_from_those_who_know_them_only(tmp_path: Path) -> None:
    async def story(asked: Asked) -> None:
        plan = DOCUMENTS["hr/plan.txt"]
        assert (await asked.ask(SOURCE, "user:ann", "read", plan, GOOD)).permits
        assert not (await asked.ask(PEP, "user:ann", "read", plan, GOOD)).permits
        assert not (await asked.ask(SELF["ann"], "user:ann", "read", plan, GOOD)).permits, "the token speaks"
        facts = dict(asked.log[-1].facts)
        assert (facts["input.device_compliant"], facts["source.device_compliant"]) == (False, "worst")
        assert (facts["input.assurance"], facts["source.assurance"]) == (1, "token")

    run(story, tmp_path, DEMANDING)


ODD = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["low", "medium", "high", "open", "x"])
LABELS = [render(data(level)) for level in Sensitivity]
STATED = st.builds(
    lambda good, changes: {**good, **changes},
    st.sampled_from([GOOD | {"label": LABELS[0]}, GOOD, {}]),
    st.fixed_dictionaries(
        {},
        optional={
            "risk": st.sampled_from(["low", "medium", "high"]) | ODD,
            "assurance": st.integers(0, 3) | ODD,
            "device_compliant": st.booleans() | ODD,
            "application": st.sampled_from(["portal", "kiosk"]) | ODD,
            "purpose": st.just("audit") | ODD,
            "label": st.sampled_from(LABELS) | ODD,
            "supported_obligations": st.just(["custom", "step-up"]) | st.just([]) | ODD,
        },
    ),
)


def test_removing_a_signal_never_turns_a_denial_into_a_permit(tmp_path: Path) -> None:
    """WP-22. With `supported_obligations` a caller limits itself, so that leaving it out may only add duties."""
    permitted: set[str] = set()
    loop = asyncio.new_event_loop()

    async def story(asked: Asked) -> None:
        @settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=150)
        @given(
            STATED, st.sampled_from(["ai", "open"]), st.sampled_from(["ann", "bo"]), st.sampled_from([PEP, SOURCE])
        )
        def law(stated: dict[str, Any], use: str, who: str, asker: Subject) -> None:
            for action, thing in (
                ("read", DOCUMENTS["hr/plan.txt"]),
                ("read", DOCUMENTS["handbook/gifts.txt"]),
                ("prompt", "model:small"),
                ("prompt", "model:assistant"),
            ):
                whole = {**stated, "use": use}
                items = [question(f"user:{who}", action, thing, whole)]
                for name in stated:
                    if name != "supported_obligations":
                        less = {key: value for key, value in whole.items() if key != name}
                        items.append(question(f"user:{who}", action, thing, less))
                answers = list(drive(asked.pdp.evaluate(asker, CONTEXT, items, Semantic.ALL)))
                if answers[0].permits:
                    permitted.add(f"{action} {thing}")
                elif answers[0].error is None:
                    assert not any(one.permits for one in answers[1:]), (stated, use, who, action, thing)

        await asyncio.to_thread(law)

    def drive(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(30)

    async def whole() -> None:
        async with asking(tmp_path, DEMANDING) as asked:
            await story(asked)

    try:
        loop.run_until_complete(whole())
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
    assert len(permitted) == 4, "each can be permitted, or the law says little"


def test_every_signal_counts(tmp_path: Path) -> None:
    """The law above can fail: under these policies the loss of each signal denies something."""

    async def story(asked: Asked) -> None:
        cases = {
            "risk": ("hr/plan.txt", GOOD),
            "assurance": ("hr/plan.txt", GOOD),
            "device_compliant": ("hr/plan.txt", GOOD),
            "purpose": ("handbook/gifts.txt", GOOD),
        }
        for name, (document, stated) in cases.items():
            for signals in (stated, {key: value for key, value in stated.items() if key != name}):
                answer = await asked.ask(SOURCE, "user:ann", "read", DOCUMENTS[document], signals)
                assert answer.permits == (signals is stated), (name, signals)

    run(story, tmp_path, DEMANDING)


def test_a_record_lists_every_input_and_where_it_came_from(tmp_path: Path) -> None:
    async def story(asked: Asked) -> None:
        stated = {"risk": "medium", "assurance": True, "purpose": "audit", "use": "open"}
        await asked.ask(SOURCE, "user:ann", "read", DOCUMENTS["hr/plan.txt"], stated)
        about_others, about_signals, one = asked.log
        assert (about_others.resource_id, about_others.effect) == ("decisions", "permit")
        assert (about_signals.resource_id, about_signals.effect) == ("signals", "permit")
        assert (one.kind, one.subject, one.action, one.effect) == (
            Recorded.DECISION, "service:posture", "evaluate.read", "permit"
        )  # fmt: skip
        assert one.policies
        assert one.policy_version
        assert one.label is not None
        assert list(one.facts) == sorted(one.facts)
        assert dict(one.facts) == {
            "about": "user:ann",
            "input.application": "posture",
            "input.assurance": 0,
            "input.device_compliant": False,
            "input.groups": 2,
            "input.label": "public",
            "input.purpose": "audit",
            "input.risk": "medium",
            "input.use": "open",
            "source.application": "token",
            "source.assurance": "worst",
            "source.device_compliant": "worst",
            "source.label": "nothing flows",
            "source.purpose": "caller",
            "source.resource": "source and catalogue",
            "source.risk": "caller",
            "source.subject": "directory",
            "source.time": "clock",
            "source.use": "caller",
        }

    run(story, tmp_path)


def test_one_write_for_a_request_and_none_means_no_answer(tmp_path: Path) -> None:
    """I3: recorded before it is answered, whatever is asked."""

    async def story(asked: Asked) -> None:
        log, appended = asked.place.log, []
        kept = log.append

        async def count(records: Any, /) -> Any:
            appended.append(len(records))
            return await kept(records)

        async def fail(records: Any, /) -> Any:
            raise Unavailable("the disk is full")

        items = [question("user:ann", "read", one) for one in DOCUMENTS.values()]
        wanted = Search(Kind.RESOURCE, Entity("user", "ann"), "read", Entity("document"))
        for asker, questions in ((PEP, items), (SELF["ann"], items), (SELF["bo"], items), (PEP, [Malformed("x")])):
            log.append = count  # type: ignore[method-assign]
            appended.clear()
            answers = await asked.pdp.evaluate(asker, CONTEXT, questions, Semantic.ALL)
            assert len(answers) == len(questions)
            assert len(appended) == 1
            await asked.pdp.search(asker, CONTEXT, wanted, "", 10)
            assert len(appended) == 2
            log.append = fail  # type: ignore[method-assign]
            with pytest.raises(Unavailable):
                await asked.pdp.evaluate(asker, CONTEXT, questions, Semantic.ALL)
            with pytest.raises(Unavailable):
                await asked.pdp.search(asker, CONTEXT, wanted, "", 10)

    run(story, tmp_path)


def test_only_what_was_executed_is_recorded(tmp_path: Path) -> None:
    async def story(asked: Asked) -> None:
        items = [question("user:bo", "read", DOCUMENTS[one]) for one in ("handbook/gifts.txt", "hr/plan.txt")] * 2
        for semantic, wanted in (
            (Semantic.ALL, [True, False, True, False]),
            (Semantic.FIRST_DENY, [True, False]),
            (Semantic.FIRST_PERMIT, [True]),
        ):
            asked.log.clear()
            answers = await asked.pdp.evaluate(SELF["bo"], CONTEXT, items, semantic)
            assert [one.permits for one in answers] == wanted
            assert [one.effect == "permit" for one in asked.log] == wanted

    run(story, tmp_path)


def test_records_hold_no_more_of_a_callers_text_than_names(tmp_path: Path) -> None:
    canary = "canary" * 200

    async def story(asked: Asked) -> None:
        stated = {name: canary for name in (*GOOD, "use", "label", "other")}
        for who in (f"user:{canary}", "user:ann"):
            await asked.ask(SOURCE, who, canary, f"{canary}:{canary}", stated, other=canary)
            await asked.ask(SOURCE, who, "read", f"document:{canary}", stated, other=canary)
            await asked.search(SOURCE, Kind.SUBJECT, f"{canary}:", canary, f"{canary}:{canary}", stated)
        for record in asked.log:
            texts = [record.action, record.resource_type, record.resource_id, *record.reasons]
            texts += [str(value) for _, value in record.facts]
            assert all(len(one) <= 205 for one in texts)
            assert canary not in record.action + record.resource_type + "".join(record.reasons)

    run(story, tmp_path)


def test_the_application_through_which_is_asked_counts(tmp_path: Path) -> None:
    """What is not registered for it, it is not told about, whatever it calls itself."""

    async def story(asked: Asked) -> None:
        kiosk, stranger = service("kiosk", "peps", "signal-sources"), service("stranger", "peps")
        gifts = DOCUMENTS["handbook/gifts.txt"]
        for asker, stated, permits in (
            (PEP, {}, True),
            (SOURCE, {"application": "kiosk"}, True),
            (kiosk, {}, False),
            (kiosk, {"application": "portal"}, False),
            (stranger, {"application": "portal"}, False),
        ):
            assert (await asked.ask(asker, "user:ann", "read", gifts, stated)).permits == permits, (asker, stated)
            found = await asked.search(asker, Kind.RESOURCE, "user:ann", "read", "document:", stated)
            assert bool(found) == permits

    run(story, tmp_path)


# ------------------------------------------------------------------ obligations, models, answers, systems


def test_obligations_reach_whoever_enforces(tmp_path: Path) -> None:
    using = policies(
        '@id("p") @obligation("step_up:2, redact:pii") permit(principal, action, resource is Lockgate::Document);',
        shipped=True,
    )
    step_up, redact = Obligation(ObligationKind.STEP_UP, "2"), Obligation(ObligationKind.REDACT, "pii")

    async def story(asked: Asked) -> None:
        gifts = DOCUMENTS["handbook/gifts.txt"]
        for supported, permits in (
            (None, True), (["step-up", "custom"], True), (["step-up"], False), (["custom"], False), ([], False),
            ("custom", False), ({"custom": 1}, False), ([["custom"]], False),
            (["step-up", "custom", "notification"], True),
        ):  # fmt: skip
            stated = {} if supported is None else {"supported_obligations": supported}
            answer = await asked.ask(PEP, "user:ann", "read", gifts, stated)
            assert (answer.permits, set(answer.obligations)) == (permits, {step_up, redact}), supported
            assert asked.log[-1].effect == ("permit" if permits else "deny")
            assert set(asked.log[-1].obligations) == {"step_up:2", "redact:pii"}

    run(story, tmp_path, using)


def test_models_are_decided_as_the_door_decides(tmp_path: Path) -> None:
    """By the choice among a name's models, for data of every level; without a label nothing may be sent."""

    async def story(asked: Asked) -> None:
        routes = asked.pdp.decider.things.routes
        seen = set()
        for id in ("ann", "bo", "gus"):
            for name, route in routes.table().routes.items():
                assert not (await asked.ask(SELF[id], f"user:{id}", "prompt", f"model:{name}")).permits
                for level in Sensitivity:
                    label = data(level)
                    stated = {"label": render(label)}
                    answer = await asked.ask(SELF[id], f"user:{id}", "prompt", f"model:{name}", stated)
                    chosen = routes.choose(SELF[id], route, CONTEXT, label).upstream
                    assert answer.permits == (chosen is not None), (id, name, level)
                    seen.add((name, answer.permits))
        assert len(seen) == 6, "each name is permitted and denied"

    run(story, tmp_path)


@pytest.mark.parametrize("label", [None, 1, "public", {}, {"sensitivity": "public"}, [], {"sensitivity": []}])
def test_a_malformed_label_is_an_error_of_its_question(tmp_path: Path, label: Any) -> None:
    async def story(asked: Asked) -> None:
        answer = await asked.ask(PEP, "user:ann", "prompt", "model:small", {"label": label})
        assert not answer.permits
        assert answer.error is not None
        assert answer.error[0] == 400
        other = await asked.ask(PEP, "user:ann", "read", DOCUMENTS["hr/plan.txt"], {"use": "training"})
        assert (other.permits, other.error and other.error[0]) == (False, 400)

    run(story, tmp_path)


def test_an_answer_is_for_those_who_may_read_what_went_into_it(tmp_path: Path) -> None:
    async def story(asked: Asked) -> None:
        label = Label(Sensitivity.GENERAL, Readers.any_of("group:hr"))
        whole = Record(Recorded.ANSWER, NOW, "req_1", resource_type="answer", resource_id="req_1", label=label)
        asked.told.records += [whole, replace(whole, request_id="req_2", label=None)]
        asked.told.records += [replace(whole, request_id="req_3", kind=Recorded.DECISION, effect="deny")]
        lie = {"label": render(Label(Sensitivity.PUBLIC, Readers.everyone()))}
        assert (await asked.ask(PEP, "user:ann", "emit", "answer:req_1")).permits
        assert not (await asked.ask(PEP, "user:bo", "emit", "answer:req_1", lie)).permits
        for unknown in ("req_2", "req_3", "req_4"):
            assert not (await asked.ask(PEP, "user:ann", "emit", f"answer:{unknown}", lie)).permits

    run(story, tmp_path)


def test_parts_of_lockgate_are_a_closed_list(tmp_path: Path) -> None:
    admin = replace(SELF["bo"], principal=Principal(PrincipalKind.USER, "adam", frozenset({"group:admins"})))

    async def story(asked: Asked) -> None:
        for name, permits in (("exposure", True), ("audit", False), ("decisions", False), ("signals", False)):
            assert (await asked.ask(admin, "user:adam", "administer", f"system:{name}")).permits == permits
        assert await asked.search(admin, Kind.RESOURCE, "user:adam", "administer", "system:") == ["exposure"]

    run(story, tmp_path)


def test_reasons_are_for_enforcement_points(tmp_path: Path) -> None:
    async def story(asked: Asked) -> None:
        plan = DOCUMENTS["hr/plan.txt"]
        assert "readers" in (await asked.ask(PEP, "user:bo", "read", plan)).reason
        assert (await asked.ask(PEP, "user:nobody", "read", plan)).reason == "the subject is unknown"
        assert await asked.ask(SELF["bo"], "user:bo", "read", plan) == NO

    run(story, tmp_path)


def test_an_agent_asks_about_itself_with_the_power_of_both(tmp_path: Path) -> None:
    async def story(asked: Asked) -> None:
        bot = Principal(PrincipalKind.AGENT, "bot", frozenset({"group:staff"}))
        agent = replace(SELF["ann"], principal=bot, on_behalf_of=SELF["ann"].principal, application="bot")
        for who in ("agent:bot", "user:ann"):
            assert (await asked.ask(agent, who, "read", DOCUMENTS["handbook/gifts.txt"])).permits
            assert await asked.ask(agent, who, "read", DOCUMENTS["hr/plan.txt"]) == NO
            kind = who.partition(":")[0]
            for name, found in (("handbook/gifts.txt", [who.partition(":")[2]]), ("hr/plan.txt", [])):
                assert await asked.search(agent, Kind.SUBJECT, f"{kind}:", "read", DOCUMENTS[name]) == found
        assert await asked.ask(agent, "user:bo", "read", DOCUMENTS["handbook/gifts.txt"]) == NO

    run(story, tmp_path)


# ------------------------------------------------------------------ searches


def test_a_search_finds_exactly_what_an_evaluation_permits(tmp_path: Path) -> None:
    """Subjects, resources and actions, for every asker, in pages of every size."""

    async def story(asked: Asked) -> None:
        documents = {one.id: f"document:{one.id}" for one in asked.place.index.documents()}
        models = ["assistant", "safe", "small"]
        open_, ai = {"use": "open"}, {"label": render(data(Sensitivity.GENERAL))}
        sizes = iter([1, 2, 3, 100] * 1000)

        async def permitted(asker: Subject, items: dict[str, tuple[str, str, str]], stated: Any) -> list[str]:
            questions = [question(*one, stated) for one in items.values()]
            if not questions:
                return []
            answers = await asked.pdp.evaluate(asker, CONTEXT, questions, Semantic.ALL)
            return sorted(id for id, one in zip(items, answers, strict=True) if one.permits)

        found = 0
        for asker in (PEP, SOURCE, SELF["ann"], SELF["bo"], SELF["stella"]):
            for stated in (open_, ai):
                for action in ("read", "discover", "downgrade", "approve", "prompt", "fly"):
                    for who in ("user:ann", "user:bo", "user:stella", "user:gone", "user:none"):
                        items = {id: (who, action, thing) for id, thing in documents.items()}
                        got = await asked.search(
                            asker, Kind.RESOURCE, who, action, "document:", stated, next(sizes)
                        )
                        assert got == await permitted(asker, items, stated), (asker.principal, who, action)
                        items = {id: (who, action, f"model:{id}") for id in models}
                        more = await asked.search(asker, Kind.RESOURCE, who, action, "model:", stated, next(sizes))
                        assert more == await permitted(asker, items, stated)
                        found += len(got) + len(more)
                    for thing in (*documents.values(), "document:none", "model:small"):
                        items = {one.id: (f"user:{one.id}", action, thing) for one in PEOPLE}
                        got = await asked.search(asker, Kind.SUBJECT, "user:", action, thing, stated, next(sizes))
                        assert got == await permitted(asker, items, stated)
                        found += len(got)
                for who in ("user:ann", "user:bo", "user:none"):
                    for thing in (*documents.values(), "document:none", "model:safe", "moon:x"):
                        kind = thing.partition(":")[0]
                        items = {one.value: (who, one.value, thing) for one in SUITS.get(kind, ())}
                        got = await asked.search(asker, Kind.ACTION, who, "", thing, stated, next(sizes))
                        assert got == await permitted(asker, items, stated)
                        found += len(got)
        assert found > 100

    run(story, tmp_path)


def test_a_search_finds_what_the_filter_lets_through_at_the_source_now(tmp_path: Path) -> None:
    """A right that was taken away at the source since the last sync counts at once."""

    async def story(asked: Asked) -> None:
        before = await asked.search(PEP, Kind.RESOURCE, "user:bo", "read", "document:")
        assert len(before) == 3
        asked.place.rules('match = ["**"]\nreaders = ["group:hr"]\nowners = ["user:ann"]\nsensitivity = "general"')
        assert await asked.search(PEP, Kind.RESOURCE, "user:bo", "read", "document:") == []
        assert not (await asked.ask(PEP, "user:bo", "read", DOCUMENTS["handbook/gifts.txt"])).permits

    run(story, tmp_path)


def test_a_page_says_more_only_if_there_is_more_to_find(tmp_path: Path) -> None:
    """Candidates that are left and denied do not show."""

    async def story(asked: Asked) -> None:
        wanted = Search(Kind.SUBJECT, Entity("user"), "read", Entity("document", "share/hr/plan.txt"))
        page = await asked.pdp.search(PEP, CONTEXT, wanted, "", 1)
        assert ([one.id for one in page.results], page.after) == (["ann"], "")

    run(story, tmp_path)


def test_a_page_ends_after_a_fixed_amount_of_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lockgate.journeys.decisions import search as module

    assert inspect.ismodule(module)
    monkeypatch.setattr(module, "WORK", 2)
    monkeypatch.setattr(module, "_STEP", 1)

    async def story(asked: Asked) -> None:
        wanted = Search(Kind.RESOURCE, Entity("user", "ann"), "downgrade", Entity("document"))
        page = await asked.pdp.search(SELF["ann"], CONTEXT, wanted, "", 100)
        assert page.after
        assert dict(asked.log[-1].facts)["examined"] == 2
        everything = [one.id for one in asked.place.index.documents() if "user:ann" in one.label.owners]
        whole = await asked.search(SELF["ann"], Kind.RESOURCE, "user:ann", "downgrade", "document:")
        assert whole == sorted(everything)

    run(story, tmp_path)


def test_a_search_is_one_record_with_its_results(tmp_path: Path) -> None:
    async def story(asked: Asked) -> None:
        found = await asked.search(PEP, Kind.RESOURCE, "user:ann", "read", "document:")
        record = asked.log[-1]
        assert (record.action, record.effect, record.subject) == (
            "search.resource.read",
            "permit",
            "service:portal",
        )
        assert dict(record.facts)["results"] == ", ".join(found)
        assert dict(record.facts)["about"] == "user:ann"
        await asked.search(SELF["bo"], Kind.RESOURCE, "user:ann", "read", "document:")
        assert (asked.log[-1].effect, asked.log[-1].reasons) == ("deny", (OTHERS,))

    run(story, tmp_path)


# ------------------------------------------------------------------ pages


def test_a_page_token_is_of_one_request_one_asker_and_one_while() -> None:
    pages, asker = Pages(AesSeal.fresh()), SELF["ann"]
    first = pages.window(asker, ["q"], None, 5, NOW)
    token = pages.token(first, "d_7", NOW)
    assert "d_7" not in token
    assert (first.after, first.limit) == ("", 5)
    for limit in (None, 5):
        assert pages.window(asker, ["q"], token, limit, NOW).after == "d_7"
    agent = replace(asker, principal=SELF["bo"].principal, on_behalf_of=asker.principal)
    flipped = token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1]
    refused = [
        (pages, SELF["bo"], ["q"], token, 5, NOW),
        (pages, agent, ["q"], token, 5, NOW),
        (pages, asker, ["r"], token, 5, NOW),
        (pages, asker, ["q"], token, 6, NOW),
        (pages, asker, ["q"], token, 5, NOW + timedelta(minutes=15)),
        (pages, asker, ["q"], flipped, 5, NOW),
        (pages, asker, ["q"], token[:-4], 5, NOW),
        (pages, asker, ["q"], "", 5, NOW),
        (Pages(AesSeal.fresh()), asker, ["q"], token, 5, NOW),
    ]
    for one, who, request, given_token, limit, now in refused:
        with pytest.raises(Invalid) as refusal:
            one.window(who, request, given_token, limit, now)
        assert refusal.value.code == "invalid_page_token"
    assert pages.token(first, "", NOW) == ""
    assert pages.window(asker, ["q"], None, 10**9, NOW).limit == 1000


def test_a_request_that_is_too_deep_to_be_bound_is_malformed() -> None:
    deep: Any = {}
    for _ in range(5000):
        deep = {"a": deep}
    with pytest.raises(Invalid):
        Pages(AesSeal.fresh()).window(SELF["ann"], deep, None, None, NOW)
