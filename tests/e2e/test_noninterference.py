"""Non-interference (I1, DESIGN rule 4): what a person may not read changes nothing of what that person gets.

The demonstration runs beside a twin from which the documents of HR are left out. To everybody without rights to
them the two must be the same: in bytes, order, scores, status, headers, and time.
"""

from __future__ import annotations

import asyncio
import gc
import random
import shutil
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from e2e.conftest import Running
from e2e.lab import FILES, MANIFEST, Lab, in_thread, opened, plant, talking
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.content.document import document_id
from lockgate.demo.client import Client, Reply
from lockgate.demo.questions import SALARY_PHRASINGS
from lockgate.demo.run import HR, Stage, stage
from lockgate.demo.stage import CHEAP, CONNECTOR
from lockgate.demo.truth import ACTIVE
from lockgate.edge.serve import listen

pytestmark = pytest.mark.slow
VOLATILE = {"date", "lockgate-request-id"}


@pytest.fixture(scope="module")
def twin(demo: Running, embedder: MiniLmEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("twin") / "organization"
    issuer, loop = demo.stage.issuer, demo.loop
    ready, stop = asyncio.Event(), asyncio.Event()

    async def hold(found: list[Stage]) -> None:
        bound = listen("127.0.0.1", 0)
        async with stage(folder, bound, embedder, lambda _: None, issuer=issuer, without=HR) as running:
            found.append(running)
            ready.set()
            await stop.wait()

    found: list[Stage] = []
    task = asyncio.run_coroutine_threadsafe(hold(found), loop)  # in one loop with the other, so that time is fair
    demo.run(asyncio.wait_for(ready.wait(), 100))
    yield found[0]
    loop.call_soon_threadsafe(stop.set)
    task.result(60)


def _same(one: Reply, other: Reply) -> bool:
    headers = [{k: v for k, v in reply.headers.items() if k not in VOLATILE} for reply in (one, other)]
    return one.status == other.status and one.stable() == other.stable() and headers[0] == headers[1]


async def test_every_response_is_that_of_a_twin_without_the_documents(demo: Running, twin: Stage) -> None:
    """Random questions by random people, at every door; the first person of each pair is asked by both."""
    rng = random.Random(11)
    organization = demo.stage.organization
    absent = sorted(set(organization.documents) - set(twin.organization.documents))
    texts = [question.text for question in organization.questions] + list(SALARY_PHRASINGS)
    people = [p for p in ACTIVE if not any(p in organization.documents[path].ai for path in absent)]
    assert len(people) > 20
    tokens = {person: demo.token(person) for person in people}
    async with talking(demo.url, tokens.__getitem__) as here:
        there = Client(here.session, twin.base_url, here.token)
        for number in range(72):
            person, text = rng.choice(people), rng.choice(texts)
            match number % 6:
                case 0 | 1:
                    pair = [one.ask(person, text) for one in (here, there)]
                case 2 | 3:
                    body = {"query": text, "k": rng.choice([1, 8, 64])}
                    pair = [one.send("POST", "/v1/retrieve", person, body) for one in (here, there)]
                case 4:
                    paths = ("/v1/models", "/v1/exposure", "/v1/reviews", "/v1/models/assistant-secure")
                    path = rng.choice(paths)
                    pair = [one.send("GET", path, person) for one in (here, there)]
                case _:
                    closed = [path for path in absent if person not in organization.documents[path].may_read]
                    document = document_id(CONNECTOR, rng.choice(closed))
                    path = rng.choice(["", "/why?as=jonas"])
                    pair = [one.send("GET", f"/v1/documents/{document}{path}", person) for one in (here, there)]
            first, second = await asyncio.gather(*pair)
            assert _same(first, second), (person, text, first.text, second.text)


async def test_streams_and_reroutes_are_those_of_the_twin(demo: Running, twin: Stage) -> None:
    async with talking(demo.url, demo.token) as here:
        there = Client(here.session, twin.base_url, here.token)
        for person, text in zip(("diego", "yuki", "kemal"), SALARY_PHRASINGS[::20], strict=False):
            first, second = await asyncio.gather(here.stream(person, text), there.stream(person, text))
            assert first
            assert first == second
        params = {"temperature": 0, "max_tokens": 12}
        asked = [one.ask("tomas", SALARY_PHRASINGS[0], CHEAP, params=params) for one in (here, there)]
        first, second = await asyncio.gather(*asked)
        assert _same(first, second), (first.text, second.text)


@pytest.fixture(scope="module")
def lab(embedder: MiniLmEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("live")
    plant(folder)
    with in_thread(lambda: opened(folder, embedder)) as made:
        yield made


QUESTIONS = (
    "What is the base salary of Goran Ilic?",
    "Up to what value may I accept gifts from suppliers?",
    "salary gifts travel rail second class value",
    "heliotrope",
)


async def _everything(client: Client, person: str) -> list[Reply]:
    found = [await client.ask(person, text) for text in QUESTIONS]
    found += [await client.send("POST", "/v1/retrieve", person, {"query": text, "k": 64}) for text in QUESTIONS]
    paths = (
        "/v1/models",
        "/v1/exposure",
        "/v1/reviews",
        f"/v1/documents/{document_id('brightwater', 'hr/new.md')}",
    )
    return [*found, *[await client.send("GET", path, person) for path in paths]]


async def test_changes_to_what_cannot_be_read_change_nothing(lab: Lab) -> None:
    """Add, change, relabel and delete documents that `staff` may not read, in a running gateway."""
    secret, manifest = lab.share / "hr" / "new.md", lab.share / ".lockgate-access.toml"
    rare = "Gifts from suppliers, heliotrope, salary, rail, value. " * 40
    narrower = (
        '[[rule]]\nmatch = ["hr/**"]\nreaders = ["user:hr"]\nowners = ["user:hr"]\nsensitivity = "confidential"\n'
    )

    def many() -> None:
        for number in range(30):
            (lab.share / "hr" / f"more-{number}.md").write_text(f"# More {number}\n\n{rare}")

    def none() -> None:
        secret.unlink()
        for path in (lab.share / "hr").glob("more-*.md"):
            path.unlink()

    changes = {
        "added": lambda: secret.write_text(f"# New\n\n{rare}"),
        "changed": lambda: secret.write_text(f"# Newer\n\n{rare} The base salary of Goran Ilic is 1 EUR."),
        "relabeled": lambda: manifest.write_text(MANIFEST + narrower),
        "many": many,
        "deleted": none,
        "restored": lambda: manifest.write_text(MANIFEST),
    }
    async with talking(lab.url, lab.token) as client:
        before = await _everything(client, "staff")
        assert any("35 EUR" in reply.text for reply in before)
        for how, change in changes.items():
            change()
            await asyncio.to_thread(lab.sync)
            after = await _everything(client, "staff")
            assert all(_same(one, other) for one, other in zip(before, after, strict=True)), how


async def test_documents_that_were_never_synced_change_nothing(lab: Lab) -> None:
    """Rights taken away since the last sync: the passage is gone at once, as if it had never been."""
    path = lab.share / ".lockgate-access.toml"
    rule = '[[rule]]\nmatch = ["handbook/gifts.md"]\nreaders = ["group:hr"]\nowners = ["user:hr"]\n'
    async with talking(lab.url, lab.token) as client:
        path.write_text(MANIFEST + rule + 'sensitivity = "general"\n')
        try:
            at_once = await client.ask("staff", QUESTIONS[1])
            await asyncio.to_thread(lab.sync)
            synced = await client.ask("staff", QUESTIONS[1])
        finally:
            path.write_text(MANIFEST)
            await asyncio.to_thread(lab.sync)
    assert "35 EUR" not in at_once.text
    assert at_once.stable() == synced.stable()


def area_under_curve(one: Sequence[float], other: Sequence[float]) -> float:
    """Return how well a single threshold on time tells the two apart: 0.5 is not at all (rank sum)."""
    ranks = np.argsort(np.argsort(np.concatenate([one, other]))) + 1
    n, m = len(one), len(other)
    area = float((ranks[n:].sum() - m * (m + 1) / 2) / (n * m))
    return max(area, 1 - area)


WORDS = [
    "salary",
    "pay",
    "bonus",
    "review",
    "contract",
    "leave",
    "gifts",
    "travel",
    "rail",
    "suppliers",
    "budget",
    "office",
    "plan",
]


async def _timed(client: Client, person: str, question: str) -> tuple[float, bytes]:
    start = time.perf_counter()
    reply = await client.send("POST", "/v1/retrieve", person, {"query": question})
    took = time.perf_counter() - start
    assert reply.status == 200
    return took, reply.stable()


def _crowd(folder: Path, rng: random.Random, secret: bool) -> None:
    """Plant 60 documents that staff may read, and with `secret` 240 more that match the same questions."""
    for number in range(60):
        text = " ".join(rng.choices(WORDS, k=60))
        path = folder / "share" / "handbook" / f"open-{number}.md"
        path.write_text(f"# Open {number}\n\n{text}\n")
    for number in range(240 if secret else 0):
        path = folder / "share" / "hr" / f"secret-{number}.md"
        path.write_text(f"# Secret {number}\n\n{' '.join(rng.choices(WORDS, k=60))}\n")


async def test_time_does_not_tell(embedder: MiniLmEmbedder, tmp_path: Path) -> None:
    """1,000 pairs of requests to two gateways in one process, one of which holds 240 matching secrets more."""
    rng = random.Random(5)

    @asynccontextmanager
    async def both() -> AsyncIterator[tuple[Lab, Lab]]:
        for name in ("alone", "beside"):
            plant(tmp_path / name, {k: v for k, v in FILES.items() if name == "beside" or not k.startswith("hr/")})
            (tmp_path / name / "share" / "hr").mkdir(exist_ok=True)
            _crowd(tmp_path / name, random.Random(6), name == "beside")
        async with opened(tmp_path / "alone", embedder) as alone:
            shutil.copy(tmp_path / "alone" / "directory.toml", tmp_path / "beside" / "directory.toml")
            async with opened(tmp_path / "beside", embedder, issuer=alone.issuer) as beside:
                yield alone, beside

    with in_thread(both) as (alone, beside):
        times: dict[str, list[float]] = {alone.url: [], beside.url: []}
        async with talking(alone.url, alone.token) as here:
            there = Client(here.session, beside.url, here.token)
            gc.collect()
            gc.disable()
            try:
                for number in range(1_040):
                    question = " ".join(rng.choices(WORDS, k=6))
                    order = [here, there] if rng.random() < 0.5 else [there, here]
                    seen: list[Any] = []
                    for client in order:
                        took, told = await _timed(client, "staff", question)
                        seen.append(told)
                        if number >= 40:
                            times[client.base_url].append(took)
                    assert seen[0] == seen[1]
            finally:
                gc.enable()
            told = [
                await client.send("POST", "/v1/retrieve", "hr", {"query": WORDS[0], "k": 64})
                for client in (here, there)
            ]
        assert told[0].stable() != told[1].stable()  # whoever may read the secrets is told them
    area = area_under_curve(times[alone.url], times[beside.url])
    medians = [float(np.median(one)) * 1000 for one in times.values()]
    print(f"AUC {area:.3f}, medians {medians[0]:.2f} ms and {medians[1]:.2f} ms")
    assert area < 0.6
