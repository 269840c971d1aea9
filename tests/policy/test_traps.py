"""Every trap of the policy engine that is known, each tried as an attack (DESIGN section 3)."""

from __future__ import annotations

import time
from dataclasses import replace

import cedarpy
import pytest
from hypothesis import given

from lockgate.errors import AccessDenied, Invalid
from lockgate.labels import Integrity, Label, Readers, Sensitivity
from lockgate.policy import cases
from lockgate.policy.cedar import PolicySet
from lockgate.policy.decision import Obligation, ObligationKind, check
from lockgate.policy.entities import SIGNALS, ClauseIds, resource_entity
from lockgate.policy.filter import NOTHING, Const, Flag, IsTrue, Not, matches
from lockgate.policy.model import AccessRequest, Action, Context, Principal, PrincipalKind, Resource, Subject, Use
from lockgate.policy.residual import compile_residual
from policy.sets import READ, SCHEMA, SHIPPED, VARIANTS, policies, when
from policy.strategies import contexts, subjects
from support import NOW, person

ANY = "principal, action, resource"
MODEL = "principal, action, resource is Lockgate::Model"
OPEN_LABEL = Label(
    Sensitivity.GENERAL, Readers.any_of("group:staff"), Integrity.INTERNAL, forbidden_uses=frozenset()
)


def document(id="d", label=OPEN_LABEL, **changes):
    settled = {"reviewed": True, "held": False, "source_readers": label.readers}
    return Resource("document", id, label, **{**settled, **changes})


def ask(resource=None, subject=None, action=Action.READ, **context):
    return AccessRequest(
        subject or person("ann", "staff"), action, resource or document(), Context(NOW, "r", **context)
    )


def decide(chosen, request):
    return chosen.decide([request])[0]


# ------------------------------------------------------------------ an erring forbid


OVERFLOW = when("context.risk + 9223372036854775807 > 0", "forbid", "boom", MODEL)
MODEL_PERMIT = when("true", id="all", head=MODEL)


def model_request(risk_low=False):
    subject = person("ann", "staff")
    session = replace(subject.session, risk=subject.session.risk if risk_low else type(subject.session.risk)(2))
    model = Resource("model", "m", OPEN_LABEL, ceiling=OPEN_LABEL)
    return ask(model, replace(subject, session=session), Action.PROMPT)


def test_cedar_itself_skips_an_erring_forbid():
    """The trap: without our care the answer is Allow."""
    result = cedarpy.is_authorized(
        {"principal": 'U::"a"', "action": 'A::"a"', "resource": 'R::"r"', "context": {}},
        "permit(principal, action, resource); forbid(principal, action, resource) when { context.x };",
        [],
    )
    assert result.decision is cedarpy.Decision.Allow
    assert result.diagnostics.errors


def test_an_erring_forbid_denies():
    chosen = policies(MODEL_PERMIT, OVERFLOW)
    found = decide(chosen, model_request())
    assert not found.permits
    assert found.errors == {"policy `boom` could not be evaluated"}
    with pytest.raises(AccessDenied):
        check(found, frozenset(ObligationKind))


def test_an_erring_permit_beside_a_good_one_denies_too():
    chosen = policies(MODEL_PERMIT, OVERFLOW.replace("forbid", "permit"))
    assert not decide(chosen, model_request()).permits


def test_what_could_err_while_filtering_is_refused_at_load():
    for text in (OVERFLOW.replace("Model", "Document"), when('ip("10.0.0.1").isIpv4() && resource.reviewed')):
        with pytest.raises(Invalid, match=r"own0\.cedar:1: policy `\w+` is not usable"):
            policies(text)


@pytest.mark.parametrize("missing", list(SIGNALS))
def test_requests_are_total_a_missing_signal_is_refused_by_the_schema(missing, monkeypatch):
    chosen = policies(MODEL_PERMIT)
    assert decide(chosen, model_request()).permits
    monkeypatch.delitem(SIGNALS, missing)
    found = decide(policies(MODEL_PERMIT), model_request())
    assert not found.permits
    assert found.errors


# ------------------------------------------------------------------ names and annotations


