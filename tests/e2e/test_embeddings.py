"""Vectors by the real `openai` client, local and from an upstream: labeled, decided, recorded, counted."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import openai
import pytest
from aiohttp import web

from attacks.http import Reply, chat, send
from e2e.lab import Lab, in_thread, opened, plant, records
from e2e.upstream import Upstream
from lockgate.adapters.audit_sqlite import AuditLog
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.audit.record import Receipt, Record
from lockgate.labels.wire import parse, parse_header

pytestmark = pytest.mark.slow

MODELS = """
[[models]]
id = "vectors"
kind = "embeddings"
users = ["group:staff"]
ceiling = "restricted"
[[models]]
id = "vectors-low"
kind = "embeddings"
users = ["everyone"]
ceiling = "general"
[[models]]
id = "vectors-hr"
kind = "embeddings"
users = ["group:hr"]
ceiling = "restricted"
[[models]]
id = "vectors-cloud"
kind = "embeddings"
base_url = "{cloud}"
model = "theirs"
users = ["everyone"]
ceiling = "restricted"
extra_params = ["input_type"]
[[models]]
id = "vectors-cloud-low"
kind = "embeddings"
base_url = "{low}"
model = "theirs"
users = ["everyone"]
ceiling = "general"
extra_params = ["input_type"]
"""
CARD = "4111 1111 1111 1111"
GIFTS = "Gifts from suppliers may be accepted."
PAY = "What is the base salary of Goran Ilic?"


@pytest.fixture
def server(pair: tuple[Lab, Upstream]) -> Upstream:
    return pair[1]


@pytest.fixture
def staff(lab: Lab) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{lab.url}/v1", api_key=lab.token("staff"), max_retries=0) as made:
        yield made


def ask(lab: Lab, who: str, model: str, texts: object, **more: Any) -> Reply:
    body = {"model": model, "input": texts, **more}
    return send(lab.url, "POST", "/v1/embeddings", body, token=lab.token(who) if who else "")


def answers(*rows: object, **usage: object) -> web.Response:
    data = [{"object": "embedding", "index": i, "embedding": row} for i, row in enumerate(rows)]
    return web.json_response({"object": "list", "data": data, "model": "theirs", **usage})


# ------------------------------------------------------------------ the client


def test_vectors_as_the_client_asks_for_them(lab: Lab, staff: openai.OpenAI, embedder: MiniLmEmbedder) -> None:
    """Its default is base64; floats are the same numbers; both are those of the model."""
    raw = staff.embeddings.with_raw_response.create(model="vectors", input=[GIFTS, "Trips by rail."])
    made = raw.parse()
    floats = staff.embeddings.create(model="vectors", input=[GIFTS, "Trips by rail."], encoding_format="float")
    true = lab.run(embedder.embed([GIFTS, "Trips by rail."]))
    for found in (made, floats):
        assert [one.index for one in found.data] == [0, 1]
        assert np.array_equal(np.array([one.embedding for one in found.data], np.float32), true)
    assert made.model == "vectors"
    assert made.usage.prompt_tokens == made.usage.total_tokens > 8
    extension = made.model_dump()["lockgate"]
    assert parse_header(raw.headers["lockgate-label"]) == parse(extension["label"])
    assert [parse(one) for one in extension["labels"]] == [parse(extension["label"])] * 2
    assert [one["action"] for one in extension["decisions"]] == ["prompt", "emit"]
    single = staff.embeddings.create(model="vectors", input=GIFTS, dimensions=384, user="somebody")
    assert single.data[0].embedding == made.data[0].embedding


async def test_the_async_client(lab: Lab) -> None:
    async with openai.AsyncOpenAI(base_url=f"{lab.url}/v1", api_key=lab.token("staff"), max_retries=0) as made:
        found = await asyncio.gather(*(made.embeddings.create(model="vectors", input=GIFTS) for _ in range(3)))
    assert len({tuple(one.data[0].embedding) for one in found}) == 1


def test_models_are_listed_with_their_kind(lab: Lab, staff: openai.OpenAI) -> None:
    kinds = {one.id: one.model_dump()["kind"] for one in staff.models.list()}
    assert kinds["vectors"] == kinds["vectors-cloud"] == "embeddings"
    assert kinds["assistant"] == kinds["extractive"] == "chat"
    assert "vectors-hr" not in kinds
    assert staff.models.retrieve("vectors").model_dump()["kind"] == "embeddings"
    theirs = send(
        lab.url, "GET", "/v1/models", token=lab.token("staff"), headers={"anthropic-version": "2026-10-21"}
    )
    assert [one["id"] for one in theirs.json["data"]] == ["assistant", "extractive"]


def test_an_upstream_gets_texts_and_what_its_card_lists(lab: Lab, server: Upstream, staff: openai.OpenAI) -> None:
    server.reset(answer=lambda: answers([0.5, -1, 3e-8], [1, 2, 3], usage={"prompt_tokens": 7}))
    made = staff.embeddings.create(
        model="vectors-cloud", input=[GIFTS, "b"], dimensions=3, user="x", extra_body={"input_type": "query"}
    )
    assert [one.embedding for one in made.data] == [
        [0.5, -1, pytest.approx(3e-8)],
        [1, 2, 3],
    ]
    assert made.usage.prompt_tokens == 7
    ((name, body),) = server.received
    assert (name, body) == (
        "cloud",
        {
            "model": "theirs",
            "input": [GIFTS, "b"],
            "encoding_format": "float",
            "dimensions": 3,
            "input_type": "query",
        },
    )


# ------------------------------------------------------------------ decisions


def test_who_may_use_it(lab: Lab) -> None:
    """The same as at every door: absent and forbidden are one; kinds are told to whoever may use the model."""
    assert ask(lab, "", "vectors", GIFTS).status == 401
    assert ask(lab, "hr", "vectors-hr", GIFTS).status == 200
    hidden = [ask(lab, "staff", name, GIFTS) for name in ("vectors-hr", "no-such-one")]
    assert [one.status for one in hidden] == [404, 404]
    assert hidden[0].text.replace("vectors-hr", "no-such-one") == hidden[1].text
    assert ask(lab, "outsider", "vectors", GIFTS).status == 404
    wrong = ask(lab, "staff", "assistant", GIFTS)
    assert (wrong.status, wrong.json["error"]["code"]) == (400, "wrong_kind_of_model")
    asked = send(lab.url, "POST", "/v1/chat/completions", chat("Hi", "vectors"), token=lab.token("staff"))
    assert (asked.status, asked.json["error"]["code"]) == (400, "wrong_kind_of_model")
    unseen = send(lab.url, "POST", "/v1/chat/completions", chat("Hi", "vectors-hr"), token=lab.token("staff"))
    assert (unseen.status, unseen.json["error"]["code"]) == (404, "model_not_found")


@pytest.mark.parametrize("model", ["vectors-low", "vectors-cloud-low"])
def test_above_the_ceiling_nothing_is_sent_and_no_other_model_answers(
    lab: Lab, server: Upstream, model: str
) -> None:
    reply = ask(lab, "staff", model, ["Hello there.", f"card {CARD}"])
    assert (reply.status, reply.json["error"]["code"]) == (403, "above_ceiling")
    assert CARD not in reply.text
    assert server.received == []
    kept = records(lab.lockgate, reply.headers["lockgate-request-id"])
    assert [(one.kind.value, one.effect) for one in kept] == [("decision", "deny")]
    assert CARD not in repr(kept)


def test_a_finding_in_any_text_or_parameter_raises_its_label(lab: Lab, server: Upstream) -> None:
    found = ask(lab, "staff", "vectors", ["Hello there.", f"card {CARD}"]).json["lockgate"]
    plain, raised = found["labels"]
    assert plain["sensitivity"] == "general"
    assert raised["sensitivity"] == found["label"]["sensitivity"] != "general"
    server.reset(answer=lambda: answers([1.0]))
    assert ask(lab, "staff", "vectors-cloud-low", "Hello there.", input_type="query").status == 200
    smuggled = ask(lab, "staff", "vectors-cloud-low", "Hello there.", input_type=f"card {CARD}")
    assert (smuggled.status, len(server.received)) == (403, 1)


def test_what_somebody_was_shown_keeps_its_label_as_a_vector(lab: Lab, server: Upstream) -> None:
    """I2: pasted back to be embedded, an answer is as restricted as when it was shown."""
    shown = send(lab.url, "POST", "/v1/chat/completions", chat(PAY), token=lab.token("hr")).json
    text = shown["choices"][0]["message"]["content"]
    assert "61,387" in text
    refused = ask(lab, "hr", "vectors-cloud-low", [text])
    assert (refused.status, refused.json["error"]["code"]) == (403, "above_ceiling")
    assert server.received == []
    mixed = ask(lab, "hr", "vectors", ["Hello there.", text]).json["lockgate"]
    assert [one["sensitivity"] for one in mixed["labels"]] == ["general", "restricted"]
    assert ["group:hr"] in mixed["label"]["readers"]


def test_it_is_recorded_before_release_and_how_it_ended(lab: Lab, server: Upstream) -> None:
    seen: list[int] = []

    def answer() -> web.Response:
        seen.append(lab.lockgate.log.size())
        return answers([1.0, 2.0], usage={"prompt_tokens": 5})

    server.reset(answer=answer)
    before = lab.lockgate.log.size()
    reply = ask(lab, "staff", "vectors-cloud", GIFTS)
    kept = records(lab.lockgate, reply.headers["lockgate-request-id"])
    assert [one.kind.value for one in kept] == ["decision", "decision", "model_call", "answer", "outcome"]
    facts = dict(kept[2].facts)
    assert seen == [before + 4]
    assert (facts["operation"], facts["texts"], kept[2].resource_id) == ("embeddings", 1, "vectors-cloud")
    assert (kept[-1].outcome, dict(kept[-1].facts)["prompt_tokens"]) == ("completed", 5)
    assert GIFTS not in repr(kept)


# ------------------------------------------------------------------ hostile


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        ([1, 2, 3], "unsupported_content"),
        ([[1, 2], [3]], "unsupported_content"),
        ([], "invalid_type"),
        (None, "invalid_type"),
        ("", "invalid_value"),
        (["a", " "], "invalid_value"),
        (["a", None], "unsupported_content"),
        ({"a": 1}, "invalid_type"),
    ],
    ids=repr,
)
def test_inputs_that_are_refused(lab: Lab, texts: object, code: str) -> None:
    reply = ask(lab, "staff", "vectors", texts)
    assert (reply.status, reply.json["error"]["code"], reply.json["error"]["param"]) == (400, code, "input")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"dimensions": 0}, "invalid_value"),
        ({"dimensions": 12}, "unsupported_value"),
        ({"encoding_format": "int8"}, "invalid_value"),
        ({"encoding_format": ["float"]}, "invalid_value"),
        ({"user": 3}, "invalid_type"),
        ({"input_type": "query"}, "unknown_parameter"),
    ],
    ids=repr,
)
def test_parameters_that_are_refused(lab: Lab, more: dict[str, Any], code: str) -> None:
    reply = ask(lab, "staff", "vectors", GIFTS, **more)
    assert (reply.status, reply.json["error"]["code"]) == (400, code)


def test_a_text_that_is_too_long_is_refused_and_not_cut(lab: Lab) -> None:
    for text in ("word " * 300, "x" * 6000):
        reply = ask(lab, "staff", "vectors", ["short", text])
        assert (reply.status, reply.json["error"]["code"]) == (400, "context_length_exceeded")
        assert "text 1" in reply.json["error"]["message"]
    assert ask(lab, "staff", "vectors", "word " * 200).status == 200
    assert ask(lab, "staff", "vectors", ["x"] * 2049).status == 413
    assert ask(lab, "staff", "vectors", ["x" * 200_001] * 2).status == 413


LIES: dict[str, Any] = {
    "not JSON": lambda: web.Response(body=b"[1", content_type="application/json"),
    "a list": lambda: web.json_response([1]),
    "one too few": lambda: answers([1.0]),
    "one too many": lambda: answers([1.0], [1.0], [1.0]),
    "uneven": lambda: answers([1.0], [1.0, 2.0]),
    "empty": lambda: answers([], []),
    "text": lambda: answers(["CANARY"], [1.0]),
    "true": lambda: answers([True], [1.0]),
    "base64": lambda: answers(base64.b64encode(b"1234").decode(), [1.0]),
    "infinite": lambda: answers([1e300], [1.0]),
    "huge": lambda: web.Response(
        body=json.dumps({"data": [{"embedding": [10**400]}] * 2}).encode(), content_type="application/json"
    ),
    "twice the same": lambda: web.json_response({"data": [{"index": 0, "embedding": [1.0]}] * 2}),
    "out of place": lambda: web.json_response(
        {"data": [{"index": 7, "embedding": [1.0]}, {"index": 0, "embedding": [1.0]}]}
    ),
    "too deep": lambda: web.Response(body=b'{"data":' + b"[" * 3000, content_type="application/json"),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_upstream_that_lies(lab: Lab, server: Upstream, lie: str) -> None:
    """One vector for each text, of one length, of numbers: else the request fails, and the log says so."""
    server.reset(answer=LIES[lie])
    reply = ask(lab, "staff", "vectors-cloud", ["a", "b"])
    assert (reply.status, reply.json["error"]["code"]) == (503, "upstream_malformed")
    assert "CANARY" not in reply.text
    kept = records(lab.lockgate, reply.headers["lockgate-request-id"])
    assert kept[-1].outcome == "failed"


def test_vectors_out_of_order_are_put_in_order(lab: Lab, server: Upstream) -> None:
    swapped = [{"index": 1, "embedding": [2.0]}, {"index": 0, "embedding": [1.0]}]
    server.reset(answer=lambda: web.json_response({"data": swapped}))
    reply = ask(lab, "staff", "vectors-cloud", ["a", "b"])
    assert [one["embedding"] for one in reply.json["data"]] == [[1.0], [2.0]]


@pytest.mark.parametrize(
    ("status", "code"), [(429, "upstream_busy"), (401, "upstream_misconfigured"), (500, "unavailable")]
)
def test_an_upstream_that_refuses(lab: Lab, server: Upstream, status: int, code: str) -> None:
    server.reset(answer=lambda: web.Response(status=status, text="CANARY"))
    reply = ask(lab, "staff", "vectors-cloud", "a")
    assert (reply.status, reply.json["error"]["code"]) == (503, code)
    assert "CANARY" not in reply.text


def test_a_right_that_is_withdrawn_meanwhile_releases_nothing(lab: Lab, server: Upstream) -> None:
    """I5: who leaves the group while the model works gets no vectors."""
    listed = lab.folder / "directory.toml"
    before = listed.read_text()
    shown = send(lab.url, "POST", "/v1/chat/completions", chat(PAY), token=lab.token("hr")).json
    text = shown["choices"][0]["message"]["content"]

    def answer() -> web.Response:
        after = before.replace('[people.hr]\ngroups = ["hr"]', '[people.hr]\ngroups = ["engineering"]')
        assert after != before
        listed.write_text(after)
        lab.directory.refresh()
        return answers([1.0])

    server.reset(answer=lambda: answers([1.0]))
    assert ask(lab, "hr", "vectors-cloud", text).status == 200
    server.reset(answer=answer)
    try:
        reply = ask(lab, "hr", "vectors-cloud", text)
    finally:
        listed.write_text(before)
        lab.directory.refresh()
    assert (reply.status, reply.json["error"]["code"]) == (403, "revoked")
    kept = records(lab.lockgate, reply.headers["lockgate-request-id"])
    assert kept[-1].outcome == "revoked"


def test_a_right_that_ends_while_the_log_is_slow_releases_nothing(
    lab: Lab, server: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last look was before the write that says how it ended, however long a busy disk took for that."""
    real, was = AuditLog.append, lab.clock.moved

    async def slow(log: AuditLog, some: Sequence[Record], /) -> Receipt:
        receipt = await real(log, some)
        if any(one.outcome == "completed" and one.action == "answer" for one in some):
            lab.clock.moved = was + timedelta(days=1)
        return receipt

    monkeypatch.setattr(AuditLog, "append", slow)
    server.reset(answer=lambda: answers([0.5]))
    try:
        reply = ask(lab, "hr", "vectors-cloud", GIFTS)
    finally:
        lab.clock.moved = was
    assert (reply.status, reply.json["error"]["code"]) == (403, "revoked")


