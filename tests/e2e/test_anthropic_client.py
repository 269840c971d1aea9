"""The real `anthropic` client against the real gateway: messages, streams, models, errors."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import anthropic
import pytest

from attacks.http import send
from e2e.conftest import Running
from e2e.test_openai_client import QUESTION
from e2e.test_openai_client import client as openai_client
from lockgate.labels.wire import parse, parse_header

pytestmark = pytest.mark.slow
OLD = {"anthropic-version": "2023-06-01"}
ASKED: list[anthropic.types.MessageParam] = [{"role": "user", "content": QUESTION}]


def client(demo: Running, person: str = "erik", token: str | None = None) -> anthropic.Anthropic:
    key = demo.token(person) if token is None else token
    return anthropic.Anthropic(base_url=demo.url, api_key=key, max_retries=0)


@pytest.fixture
def erik(demo: Running) -> Iterator[anthropic.Anthropic]:
    with client(demo) as made:
        yield made


def test_a_message_with_citation_and_label(erik: anthropic.Anthropic) -> None:
    raw = erik.messages.with_raw_response.create(model="assistant", max_tokens=500, messages=ASKED)
    answer = raw.parse()
    assert answer.content[0].type == "text"
    assert "35 EUR" in answer.content[0].text
    assert (answer.stop_reason, answer.model, answer.role) == ("end_turn", "assistant", "assistant")
    extension = answer.model_dump()["lockgate"]
    assert [c["item"] for c in extension["citations"]] == ["brightwater/policies/gifts.txt"]
    assert parse_header(raw.headers["lockgate-label"]) == parse(extension["label"])
    assert answer.id == f"msg_{raw.headers['lockgate-request-id']}"
    assert answer._request_id == raw.headers["lockgate-request-id"]


def test_a_stream_is_the_same_message(erik: anthropic.Anthropic) -> None:
    whole = erik.messages.create(model="assistant", max_tokens=500, messages=ASKED)
    with erik.messages.stream(model="assistant", max_tokens=500, messages=ASKED) as stream:
        ends = [event for event in stream if event.type == "message_delta"]
        final = stream.get_final_message()
        assert stream.request_id == stream.response.headers["lockgate-request-id"]
    assert final.content[0].type == whole.content[0].type == "text"
    assert final.content[0].text == whole.content[0].text
    assert (final.stop_reason, final.usage) == (whole.stop_reason, whole.usage)
    (end,) = ends
    extension = end.model_dump()["lockgate"]
    assert extension["label"] == whole.model_dump()["lockgate"]["label"]
    raw = list(erik.messages.create(model="assistant", max_tokens=500, messages=ASKED, stream=True))
    assert raw[-1].type == "message_stop"


async def test_the_async_client(demo: Running) -> None:
    token = demo.token("erik")
    async with anthropic.AsyncAnthropic(base_url=demo.url, api_key=token, max_retries=0) as made:
        one = made.messages.create(model="assistant", max_tokens=500, messages=ASKED)

        async def streamed() -> str:
            async with made.messages.stream(model="assistant", max_tokens=500, messages=ASKED) as stream:
                return "".join([text async for text in stream.text_stream])

        whole, text = await asyncio.gather(one, streamed())
    assert whole.content[0].type == "text"
    assert whole.content[0].text == text


def test_a_conversation_as_the_client_keeps_it(erik: anthropic.Anthropic) -> None:
    """Contents of earlier answers are sent back as the objects that the client made of them."""
    with erik.messages.stream(model="assistant", max_tokens=500, messages=ASKED, system="Be brief.") as stream:
        first = stream.get_final_message()
    follow = erik.messages.create(
        model="assistant",
        max_tokens=500,
        system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        messages=[
            *ASKED,
            {"role": "assistant", "content": first.content},
            {"role": "user", "content": [{"type": "text", "text": "And who approves gifts above that?"}]},
        ],
    )
    assert follow.stop_reason == "end_turn"


def test_the_same_answer_through_openai_s_client(demo: Running, erik: anthropic.Anthropic) -> None:
    mine = erik.messages.create(model="assistant", max_tokens=500, messages=ASKED)
    with openai_client(demo) as other:
        theirs = other.chat.completions.create(
            model="assistant", messages=[{"role": "user", "content": QUESTION}], max_tokens=500
        )
    assert mine.content[0].type == "text"
    assert mine.content[0].text == theirs.choices[0].message.content
    one, two = mine.model_dump()["lockgate"], theirs.model_dump()["lockgate"]
    assert (one["label"], one["citations"]) == (two["label"], two["citations"])


def test_models_are_those_that_the_person_may_use(demo: Running, erik: anthropic.Anthropic) -> None:
    mine = [one.id for one in erik.models.list()]
    with openai_client(demo) as other:
        assert mine == [one.id for one in other.models.list()]
    assert "assistant-secure" not in mine
    assert erik.models.retrieve("assistant").display_name == "assistant"
    for name in ("assistant-secure", "no-such-model-at-all"):
        with pytest.raises(anthropic.NotFoundError) as caught:
            erik.models.retrieve(name)
        assert caught.value.error_code == "model_not_found"
    with client(demo, "jonas") as jonas:
        assert "assistant-secure" in [one.id for one in jonas.models.list()]


def test_errors_are_what_the_client_raises(demo: Running, erik: anthropic.Anthropic) -> None:
    with client(demo, token="not-a-token") as stranger, pytest.raises(anthropic.AuthenticationError) as unknown:
        stranger.messages.create(model="assistant", max_tokens=9, messages=ASKED)
    assert (unknown.value.type, unknown.value.error_code) == ("authentication_error", "malformed_token")
    with pytest.raises(anthropic.NotFoundError) as hidden:
        erik.messages.create(model="assistant-secure", max_tokens=9, messages=ASKED)
    assert (hidden.value.type, hidden.value.error_code) == ("not_found_error", "model_not_found")
    assert hidden.value.request_id == hidden.value.response.headers["lockgate-request-id"]
    tool: anthropic.types.ToolParam = {"name": "send", "input_schema": {"type": "object"}}
    with pytest.raises(anthropic.BadRequestError, match="`tools` is not supported") as tools:
        erik.messages.create(model="assistant", max_tokens=9, messages=ASKED, tools=[tool])
    assert (tools.value.type, tools.value.error_code) == ("invalid_request_error", "unsupported_parameter")
    source: anthropic.types.PlainTextSourceParam = {"type": "text", "media_type": "text/plain", "data": "x"}
    block: anthropic.types.DocumentBlockParam = {"type": "document", "source": source}
    with pytest.raises(anthropic.BadRequestError, match="`document`"):
        erik.messages.create(model="assistant", max_tokens=9, messages=[{"role": "user", "content": [block]}])
    with pytest.raises(anthropic.BadRequestError, match="last message must be from `user`"):
        erik.messages.create(
            model="assistant", max_tokens=9, messages=[*ASKED, {"role": "assistant", "content": "It is"}]
        )
    with pytest.raises(anthropic.BadRequestError, match="temperature"):
        erik.messages.create(model="assistant", max_tokens=9, messages=ASKED, extra_body={"temperature": 1})
    with pytest.raises(anthropic.NotFoundError, match="Tokens are not counted"):
        erik.messages.count_tokens(model="assistant", messages=ASKED)


def test_the_key_in_its_own_header(demo: Running) -> None:
    """Clients before 2026-10-21 send `x-api-key`; two different credentials are none."""
    body = {"model": "assistant", "max_tokens": 99, "messages": ASKED}
    token = demo.token("erik")
    key = OLD | {"x-api-key": token}
    assert send(demo.url, "POST", "/v1/messages", body, headers=key).status == 200
    assert send(demo.url, "GET", "/v1/models", headers=key).json["has_more"] is False
    assert send(demo.url, "POST", "/v1/messages", body, headers=key, token=token).status == 200
    for path, method in (("/v1/messages", "POST"), ("/v1/models", "GET")):
        sent = body if method == "POST" else None
        both = send(demo.url, method, path, sent, headers=key, token=demo.token("jonas"))
        assert (both.status, both.json["error"]["type"]) == (401, "authentication_error")
        assert both.headers["www-authenticate"].startswith("Bearer ")
    # The header of one vendor's API opens no other door.
    assert send(demo.url, "GET", "/v1/models", headers={"x-api-key": token}).status == 401
    assert send(demo.url, "POST", "/v1/chat/completions", body, headers=key).status == 401


def test_without_a_revision_nothing_is_answered(demo: Running) -> None:
    body = {"model": "assistant", "max_tokens": 99, "messages": ASKED}
    token = demo.token("erik")
    refused = send(demo.url, "POST", "/v1/messages", body, token=token)
    assert (refused.status, refused.json["error"]["details"]["param"]) == (400, "anthropic-version")
    odd = send(demo.url, "GET", "/v1/models", token=token, headers={"anthropic-version": "1999-01-01"})
    assert (odd.status, odd.json["type"]) == (400, "error")
    stranger = send(demo.url, "POST", "/v1/messages", body)
    assert (stranger.status, stranger.json["error"]["type"]) == (401, "authentication_error")


def test_a_name_in_metadata_makes_nobody_of_it(demo: Running, erik: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError):
        erik.messages.create(model="assistant-secure", max_tokens=9, messages=ASKED, metadata={"user_id": "jonas"})
