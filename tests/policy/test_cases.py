"""Decision cases: read strictly, and they notice every kind of difference."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.errors import Invalid
from lockgate.labels import Label, Readers, Sensitivity
from lockgate.policy.cases import parse_cases, parse_request, run
from lockgate.policy.decision import Effect
from lockgate.policy.model import Action, Risk, Use
from policy.sets import SHIPPED

ONE = """
cases:
  - name: staff read the handbook
    subject: {user: sam, groups: [staff]}
    action: read
    resource: {document: handbook, readers: [group:staff], reviewed: true, held: false, forbidden_uses: []}
    want: permit
"""


def test_a_case_that_holds_passes():
    (outcome,) = run(SHIPPED, parse_cases("a.yaml", ONE))
    assert outcome.passed


@pytest.mark.parametrize(
    ("extra", "difference"),
    [
        ("want: deny", "wanted deny, got permit"),
        ("policies: [open-what-the-source-allows]", "wanted policies open-what-the-source-allows, got ai-reads"),
        ("policies: []", "wanted policies none, got ai-reads-what-is-released"),
        ("obligations: [mark]", "wanted obligations mark, got none"),
    ],
)
def test_every_difference_fails(extra, difference):
    text = ONE.replace("want: permit", extra if extra.startswith("want") else f"want: permit\n    {extra}")
    (outcome,) = run(SHIPPED, parse_cases("a.yaml", text))
    assert not outcome.passed
    assert outcome.differences[0].startswith(difference)


def test_what_is_left_out_has_its_worst_value():
    request = parse_request({"subject": {"user": "ann"}, "action": "read", "resource": {"document": "d"}})
    assert request.resource.label == Label()
    assert request.resource.held
    assert not request.resource.reviewed
    assert request.subject.session.risk is Risk.HIGH
    assert request.subject.session.assurance == 0
    assert request.context.use is Use.AI
    assert not request.context.device_compliant


def test_everything_that_can_be_said():
    request = parse_request(
        {
            "subject": {
                "agent": "bot",
                "groups": ["a"],
                "for": {"user": "ann", "groups": ["group:b"]},
                "risk": "low",
            },
            "action": "prompt",
            "resource": {
                "model": "m",
                "readers": [["group:a", "user:ann"], "group:b"],
                "ceiling": {"sensitivity": "general", "readers": "everyone"},
            },
            "context": {
                "use": "open",
                "data": {"sensitivity": "public", "readers": "nobody", "owners": ["user:x"]},
            },
        }
    )
    assert request.action is Action.PROMPT
    assert [one.name for one in request.subject.parties] == ["agent:bot", "user:ann"]
    assert request.subject.on_behalf_of.groups == {"group:b"}
    assert request.resource.label.readers == Readers(
        frozenset({frozenset({"group:a", "user:ann"}), frozenset({"group:b"})})
    )
    assert request.resource.ceiling.sensitivity is Sensitivity.GENERAL
    assert request.context.data.readers.is_nobody


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("want: permit", "want: maybe", "case 1: want: must be one of: permit, deny"),
        ("want: permit", "", "case 1: want"),
        ("want: permit", "want: permit\n    polices: []", "case 1: unknown field `polices`"),
        ("name: staff read the handbook", "name: ''", "case 1: needs a `name`"),
        ("action: read", "action: raed", "case 1: action: must be one of"),
        ("user: sam", "person: sam", "subject: unknown field `person`"),
        ("user: sam", "user: sam, service: x", "exactly one of: user, service, agent"),
        ("user: sam", "user: 5", "subject: user: must be a text"),
        ("[staff]", "staff", "groups: must be a list of names"),
        ("document: handbook", "folder: handbook", "resource: unknown field `folder`"),
        ("[group:staff]", "[staff]", "the reader `staff` needs a prefix"),
        ("[group:staff]", "[]", "must be `everyone`, `nobody` or a list"),
        ("[group:staff]", "[[5]]", "readers: must be a list of names"),
        ("reviewed: true", "reviewed: 'yes'", "reviewed: must be true or false"),
        ("reviewed: true", "sensitivity: secret", "sensitivity: must be one of"),
        ("cases:", "case:", "unknown field `case`"),
        (ONE, "cases: []", "at least one case"),
        (ONE, "", "at least one case"),
        (ONE, "- 1", "must be a mapping"),
        (ONE, "a: [", "not readable as YAML"),
        (ONE, "cases: [5]", "case 1: must be a mapping"),
        (ONE, "!!python/object/apply:os.system ['true']", "not readable as YAML"),
    ],
)
def test_a_malformed_case_is_refused_and_named(old, new, where):
    with pytest.raises(Invalid) as caught:
        parse_cases("a.yaml", ONE.replace(old, new))
    assert str(caught.value).startswith("a.yaml")
    assert where in str(caught.value)


def test_defaults_are_merged_under_each_case():
    text = "defaults: {resource: {reviewed: false, sensitivity: general}}" + ONE
    (case,) = parse_cases("a.yaml", text)
    assert case.request.resource.reviewed
    assert case.request.resource.label.sensitivity is Sensitivity.GENERAL
    assert case.want is Effect.PERMIT


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["subject", "action", "resource", "context", "user", "document"]), inner)
    ),
    max_leaves=12,
)


@given(trees)
def test_any_tree_is_a_request_or_a_typed_error(tree):
    with contextlib.suppress(Invalid):
        parse_request(tree)
