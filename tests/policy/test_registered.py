"""The third judge: what is not declared is denied, and nobody's power adds to an application's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.labels import PUBLIC, Readers, Sensitivity
from lockgate.policy import mandatory
from lockgate.policy.decision import combine_all
from lockgate.policy.filter import matches
from lockgate.policy.model import AccessRequest, Action, Context, Principal, PrincipalKind, Resource, Subject, Use
from lockgate.policy.registered import (
    ANY,
    Application,
    ApplicationKind,
    NotRegistered,
    admitted,
    judge,
    readable,
    registry,
    typed,
    unlimited,
)
from policy.sets import policies
from policy.strategies import contexts, documents, registries, subjects
from support import NOW, person

CONTEXT = Context(NOW, "r")
EVERY = frozenset({ANY})
PAY = Resource("document", "d", PUBLIC, frozenset({"pay"}), reviewed=True, held=False)
MODEL = Resource("model", "m", PUBLIC, ceiling=PUBLIC)


def through(id: str, subject: Subject | None = None) -> Subject:
    return replace(subject or person("ann", "staff"), application=id)


def permits(subject: Subject, action: Action, resource: Resource, application: Application, **context) -> bool:
    request = AccessRequest(subject, action, resource, replace(CONTEXT, **context))
    return judge(request, registry([application])).permits


def test_what_is_not_registered_is_denied_everything():
    for action in Action:
        for known in ({}, registry([unlimited("another")])):
            decided = judge(AccessRequest(through("x"), action, PAY, CONTEXT), known)
            assert not decided.permits
            assert decided.reasons == {"the application `x` is not registered"}


def test_a_registration_that_states_nothing_gives_nothing():
    bare = Application("x")
    assert [a for a in Action if permits(through("x"), a, PAY, bare)] == []
    assert not permits(through("x"), Action.PROMPT, MODEL, replace(bare, purposes=EVERY))


@pytest.mark.parametrize(
    ("action", "resource", "change", "context"),
    [
        (Action.READ, PAY, {"collections": frozenset({"handbook"})}, {}),
        (Action.READ, PAY, {"collections": frozenset()}, {}),
        (Action.DISCOVER, PAY, {"collections": frozenset({"handbook"})}, {}),
        (Action.DOWNGRADE, PAY, {"collections": frozenset({"handbook"})}, {}),
        (Action.READ, replace(PAY, label=replace(PUBLIC, sensitivity=2)), {"ceiling": Sensitivity.GENERAL}, {}),
        (Action.PROMPT, MODEL, {"models": frozenset({"other"})}, {}),
        (Action.PROMPT, MODEL, {"models": frozenset({"m"})}, {"route": "assistant"}),
        (Action.EMIT, PAY, {"ceiling": Sensitivity.PUBLIC}, {"data": replace(PUBLIC, sensitivity=1)}),
        (Action.READ, PAY, {"purposes": frozenset({"support"})}, {}),
        (Action.READ, PAY, {"purposes": frozenset({"support"})}, {"purpose": "suppor"}),
        (Action.READ, PAY, {"purposes": frozenset()}, {"purpose": "support"}),
        (Action.READ, PAY, {"kind": ApplicationKind.FRONT_END}, {}),
    ],
)
def test_each_line_of_a_registration_is_needed(action, resource, change, context):
    whole = unlimited("x")
    assert permits(through("x"), action, resource, whole, **context)
    assert not permits(through("x"), action, resource, replace(whole, **change), **context)


@pytest.mark.parametrize("action", [Action.CALL, Action.SEND, Action.EXPORT, Action.TRAIN, Action.DECRYPT])
def test_what_no_registration_can_declare_is_denied(action):
    assert not permits(through("x"), action, PAY, unlimited("x"))


def test_an_assistant_stands_for_the_models_behind_it():
    one = replace(unlimited("x"), models=frozenset({"assistant"}))
    assert permits(through("x"), Action.PROMPT, MODEL, one, route="assistant")
    assert not permits(through("x"), Action.PROMPT, MODEL, one, route="m")
    assert not permits(through("x"), Action.PROMPT, MODEL, one)


def test_reasons_and_remedies_name_settings_and_quote_no_content():
    canary = "s3cret-canary"
    label = replace(PUBLIC, owners=frozenset({canary}), readers=Readers.any_of(f"group:{canary}"), sensitivity=3)
    document = replace(PAY, id=canary, label=label)
    one = replace(unlimited("x"), ceiling=Sensitivity.PUBLIC)
    decided = judge(AccessRequest(through("x"), Action.READ, document, CONTEXT), registry([one]))
    assert canary not in str(decided)
    assert any("`ceiling`" in remedy for remedy in decided.remedies)


# ------------------------------------------------------------------ laws


@given(subjects, documents, contexts, registries, st.sampled_from([Action.READ, Action.DISCOVER]))
def test_the_filter_is_the_judgment(subject, resource, context, known, action):
    decided = judge(AccessRequest(subject, action, resource, context), known)
    assert matches(readable(subject, context, known), subject, resource) == decided.permits


@given(subjects, documents, contexts, registries, st.sampled_from(Action))
def test_whoever_has_a_part_must_be_permitted(subject, resource, context, known, action):
    """The dumb model: ask about each application as if it were the only one."""
    request = AccessRequest(subject, action, resource, context)
    alone = [all(one in known for one in subject.applications)]
    for id in subject.applications:
        only = {**{other: unlimited(other) for other in subject.applications}, id: known.get(id, Application(id))}
        acting = {other: replace(one, may_act_for_users=True) for other, one in only.items() if other != id}
        alone.append(judge(request, {**only, **acting}).permits)
    assert judge(request, known).permits == all(alone)


def _narrower(one: Application) -> list[Application]:
    return [
        replace(one, models=frozenset()),
        replace(one, collections=frozenset()),
        replace(one, purposes=frozenset()),
        replace(one, ceiling=Sensitivity.PUBLIC),
        replace(one, may_act_for_users=False),
    ]


@given(subjects, documents, contexts, registries, st.sampled_from(Action))
def test_taking_a_line_away_never_gives_anything(subject, resource, context, known, action):
    request = AccessRequest(subject, action, resource, context)
    if not judge(request, known).permits:
        for id, one in known.items():
            for less in _narrower(one):
                assert not judge(request, {**known, id: less}).permits
            assert not judge(request, {k: v for k, v in known.items() if k != id}).permits


def entering(subject: Subject, known) -> Subject | None:
    try:
        return admitted(subject, known)
    except NotRegistered:
        return None


@given(subjects, documents, contexts, registries)
def test_agent_and_user_together_read_nothing_that_either_may_not(subject, document, context, known):
    """WP-28: the intersection, also after registration has said what the agent is in."""
    entered = entering(subject, known)
    if entered is None or entered.on_behalf_of is None:
        return
    asked = AccessRequest(entered, Action.READ, document, replace(context, use=Use.AI))
    if not combine_all([mandatory.judge(asked), judge(asked, known)]).permits:
        return
    for party in entered.parties:
        alone = Subject(party, entered.session, entered.application)
        assert mandatory.judge(replace(asked, subject=alone)).permits
    for id in entered.applications:
        assert ANY in known[id].collections or document.collections & known[id].collections
        assert document.label.sensitivity <= known[id].ceiling
        assert ANY in known[id].purposes or context.purpose in known[id].purposes
        assert known[id].may_act_for_users


@given(subjects, documents, contexts, registries)
def test_another_actor_in_the_chain_only_takes_away(subject, document, context, known):
    shorter = replace(subject, actors=subject.actors[1:])
    asked = AccessRequest(subject, Action.READ, document, context)
    if combine_all([mandatory.judge(asked), judge(asked, known)]).permits:
        less = replace(asked, subject=shorter)
        assert combine_all([mandatory.judge(less), judge(less, known)]).permits


# ------------------------------------------------------------------ who comes in

AGENT = Application("bot", ApplicationKind.AGENT, groups=frozenset({"group:staff"}), may_act_for_users=True)
ANN = person("ann", "hr")


def acting(*actors: str, client: str = "bot") -> Subject:
    chain = tuple(Principal(PrincipalKind.AGENT, one) for one in actors)
    return Subject(chain[0], ANN.session, client, ANN.principal, actors=chain[1:])


def refusal(subject: Subject, *known: Application) -> NotRegistered:
    with pytest.raises(NotRegistered) as caught:
        admitted(subject, registry(known))
    return caught.value


def test_an_agent_gets_the_groups_that_are_registered_and_no_others():
    entered = admitted(acting("bot"), registry([AGENT]))
    assert entered.principal == Principal(PrincipalKind.AGENT, "bot", frozenset({"group:staff"}))
    assert entered.on_behalf_of == ANN.principal


def test_an_agent_in_whatever_its_user_is_in_has_the_users_power_and_no_more():
    entered = admitted(acting("bot"), registry([replace(AGENT, groups=EVERY)]))
    assert entered.principal.identifiers == {"group:hr", "user:ann", "agent:bot", "everyone"}
    assert entered.satisfies(Readers.any_of("user:ann"))
    assert not entered.satisfies(Readers.any_of("agent:bot"))


@pytest.mark.parametrize("kind", [ApplicationKind.AGENT, ApplicationKind.FRONT_END])
def test_a_users_token_in_the_hands_of_an_agent_is_the_agents_for_the_user(kind):
    """The attack: leave out `act`, and have the whole power of the user."""
    one = replace(AGENT, kind=kind)
    entered = admitted(through("bot", ANN), registry([one]))
    assert entered.on_behalf_of == ANN.principal
    assert entered.principal.id == "bot"
    assert not entered.satisfies(Readers.any_of("group:hr"))
    assert refusal(through("bot", ANN), replace(one, may_act_for_users=False)).code == "application_may_not_act"


def test_every_actor_must_be_registered_and_may_act():
    other = replace(AGENT, id="mailer")
    entered = admitted(acting("bot", "mailer"), registry([AGENT, other]))
    assert [one.name for one in entered.parties] == ["agent:bot", "agent:mailer", "user:ann"]
    assert refusal(acting("bot", "mailer"), AGENT).code == "application_not_registered"
    assert refusal(acting("bot", "mailer"), AGENT, replace(other, may_act_for_users=False)).application == "mailer"
    assert refusal(acting("bot", client="portal"), AGENT).application == "portal"


def test_a_kind_is_what_it_may_come_as():
    service = Application("etl", ApplicationKind.SERVICE, may_act_for_users=True)
    etl = replace(ANN, principal=Principal(PrincipalKind.SERVICE, "etl"), application="etl")
    assert admitted(etl, registry([service])).principal.name == "service:etl"
    assert admitted(etl, registry([replace(service, kind=ApplicationKind.AGENT)])).principal.name == "agent:etl"
    assert refusal(etl, replace(service, kind=ApplicationKind.CLIENT)).code == "application_kind"
    assert refusal(through("etl", ANN), service).code == "application_kind"
    client = replace(AGENT, kind=ApplicationKind.CLIENT)
    assert refusal(acting("bot"), client).code == "application_kind"


def test_the_refusal_names_the_setting():
    error = refusal(through("unknown", ANN))
    assert str(error) == "the application `unknown` is not registered"
    assert "[[applications]]" in error.remedy


def test_a_front_end_alone_has_no_power():
    one = replace(unlimited("chat"), kind=ApplicationKind.FRONT_END, may_act_for_users=True)
    alone = replace(ANN, principal=Principal(PrincipalKind.SERVICE, "chat"), application="chat")
    entered = admitted(alone, registry([one]))
    assert not any(permits(entered, action, PAY, one) for action in Action)
    assert not matches(readable(entered, CONTEXT, registry([one])), entered, PAY)


def test_a_prompt_counts_as_the_highest_that_an_application_states():
    known = registry(
        [replace(AGENT, prompt=Sensitivity.CONFIDENTIAL), Application("portal", prompt=Sensitivity.PUBLIC)]
    )
    assert typed(acting("bot", client="portal"), known) == Sensitivity.CONFIDENTIAL
    assert typed(through("portal"), known) == Sensitivity.PUBLIC
    assert typed(through("nobody"), known) is None


# ------------------------------------------------------------------ Cedar reads it (WP-29)

WORKBENCH = """
@id("confidential-to-cloud-through-the-workbench")
permit (
  principal in Lockgate::Group::"finance",
  action == Lockgate::Action::"prompt",
  resource == Lockgate::Model::"cloud"
)
when { context.application == "finance-workbench" && context.within_ceiling && !context.ai_forbidden_data };
"""


@pytest.mark.parametrize(
    ("group", "model", "application", "permitted"),
    [
        ("finance", "cloud", "finance-workbench", True),
        ("sales", "cloud", "finance-workbench", False),
        ("finance", "other", "finance-workbench", False),
        ("finance", "cloud", "lockgate-cli", False),
        ("finance", "cloud", "", False),
    ],
)
def test_wp_29_a_policy_can_tie_data_to_people_model_and_application(group, model, application, permitted):
    data = replace(PUBLIC, sensitivity=Sensitivity.CONFIDENTIAL)
    resource = Resource("model", model, PUBLIC, ceiling=data)
    request = AccessRequest(
        through(application, person("ann", group)), Action.PROMPT, resource, replace(CONTEXT, data=data)
    )
    assert policies(WORKBENCH).decide([request])[0].permits == permitted
