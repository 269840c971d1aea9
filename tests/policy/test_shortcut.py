"""Compiled policies beside Cedar: the same answers in every field, and Cedar wherever there is doubt."""

from __future__ import annotations

import operator
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from bench import agree
from hypothesis import given
from hypothesis import strategies as st

from lockgate.labels import Integrity, Label, Readers, Sensitivity
from lockgate.policy import cases, compiled, entities
from lockgate.policy.cedar import PolicySet
from lockgate.policy.compiled import compile_rule
from lockgate.policy.decision import Effect
from lockgate.policy.facts import Unsupported
from lockgate.policy.model import AccessRequest, Action, Context, Principal, PrincipalKind, Resource, Subject, Use
from lockgate.policy.slices import TYPES, Slices
from policy.sets import SCHEMA, SHIPPED, VARIANTS, policies, when
from policy.strategies import contexts, documents, labels, readers, subjects
from support import NOW, person

DOWNGRADE = 'principal, action == Lockgate::Action::"downgrade", resource'
OPEN = Label(Sensitivity.GENERAL, Readers.any_of("group:staff"), Integrity.INTERNAL, forbidden_uses=frozenset())


def document(**changes):
    settled = {"reviewed": True, "held": False, "source_readers": OPEN.readers}
    return Resource("document", "d", OPEN, **{**settled, **changes})


def ask(subject=None, action=Action.READ, resource=None, **context):
    return AccessRequest(
        subject or person("ann", "staff"), action, resource or document(), Context(NOW, "r", **context)
    )


def without_cedar(chosen, request):
    return chosen._shortcut.satisfied(request, request.subject.principal) is not None


@pytest.fixture
def no_engine(monkeypatch):
    """Whoever asks the engine now fails."""

    def asked(*args):
        raise AssertionError("the engine was asked")

    monkeypatch.setattr(PolicySet, "_answer", asked)


# ------------------------------------------------------------------ the same answers


def test_random_policies_and_requests_are_decided_as_cedar_decides_them():
    """A million of them: `python -m bench.agree`."""
    found = agree.compare(20_000, per_set=400)
    assert not found.disagreements, found.disagreements[0]
    assert found.shortcut > 0.7 * found.requests
    assert all(found.effects[kind] > 200 for kind in ("permit", "forbidden", "no policy permits", "error"))


@pytest.mark.parametrize(
    "broken",
    [
        lambda patch: patch.setitem(compiled._ORDER, "<=", operator.lt),
        lambda patch: patch.setattr(compiled, "_negation", lambda test: test),
        lambda patch: patch.setattr(compiled.Facts, "reads_source", compiled.Facts.reads),
        lambda patch: patch.setattr(PolicySet, "_follow", lambda s, found, r: s._tell(bool(found), found, r)),
        lambda patch: patch.setattr("lockgate.policy.shortcut._texts", lambda *values: True),
    ],
    ids=["order", "negation", "source", "forbids", "names"],
)
def test_a_wrong_compiler_would_be_noticed(broken, monkeypatch):
    broken(monkeypatch)
    assert agree.compare(6_000, seed=3, per_set=100).disagreements


models = st.builds(
    Resource, st.just("model"), st.just("m"), labels, ceiling=st.one_of(st.none(), labels), source_readers=readers
)
places = st.one_of(
    documents, models, st.builds(Resource, st.sampled_from(["answer", "system"]), st.just("x"), labels)
)


@pytest.mark.parametrize("name", VARIANTS)
@given(subjects, st.lists(places, min_size=1, max_size=4), contexts, st.sampled_from(Action))
def test_known_sets_are_decided_as_cedar_decides_them(name, subject, resources, context, action):
    requests = [AccessRequest(subject, action, one, context) for one in resources]
    assert VARIANTS[name].decide(requests) == VARIANTS[name].consult(requests)


