"""Every API that answers a question, as tests drive it: one row for each codec. A new codec joins here."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lockgate.edge.codecs import chat, completions, messages, responses
from lockgate.edge.codecs.model import Codec

Turns = Sequence[tuple[str, str]]
"""Role (system, user, assistant) and text."""


@dataclass(frozen=True)
class Said:
    """An answer, whatever API it came through; `finish` in our words, `usage` as tokens in and out."""

    text: str
    finish: str
    usage: tuple[int, int]
    lockgate: dict[str, Any]


@dataclass(frozen=True)
class Api:
    """One API.

    Attributes:
        name: for test ids.
        path: of its route.
        codec: what is tested without a server.
        full: a valid body that uses every field that is taken.
        ask: makes a body of a model's name and turns.
        more: what a body needs so that a stream carries usage.
        whole: reads an answer.
        streamed: reads the data of a stream's events.
        stop: the name of a parameter with text that is passed on; empty where there is none.
        talks: it takes more than one turn.
        headers: what its clients send with every request.
        code: reads the code of an error.

    """

    name: str
    path: str
    codec: Codec
    full: dict[str, Any]
    ask: Callable[[str, Turns], dict[str, Any]]
    whole: Callable[[dict[str, Any]], Said]
    streamed: Callable[[list[dict[str, Any]]], Said]
    more: dict[str, Any]
    stop: str = ""
    talks: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    code: Callable[[dict[str, Any]], str] = lambda body: str(body["error"]["code"])


def events(raw: str) -> list[dict[str, Any]]:
    """Return the data of a stream's events, the closing mark left out."""
    data = [line.removeprefix("data: ") for line in raw.splitlines() if line.startswith("data: ")]
    return [json.loads(one) for one in data if one != "[DONE]"]


def _tokens(usage: dict[str, int]) -> tuple[int, int]:
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    return usage["prompt_tokens"], usage["completion_tokens"]


def _chat_ask(model: str, turns: Turns) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": role, "content": text} for role, text in turns]}


def _chat_whole(body: dict[str, Any]) -> Said:
    (choice,) = body["choices"]
    return Said(choice["message"]["content"], choice["finish_reason"], _tokens(body["usage"]), body["lockgate"])


def _choices(found: list[dict[str, Any]], text: Callable[[dict[str, Any]], str]) -> Said:
    *chunks, last = found
    assert last["choices"] == []
    assert all(one["usage"] is None for one in chunks)
    ends = [one["choices"][0]["finish_reason"] for one in chunks]
    assert not any(ends[:-1])
    said = "".join(text(one["choices"][0]) for one in chunks)
    return Said(said, ends[-1], _tokens(last["usage"]), chunks[-1]["lockgate"])


def _chat_streamed(found: list[dict[str, Any]]) -> Said:
    assert found[0]["choices"][0]["delta"]["role"] == "assistant"
    return _choices(found, lambda choice: choice["delta"].get("content") or "")


def _completion_ask(model: str, turns: Turns) -> dict[str, Any]:
    return {"model": model, "prompt": turns[-1][1]}


def _completion_whole(body: dict[str, Any]) -> Said:
    (choice,) = body["choices"]
    return Said(choice["text"], choice["finish_reason"], _tokens(body["usage"]), body["lockgate"])


def _response_ask(model: str, turns: Turns) -> dict[str, Any]:
    return {"model": model, "input": [{"role": role, "content": text} for role, text in turns]}


_REASONS: Final = {"max_output_tokens": "length", "content_filter": "content_filter"}


