"""I8: less trust never gives more access, in the shipped policies; and every policy where it might is named."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lockgate.errors import Invalid
from lockgate.labels import Label, Readers, Sensitivity
from lockgate.labels.label import PUBLIC
from lockgate.policy.cedar import PolicySet
from lockgate.policy.decision import combine_all
from lockgate.policy.entities import SIGNALS
from lockgate.policy.mandatory import judge
from lockgate.policy.model import AccessRequest, Action, Resource, Risk, Use
from lockgate.policy.monotone import concerns
from policy.sets import SCHEMA, SHIPPED, policies, when
from policy.strategies import contexts, documents, labels, readers, subjects

ANY_DOCUMENT = "principal, action, resource is Lockgate::Document"
ANY_MODEL = "principal, action, resource is Lockgate::Model"

models = st.builds(
    Resource, type=st.just("model"), id=st.just("m"), label=readers.map(lambda r: replace(PUBLIC, readers=r)),
    ceiling=st.none() | labels,
)  # fmt: skip
answers = st.builds(Resource, type=st.just("answer"), id=st.just("a"), label=labels)
systems = st.builds(Resource, type=st.just("system"), id=st.sampled_from(["audit", "why"]))
PLACES = {
    Action.READ: documents, Action.DISCOVER: documents, Action.DOWNGRADE: documents,
    Action.PROMPT: models, Action.EMIT: answers, Action.ADMINISTER: systems,
}  # fmt: skip


@st.composite
def requests(draw):
    action = draw(st.sampled_from(list(PLACES)))
    return AccessRequest(draw(subjects), action, draw(PLACES[action]), draw(contexts))


def fewer_groups(subject, drop):
    principal = replace(subject.principal, groups=subject.principal.groups - drop)
    person = subject.on_behalf_of and replace(subject.on_behalf_of, groups=subject.on_behalf_of.groups - drop)
    return replace(subject, principal=principal, on_behalf_of=person)


def raised(resource, label):
    """Raise a label without touching whose it is, which `join` would widen: owners are duties, not bounds."""
    return replace(resource, label=replace(resource.label.join(label), owners=resource.label.owners))


@st.composite
def worse(draw, request):
    """Return the same request with less trust in one respect."""
    subject, context, resource = request.subject, request.context, request.resource
    session = subject.session
    changes = [
        replace(request, context=replace(context, device_compliant=False)),
        replace(request, context=replace(context, purpose="")),
        replace(request, context=replace(context, use=Use.AI)),
        replace(request, subject=replace(subject, application="")),
        replace(request, subject=replace(subject, session=replace(session, assurance=0))),
        replace(request, subject=replace(subject, session=replace(session, risk=Risk.HIGH))),
        replace(request, subject=replace(subject, session=replace(session, risk=Risk(min(2, session.risk + 1))))),
        replace(request, context=replace(context, data=context.data.join(draw(labels)))),
        replace(request, resource=raised(resource, draw(labels))),
        replace(request, subject=fewer_groups(subject, draw(st.frozensets(st.sampled_from(sorted(
            subject.principal.groups | (subject.on_behalf_of.groups if subject.on_behalf_of else frozenset())
        ) or ["group:none"]))))),
        replace(request, resource=replace(resource, held=True)),
        replace(request, resource=replace(resource, reviewed=False)),
        replace(request, resource=replace(resource, ceiling=None)),
    ]  # fmt: skip
    return draw(st.sampled_from(changes))


def full(chosen, request):
    return combine_all([judge(request), *chosen.decide([request])])


@settings(max_examples=300)
@given(st.data())
def test_i8_less_trust_never_turns_deny_into_permit(data):
    request = data.draw(requests())
    less = data.draw(worse(request))
    assume(not full(SHIPPED, request).permits)
    assert not full(SHIPPED, less).permits


@pytest.mark.parametrize("attribute", ["use", "risk", "device_compliant", "within_ceiling", "may_read_data"])
@given(request=requests())
def test_i8_a_deleted_attribute_denies(attribute, request):
    """Should a signal ever be missing from the JSON itself, the schema refuses the request."""
    with patch.dict(SIGNALS):
        del SIGNALS[attribute]
        fresh = PolicySet(SHIPPED.rules, SCHEMA, SHIPPED.version)
        (decided,) = fresh.decide([request])
    assert not decided.permits
    assert decided.errors


def test_nothing_in_the_shipped_set_is_of_concern_but_what_it_accepts():
    found = [one for rule in SHIPPED.rules for one in concerns(rule)]
    assert {one.rule.id for one in found} == {"reroute-above-the-ceiling"}
    assert all(one.accepted for one in found)


NOT_MONOTONE = {
    '@id("p") forbid(principal in Lockgate::Group::"contractors", action, resource);': "forbids a group",
    '@id("p") forbid(principal is Lockgate::User in Lockgate::Group::"x", action, resource);': "forbids a group",
    when('principal in Lockgate::Group::"x"', "forbid"): "denies a group",
    when('!(principal in Lockgate::Group::"x")'): "denies a group",
    when('principal.identifiers.contains("group:x")', "forbid"): "lack a name",
    when('["user:a"].containsAll(principal.identifiers)', head=ANY_MODEL): "lack a name",
    when('principal.identifiers == ["user:a"]'): "compares all names",
    when("context.risk == 1"): "`==` on the signal `context.risk`",
    when("context.assurance == 2"): "`==` on the signal",
    when("context.risk >= 1"): "worse case",
    when("1 <= context.risk"): "worse case",
    when("context.device_compliant", "forbid"): "`context.device_compliant` is false",
    when("context.device_compliant == false"): "`context.device_compliant` is false",
    when('context.purpose != "x"'): "not a certain text",
    when('context.purpose == "x"', "forbid"): "not a certain text",
    when('["x", ""].contains(context.purpose)'): "not a certain text",
    when('context.purpose like "*"'): "does not match",
    when("[1].contains(context.risk)"): "`contains` on the signal",
    when("resource.level > 1"): "worse case",
    when("resource.held"): "worse case",
    when("resource.reviewed", "forbid"): "`resource.reviewed` is false",
    when("!(principal.satisfied.containsAll(resource.clauses))"): "lack a name",
    when("if context.risk > 1 then resource.reviewed else true"): "worse case",
    when("(if context.risk > 1 then 1 else 2) == 1"): "too complicated",
    when("context.data_level >= context.assurance"): "worse case",
    when("context.risk + 1 > 1", head=ANY_MODEL): "which can err",
}


@pytest.mark.parametrize("text", NOT_MONOTONE)
def test_every_condition_that_is_not_monotone_is_named(text):
    (rule,) = policies(text).rules
    found = [str(one) for one in concerns(rule)]
    assert any(NOT_MONOTONE[text] in one for one in found), found
    assert all(one.startswith("own0.cedar:1: policy `p` ") for one in found)


@pytest.mark.parametrize(
    "text",
    [
        when("context.risk <= 1 && context.assurance >= 2 && context.device_compliant == true"),
        when('context.purpose == "x" || ["a"].contains(context.application)'),
        when("context.risk == 0 && !resource.held && !(resource.level > 2)"),
        when("context.risk > 1 || !context.device_compliant", "forbid"),
        '@id("p") forbid(principal, action, resource) unless { principal in Lockgate::Group::"staff" };',
        when("context.data_level <= context.assurance"),
        when('principal.identifiers.contains("group:x") && resource.owners.contains("group:x")'),
        when('context.use == "ai" && resource in Lockgate::Collection::"x"'),
    ],
)
def test_what_is_monotone_is_not_reported(text):
    (rule,) = policies(text).rules
    assert concerns(rule) == ()


ATOMS = [
    "context.risk {} {}", "context.assurance {} {}", "resource.level {} {}", "context.data_level {} {}",
    "{1} {0} context.risk", "context.risk {} context.assurance",
]  # fmt: skip
FLAGS = [
    "context.device_compliant", "context.device_compliant == false", "resource.reviewed", "resource.held",
    "resource.ai_forbidden != true", 'context.purpose == "pay"', 'context.purpose != "pay"',
    'context.purpose like "p*"',     '["pay", ""].contains(context.purpose)', 'principal in Lockgate::Group::"hr"',
    'principal.identifiers.contains("group:legal")', "principal.identifiers.containsAny(resource.owners)",
    "principal.satisfied.containsAll(resource.clauses)",
    "principal.satisfied.containsAll(resource.source_clauses)",
    "[0, 2].contains(context.risk)", "context.may_read_data",
]  # fmt: skip
atoms = st.one_of(
    st.sampled_from(FLAGS),
    st.builds(
        lambda text, op, bound: text.format(op, bound),
        st.sampled_from(ATOMS),
        st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
        st.integers(-1, 3),
    ),
)
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds("(({}) && ({}))".format, inner, inner),
        st.builds("(({}) || ({}))".format, inner, inner),
        st.builds("!({})".format, inner),
        st.builds("(if ({}) then ({}) else ({}))".format, inner, inner, inner),
    ),
    max_leaves=4,
)


@settings(max_examples=max(200, settings.default.max_examples))
@given(st.data())
def test_what_is_not_reported_is_monotone(data):
    """The check of forms beside the dumb judge: trying it out."""
    head = "principal, action, resource is Lockgate::Document"
    effect = data.draw(st.sampled_from(["permit", "forbid"]))
    kind = data.draw(st.sampled_from(["when", "unless"]))
    text = f'@id("p") {effect}({head}) {kind} {{ {data.draw(conditions)} }};'
    try:
        chosen = policies(text, when("true", id="all", head=head) if effect == "forbid" else "")
    except Invalid:
        return  # a form that is refused
    if any(concerns(rule) for rule in chosen.rules):
        return
    for _ in range(6):
        request = data.draw(st.builds(AccessRequest, subjects, st.just(Action.READ), documents, contexts))
        less = data.draw(worse(request))
        less = replace(less, context=replace(less.context, use=request.context.use))
        (before,), (after,) = chosen.decide([request]), chosen.decide([less])
        assert before.permits or not after.permits


def test_the_worst_document_is_a_label_of_nobody():
    assert Label().sensitivity is Sensitivity.RESTRICTED
    assert Label().readers == Readers.nobody()
