"""OpenAI's Responses API: `POST /v1/responses`. Nothing is stored: a conversation is sent along each time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lockgate.edge.body import BadParameter, Limits
from lockgate.edge.codecs import fields
from lockgate.edge.codecs.frames import frame
from lockgate.edge.codecs.model import Codec, Encoder, Ended, Event, Failed, Parsed, Started, Text
from lockgate.edge.codecs.openai import ROLES, SAMPLING
from lockgate.edge.problems import openai_error
from lockgate.journeys.chat import Ask
from lockgate.journeys.conversation import Turn
from lockgate.ports import Usage

_PASSED: Final = {
    "max_output_tokens": SAMPLING["max_tokens"],
    "temperature": SAMPLING["temperature"],
    "top_p": SAMPLING["top_p"],
}
_RENAMED: Final = {"max_output_tokens": "max_tokens"}
_HANDLED: Final = frozenset({"model", "input", "instructions", "stream", "stream_options", "user"})
_REFUSED: Final = frozenset(
    {
        *("access_programs", "background", "background_options", "context_management", "conversation", "image"),
        *("include", "max_tool_calls", "metadata", "moderation", "parallel_tool_calls", "previous_response_id"),
        *("prompt", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "reasoning"),
        *("safety_identifier", "service_tier", "store", "text", "tool_choice", "tools", "top_logprobs"),
        "truncation",
    }
)
_NEUTRAL: Final[Mapping[str, object]] = {"text": {"format": {"type": "text"}}, "truncation": "disabled"}
_KNOWN: Final = _PASSED.keys() | _HANDLED | _REFUSED
_USED: Final = frozenset({"type", "role", "content", "id", "status"})
_EMPTY: Final = frozenset({"phase"})
_INPUT: Final[Mapping[str, frozenset[str]]] = {"input_text": frozenset()}
_OUTPUT: Final[Mapping[str, frozenset[str]]] = {"output_text": frozenset({"annotations", "logprobs"})}


def _turn(item: object, where: str) -> Turn:
    if not isinstance(item, dict):
        raise BadParameter(f"`{where}` must be an object", where, code="invalid_type")
    if item.get("type", "message") != "message":
        raise BadParameter(
            f"`{where}.type` must be `message`",
            f"{where}.type",
            code="unsupported_content",
            remedy="Tool calls, reasoning and references to stored items are not governed yet. Send messages.",
        )
    said = fields.role(item, where, ROLES)
    fields.only_empty(item, where, _USED, _EMPTY)
    for name in ("id", "status"):  # those of an answer that is sent back; they are not sent on
        fields.string(f"{where}.{name}", item.get(name))
    kinds = _OUTPUT if said == "assistant" else _INPUT
    return Turn(said, fields.text_parts(item.get("content"), where, kinds))


def _turns(body: Mapping[str, Any], limits: Limits) -> tuple[Turn, ...]:
    value = body.get("input")
    instructions = fields.string("instructions", body.get("instructions"))
    turns = [Turn("system", instructions)] if instructions else []
    if isinstance(value, str):
        turns.append(Turn("user", value))
    else:
        items = fields.listed(value, "input", limits)
        turns += [_turn(item, f"input[{i}]") for i, item in enumerate(items)]
    return fields.bounded(turns, limits)


def parse(body: dict[str, Any], limits: Limits, headers: Mapping[str, str]) -> Parsed:
    """Return the request that a JSON object states.

    Raises:
        BadParameter: a parameter is wrong, not governed yet, or unknown; it is named.
        TooLarge: over a limit.

    """
    fields.refuse(body, _REFUSED, _NEUTRAL)
    model = fields.model_name(body)
    fields.string("user", body.get("user"))
    stream = fields.flag("stream", body.get("stream"))
    fields.stream_options(body, "include_obfuscation")
    ask = Ask(
        model,
        _turns(body, limits),
        fields.params(body, _PASSED, _RENAMED),
        extras=fields.extras(body, _KNOWN),
    )
    return Parsed(ask, stream, ResponseShape({name: body.get(name) for name in _PASSED}))


_INCOMPLETE: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}


def _usage(counted: Usage) -> dict[str, Any]:
    return {
        "input_tokens": counted.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": counted.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": counted.prompt_tokens + counted.completion_tokens,
    }


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _item(started: Started, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
    name = f"msg_{started.request_id}"
    return {"id": name, "type": "message", "status": status, "role": "assistant", "content": content}


@dataclass(frozen=True, slots=True)
class ResponseShape:
    """An answer as clients of the Responses API read it. `numbers` are the request's, repeated in the answer."""

    numbers: Mapping[str, object]

    def response(self, started: Started, status: str) -> dict[str, Any]:
        """Return a response object without an answer in it."""
        return {
            "id": f"resp_{started.request_id}",
            "object": "response",
            "created_at": started.created,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "model": started.model,
            "output": [],
            "parallel_tool_calls": False,
            "previous_response_id": None,
            "reasoning": {"effort": None, "summary": None},
            "store": False,
            "text": {"format": {"type": "text"}},
            "tool_choice": "none",
            "tools": [],
            "truncation": "disabled",
            "usage": None,
            "user": None,
            **self.numbers,
        }

    def whole(self, started: Started, ended: Ended) -> dict[str, Any]:
        """See `Shape`."""
        reason = _INCOMPLETE.get(ended.finish)
        status = "incomplete" if reason else "completed"
        return self.response(started, status) | {
            "incomplete_details": {"reason": reason} if reason else None,
            "output": [_item(started, status, [_part(ended.text)])],
            "usage": _usage(ended.usage),
            "lockgate": ended.lockgate,
        }

    def encoder(self) -> Encoder:
        """See `Shape`."""
        return _Stream(self)


@dataclass(slots=True)
class _Stream:
    """A stream of typed events, numbered from 0."""

    shape: ResponseShape
    started: Started = field(default_factory=lambda: Started("", "", 0))
    place: dict[str, Any] = field(default_factory=dict)
    number: int = 0

    def encode(self, event: Event) -> bytes:
        match event:
            case Text():
                if not event.text:
                    return b""
                return self._frame("response.output_text.delta", **self.place, delta=event.text, logprobs=[])
            case Started():
                return self._opening(event)
            case Ended():
                return self._closing(event)
            case Failed():
                error = openai_error(event.error)["error"]
                response = self.shape.response(self.started, "failed") | {
                    "error": {"code": error["code"], "message": error["message"]}
                }
                return self._frame("response.failed", response=response)

    def _opening(self, event: Started) -> bytes:
        self.started = event
        response, item = self.shape.response(event, "in_progress"), _item(event, "in_progress", [])
        self.place = {"item_id": item["id"], "output_index": 0, "content_index": 0}
        return (
            self._frame("response.created", response=response)
            + self._frame("response.in_progress", response=response)
            + self._frame("response.output_item.added", output_index=0, item=item)
            + self._frame("response.content_part.added", **self.place, part=_part(""))
        )

    def _closing(self, event: Ended) -> bytes:
        response = self.shape.whole(self.started, event)
        item = response["output"][0]
        return (
            self._frame("response.output_text.done", **self.place, text=event.text, logprobs=[])
            + self._frame("response.content_part.done", **self.place, part=item["content"][0])
            + self._frame("response.output_item.done", output_index=0, item=item)
            + self._frame(f"response.{response['status']}", response=response)
        )

    def _frame(self, kind: str, **more: object) -> bytes:
        value = {"type": kind, "sequence_number": self.number, **more}
        self.number += 1
        return frame(value, kind)


CODEC: Final = Codec(parse, openai_error)