def _response_whole(body: dict[str, Any]) -> Said:
    (item,) = body["output"]
    (part,) = item["content"]
    details = body["incomplete_details"]
    assert body["status"] == item["status"] == ("incomplete" if details else "completed")
    assert body["store"] is False
    finish = _REASONS[details["reason"]] if details else "stop"
    usage = body["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    return Said(part["text"], finish, (usage["input_tokens"], usage["output_tokens"]), body["lockgate"])


_OPENING: Final = ("created", "in_progress", "output_item.added", "content_part.added")
_CLOSING: Final = ("output_text.done", "content_part.done", "output_item.done")


def _response_streamed(found: list[dict[str, Any]]) -> Said:
    kinds = [one["type"].removeprefix("response.") for one in found]
    assert [one["sequence_number"] for one in found] == list(range(len(found)))
    assert tuple(kinds[:4]) == _OPENING
    assert set(kinds[4:-4]) <= {"output_text.delta"}
    assert tuple(kinds[-4:-1]) == _CLOSING
    assert kinds[-1] == found[-1]["response"]["status"]
    said = _response_whole(found[-1]["response"])
    assert "".join(one["delta"] for one in found[4:-4]) == said.text == found[-4]["text"]
    assert found[-3]["part"] == found[-2]["item"]["content"][0] == found[-1]["response"]["output"][0]["content"][0]
    return said


def _message_ask(model: str, turns: Turns) -> dict[str, Any]:
    system = "\n".join(text for role, text in turns if role == "system")
    said = [{"role": role, "content": text} for role, text in turns if role != "system"]
    return {"model": model, "max_tokens": 1024, "messages": said} | ({"system": system} if system else {})


_STOPPED: Final = {"end_turn": "stop", "max_tokens": "length", "refusal": "content_filter"}


def _message_whole(body: dict[str, Any]) -> Said:
    (block,) = body["content"]
    assert (body["type"], body["role"], block["type"]) == ("message", "assistant", "text")
    used = body["usage"]
    tokens = (used["input_tokens"], used["output_tokens"])
    return Said(block["text"], _STOPPED[body["stop_reason"]], tokens, body["lockgate"])


def _message_streamed(found: list[dict[str, Any]]) -> Said:
    kinds = [one["type"] for one in found]
    assert kinds[:3] == ["message_start", "content_block_start", "ping"]
    assert set(kinds[3:-3]) <= {"content_block_delta"}
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert found[0]["message"]["content"] == []
    assert found[0]["message"]["stop_reason"] is None
    text = "".join(one["delta"]["text"] for one in found[3:-3])
    last = found[-2]
    used = last["usage"]
    tokens = (used["input_tokens"], used["output_tokens"])
    return Said(text, _STOPPED[last["delta"]["stop_reason"]], tokens, last["lockgate"])


APIS: Final = (
    Api(
        "chat",
        "/v1/chat/completions",
        chat.CODEC,
        {
            "model": "m",
            "messages": [
                {"role": "developer", "content": "Be brief.", "name": "d"},
                {"role": "assistant", "content": [{"type": "text", "text": "Hi."}], "refusal": None},
                {"role": "user", "content": "Hello"},
            ],
            **{"temperature": 1, "top_p": 0.5, "presence_penalty": 0, "frequency_penalty": 0, "seed": 1, "n": 1},
            **{"max_tokens": 9, "max_completion_tokens": 9, "stop": ["s"], "user": "u", "stream": True},
            "stream_options": {"include_usage": True, "include_obfuscation": False},
        },
        _chat_ask,
        _chat_whole,
        _chat_streamed,
        {"stream_options": {"include_usage": True}},
        stop="stop",
    ),
    Api(
        "completions",
        "/v1/completions",
        completions.CODEC,
        {
            "model": "m",
            "prompt": ["Hello"],
            **{"temperature": 1, "top_p": 0.5, "presence_penalty": 0, "frequency_penalty": 0, "seed": 1, "n": 1},
            **{"best_of": 1, "max_tokens": 9, "stop": ["s"], "user": "u", "stream": True},
            "stream_options": {"include_usage": True, "include_obfuscation": False},
        },
        _completion_ask,
        _completion_whole,
        lambda found: _choices(found, lambda choice: choice["text"]),
        {"stream_options": {"include_usage": True}},
        stop="stop",
        talks=False,
    ),
    Api(
        "responses",
        "/v1/responses",
        responses.CODEC,
        {
            "model": "m",
            "instructions": "Be brief.",
            "input": [
                {"role": "developer", "content": [{"type": "input_text", "text": "In English."}]},
                {
                    **{
                        "type": "message",
                        "id": "msg_1",
                        "status": "completed",
                        "role": "assistant",
                        "phase": None,
                    },
                    "content": [{"type": "output_text", "text": "Hi.", "annotations": [], "logprobs": None}],
                },
                {"role": "user", "content": "Hello", "type": "message"},
            ],
            **{"temperature": 1, "top_p": 0.5, "max_output_tokens": 9, "user": "u", "stream": True},
            "stream_options": {"include_obfuscation": False},
        },
        _response_ask,
        _response_whole,
        _response_streamed,
        {},
    ),
    Api(
        "messages",
        "/v1/messages",
        messages.CODEC,
        {
            "model": "m",
            "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
            "messages": [
                {"role": "system", "content": "In English."},
                {"role": "assistant", "content": [{"type": "text", "text": "Hi.", "citations": None}]},
                {"role": "user", "content": "Hello"},
            ],
            **{"temperature": 1, "top_p": 0.5, "max_tokens": 9, "stop_sequences": ["s"], "stream": True},
            **{"metadata": {"user_id": "u"}, "cache_control": {"type": "ephemeral"}},
        },
        _message_ask,
        _message_whole,
        _message_streamed,
        {},
        stop="stop_sequences",
        headers={"anthropic-version": "2023-06-01"},
        code=lambda body: str(body["error"]["details"]["error_code"]),
    ),
)
