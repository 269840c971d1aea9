"""Explanations: true, because they are tried."""

from __future__ import annotations

from hypothesis import given, settings

from lockgate.policy.decision import combine_all
from lockgate.policy.explain import explain
from lockgate.policy.mandatory import judge
from policy.sets import SHIPPED, VARIANTS
from policy.test_monotone import requests
from policy.test_traps import ask, document
from support import person


def test_a_permit_names_its_policies_and_what_would_deny():
    found = explain(SHIPPED, ask())
    assert found.decision.permits
    assert [one.id for one in found.rules] == ["ai-reads-what-is-released"]
    assert "permit (" in found.rules[0].statement.text
    assert set(found.changes) == {
        "`user:ann` were not in `group:staff`",
        "its label were not reviewed",
        "it were held back",
    }


def test_a_denial_says_what_would_permit():
    found = explain(SHIPPED, ask(document(held=True)))
    assert not found.decision.permits
    assert set(found.changes) == {"it were not held back", "a person opened it, instead of AI reading it"}


def test_where_one_change_is_not_enough_two_are_tried():
    found = explain(SHIPPED, ask(document(held=True, reviewed=False), person("bob")))
    assert "a person opened it, instead of AI reading it and `user:bob` were in `group:staff`" in found.changes


@settings(max_examples=30)
@given(requests())
def test_an_explanation_decides_like_the_gate(request):
    for chosen in (SHIPPED, VARIANTS["hardened"]):
        found = explain(chosen, request)
        assert found.decision == combine_all([judge(request), *chosen.decide([request])])