def test_the_cases_of_operators_are_asked_both_ways(monkeypatch):
    case = cases.Case("f", "c", ask(), Effect.PERMIT)
    assert cases.run(SHIPPED, (case,))[0].passed
    fresh = PolicySet(SHIPPED.rules, SCHEMA, SHIPPED.version)
    monkeypatch.setattr(fresh._shortcut, "satisfied", lambda request, party: list(SHIPPED.rules[:1]))
    (outcome,) = cases.run(fresh, (case,))
    assert any("Cedar differ" in one for one in outcome.differences)


# ------------------------------------------------------------------ what is compiled, and what is not


def test_every_shipped_policy_is_compiled():
    for action in Action:
        for kind in TYPES:
            for rule in Slices(SHIPPED.rules).concerning(action, kind):
                compile_rule(rule.est, kind)


def test_the_shipped_set_needs_no_engine(no_engine):
    assert SHIPPED.decide([ask()])[0].policies == {"ai-reads-what-is-released"}
    opened = SHIPPED.decide([ask(person("eve"), use=Use.OPEN)])[0]
    assert opened.reasons == {"no policy permits this"}
    assert opened.remedies == {"Ask an owner of the data for access."}


@pytest.mark.parametrize(
    "condition",
    [
        "context.risk + 9223372036854775807 > 0",
        "resource.level * 2 <= context.risk",
        "-context.risk <= 0",
        'context.purpose like "s*"',
        'ip("10.0.0.1").isIpv4()',
        'decimal("1.0") == decimal("1.0")',
        'action in [Lockgate::Action::"downgrade"]',
        "{a: context.risk}.a == 1",
        'Lockgate::Group::"a" in Lockgate::Group::"b"',
        "[context.risk, 2] == [1, 2] && context == context",
    ],
)
def test_any_other_form_is_left_to_cedar(condition):
    chosen = policies(when(condition, head=DOWNGRADE), when("resource.held", "forbid", "f", DOWNGRADE))
    request = ask(action=Action.DOWNGRADE)
    assert not without_cedar(chosen, request)
    assert chosen.decide([request]) == chosen.consult([request])


def test_one_such_policy_sends_the_whole_question_to_cedar():
    """A part of the answer would be no answer: the policy may forbid."""
    forbid = when("context.risk + 9223372036854775807 > 0", "forbid", "boom", DOWNGRADE)
    chosen = policies(when("true", head=DOWNGRADE), forbid)
    request = ask(action=Action.DOWNGRADE)
    high = replace(request, subject=replace(request.subject, session=replace(person("x").session, risk=2)))
    assert chosen.decide([high])[0].errors == {"policy `boom` could not be evaluated"}
    assert not without_cedar(chosen, request)
    assert without_cedar(chosen, ask())  # it does not concern reading


@pytest.mark.parametrize(
    "expression",
    [
        {"future": {}},
        {"==": {"left": {"Value": 1}, "right": {"Value": True}}},
        {"==": {"left": {"Value": "1"}, "right": {"Value": 1}}},
        {"<": {"left": {"Value": "a"}, "right": {"Value": "b"}}},
        {"&&": {"left": {"Value": 1}, "right": {"Value": True}}},
        {"has": {"left": {"Var": "context"}, "attr": "later"}},
        {"has": {"left": {"Var": "resource"}, "attr": "later"}},
        {".": {"left": {"Var": "resource"}, "attr": "later"}},
        {"in": {"left": {"Var": "resource"}, "right": {"Var": "principal"}}},
        {"contains": {"left": {"Set": [{"Value": 1}]}, "right": {"Value": "1"}}},
        {"Set": []},
        {"Value": {"__extn": {"fn": "ip", "arg": "::1"}}},
        {"Value": True, "Var": "context"},
    ],
)
def test_what_cedar_would_not_have_validated_is_not_guessed(expression):
    est = {"resource": {"op": "All"}, "conditions": [{"kind": "when", "body": expression}]}
    with pytest.raises(Unsupported):
        compile_rule(est, "document")


