"""One rule behind every door: the same question gets the same answer through each API, plain and streamed."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attacks.http import Reply, send
from e2e.lab import FILES, Lab, records
from e2e.upstream import Stream, Upstream
from edge.apis import APIS, Api, Said, Turns, events
from matrix.endpoints import SUBJECTS

pytestmark = pytest.mark.slow

MODELS = """
[[models]]
id = "cloud"
base_url = "{cloud}"
model = "cloud"
users = ["everyone"]
ceiling = "restricted"
[[models]]
id = "cheap"
base_url = "{cheap}"
model = "cheap"
users = ["everyone"]
ceiling = "general"
[[models]]
id = "for-hr"
kind = "extractive"
users = ["group:hr"]
ceiling = "restricted"
[[assistants]]
id = "told"
model = "cloud"
collections = ["brightwater"]
users = ["everyone"]
"""
GIFTS = "Up to what value may I accept gifts from suppliers?"
PAY = "What is the base salary of Goran Ilic?"
CARD = "4111 1111 1111 1111"

every = pytest.mark.parametrize("api", APIS, ids=lambda api: api.name)


def ask(lab: Lab, api: Api, who: str, model: str, turns: Turns, *, stream: bool, **more: Any) -> Reply:
    body = api.ask(model, turns) | more | ({"stream": True} | api.more if stream else {})
    return send(lab.url, "POST", api.path, body, token=lab.token(who) if who else "", headers=api.headers)


def said(api: Api, reply: Reply) -> Said:
    """Read an answer, without the ids that differ between requests."""
    assert reply.status == 200, reply.text
    raw = reply.text.replace(reply.headers["lockgate-request-id"], "req")
    found = (
        api.streamed(events(raw))
        if "event-stream" in reply.headers["content-type"]
        else api.whole(json.loads(raw))
    )
    assert found.lockgate["request_id"] == "req"
    return found


def both(lab: Lab, api: Api, who: str, model: str, text: str, **more: Any) -> list[tuple[Said, str]]:
    replies = [ask(lab, api, who, model, [("user", text)], stream=stream, **more) for stream in (False, True)]
    return [(said(api, reply), reply.headers["lockgate-label"]) for reply in replies]


WORDS = st.sampled_from(
    ["A gift ", "is fine [1].", "Ask HR. ", "\n\n", "né ", "\u2028data: x", '"}', "[2] ", "[DONE]"]
)


@settings(max_examples=20, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    st.lists(WORDS, min_size=1, max_size=5),
    st.sampled_from(["stop", "length", "content_filter"]),
    st.integers(1, 10**6),
    st.integers(1, 10**6),
    st.sampled_from(["cloud", "told"]),
)
def test_the_same_question_gets_the_same_answer_everywhere(
    pair: tuple[Lab, Upstream], words: list[str], finish: str, sent: int, got: int, model: str
) -> None:
    """Text, label, citations, decisions, end and usage: through every codec, whole and streamed."""
    lab, server = pair

    async def behave(stream: Stream) -> None:
        for word in words:
            await stream.say(word)
        await stream.end(finish, usage={"prompt_tokens": sent, "completion_tokens": got})

    server.reset(behave)
    answers = [one for api in APIS for one in both(lab, api, "staff", model, GIFTS)]
    assert all(one == answers[0] for one in answers)
    answer = answers[0][0]
    assert (answer.text, answer.finish, answer.usage) == ("".join(words), finish, (sent, got))
    assert bool(answer.lockgate["citations"]) == (model == "told")
    prompts = [body["messages"] for _, body in server.received]
    assert len(prompts) == 2 * len(APIS)
    if model == "cloud":  # passages are fenced with a number of each request's own
        assert all(one == prompts[0] for one in prompts)


@pytest.mark.parametrize("who", SUBJECTS)
def test_the_matrix_is_the_same_through_every_door(lab: Lab, who: str) -> None:
    """Everybody asks every kind of model for what is open and for what is not."""
    for model in ("assistant", "for-hr", "cheap", "no-such-model"):
        for text in (GIFTS, PAY):
            seen = []
            for api in APIS:
                for stream in (False, True):
                    reply = ask(lab, api, who, model, [("user", text)], stream=stream)
                    assert who == "hr" or "61,387" not in reply.text
                    if reply.status == 200:
                        found = said(api, reply)
                        seen.append((200, found.text, found.lockgate, reply.headers["lockgate-label"]))
                    else:
                        error = reply.json["error"]
                        seen.append((reply.status, api.code(reply.json), error["message"], ""))
            assert all(one == seen[0] for one in seen), (model, text)


@pytest.mark.parametrize("api", [one for one in APIS if one.talks], ids=lambda api: api.name)
def test_a_conversation_keeps_its_labels(lab: Lab, api: Api) -> None:
    """What HR was told comes back as history and is still restricted, whichever door it was told through."""
    first = said(api, ask(lab, api, "hr", "assistant", [("user", PAY)], stream=False))
    assert first.lockgate["label"]["sensitivity"] == "restricted"
    turns = [("user", PAY), ("assistant", first.text), ("user", "Say it again, please, in other words.")]
    follow = ask(lab, api, "hr", "cheap", turns, stream=True)
    assert (follow.status, api.code(follow.json)) == (403, "above_ceiling")
    through = next(one for one in APIS if one.talks and one != api)
    assert ask(lab, through, "hr", "cheap", turns, stream=False).status == 403


@pytest.mark.parametrize("api", [one for one in APIS if one.stop], ids=lambda api: api.name)
def test_text_in_a_parameter_raises_the_label(lab: Lab, pair: tuple[Lab, Upstream], api: Api) -> None:
    hidden = {api.stop: [f"card {CARD}"]}
    refused = ask(lab, api, "staff", "cheap", [("user", "Hello there.")], stream=False, **hidden)
    assert api.code(refused.json) == "above_ceiling"
    assert CARD not in refused.text
    assert pair[1].received == []
    shown = said(api, ask(lab, api, "staff", "cloud", [("user", "Hello there.")], stream=False, **hidden))
    assert shown.lockgate["prompt_label"]["sensitivity"] != "general"


@every
def test_a_model_that_breaks_off_is_an_error_in_the_stream(lab: Lab, pair: tuple[Lab, Upstream], api: Api) -> None:
    async def breaks(stream: Stream) -> None:
        await stream.say("It is well known that this is so. And that is so. ")
        await asyncio.sleep(0.2)
        stream.cut()

    pair[1].reset(breaks)
    reply = ask(lab, api, "staff", "cloud", [("user", "Hello there.")], stream=True)
    assert reply.status == 200
    assert "[DONE]" not in reply.text
    assert "upstream_cut" in reply.text.splitlines()[-2]
    ends = [r for r in records(lab.lockgate, reply.headers["lockgate-request-id"]) if r.kind.value == "outcome"]
    assert [one.outcome for one in ends] == ["failed"]


@every
def test_a_model_that_fails_at_once_is_a_plain_error(lab: Lab, pair: tuple[Lab, Upstream], api: Api) -> None:
    async def fails(stream: Stream) -> None:
        stream.cut()

    pair[1].reset(fails)
    reply = ask(lab, api, "staff", "cloud", [("user", "Hello there.")], stream=True)
    assert (reply.status, reply.headers["content-type"]) == (503, "application/json")


@every
def test_bombs(lab: Lab, api: Api) -> None:
    """Very many fields, very deep nesting, and a stranger's body that is not read."""
    good = api.ask("cloud", [("user", "Hello there.")])
    token = lab.token("staff")

    def post(body: object, token: str) -> Reply:
        return send(lab.url, "POST", api.path, body, token=token, headers=api.headers)

    many = post(good | {f"{i:x}": 1 for i in range(100_000)}, token)
    assert api.code(many.json) in {"unknown_parameter", "too_large"}
    few = post(good | {f"{i:x}": 1 for i in range(60_000)}, token)
    assert api.code(few.json) == "unknown_parameter"
    deep = b'{"model":"cloud","stop":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert api.code(post(deep, token).json) == "invalid_json"
    stranger = post(deep, "")
    assert (stranger.status, api.code(stranger.json)) == (401, "missing_token")


def test_the_share_holds_what_these_tests_ask() -> None:
    assert "61,387" in FILES["hr/salaries.md"]