def test_policies_are_named_by_their_own_id_never_by_position():
    found = decide(SHIPPED, ask())
    assert found.policies == {"ai-reads-what-is-released"}
    assert found.policy_version == SHIPPED.version
    reordered = PolicySet.from_texts({"a.cedar": when("true", id="z") + "\n" + when("true", id="a")}, SCHEMA)
    assert decide(reordered, ask()).policies == {"z", "a"}


REFUSED = {
    "permit(principal, action, resource);": r"own0\.cedar:1: a policy needs an annotation @id",
    "\n\n// x;\n@id(\"p\") permit(principal, action, resouce);": r"own0\.cedar:4: .*resouce",
    '@id("p") permit(principal, action, resource)': r"own0\.cedar:1: the policy is not ended",
    '@id("p") permit(principal, action, resource); /': r"own0\.cedar:1: the policy is not ended",
    '@id("p") permit(principal, action, resource);' * 2: r"same @id as the one at own0\.cedar:1",
    '@id("p") @obligations("mark") permit(principal, action, resource);': r"unknown annotation @obligations",
    '@id("p") @obligation("explode") permit(principal, action, resource);': r"`explode` is no obligation",
    '@id("p") @obligation("mark") forbid(principal, action, resource);': r"may not have @obligation",
    '@id("p") @remedy("x") permit(principal, action, resource);': r"may not have @remedy",
    '@id("p") @reason permit(principal, action, resource);': r"empty annotation @reason",
    '@id("p q") permit(principal, action, resource);': r"needs an annotation @id",
    '@id("p") permit(principal == ?principal, action, resource);': r"open slots",
    when("context.device.compliant"): r"policy `p` is invalid: .*device",
    when("resource.level == \"x\""): r"policy `p` is invalid",
    when("resource.nothing"): r"policy `p` is invalid",
    '@id("p") permit(principal, action == Lockgate::Action::"raed", resource);': r"policy `p` is invalid: .*raed",
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_an_invalid_set_is_refused_naming_file_line_and_policy(text):
    with pytest.raises(Invalid, match=REFUSED[text]) as caught:
        policies(text)
    assert caught.value.code == "invalid_policy"
    assert "policy0" not in str(caught.value)


def test_lines_and_strings_are_counted_right():
    text = '// a "b\n' + when('context.purpose == "a;b//\\"c"') + "\n// ;\n\n" + when("resource.x", id="q")
    with pytest.raises(Invalid, match=r"own0\.cedar:5: policy `q`"):
        policies(text)


def test_an_empty_set_denies():
    assert not decide(policies("// nothing"), ask()).permits
    assert policies("").filter(person("ann"), Action.READ, Context(NOW, "r")) == NOTHING


# ------------------------------------------------------------------ the closed set of forms


@pytest.mark.parametrize(
    "condition",
    [
        'resource == Lockgate::Document::"d"',
        "resource.integrity <= 1",
        "resource.level <= resource.integrity",
        'resource.owners == ["user:ann"]',
        "resource.owners.isEmpty()",
        "principal.identifiers.containsAll(resource.owners)",
        "resource.owners.containsAny(resource.owners)",
        "resource.level + 1 <= 2",
        "resource.level * 2 <= context.risk",
        "principal.satisfied.containsAny(resource.clauses)",
        "resource.clauses.containsAll(principal.satisfied)",
        "resource.clauses == principal.satisfied",
        "principal.satisfied == resource.clauses",
        "resource.clauses.isEmpty()",
        "principal.satisfied.isEmpty()",
        'principal.satisfied.contains(Lockgate::Clause::"x")',
        '[Lockgate::Clause::"$satisfied"].containsAll(resource.clauses)',
        "(if context.risk > 0 then principal else principal).satisfied.containsAll(resource.clauses)",
        "[resource.reviewed].contains(true)",
        "[resource.level].containsAll([1])",
        "(if resource.reviewed then 1 else 2) == 1",
        "(resource.reviewed && resource.held) == true",
        "principal == resource",
        '"a" == "b" && resource.reviewed',
    ],
)
def test_a_form_that_no_index_can_apply_is_refused_at_load(condition):
    with pytest.raises(Invalid) as caught:
        policies(when(condition))
    assert "is not usable" in str(caught.value) or "is invalid" in str(caught.value)


def test_one_document_by_name_is_refused_on_the_retrieval_path_only():
    head = 'principal, {}, resource == Lockgate::Document::"d"'
    with pytest.raises(Invalid, match="names one document"):
        policies(when("true", head=head.format(READ)))
    policies(when("true", head=head.format('action == Lockgate::Action::"downgrade"')))


@pytest.mark.parametrize(
    "condition",
    [
        "(" * 3000 + "resource.reviewed" + ")" * 3000,
        "resource.held && (" * 1000 + "true" + ")" * 1000,
        "[" * 2000 + "1" + "]" * 2000 + ".contains(1)",
        " || ".join(["resource.reviewed"] * 3000),
        " || ".join(["resource.reviewed"] * 300),
        "||".join(["true"] * 1500),
        "if true then true else " * 200 + "true",
        "context has a" + ".a" * 3000,
        "context" + ".a" * 3000,
        "!" * 5000 + "true",
    ],
)
def test_a_policy_that_would_end_the_process_or_overflow_is_refused(condition):
    """The engine's parser overflows its stack on deep nesting, which no handler can catch."""
    with pytest.raises(Invalid, match=r"own0\.cedar:1"):
        policies(when(condition))


BROKEN = (
    {"future": {}},
    {"Var": "context"},
    {"&&": {"left": {"Value": True}, "right": {"Var": "principal"}}},
    {"Value": 1},
    {"==": {"left": {"Value": 1}, "right": {"Value": 1}}},
    {"unknown": [{"Value": "other"}]},
    {"!": {"arg": {"error": []}}},
)


def test_a_residual_that_cannot_be_compiled_is_nothing_never_everything(monkeypatch):
    chosen = policies(when("true"))
    subject = person("ann")
    assert chosen.filter(subject, Action.READ, Context(NOW, "r")) == Const(True)

    def partial(*args):
        result = cedarpy.is_authorized_partial(*args)
        result.residuals["p"]["conditions"][0]["body"] = body
        return result

    import lockgate.policy.cedar as cedar

    class Engine:
        is_authorized_partial = staticmethod(partial)
        Entities, PolicySet = cedarpy.Entities, cedarpy.PolicySet

    fresh = [policies(when("true")) for _ in BROKEN]
    monkeypatch.setattr(cedar, "cedarpy", Engine)
    for one, body in zip(fresh, BROKEN, strict=True):
        assert one.filter(subject, Action.READ, Context(NOW, "r")) == NOTHING, body


def test_a_residual_keeps_its_unless():
    unknown = {"unknown": [{"Value": "resource"}]}
    body = {".": {"left": unknown, "attr": "held"}}
    for kind, expected in (("when", IsTrue(Flag.HELD)), ("unless", Not(IsTrue(Flag.HELD)))):
        est = {"resource": {"op": "All"}, "conditions": [{"kind": kind, "body": body}]}
        assert compile_residual(est) == expected


def test_a_missing_residual_is_nothing(monkeypatch):
    import lockgate.policy.cedar as cedar

    class Engine:
        Entities, PolicySet = cedarpy.Entities, cedarpy.PolicySet

        @staticmethod
        def is_authorized_partial(*args):
            result = cedarpy.is_authorized_partial(*args)
            result.residuals.pop("f")
            return result

    chosen = policies(when("true"), when("resource.held", "forbid", "f"))
    monkeypatch.setattr(cedar, "cedarpy", Engine)
    assert chosen.filter(person("ann"), Action.READ, Context(NOW, "r")) == NOTHING


# ------------------------------------------------------------------ readers as data


def test_readers_without_clauses_cannot_reach_the_engine():
    """`containsAll([])` is true: the one shape that would open everything."""
    hollow = Readers.everyone()
    object.__setattr__(hollow, "clauses", frozenset())
    broken = document(source_readers=hollow)
    with pytest.raises(Invalid):
        resource_entity(broken, ClauseIds())
    found = SHIPPED.decide([ask(broken, use=Use.OPEN), ask(document("other"), use=Use.OPEN)])
    assert [one.permits for one in found] == [False, True]


def test_nobody_and_everyone():
    closed = document(label=replace(OPEN_LABEL, readers=Readers.nobody()))
    opened = document(label=replace(OPEN_LABEL, readers=Readers.everyone()))
    assert not decide(SHIPPED, ask(closed, person("ann", "staff", "admins"), use=Use.OPEN)).permits
    assert decide(SHIPPED, ask(opened, person("stranger"), use=Use.OPEN)).permits


def test_two_resources_with_one_id_are_not_confused():
    """The same id, once readable and once not, in one batch."""
    closed = document(label=replace(OPEN_LABEL, readers=Readers.any_of("group:hr")))
    requests = [ask(), ask(closed), ask(), ask(closed)]
    assert [one.permits for one in SHIPPED.decide(requests)] == [True, False, True, False]


def test_two_sessions_of_one_person_are_not_confused():
    chosen = VARIANTS["hardened"]
    secret = document(label=replace(OPEN_LABEL, sensitivity=Sensitivity.RESTRICTED))
    weak = person("ann", "staff")
    strong = replace(weak, session=replace(weak.session, assurance=2))
    found = chosen.decide([ask(secret, strong), ask(secret, weak), ask(secret, strong)])
    assert [one.permits for one in found] == [True, False, True]
    assert found[1].remedies == {"Sign in with a second factor."}


@pytest.mark.parametrize("name", ["o'brien", 'a"b', "a\\b", "a\nb", "a\x00b", "é", "ͅx", "", "x" * 5000, "😀"])
def test_odd_names_are_the_same_for_filter_and_decision(name):
    chosen = policies(
        when('principal == Lockgate::User::"é"'),
        when("true", id="q"),
    )
    subject = person(name)
    context = Context(NOW, "r")
    assert decide(chosen, ask(subject=subject)).permits
    assert matches(chosen.filter(subject, Action.READ, context), subject, document())


def test_names_that_are_no_text_deny_in_both():
    subject = person("\ud800")
    assert not decide(SHIPPED, ask(subject=subject, use=Use.OPEN)).permits
    assert not matches(SHIPPED.filter(subject, Action.READ, Context(NOW, "r")), subject, document())


# ------------------------------------------------------------------ agents, types, actions


def test_an_agent_and_its_user_must_both_be_permitted():
    def agent(agent_groups, user_groups):
        session = person("x").session
        bot = Principal(PrincipalKind.AGENT, "bot", frozenset(agent_groups))
        user = Principal(PrincipalKind.USER, "ann", frozenset(user_groups))
        return Subject(bot, session, on_behalf_of=user)

    staff = {"group:staff"}
    for subject, expected in [
        (agent(staff, staff), True),
        (agent(staff, set()), False),
        (agent(set(), staff), False),
    ]:
        request = ask(subject=subject)
        assert decide(SHIPPED, request).permits is expected
        assert matches(SHIPPED.filter(subject, Action.READ, request.context), subject, document()) is expected


@pytest.mark.parametrize("type", ["folder", "Document", "", "document "])
def test_an_unknown_type_denies(type):
    found = decide(policies(when("true", head=ANY)), ask(replace(document(), type=type)))
    assert not found.permits
    assert found.errors


@pytest.mark.parametrize("type", ["document", "answer", "model", "system"])
@pytest.mark.parametrize("action", Action)
def test_an_action_on_a_type_that_the_schema_does_not_know_denies(action, type):
    fitting = {
        "document": set(Action) - {Action.PROMPT, Action.EMIT, Action.ADMINISTER},
        "answer": {
            Action.EMIT,
            Action.APPROVE,
            Action.CALL,
            Action.SEND,
            Action.EXPORT,
            Action.TRAIN,
            Action.DECRYPT,
        },
        "model": {Action.PROMPT},
        "system": {Action.ADMINISTER},
    }
    chosen = policies('@id("all") permit(principal, action, resource);')
    assert decide(chosen, ask(replace(document(), type=type), action=action)).permits is (action in fitting[type])


def test_obligations_of_every_determining_permit_accumulate():
    chosen = policies(
        '@id("a") @obligation("mark:internal, redact:pii") permit(principal, action, resource);',
        '@id("b") @obligation("step_up:2") permit(principal, action, resource);',
        '@id("c") @obligation("reroute") permit(principal, action, resource) when { context.risk > 5 };',
    )
    found = decide(chosen, ask())
    assert found.obligations == {Obligation.parse(one) for one in ("mark:internal", "redact:pii", "step_up:2")}
    with pytest.raises(AccessDenied, match="cannot be fulfilled"):
        check(found, frozenset({ObligationKind.MARK}))


# ------------------------------------------------------------------ what a denial tells


CANARY, NUMBER = "c4n4ry", 424242


def with_canary():
    """A request with the canary in everything that a caller or a document can fill."""
    subject = Subject(
        Principal(PrincipalKind.USER, f"u-{CANARY}", frozenset({f"group:{CANARY}"})),
        replace(person("x").session, id=CANARY, assurance=NUMBER),
        application=CANARY,
        scopes=frozenset({CANARY}),
    )
    label = Label(readers=Readers.any_of(f"group:x-{CANARY}"), owners=frozenset({f"user:o-{CANARY}"}))
    resource = Resource(
        "document", f"d-{CANARY}", label, frozenset({CANARY}), source_readers=label.readers, ceiling=label
    )
    return AccessRequest(subject, Action.READ, resource, Context(NOW, CANARY, purpose=CANARY, data=label))


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("type", ["document", "answer", "model", "system", CANARY])
def test_a_denial_quotes_nothing_of_the_request(action, type):
    head = 'principal, action in [Lockgate::Action::"prompt", Lockgate::Action::"downgrade"], resource'
    text = when("context.assurance + 9223372036854775807 > 0", "forbid", "boom", head)
    request = replace(with_canary(), action=action, resource=replace(with_canary().resource, type=type))
    for chosen in (SHIPPED, policies(text, shipped=True), policies(when("false", head=ANY))):
        found = decide(chosen, request)
        assert not found.permits
        assert not any(one in repr(found) for one in (CANARY, str(NUMBER)))
        with pytest.raises(AccessDenied) as caught:
            check(found, frozenset())
        assert not any(one in f"{caught.value} {caught.value.remedy}" for one in (CANARY, str(NUMBER)))


def test_cedar_would_quote_values():
    """Why its messages are not passed on."""
    result = cedarpy.is_authorized(
        {"principal": 'U::"a"', "action": 'A::"a"', "resource": 'R::"r"', "context": {"x": CANARY}},
        "permit(principal, action, resource) when { ip(context.x).isIpv4() };",
        [],
    )
    assert any(CANARY in one for one in result.diagnostics.errors)


# ------------------------------------------------------------------ cost


def test_policies_are_parsed_once_not_per_decision():
    """At 1,000 policies a decision that parses text costs 60 ms and more; a sliced one must be far below."""
    text = "".join(
        f'@id("g{n}") permit(principal in Lockgate::Group::"g{n}", {READ}, resource is Lockgate::Document);\n'
        for n in range(1000)
    )
    chosen = policies(text)
    request = ask(subject=person("ann", "g7", "staff"))
    assert decide(chosen, request).policies == {"g7"}

    def best(call, turns):
        return min(_timed(call) for _ in range(turns))

    sliced = best(lambda: decide(chosen, request), 20)
    parsed = best(lambda: cedarpy.PolicySet.from_str(text), 2)
    assert sliced < parsed / 10


def _timed(call):
    before = time.perf_counter()
    call()
    return time.perf_counter() - before


@given(subjects, contexts)
def test_slicing_leaves_out_nothing_that_could_match(subject, context):
    """Beside the slices, the dumb way: all policies each time."""
    for name in ("people", "collections", "hardened"):
        chosen = VARIANTS[name]
        whole = PolicySet(chosen.rules, SCHEMA, chosen.version)
        whole._slices.of = lambda principal, action, kind, rules=chosen.rules: rules
        for resource in (document(), document(collections=frozenset({"handbook"}))):
            for action in (Action.READ, Action.DISCOVER, Action.DOWNGRADE):
                request = AccessRequest(subject, action, resource, context)
                assert chosen.decide([request]) == chosen.consult([request]) == whole.consult([request])


def test_memory_is_bounded():
    chosen = policies(when("principal.satisfied.containsAll(resource.clauses)"))
    for number in range(1200):
        chosen.filter(person(f"u{number}"), Action.READ, Context(NOW, "r"))
    assert len(chosen._filters) <= 512


def test_the_time_of_a_case_is_fixed():
    assert cases.NOW.tzinfo is not None
