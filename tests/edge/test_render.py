"""What an answer tells of itself names nothing that it does not rest on."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from journeys.test_release import ANN, STAFF, Says, ready
from lockgate.edge.render import lockgate_object
from lockgate.journeys.enforce import Verdict
from lockgate.labels.wire import STANDARD
from lockgate.policy.decision import Decision, Effect
from lockgate.policy.model import AccessRequest, Action, Context, Resource
from support import NOW


def verdict(action: Action, id: str, *, passes: bool = True) -> Verdict:
    context = Context(NOW, "req_1", data=STAFF)
    decision = Decision(Effect.PERMIT if passes else Effect.DENY)
    return Verdict(AccessRequest(ANN, action, Resource("document", id), context), decision, passes)


@pytest.mark.parametrize(("withdrawn", "reads"), [(False, ["d_one#0"]), (True, [])])
def test_decisions_are_those_of_what_the_answer_rests_on(withdrawn: bool, reads: list[str]) -> None:
    """A first search found more than its model may be given. A soak saw such an id leave, 12 seconds after the
    right to it had ended: nobody asks again about what an answer does not rest on."""
    hit: Any = SimpleNamespace(chunk=SimpleNamespace(id="d_one#0"))
    verdicts = (
        verdict(Action.PROMPT, "m"),
        verdict(Action.READ, "d_one#0"),
        verdict(Action.READ, "d_above#0"),
        verdict(Action.READ, "d_denied#0", passes=False),
        verdict(Action.EMIT, "req_1"),
    )
    one = replace(ready(Says([])), hits=(hit,), verdicts=verdicts)
    told = lockgate_object(one, [], abstained=False, withdrawn=withdrawn, taxonomy=STANDARD)["decisions"]
    assert [each["resource"]["id"] for each in told if each["action"] == "read"] == reads
    assert [each["action"] for each in told if each["action"] != "read"] == ["prompt", "emit"]
