"""What a record says that a decision read, and where from (WP-22)."""

from __future__ import annotations

from dataclasses import replace

import pytest

import support
from lockgate.labels.label import PUBLIC
from lockgate.policy.inputs import inputs
from lockgate.policy.model import AccessRequest, Action, Context, Resource, Risk, Subject


def _told(subject: Subject, action: Action = Action.READ, **context: object) -> dict[str, object]:
    resource = Resource("document", "d", PUBLIC, reviewed=True, held=False, source_readers=PUBLIC.readers)
    moment = replace(Context(support.NOW, "r"), **context)  # type: ignore[arg-type]
    return dict(inputs(AccessRequest(subject, action, resource, moment)))


def test_what_nobody_stated_is_the_worst_and_says_so() -> None:
    bare = support.person("ann")
    bare = replace(bare, session=replace(bare.session, assurance=0, risk=Risk.HIGH), application="")
    told = _told(bare)
    missing = {name.removeprefix("source.") for name, value in told.items() if value == "worst"}
    assert missing == {"application", "assurance", "device_compliant", "purpose", "risk"}
    assert (told["input.risk"], told["input.assurance"], told["input.device_compliant"]) == ("high", 0, False)


@pytest.mark.parametrize(("confined", "source"), [(None, "token"), (frozenset({"chat"}), "key")])
def test_what_was_stated_names_the_credential(confined: frozenset[str] | None, source: str) -> None:
    told = _told(replace(support.person("ann", "hr"), confined_to=confined), device_compliant=True, purpose="work")
    for name in ("application", "assurance", "device_compliant", "risk"):
        assert told[f"source.{name}"] == source
    assert (told["input.purpose"], told["source.purpose"]) == ("work", "request")
    assert told["input.groups"] == 1


def test_a_label_counts_where_something_flows() -> None:
    assert _told(support.person("ann"))["source.label"] == "nothing flows"
    assert _told(support.person("ann"), Action.EMIT)["source.label"] == "labels"
