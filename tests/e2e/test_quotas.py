"""Quotas hold at every door, for each person by their own use, over restarts; a crawl is stopped and told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.beside import beside
from e2e.changing import changed
from e2e.lab import FILES, Lab, in_thread, opened, plant, talking
from e2e.upstream import Stream
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.audit.record import Kind
from lockgate.content.document import document_id
from lockgate.demo.client import Client, Reply
from matrix.endpoints import CASES

pytestmark = pytest.mark.slow

PEOPLE = ("Adler", "Berg", "Conti", "Dahl", "Egger", "Frank", "Graf", "Huber")
SECRETS = {
    f"hr/{name.lower()}.md": f"# {name}\n\nThe base salary of {name} in 2026 is 61,{number}87 EUR per year.\n"
    for number, name in enumerate(PEOPLE, start=1)
}
MODELS = """
[[models]]
id = "slow"
base_url = "{slow}"
model = "slow"
users = ["everyone"]
ceiling = "restricted"
price_prompt = 0.5
price_completion = 1.0
"""
GIFTS = "Up to what value may I accept gifts from suppliers?"
OPEN = ("/healthz", "/readyz", "/.well-known/", "/metrics")
"""Routes without a person to count for; /metrics refuses people and is for a service's key."""
"""Routes that are for everybody, and look at no credential."""
ANSWERS = ("/v1/chat/completions", "/v1/responses", "/v1/completions", "/v1/messages")


async def _slow(stream: Stream) -> None:
    for number in range(20):
        await stream.say(f"Sentence number {number} of this answer. ")
        await asyncio.sleep(0.05)
    await stream.end(usage={"prompt_tokens": 40, "completion_tokens": 60})


