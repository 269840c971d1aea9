"""Parsing of chat requests: each parameter is passed on, handled, refused or unknown, and nothing else happens."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.edge.body import BadParameter, Limits
from lockgate.edge.codecs import chat
from lockgate.errors import Invalid, LockgateError, TooLarge
from lockgate.journeys.conversation import Turn

LIMITS = Limits(messages=4, characters=100)
HELLO = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def asked(**change: Any) -> Any:
    return chat.parse({**HELLO, **change}, LIMITS, {})


def test_the_plain_request() -> None:
    request = asked()
    assert request.ask.turns == (Turn("user", "hi"),)
    assert (request.ask.model, request.stream, request.shape.include_usage) == ("m", False, False)


def test_what_the_openai_client_sends_back_as_history() -> None:
    dumped = {
        "role": "assistant",
        "content": "hello",
        "refusal": None,
        "annotations": [],
        "audio": None,
        "function_call": None,
        "tool_calls": None,
    }
    request = asked(messages=[{"role": "developer", "content": "be brief"}, dumped, HELLO["messages"][0]])
    assert [turn.role for turn in request.ask.turns] == ["system", "assistant", "user"]


def test_text_parts_are_joined() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert asked(messages=[{"role": "user", "content": parts}]).ask.turns[0].text == "a\nb"


def test_parameters_that_are_passed_on() -> None:
    request = asked(temperature=0, top_p=1, max_tokens=5, stop=["x"], seed=-1, user="ignored", n=1)
    assert dict(request.ask.params) == {"temperature": 0, "top_p": 1, "max_tokens": 5, "stop": ["x"], "seed": -1}


def test_unknown_parameters_are_left_to_the_upstreams_card() -> None:
    assert asked(top_k=3).ask.extras == (("top_k", 3),)


@pytest.mark.parametrize(
    ("change", "param", "code"),
    [
        ({"tools": [{"type": "function"}]}, "tools", "unsupported_parameter"),
        ({"functions": [{}]}, "functions", "unsupported_parameter"),
        ({"tool_choice": "auto"}, "tool_choice", "unsupported_parameter"),
        ({"store": True}, "store", "unsupported_parameter"),
        ({"response_format": {"type": "json_object"}}, "response_format", "unsupported_parameter"),
        ({"n": 2}, "n", "unsupported_value"),
        ({"n": True}, "n", "invalid_value"),
        ({"temperature": 3}, "temperature", "invalid_value"),
        ({"temperature": True}, "temperature", "invalid_value"),
        ({"max_tokens": 0}, "max_tokens", "invalid_value"),
        ({"max_tokens": 1.5}, "max_tokens", "invalid_value"),
        ({"stop": ["a"] * 5}, "stop", "invalid_value"),
        ({"stream": "yes"}, "stream", "invalid_type"),
        ({"stream_options": {"include_usage": True}}, "stream_options", "invalid_value"),
        ({"model": ""}, "model", "missing_required_parameter"),
        ({"messages": []}, "messages", "invalid_type"),
        ({"messages": "hi"}, "messages", "invalid_type"),
        ({"user": 3}, "user", "invalid_type"),
    ],
)
def test_parameters_that_are_refused(change: dict[str, Any], param: str, code: str) -> None:
    with pytest.raises(BadParameter) as caught:
        asked(**change)
    assert (caught.value.param, caught.value.code) == (param, code)


@pytest.mark.parametrize(
    "message",
    [
        {"role": "tool", "content": "x", "tool_call_id": "1"},
        {"role": "function", "content": "x", "name": "f"},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x"}}]},
        {"role": "user", "content": [{"type": "input_audio"}]},
        {"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]},
        {"role": "user", "content": None},
        {"role": "assistant", "content": "x", "tool_calls": [{"id": "1"}]},
        {"role": "user", "content": "x", "extra": 1},
        "hi",
    ],
)
def test_messages_that_are_refused(message: Any) -> None:
    with pytest.raises(BadParameter):
        asked(messages=[message])


def test_limits() -> None:
    with pytest.raises(TooLarge):
        asked(messages=[HELLO["messages"][0]] * 5)
    with pytest.raises(TooLarge):
        asked(messages=[{"role": "user", "content": "x" * 101}])


def test_a_refusal_quotes_no_content() -> None:
    for change in ({"temperature": "canary-1"}, {"stop": {"canary-1": 1}}, {"messages": [{"role": "canary-1"}]}):
        with pytest.raises(Invalid) as caught:
            asked(**change)
        assert "canary" not in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    [
        "model",
        "messages",
        "stream",
        "stream_options",
        "n",
        "user",
        "temperature",
        "stop",
        "seed",
        "tools",
        "x",
        "role",
        "content",
    ]
)


@given(st.dictionaries(FIELDS, JSON))
def test_any_object_is_a_request_or_a_typed_refusal(body: dict[str, Any]) -> None:
    with contextlib.suppress(LockgateError):
        chat.parse(body, LIMITS, {})


@given(JSON)
def test_any_messages_are_a_request_or_a_typed_refusal(messages: Any) -> None:
    for value in (messages, [messages], [{"role": "user", "content": messages}]):
        with contextlib.suppress(LockgateError):
            chat.parse({"model": "m", "messages": value}, LIMITS, {})
