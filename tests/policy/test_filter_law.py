"""I1: what the filter lets through is exactly what full decisions permit. This pins partial evaluation."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.journeys.enforce import Gate
from lockgate.policy.decision import combine_all
from lockgate.policy.filter import All, Any, Filter, Not, matches
from lockgate.policy.mandatory import judge
from lockgate.policy.model import AccessRequest, Action, Context, Use
from policy.sets import SHIPPED, VARIANTS
from policy.strategies import contexts, documents, registries, subjects
from support import NOW, person


@pytest.mark.parametrize("name", VARIANTS)
@given(
    subjects,
    st.lists(documents, min_size=1, max_size=4),
    contexts,
    st.sampled_from([Action.READ, Action.DISCOVER]),
)
def test_filter_equals_decisions(name, subject, resources, context, action):
    chosen = VARIANTS[name]
    requests = [AccessRequest(subject, action, one, context) for one in resources]
    found = chosen.filter(subject, action, context)
    decided = chosen.decide(requests)
    assert [matches(found, subject, one) for one in resources] == [one.permits for one in decided]
    assert not any(one.errors for one in decided)


@given(subjects, documents, contexts)
def test_no_shipped_policy_permits_a_read_that_labels_deny(subject, resource, context):
    request = AccessRequest(subject, Action.READ, resource, context)
    (decided,) = SHIPPED.decide([request])
    assert decided.permits == combine_all([judge(request), decided]).permits


class NoLog:
    """Judging records nothing."""

    async def append(self, records, /):
        raise NotImplementedError


@pytest.mark.parametrize("name", VARIANTS)
@given(subjects, documents, contexts, registries)
def test_i1_what_the_gate_lets_an_index_return_is_what_it_decides(name, subject, resource, context, known):
    """All judges together, as retrieval uses them."""
    gate = Gate(lambda: VARIANTS[name], NoLog(), applications=lambda: known)
    asked = replace(context, use=Use.AI)
    (verdict,) = gate.judge([AccessRequest(subject, Action.READ, resource, asked)])
    assert matches(gate.readable(subject, asked), subject, resource) == verdict.passes


@given(subjects, st.lists(documents, max_size=6), contexts)
def test_a_batch_answers_like_single_requests(subject, resources, context):
    requests = [AccessRequest(subject, Action.READ, one, context) for one in resources]
    chosen = VARIANTS["hardened"]
    assert chosen.decide(requests) == [chosen.decide([one])[0] for one in requests]


def parts(f: Filter):
    yield f
    if isinstance(f, All | Any):
        for one in f.parts:
            yield from parts(one)
    if isinstance(f, Not):
        yield from parts(f.part)


def test_the_filters_of_these_sets_are_of_every_form():
    seen = {
        type(part).__name__
        for chosen in VARIANTS.values()
        for part in parts(chosen.filter(person("ann", "hr"), Action.READ, Context(NOW, "r")))
    }
    assert seen >= {"All", "Any", "Not", "MayRead", "IsTrue", "AtMost", "OwnedBy", "InCollections"}