@pytest.fixture(scope="module")
def lab(embedder: MiniLmEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("quotas")
    plant(folder, {**FILES, **SECRETS})

    with beside(folder, embedder, MODELS, _slow) as (made, _):
        yield made


def quota(*limits: str, who: str = '["everyone"]') -> tuple[str, str]:
    return "[identity]", "\n".join(("[[quotas]]", f"who = {who}", *limits, "[identity]"))


async def _asks(client: Client, who: str, name: str) -> Reply:
    return await client.send("POST", "/v1/retrieve", who, {"query": f"base salary of {name}", "k": 1})


def alerts(lab: Lab) -> list[tuple[str, str]]:
    found = lab.lockgate.log.search(kind=Kind.ALERT)
    return [(one.record.subject, str(dict(one.record.facts)["measure"])) for one in found]


ROUTES = sorted({(method, path) for method, path in CASES if not path.startswith(OPEN)})


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_every_door_counts_requests(lab: Lab, method: str, path: str):
    async with talking(lab.url, lab.token) as client:
        with changed(lab, *quota("requests_per_hour = 0", who='["user:hr"]')):
            case = CASES[method, path][0]
            target = case.path.replace("{answer}", "req_000000000000000000000000")
            refused = await client.send(method, target, "hr", case.body, headers=case.headers)
            assert refused.status == 429, refused.text
            assert int(refused.headers["retry-after"]) >= 1
            assert refused.headers["ratelimit-policy"] == '"requests";q=0;w=3600'
            if method == "POST" and path in ANSWERS:
                assert refused.body["error"]["type"] == "rate_limit_error"  # OpenAI's name, and Anthropic's
            other = await client.send(method, target, "owner", case.body, headers=case.headers)
            assert other.status != 429


@pytest.mark.parametrize("path", [one for one in ANSWERS if ("POST", one) in CASES])
async def test_every_door_obeys_what_binds_everyone(lab: Lab, path: str):
    case = CASES["POST", path][0]
    quotes = 'id = "extractive"\nkind = "extractive"\n'
    async with talking(lab.url, lab.token) as client:
        for before, after in (
            (quotes, f"{quotes}enabled = false\n"),
            ("[identity]", "[central]\nregions = []\n[identity]"),
            ("[identity]", "[central]\npurposes = []\n[identity]"),
        ):
            with changed(lab, before, after):
                refused = await client.send("POST", path, "staff", case.body, headers=case.headers)
                assert refused.status == 403, refused.text
        assert (await client.send("POST", path, "staff", case.body, headers=case.headers)).status == 200


async def test_a_crawl_of_sensitive_passages_is_stopped_and_told_once(lab: Lab):
    before = len(alerts(lab))
    async with talking(lab.url, lab.token) as client:
        with changed(lab, *quota("sensitive_chunks_per_hour = 3")):
            found = [await _asks(client, "hr", name) for name in PEOPLE]
            assert [one.status for one in found] == [200, 200, 200, 429, 429, 429, 429, 429]
            assert found[-1].body["code"] == "quota_exceeded"
            # What was seen may be seen again, what is not sensitive costs nothing, and nobody else notices.
            assert (await _asks(client, "hr", PEOPLE[0])).status == 200
            assert (await client.send("POST", "/v1/retrieve", "staff", {"query": GIFTS})).body["data"]
            # No other door shows what this one does not.
            document = document_id("brightwater", f"hr/{PEOPLE[6].lower()}.md")
            assert (await client.send("GET", f"/v1/documents/{document}", "hr")).status == 429
            asked = await client.ask("hr", f"What is the base salary of {PEOPLE[7]}?")
            assert (asked.status, asked.error["type"]) == (429, "rate_limit_error")
            assert PEOPLE[7] not in asked.text
            # To those who may not read it, a document over a quota is a document that is not.
            assert (await client.send("GET", f"/v1/documents/{document}", "outsider")).status == 404
        assert alerts(lab)[: len(alerts(lab)) - before] == [("user:hr", "sensitive_chunks")]


async def test_tokens_and_spending_are_those_of_the_model(lab: Lab):
    async with talking(lab.url, lab.token) as client:
        with changed(lab, *quota("tokens_per_hour = 150", who='["user:owner"]')):
            first = await client.ask("owner", "hello", "slow")
            assert first.status == 200
            second = await client.ask("owner", "x" * 300, "slow")
            assert (second.status, second.headers["ratelimit"].partition(";")[0]) == (429, '"tokens"')
        with changed(lab, *quota("spend_per_hour = 0.1", who='["user:steward"]')):
            assert (await client.ask("steward", "hello", "slow")).status == 200  # 0.08 of it
            assert (await client.ask("steward", "x" * 300, "slow")).status == 429
            assert (await client.ask("steward", GIFTS)).status == 200  # what quotes costs nothing


async def test_as_many_answers_at_a_time_as_the_quota_says(lab: Lab):
    body = {"model": "slow", "messages": [{"role": "user", "content": "hello"}], "stream": True}
    headers = {"Authorization": f"Bearer {lab.token('admin')}"}
    async with talking(lab.url, lab.token) as client:
        with changed(lab, *quota("streams = 1")):
            url = client.base_url + "/v1/chat/completions"
            async with client.session.post(url, json=body, headers=headers) as running:
                await running.content.readline()
                assert (await client.ask("admin", "hello", "slow")).status == 429
                assert (await client.ask("auditor", "hello", "slow")).status == 200
                assert b"[DONE]" in await running.read()
            assert (await client.ask("admin", "hello", "slow")).status == 200
            # A reader who hangs up gives the place back.
            running = await client.session.post(url, json=body, headers=headers)
            await running.content.readline()
            running.close()
            for _ in range(40):
                again = await client.ask("admin", "hello", "slow")
                if again.status == 200:
                    break
                await asyncio.sleep(0.1)
            assert again.status == 200


async def test_a_restart_gives_nobody_a_fresh_quota(embedder: MiniLmEmbedder, tmp_path: Path):
    plant(tmp_path, {**FILES, **SECRETS})
    top = '[[quotas]]\nwho = ["everyone"]\nsensitive_chunks_per_hour = 2\n'

    async def crawl(lab: Lab) -> list[int]:
        async with talking(lab.url, lab.token) as client:
            return [(await _asks(client, "hr", name)).status for name in PEOPLE[:4]]

    def served():
        return opened(tmp_path, embedder, top=top)

    with in_thread(served) as lab:
        assert await crawl(lab) == [200, 200, 429, 429]
    with in_thread(served) as lab:
        assert await crawl(lab) == [200, 200, 429, 429]  # the same two, and no more
        async with talking(lab.url, lab.token) as client:
            assert (await _asks(client, "hr", PEOPLE[5])).status == 429
        assert alerts(lab) == [("user:hr", "sensitive_chunks")]  # one alert an hour, restarts or not
