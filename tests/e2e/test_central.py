"""What binds everyone is in force within a second of a change of the file, at every door and inside a stream."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from e2e.beside import SLOW, beside
from e2e.changing import changed, until
from e2e.lab import Lab, plant, records, talking
from e2e.upstream import drip
from lockgate.adapters import acceptances
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.audit.record import Kind
from lockgate.demo.client import Client
from lockgate.journeys.standing import WITHDRAWN
from lockgate.policy.acceptance import Acceptance

pytestmark = pytest.mark.slow

GIFTS = "Up to what value may I accept gifts from suppliers?"
SOON = 1.0
"""Seconds within which a change must have taken effect."""


@pytest.fixture(scope="module")
def lab(embedder: MiniLmEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("central")
    plant(folder)

    with beside(folder, embedder, SLOW, drip) as (made, _):
        yield made


OFF = ('model = "slow"\nusers', 'model = "slow"\nenabled = false\nusers')
WAYS = {
    "the model is switched off": OFF,
    "the model loses its users": ('users = ["group:staff"]\nceiling', 'users = ["group:hr"]\nceiling'),
    "its ceiling falls below the answer": ('ceiling = "restricted"\nregion', 'ceiling = "public"\nregion'),
    "its region is not allowed": ("[identity]", '[central]\nregions = ["us"]\n[identity]'),
    "the purpose is not allowed": ("[identity]", '[central]\npurposes = ["support"]\n[identity]'),
    "the assistant loses its users": ('"brightwater"]\nusers = ["group:staff"]', '"brightwater"]\nusers = []'),
    "the assistant loses its collection": (
        'model = "slow"\ncollections = ["brightwater"]',
        'model = "slow"\ncollections = []',
    ),
    "the assistant has another name": ('id = "grounded"', 'id = "other"'),
}


@pytest.mark.parametrize("how", WAYS)
async def test_a_running_answer_stops_within_a_second(lab: Lab, how: str):
    body = {"model": "grounded", "messages": [{"role": "user", "content": GIFTS}], "stream": True}
    acted, last, text, end = 0.0, 0.0, "", ""
    with_change = changed(lab, *WAYS[how], wait=False)
    async with talking(lab.url, lab.token) as client:
        headers = {"Authorization": f"Bearer {lab.token('staff')}"}
        url = client.base_url + "/v1/chat/completions"
        try:
            async with client.session.post(url, json=body, headers=headers) as response:
                name = response.headers["lockgate-request-id"]
                async for line in response.content:
                    if not line.startswith(b"data: {"):
                        continue
                    for choice in json.loads(line[6:]).get("choices", ()):
                        said = choice["delta"].get("content") or ""
                        text += said
                        end = choice.get("finish_reason") or end
                        last = time.monotonic() if said.startswith("Sentence") else last
                    if not acted and "number 3 " in text:
                        acted = time.monotonic()
                        await asyncio.to_thread(with_change.__enter__)
        finally:
            await asyncio.to_thread(with_change.__exit__, None, None, None)
    assert end == "content_filter"
    assert text.endswith(WITHDRAWN)
    assert last - acted < SOON
    assert [one.outcome for one in records(lab.lockgate, name) if one.kind is Kind.OUTCOME] == ["revoked"]


async def _chat(client: Client, who: str = "staff", **headers: str) -> tuple[int, dict]:
    body = {"model": "assistant", "messages": [{"role": "user", "content": GIFTS}]}
    headers["Authorization"] = f"Bearer {await client.token(who)}"
    async with client.session.post(client.base_url + "/v1/chat/completions", json=body, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_who_could_use_it_learns_that_it_is_switched_off_and_nobody_else(lab: Lab):
    body = {"model": "grounded", "messages": [{"role": "user", "content": GIFTS}]}
    async with talking(lab.url, lab.token) as client:
        with changed(lab, *OFF):
            told = await client.send("POST", "/v1/chat/completions", "staff", body)
            assert (told.status, told.body["error"]["code"]) == (403, "not_allowed_by_settings")
            assert "switched" in told.body["error"]["message"]
            assert [one.effect for one in records(lab.lockgate, told.headers["lockgate-request-id"])] == ["deny"]
            hidden = await client.send("POST", "/v1/chat/completions", "outsider", body)
            assert hidden.status == 404
            listed = await client.send("GET", "/v1/models", "staff")
            assert not {"slow", "grounded"} & {one["id"] for one in listed.body["data"]}
        listed = await client.send("GET", "/v1/models", "staff")
        assert {"slow", "grounded"} <= {one["id"] for one in listed.body["data"]}


async def test_a_purpose_that_is_not_allowed_reads_nothing_and_no_header_helps(lab: Lab):
    async with talking(lab.url, lab.token) as client:
        with changed(lab, "[identity]", '[central]\npurposes = ["support"]\n[identity]'):
            assert (await _chat(client))[0] == 403
            assert (await _chat(client, **{"Lockgate-Purpose": "anything"}))[0] == 403
            assert (await _chat(client, **{"Lockgate-Purpose": "support"}))[0] == 200
            found = await client.send("POST", "/v1/retrieve", "staff", {"query": GIFTS})
            assert found.status == 403
        with changed(lab, "[identity]", '[central]\npurposes = ["a"]\ndefault_purpose = "a"\n[identity]'):
            assert (await _chat(client))[0] == 200


async def test_a_collection_that_is_taken_out_is_served_no_more(lab: Lab):
    text = (lab.folder / "lockgate.toml").read_text()
    start = text.index("[[collections]]")
    entry = text[start : text.index("[[models]]")]
    async with talking(lab.url, lab.token) as client:
        before = (await client.send("POST", "/v1/retrieve", "staff", {"query": GIFTS})).body["data"]
        assert before
        path = lab.folder / "lockgate.toml"
        path.write_text(text.replace(entry, "").replace('collections = ["brightwater"]', "collections = []"))
        try:
            until(lambda: not lab.lockgate.in_force.settings.collections)
            assert (await client.send("POST", "/v1/retrieve", "staff", {"query": GIFTS})).body["data"] == []
            gone = await client.send("GET", f"/v1/documents/{before[0]['document']}", "staff")
            assert gone.status == 404
        finally:
            path.write_text(text)
            until(lambda: lab.lockgate.in_force.settings.assistants[0].collections)


async def test_a_model_that_we_run_stops_when_its_risk_is_not_accepted_any_more(lab: Lab):
    """Accepted while it runs, it answers; withdrawn, it does not, and says why to whom it is for."""
    ours = ('model = "slow"\nusers', 'model = "slow"\nresponsibility = "iaas"\nusers')
    body = {"model": "slow", "messages": [{"role": "user", "content": "hello"}]}
    state = lab.lockgate.settings.data
    async with talking(lab.url, lab.token) as client:
        with changed(lab, *ours):
            refused = await client.send("POST", "/v1/chat/completions", "staff", body)
            assert (refused.status, refused.body["error"]["code"]) == (403, "not_allowed_by_settings")
            assert "accepted the risk" in refused.body["error"]["message"]
            assert (await client.send("POST", "/v1/chat/completions", "outsider", body)).status == 404
            model = next(one for one in lab.lockgate.in_force.settings.models if one.id == "slow")
            now = datetime.now(UTC)
            acceptance = Acceptance("A. Berg", "test", now, now + timedelta(days=9), model.terms)
            acceptances.accept(state, "slow", acceptance)
            until(lambda: lab.lockgate.in_force.central.models["slow"].acceptance == acceptance)
            listed = await client.send("GET", "/v1/models", "staff")
            assert "slow" in {one["id"] for one in listed.body["data"]}
            acceptances.withdraw(state, "slow")
            until(lambda: lab.lockgate.in_force.central.models["slow"].acceptance is None)
            assert (await client.send("POST", "/v1/chat/completions", "staff", body)).status == 403
    found = [one.record for one in lab.lockgate.log.search(kind=Kind.ADMINISTRATION)]
    assert {"model.accept", "model.withdraw"} <= {one.action for one in found}
