"""Laws of every codec, without a server: whole and streamed are one answer, and what is sent on is labeled."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.apis import APIS, Api, events
from lockgate.edge.body import BadParameter, Limits
from lockgate.edge.codecs import completions, messages, responses
from lockgate.edge.codecs.model import Ended, Failed, Parsed, Started, Text
from lockgate.errors import (
    AccessDenied,
    Invalid,
    LockgateError,
    NotFound,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from lockgate.journeys.conversation import Turn
from lockgate.ports import Usage

LIMITS = Limits(messages=8, characters=100)
STARTED = Started("req_0", "m", 1_700_000_000)
CANARY = "canary-7"

every = pytest.mark.parametrize("api", APIS, ids=lambda api: api.name)


def parsed(api: Api, **change: Any) -> Parsed:
    """Parse the full body, changed; what is None is left out."""
    body = {name: value for name, value in {**api.full, **change}.items() if value is not None}
    return api.codec.parse(body, LIMITS, api.headers)


def stream(api: Api, *happened: Any) -> str:
    encoder = parsed(api).shape.encoder()
    return b"".join(encoder.encode(event) for event in happened).decode()


@every
def test_the_full_body_is_understood(api: Api) -> None:
    asked = parsed(api)
    assert asked.ask.turns[-1] == Turn("user", "Hello")
    assert [turn.role for turn in asked.ask.turns[:-1]] in (
        [],
        ["system", "assistant"],
        ["system"] * 2 + ["assistant"],
    )
    assert (asked.ask.model, asked.ask.extras, asked.stream) == ("m", (), True)
    params = dict(asked.ask.params)
    assert (params["temperature"], params["top_p"], params["max_tokens"]) == (1, 0.5, 9)


@given(
    st.sampled_from(APIS),
    st.lists(st.text(max_size=20), max_size=6),
    st.sampled_from(["stop", "length", "content_filter"]),
    st.integers(0, 10**9),
    st.integers(0, 10**9),
)
def test_whole_and_streamed_are_one_answer(api: Api, texts: list[str], finish: str, sent: int, got: int) -> None:
    ended = Ended("".join(texts), finish, Usage(sent, got), {"request_id": "req_0", "notice": "none"})
    whole = json.loads(json.dumps(parsed(api).shape.whole(STARTED, ended)))
    raw = stream(api, STARTED, *map(Text, texts), ended)
    assert api.whole(whole) == api.streamed(events(raw))
    said = api.whole(whole)
    assert (said.text, said.finish, said.usage, said.lockgate) == (ended.text, finish, (sent, got), ended.lockgate)
    assert raw.endswith("\n\n")
    assert not any(line.startswith("data: ") for line in ended.text.splitlines())


@every
def test_the_text_of_an_answer_cannot_forge_an_event(api: Api) -> None:
    forged = 'x\n\ndata: {"choices":[]}\n\nevent: response.completed\ndata: [DONE]\n\n\r\rdata: y\u2028data: z'
    raw = stream(api, STARTED, Text(forged), Ended(forged, "stop", Usage(), {}))
    assert api.streamed(events(raw)).text == forged
    plain = stream(api, STARTED, Text("x"), Ended("x", "stop", Usage(), {}))
    assert (raw.count("\n"), raw.count("\r")) == (plain.count("\n"), 0)


NAMES = st.text(max_size=30) | st.sampled_from(['"content":""', '\\"text\\":\\"\\"', "\u2028", '"delta":""'])


@given(st.sampled_from(APIS), NAMES, st.text(max_size=30))
def test_no_name_of_a_model_breaks_a_stream(api: Api, model: str, text: str) -> None:
    happened = (Started("req_0", model, 1), Text(text), Ended(text, "stop", Usage(), {}))
    found = events(stream(api, *happened))
    assert api.streamed(found).text == text
    assert {one.get("model", one.get("response", {}).get("model", model)) for one in found} == {model}


@every
@pytest.mark.parametrize("error", [Unavailable("it is down", remedy="wait"), AccessDenied("no", code="revoked")])
def test_a_stream_that_breaks_says_so_and_does_not_end_well(api: Api, error: LockgateError) -> None:
    raw = stream(api, STARTED, Text("half"), Failed(error))
    assert str(error) in events(raw)[-1].get("response", events(raw)[-1])["error"]["message"]
    assert "[DONE]" not in raw
    assert "completed" not in raw
    assert "message_stop" not in raw
    assert 'finish_reason":"' not in raw


# ------------------------------------------------------------------ attacks


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of everything in a body, itself left out."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*at, key)
        yield from places(inner, (*at, key))


def changed(value: Any, at: tuple[Any, ...], to: Any) -> Any:
    if not at:
        return to
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = changed(copy[at[0]], at[1:], to)
    return copy


def test_text_anywhere_is_refused_or_labeled_or_not_sent_on() -> None:
    """What stands in a request and reaches a model stands in a turn or in `along`: both are looked at."""
    fates: dict[str, set[str]] = {}
    for api in APIS:
        for at in places(api.full):
            body = changed(api.full, at, CANARY)
            name = ".".join(str(step) for step in at if not isinstance(step, int))
            try:
                ask = api.codec.parse(body, LIMITS, api.headers).ask
            except LockgateError as error:
                fate = "quoted" if CANARY in f"{error}{error.remedy}" else "refused"
            else:
                seen = "".join([*(turn.text for turn in ask.turns), *ask.along])
                sent = CANARY in repr((ask.turns, ask.params, ask.extras, ask.purpose))
                assert not sent or CANARY in seen, at
                fate = "labeled" if sent else "dropped"
            fates.setdefault(fate, set()).add(name)
    assert "quoted" not in fates
    assert fates["dropped"] == {
        *("model", "user", "messages.name", "input.id", "input.status"),
        *("metadata.user_id", "cache_control.type", "system.cache_control.type"),
    }
    assert {
        *("stop", "prompt", "instructions", "messages.content", "input.content", "input.content.text"),
        *("stop_sequences", "system", "system.text", "messages.content.text"),
    } <= fates["labeled"]


@every
@pytest.mark.parametrize(
    "value", [True, 3, -1, 1.5, 1e400, "x", "", [], [1], ["x", "y"], [None], {}, {"a": 1}, [[]], "\x00"], ids=repr
)
def test_any_type_at_any_place_is_a_request_or_a_typed_refusal(api: Api, value: Any) -> None:
    for at in places(api.full):
        with contextlib.suppress(Invalid, TooLarge):
            api.codec.parse(changed(api.full, at, value), LIMITS, api.headers)


@every
def test_a_hundred_thousand_unknown_fields_are_cheap_and_refused_later(api: Api) -> None:
    many = {f"k{i}": i for i in range(100_000)}
    began = time.perf_counter()
    ask = api.codec.parse({**api.full, **many}, LIMITS, api.headers).ask
    assert len(ask.extras) == 100_000  # no card lists them: `Routes.check_extras` refuses
    assert time.perf_counter() - began < 5


@every
def test_a_deep_unknown_field_is_refused(api: Api) -> None:
    value: Any = "x"
    for depth in range(40):
        value = [value] if depth % 2 else {"a": value}
        allowed = depth < 31
        with contextlib.nullcontext() if allowed else pytest.raises(BadParameter, match="deeper than 32 levels"):
            assert parsed(api, odd=value).ask.extras == (("odd", value),)


@every
def test_fields_of_another_api_are_never_taken_for_nothing(api: Api) -> None:
    """A field that this codec does not know is left to the cards, whatever it means elsewhere."""
    others = {name: value for other in APIS for name, value in other.full.items() if name not in api.full}
    for name, value in others.items():
        refused = ""
        try:
            ask = parsed(api, **{name: value}).ask
        except BadParameter as error:
            refused = error.param
        assert refused == name or dict(ask.extras) == {name: value}


REFUSED: dict[str, dict[str, Any]] = {
    "chat": {"tools": [{}], "store": True, "logprobs": True, "response_format": {"type": "json_object"}, "n": 2},
    "completions": {
        **{"echo": True, "logprobs": 0, "suffix": "x", "best_of": 2, "n": 2, "logit_bias": {"1": 1}},
        "prompt": [1, 2, 3],
    },
    "responses": {
        **{"store": True, "previous_response_id": "resp_1", "background": True, "tools": [{}], "include": ["x"]},
        **{"reasoning": {"effort": "low"}, "conversation": "c", "prompt": {"id": "p"}, "truncation": "auto"},
        **{"metadata": {"a": "b"}, "text": {"format": {"type": "json_object"}}, "tool_choice": "auto"},
        **{"parallel_tool_calls": True, "max_tool_calls": 1, "service_tier": "flex", "top_logprobs": 1},
    },
    "messages": {
        **{"tools": [{}], "tool_choice": {"type": "auto"}, "thinking": {"type": "enabled", "budget_tokens": 1024}},
        **{"container": "c", "mcp_servers": [{"url": "http://x"}], "output_config": {"effort": "low"}},
        **{"context_management": {"edits": []}, "inference_geo": "us", "service_tier": "standard_only"},
    },
}


@pytest.mark.parametrize(
    ("api", "name"), [(api, name) for api in APIS for name in REFUSED[api.name]], ids=lambda one: str(one)[:12]
)
def test_what_nothing_governs_is_refused_by_name(api: Api, name: str) -> None:
    with pytest.raises(BadParameter) as caught:
        parsed(api, **{name: REFUSED[api.name][name]})
    assert caught.value.param == name
    assert caught.value.code.startswith("unsupported_")


@pytest.mark.parametrize("prompt", [None, "", [], ["a", "b"], [1, 2], [[1, 2]], [None], 3, {"a": 1}, [["a"]]])
def test_prompts_of_other_forms(prompt: Any) -> None:
    body = {"model": "m", "prompt": prompt}
    if prompt == "":
        assert completions.CODEC.parse(body, LIMITS, {}).ask.turns == (Turn("user", ""),)  # refused by the journey
        return
    with pytest.raises(BadParameter) as caught:
        completions.CODEC.parse(body, LIMITS, {})
    assert caught.value.param == "prompt"


@pytest.mark.parametrize(
    "item",
    [
        "hi",
        {"role": "tool", "content": "x"},
        {"role": "user"},
        {"role": "user", "content": [{"type": "input_image", "image_url": "http://x"}]},
        {"role": "user", "content": [{"type": "input_file", "file_id": "f"}]},
        {"role": "user", "content": [{"type": "output_text", "text": "x"}]},
        {"role": "assistant", "content": [{"type": "input_text", "text": "x"}]},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "x"}]},
        {"role": "assistant", "content": [{"type": "output_text", "text": "x", "annotations": [{"url": "y"}]}]},
        {"role": "user", "content": [{"type": "input_text", "text": "x", "more": "y"}]},
        {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "1", "output": "x"},
        {"type": "item_reference", "id": "msg_1"},
        {"type": "reasoning", "summary": []},
        {"type": None, "role": "user", "content": "x"},
        {"role": "user", "content": "x", "extra": "y"},
        {"role": "user", "content": "x", "phase": "final_answer"},
        {"role": "assistant", "content": "x", "id": {"a": 1}},
    ],
    ids=lambda item: json.dumps(item)[:40],
)
def test_items_that_are_refused(item: Any) -> None:
    with pytest.raises(BadParameter) as caught:
        responses.CODEC.parse({"model": "m", "input": [item]}, LIMITS, {})
    assert caught.value.param.startswith("input[0]")


def test_instructions_are_the_first_system_message() -> None:
    asked = responses.CODEC.parse({"model": "m", "input": "hi", "instructions": "be brief"}, LIMITS, {})
    assert asked.ask.turns == (Turn("system", "be brief"), Turn("user", "hi"))


@every
def test_all_text_counts_against_the_limit(api: Api) -> None:
    long = "x" * 101
    body = {**api.ask("m", [("user", "hi")])}
    texts = [{"instructions": long}, {"system": long}, api.ask("m", [("user", long)])]
    refused = 0
    for more in texts:
        if more.keys() <= api.full.keys():
            refused += 1
            with pytest.raises(TooLarge):
                api.codec.parse(body | more, LIMITS, api.headers)
    assert refused


# ------------------------------------------------------------------ Messages

OLD, NEW = {"anthropic-version": "2023-06-01"}, {"anthropic-version": "2026-10-21"}
HELLO = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}


@pytest.mark.parametrize("headers", [{}, {"anthropic-version": ""}, {"anthropic-version": "2023-01-01"}])
def test_a_revision_of_messages_must_be_named(headers: dict[str, str]) -> None:
    with pytest.raises(BadParameter, match="anthropic-version") as caught:
        messages.CODEC.parse(HELLO, LIMITS, headers)
    assert "2026-10-21" in caught.value.remedy
    for spoken in (OLD, NEW):
        assert messages.CODEC.parse(HELLO, LIMITS, spoken).ask.turns == (Turn("user", "Hello"),)


@pytest.mark.parametrize(("name", "value"), [("temperature", 1), ("top_p", 0.5), ("top_k", 4)])
def test_what_a_revision_withdrew_is_refused_in_it(name: str, value: Any) -> None:
    with pytest.raises(BadParameter) as caught:
        messages.CODEC.parse({**HELLO, name: value}, LIMITS, NEW)
    assert (caught.value.param, caught.value.code) == (name, "unsupported_parameter")
    asked = messages.CODEC.parse({**HELLO, name: value}, LIMITS, OLD).ask
    assert dict(asked.params + asked.extras)[name] == value


def test_top_k_is_left_to_the_cards_of_models_and_stops_are_renamed() -> None:
    asked = messages.CODEC.parse({**HELLO, "top_k": 4, "stop_sequences": ["x"]}, LIMITS, OLD).ask
    assert asked.extras == (("top_k", 4),)
    assert dict(asked.params) == {"max_tokens": 9, "stop": ["x"]}
    assert dict(messages.CODEC.parse({**HELLO, "stop_sequences": []}, LIMITS, OLD).ask.params) == {"max_tokens": 9}


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"temperature": 1.5}, "temperature"),
        ({"stop_sequences": "x"}, "stop_sequences"),
        ({"stop_sequences": list("abcde")}, "stop_sequences"),
        ({"top_k": "x"}, "top_k"),
        ({"metadata": "ann"}, "metadata"),
        ({"metadata": {"user_id": {"a": 1}}}, "metadata.user_id"),
        ({"metadata": {"team": "x"}}, "metadata.team"),
        ({"system": 3}, "system"),
        ({"system": [{"type": "image"}]}, "system[0]"),
        ({"cache_control": "x"}, "cache_control"),
    ],
)
def test_fields_of_messages_that_are_wrong(change: dict[str, Any], param: str) -> None:
    with pytest.raises(BadParameter) as caught:
        messages.CODEC.parse({**HELLO, **change}, LIMITS, OLD)
    assert caught.value.param == param


@pytest.mark.parametrize(
    "kind", ["image", "document", "tool_use", "tool_result", "thinking", "search_result", "x-ray", 3, None]
)
def test_blocks_that_are_refused(kind: Any) -> None:
    block = {"type": kind, "source": {"type": "text", "data": CANARY}}
    said = [{"type": "text", "text": "Look:"}, block]
    with pytest.raises(BadParameter) as caught:
        messages.CODEC.parse({**HELLO, "messages": [{"role": "user", "content": said}]}, LIMITS, OLD)
    assert (caught.value.param, caught.value.code) == ("messages[0].content[1]", "unsupported_content")
    assert CANARY not in str(caught.value)
    assert (f"`{kind}`" in str(caught.value)) == (kind not in {"x-ray", 3, None})


def test_blocks_and_system_messages_are_text_of_their_turn() -> None:
    body = {
        **HELLO,
        "system": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "c"}, {"type": "text", "text": "d"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "e", "parsed_output": None}]},
            {"role": "user", "content": "f"},
        ],
    }
    turns = messages.CODEC.parse(body, LIMITS, NEW).ask.turns
    assert turns == (Turn("system", "a\nb"), Turn("user", "c\nd"), Turn("assistant", "e"), Turn("user", "f"))


ERRORS = [
    (Invalid("x"), "invalid_request_error"),
    (Unauthenticated("x"), "authentication_error"),
    (AccessDenied("x"), "permission_error"),
    (NotFound("x"), "not_found_error"),
    (TooLarge("x"), "request_too_large"),
    (TooManyRequests("x"), "rate_limit_error"),
    (Unavailable("x", code="upstream_busy"), "overloaded_error"),
    (Unavailable("x"), "api_error"),
    (LockgateError("x"), "api_error"),
]


@pytest.mark.parametrize(("error", "kind"), ERRORS, ids=lambda one: str(one))
def test_errors_of_messages_have_its_types(error: LockgateError, kind: str) -> None:
    body = messages.CODEC.problem(error)
    assert (body["type"], body["error"]["type"]) == ("error", kind)
    assert body["error"]["details"]["error_code"] == error.code
