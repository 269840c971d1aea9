"""Controls do not rest on an output being repeatable (WP-08): a model that says something else each time."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.beside import beside
from e2e.lab import Lab, plant, records
from e2e.test_doors import ask, said
from e2e.upstream import Stream
from edge.apis import APIS, Api
from journeys.places import Words
from lockgate.audit.record import Kind

pytestmark = pytest.mark.slow
GIFTS = "Up to what value may I accept gifts from suppliers?"
MODELS = """
[[models]]
id = "dice"
base_url = "{dice}"
model = "dice"
users = ["everyone"]
ceiling = "restricted"
[[assistants]]
id = "told"
model = "dice"
collections = ["brightwater"]
users = ["everyone"]
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder: Path = tmp_path_factory.mktemp("stochastic")
    plant(folder)
    rng = random.Random(8)
    words = ["may", "gifts", "value", "35 EUR", "never", "ask", "who", "[1]", "[2]", "rail"]

    async def dice(stream: Stream) -> None:
        for _ in range(rng.randint(1, 5)):
            await stream.say(" ".join(rng.sample(words, 6)) + ". ")
        await stream.end(rng.choice(["stop", "length"]))

    with beside(folder, Words(), MODELS, dice) as (made, _):
        yield made


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_fifty_times_the_same_prompt(lab: Lab, stream: bool) -> None:
    """Decisions, obligations and label are the same each time, the words are not; each output was looked at."""
    api: Api = APIS[0]
    texts, controls, scanned = set(), set(), 0
    for _ in range(50):
        reply = ask(lab, api, "staff", "told", [("user", GIFTS)], stream=stream)
        answer = said(api, reply)
        texts.add(answer.text)
        told = answer.lockgate
        controls.add(
            json.dumps([told["label"], told["decisions"], told["model"], reply.headers["lockgate-label"]])
        )
        found = records(lab.lockgate, reply.headers["lockgate-request-id"])
        decided = [
            (one.action, one.resource_type, one.effect, one.policies, one.obligations, one.policy_version)
            for one in found
            if one.kind is Kind.DECISION
        ]
        controls.add(repr(sorted(map(repr, decided))))
        (outcome,) = [dict(one.facts) for one in found if one.kind is Kind.OUTCOME]
        scanned += int(outcome["scans"]) > 0
    assert len(texts) > 25
    assert len(controls) == 2, controls  # one of the answers, one of the log
    assert scanned == 50
