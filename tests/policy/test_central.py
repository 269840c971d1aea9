"""The judge of the settings that bind everyone: total, monotone, and the same as its filter."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.labels import PUBLIC, Readers
from lockgate.policy.central import UNBOUND, Central, ModelTerms
from lockgate.policy.filter import matches
from lockgate.policy.model import AccessRequest, Action, Context, Resource
from support import NOW, person

ANN = person("ann")
NAMES = st.sampled_from(["a", "b", "c"])
SETS = st.none() | st.frozensets(NAMES)
TERMS = st.builds(ModelTerms, st.booleans(), st.sampled_from(["", "a", "b"]))
CENTRALS = st.builds(Central, st.none() | st.dictionaries(NAMES, TERMS), SETS, SETS, SETS)
REQUESTS = st.builds(
    lambda action, kind, id, collections, purpose: AccessRequest(
        ANN,
        action,
        Resource(kind, id, PUBLIC, collections, True, False, Readers.everyone()),
        Context(NOW, "req_1", purpose=purpose),
    ),
    st.sampled_from(list(Action)),
    st.sampled_from(["model", "document", "answer", "system"]),
    NAMES,
    st.frozensets(NAMES),
    st.sampled_from(["", "a", "b"]),
)


def reference(central: Central, request: AccessRequest) -> bool:
    """Say it again, dumbly."""
    flows = request.action in (Action.READ, Action.DISCOVER, Action.PROMPT, Action.EMIT)
    if flows and central.purposes is not None and request.context.purpose not in central.purposes:
        return False
    if request.action is Action.PROMPT and central.models is not None:
        terms = central.models.get(request.resource.id)
        if terms is None or not terms.enabled:
            return False
        return central.regions is None or terms.region in central.regions
    if request.action in (Action.READ, Action.DISCOVER) and request.resource.collections:
        return central.collections is None or bool(central.collections & request.resource.collections)
    return True


@given(CENTRALS, REQUESTS)
def test_the_judge_is_the_reference(central: Central, request: AccessRequest):
    assert central.judge(request).permits == reference(central, request)


@given(CENTRALS, REQUESTS)
def test_the_filter_is_the_decision(central: Central, request: AccessRequest):
    reading = replace(request, action=Action.READ, resource=replace(request.resource, collections=frozenset("a")))
    shown = matches(central.filter(reading.context), ANN, reading.resource)
    assert shown == central.judge(reading).permits


@given(CENTRALS, REQUESTS, st.data())
def test_a_setting_more_never_permits_more(central: Central, request: AccessRequest, data: st.DataObject):
    field = data.draw(st.sampled_from(["models", "collections", "regions", "purposes"]))
    fewer = {"models": {}}.get(field, frozenset())
    tightened = replace(central, **{field: fewer})
    assert central.judge(request).permits or not tightened.judge(request).permits


@given(REQUESTS)
def test_without_settings_nothing_is_denied_here(request: AccessRequest):
    assert UNBOUND.judge(request).permits


@pytest.mark.parametrize(
    ("region", "regions", "allowed"),
    [("eu", {"eu"}, True), ("us", {"eu"}, False), ("", {"eu"}, False), ("", None, True), ("eu", set(), False)],
)
def test_a_model_runs_where_it_may(region: str, regions: set[str] | None, allowed: bool):
    central = Central({"m": ModelTerms(region=region)}, regions=None if regions is None else frozenset(regions))
    request = AccessRequest(ANN, Action.PROMPT, Resource("model", "m"), Context(NOW, "req_1"))
    assert central.judge(request).permits == allowed


def test_a_request_without_purpose_has_the_default_one():
    central = Central(purposes=frozenset({"support"}), default_purpose="support")
    request = AccessRequest(ANN, Action.EMIT, Resource("answer", "x"), Context(NOW, "req_1"))
    assert central.judge(central.with_purpose(request)).permits
    other = replace(request, context=replace(request.context, purpose="marketing"))
    assert central.with_purpose(other) is other
    assert not central.judge(other).permits
