"""Nothing without its record (I3, WP-52): after traffic the log is whole; without a log nothing is released."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from attacks.http import tool
from e2e.conftest import Running
from e2e.lab import Lab, in_thread, opened, plant, streamed, talking
from edge.apis import APIS
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.audit.lineage import trace
from lockgate.audit.record import Kind
from lockgate.content.document import document_id
from lockgate.demo.questions import SALARY_PHRASINGS
from lockgate.demo.truth import ACTIVE
from lockgate.labels.label import join_all
from lockgate.labels.wire import parse

pytestmark = pytest.mark.slow
GIFTS = "Up to what value may I accept gifts from suppliers?"


def _cli(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    config = folder / "lockgate.toml"
    command = [sys.executable, "-m", "lockgate", "audit", *args, "--config", str(config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=dict(os.environ))


@pytest.fixture(scope="module")
def traffic(demo: Running) -> dict[str, dict[str, object]]:
    """Ask as many people many things, plain and streamed; return the `lockgate` object of each answer."""
    rng = random.Random(3)
    texts = [q.text for q in demo.stage.organization.questions] + list(SALARY_PHRASINGS)

    async def ask() -> dict[str, dict[str, object]]:
        answers: dict[str, dict[str, object]] = {}
        async with talking(demo.url, demo.token) as client:
            for number in range(60):
                person, text = rng.choice(ACTIVE), rng.choice(texts)
                if number % 5 == 4:
                    body = {"model": "assistant", "messages": [{"role": "user", "content": text}]}
                    _, events, _ = await streamed(client, person, body)
                    extension = next(e["lockgate"] for e in events if isinstance(e, dict) and "lockgate" in e)
                else:
                    reply = await client.ask(person, text)
                    assert reply.ok, reply.text
                    extension = reply.lockgate
                answers[str(extension["request_id"])] = extension
        return answers

    return asyncio.run(ask())


def test_the_log_verifies_while_it_grows(demo: Running, traffic: dict[str, dict[str, object]]) -> None:
    """`lockgate audit verify` beside a serving gateway: whole, and no answer without decision and input."""
    assert len(traffic) == 60
    done = _cli(demo.folder, "verify")
    assert done.returncode == 0, done.stdout + done.stderr
    note = demo.folder / "kept.note"
    assert _cli(demo.folder, "checkpoint", "--to", str(note)).returncode == 0
    asyncio.run(_one(demo))
    assert _cli(demo.folder, "verify", "--against", str(note)).returncode == 0


async def _one(demo: Running) -> None:
    async with talking(demo.url, demo.token) as client:
        assert (await client.ask("erik", GIFTS)).ok


def test_every_answer_has_its_lineage(demo: Running, traffic: dict[str, dict[str, object]]) -> None:
    """WP-06: sources, hashes and labels of any answer; their join is under the label that the person was told."""
    known = {one.id: one for one in demo.stage.lockgate.index.documents()}
    for name, extension in traffic.items():
        entries = demo.stage.lockgate.log.by_request(name)
        told = parse(extension["label"])  # type: ignore[arg-type]
        lineage = trace(name, entries)
        assert lineage.faults == ()
        assert lineage.record.label == told
        kinds = [entry.record.kind for entry in entries]
        assert kinds.count(Kind.ANSWER) == kinds.count(Kind.MODEL_CALL) == kinds.count(Kind.OUTCOME) == 1
        assert {Kind.DECISION, Kind.RETRIEVAL} <= set(kinds)
        assert kinds.index(Kind.ANSWER) < kinds.index(Kind.OUTCOME)
        if lineage.sources:
            assert join_all(source.label for source in lineage.sources).flows_to(told)
        cited = {one["document"] for one in extension["citations"]}  # type: ignore[index, union-attr]
        assert cited <= {source.document for source in lineage.sources}
        assert all(source.document in known for source in lineage.sources)


def test_every_decision_lists_what_it_read(demo: Running, traffic: dict[str, dict[str, object]]) -> None:
    """WP-22: each input and its source; what nobody stated is said to be missing, and counted as the worst."""
    inputs = {"application", "assurance", "device_compliant", "groups", "label", "purpose", "risk", "use"}
    actions = set()
    for name in traffic:
        for entry in demo.stage.lockgate.log.by_request(name):
            if entry.record.kind is not Kind.DECISION:
                continue
            actions.add(entry.record.action)
            facts = dict(entry.record.facts)
            assert {one.removeprefix("input.") for one in facts if one.startswith("input.")} == inputs
            assert {one.removeprefix("source.") for one in facts if one.startswith("source.")} == inputs
            assert (facts["input.risk"], facts["source.risk"]) == ("low", "token")
            assert facts["source.application"] == "token"
            assert facts["source.device_compliant"] == facts["source.purpose"] == "worst"
    assert {"read", "prompt", "emit"} <= actions


def test_the_command_tells_the_lineage(demo: Running, traffic: dict[str, dict[str, object]]) -> None:
    name = next(n for n, extension in traffic.items() if extension["citations"])
    done = _cli(demo.folder, "lineage", name, "--json")
    assert done.returncode == 0, done.stderr
    told = json.dumps(json.loads(done.stdout))
    assert all(one["document"] in told for one in traffic[name]["citations"])  # type: ignore[attr-defined]


async def test_the_same_question_is_decided_the_same_way(demo: Running) -> None:
    """WP-08: fifty times the same: same label, same decisions; every output was inspected."""
    seen = set()
    async with talking(demo.url, demo.token) as client:
        for reply in await asyncio.gather(*(client.ask("leo", GIFTS) for _ in range(50))):
            seen.add(json.dumps([reply.lockgate[k] for k in ("label", "decisions", "citations", "model")]))
            outcome = [
                dict(e.record.facts)
                for e in demo.stage.lockgate.log.by_request(reply.lockgate["request_id"])
                if e.record.kind is Kind.OUTCOME
            ]
            assert int(outcome[0]["scans"]) > 0
    assert len({line.replace(line[line.find("req_") : line.find("req_") + 28], "") for line in seen}) == 1


@pytest.fixture(scope="module")
def lab(embedder: MiniLmEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("closed")
    plant(folder)
    vectors = '[[models]]\nid = "vectors"\nkind = "embeddings"\nusers = ["everyone"]\n'
    with in_thread(lambda: opened(folder, embedder, models=f'{vectors}ceiling = "general"\n')) as made:
        yield made


async def test_without_a_log_nothing_is_released_at_any_door(lab: Lab) -> None:
    """I3: once the log takes no more records, every door says 503 and shows nothing."""
    gifts = document_id("brightwater", "handbook/gifts.md")
    plan = document_id("brightwater", "loose/plan.md")
    async with talking(lab.url, lab.token) as client:
        listed = await client.send("GET", "/v1/reviews", "owner")
        version = listed.body["data"][0]["version"]
        answer = (await client.ask("staff", GIFTS)).lockgate["request_id"]
        review = {"document": plan, "version": version, "sensitivity": "general", "readers": [["group:staff"]]}

        async def doors() -> list[tuple[str, int, str]]:
            status, events, text = await streamed(
                client, "staff", {"model": "assistant", "messages": [{"role": "user", "content": GIFTS}]}
            )
            replies = {
                "chat": await client.ask("staff", GIFTS),
                "retrieve": await client.retrieve("staff", GIFTS),
                "discover": await client.send("POST", "/v1/discover", "staff", {"query": "gifts"}),
                "classify": await client.send("POST", "/v1/classify", "staff", {"id": 1, "text": GIFTS}),
                "document": await client.open("staff", gifts),
                "mcp search": await client.send("POST", "/mcp", "staff", tool("search", query=GIFTS)),
                "mcp fetch": await client.send("POST", "/mcp", "staff", tool("fetch", id=gifts)),
                "review": await client.send("POST", "/v1/reviews", "owner", review),
                "rule": await client.send("POST", "/v1/reviews/rule", "owner", {"pattern": "loose/**"}),
                "undo": await client.send("POST", "/v1/reviews/undo", "owner", {}),
                "passage": await client.send("GET", f"/v1/reviews/{plan}/passages/0", "owner"),
                "exposure of all": await client.send("GET", "/v1/exposure?all=true", "admin"),
                "findable": await client.send("GET", "/v1/exposure/findable/staff", "admin"),
                "why": await client.send("GET", f"/v1/documents/{gifts}/why?as=staff", "admin"),
                "proof by an auditor": await client.send("GET", f"/v1/answers/{answer}/proof", "auditor"),
                "a bad token": await client.ask("staff", GIFTS, token="x.y.z"),
                "vectors": await client.send(
                    "POST", "/v1/embeddings", "staff", {"model": "vectors", "input": GIFTS}
                ),
            }
            for api in APIS:
                body = api.ask("assistant", [("user", GIFTS)])
                for name, more in ((api.name, {}), (f"{api.name}, streamed", {"stream": True})):
                    replies[name] = await client.send("POST", api.path, "staff", body | more, headers=api.headers)
            return [("stream", status, json.dumps(events) + text)] + [
                (name, reply.status, reply.text) for name, reply in replies.items()
            ]

        assert {status for _, status, _ in await doors()} <= {200, 400, 401}
        before = lab.lockgate.index.document(plan)
        lab.run(lab.lockgate.audit.close())
        for name, status, text in await doors():
            assert status == 503 or (name, status) == ("undo", 400), (name, status, text)
            assert "35 EUR" not in text, name
            assert "harbor" not in text, name
        assert lab.lockgate.index.document(plan) == before  # no review took effect