def test_tokens_count_against_the_quota(
    embedder: MiniLmEmbedder, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("counted")
    plant(folder)
    quota = '[[quotas]]\nwho = ["user:staff"]\ntokens_per_hour = 200\n'
    models = MODELS.format(cloud="http://127.0.0.1:1/v1", low="http://127.0.0.1:1/v1") + quota
    with in_thread(lambda: opened(folder, embedder, models=models)) as lab:
        replies = [ask(lab, "staff", "vectors", "word " * 60) for _ in range(5)]
        # 100 are set aside, by size, and 62 are counted in the end: a third might be too many.
        assert [one.status for one in replies] == [200, 200, 429, 429, 429]
        assert replies[-1].json["error"]["type"] == "rate_limit_error"
        assert int(replies[-1].headers["retry-after"]) > 0
        kinds = [one.kind.value for one in records(lab.lockgate, replies[-1].headers["lockgate-request-id"])]
        assert "model_call" not in kinds
        body = {"model": "extractive", "max_tokens": 9, "messages": [{"role": "user", "content": "word " * 60}]}
        theirs = {"anthropic-version": "2026-10-21"}
        over = send(lab.url, "POST", "/v1/messages", body, token=lab.token("staff"), headers=theirs)
        assert (over.status, over.json["error"]["type"]) == (429, "rate_limit_error")
        assert ask(lab, "hr", "vectors", "word " * 60).status == 200