def test_an_attribute_that_only_the_schema_knows_is_left_to_cedar(monkeypatch):
    """Should a signal be added to one side only, nothing is guessed."""
    monkeypatch.delitem(entities.SIGNALS, "risk")
    chosen = policies(when("context has risk && context.risk <= 0", head=DOWNGRADE))
    found = chosen.decide([ask(action=Action.DOWNGRADE)])[0]
    assert found.errors


def test_whatever_fails_in_a_compiled_policy_is_asked_of_cedar(monkeypatch):
    def fails(*args):
        raise ValueError("anything")

    chosen = policies(shipped=True)
    monkeypatch.setattr("lockgate.policy.facts.Facts.reads", fails)
    fresh = PolicySet(chosen.rules, SCHEMA, chosen.version)
    assert not without_cedar(fresh, ask())
    assert fresh.decide([ask()])[0].permits


# ------------------------------------------------------------------ what is remembered (I5)


def test_i5_a_person_who_left_a_group_is_another_principal():
    chosen = policies(
        '@id("p") permit(principal in Lockgate::Group::"hr", action, resource is Lockgate::Document);',
        '@id("f") forbid(principal in Lockgate::Group::"contractors", action, resource);',
    )
    for groups, expected in [(["hr"], True), ([], False), (["hr", "contractors"], False), (["hr"], True)]:
        assert chosen.decide([ask(person("ann", *groups))])[0].permits is expected


def test_i5_a_new_set_remembers_nothing_of_the_old_one():
    text = when('principal == Lockgate::User::"ann"')
    before, after = policies(text), policies(text.replace("ann", "bob"))
    assert before.decide([ask()])[0].permits
    assert not after.decide([ask()])[0].permits
    assert before.version != after.version


def test_what_a_decision_says_is_remembered_per_action_and_type():
    chosen = policies(
        '@id("a") @deny_hint("Read.") permit(principal, action == Lockgate::Action::"read", resource) '
        "when { resource.held };",
        f'@id("b") @deny_hint("Lower.") permit({DOWNGRADE}) when {{ resource.held }};',
    )
    for action, hint in [(Action.READ, "Read."), (Action.DOWNGRADE, "Lower.")] * 2:
        assert chosen.decide([ask(action=action)])[0].remedies == {hint}


def test_memory_is_bounded():
    chosen = policies(when("resource.level <= context.risk"))
    for number in range(600):
        collections = frozenset({f"c{number}"})
        chosen.decide([ask(person(f"u{number}", f"g{number}"), resource=document(collections=collections))])
    assert len(chosen._shortcut._libraries) == 1
    assert len(chosen._told) == 1


# ------------------------------------------------------------------ cost


def test_a_decision_costs_the_same_at_ten_and_at_a_thousand_policies():
    head = 'principal{who}, action == Lockgate::Action::"read", resource is Lockgate::Document'
    texts = [
        f'@id("p{n}") permit({head.format(who=who)} in Lockgate::Collection::"c{n}") '
        "when { resource.level <= 1 };"
        for n in range(1000)
        for who in [f' in Lockgate::Group::"g{n % 40}"' if n % 2 else ""]
    ]
    parsed = sorted(policies(*texts).rules, key=lambda rule: int(rule.id[1:]))
    subject = Subject(
        Principal(PrincipalKind.USER, "ann", frozenset(f"group:g{n}" for n in range(40))),
        replace(person("x").session, expires=NOW + timedelta(hours=1)),
    )
    request = ask(subject, resource=document(collections=frozenset({"c7"})))
    taken = []
    for count in (10, 1000):
        chosen = PolicySet(parsed[:count], SCHEMA, "v")
        assert chosen.decide([request])[0].policies == {"p7"}
        taken.append(min(_timed(lambda chosen=chosen: chosen.decide([request])) for _ in range(200)))
    assert taken[1] < 2 * taken[0]


def _timed(call):
    before = time.perf_counter()
    call()
    return time.perf_counter() - before
