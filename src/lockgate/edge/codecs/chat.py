"""OpenAI's chat completions: `POST /v1/chat/completions`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lockgate.edge.body import BadParameter, Limits
from lockgate.edge.codecs import fields
from lockgate.edge.codecs.frames import Template, frame
from lockgate.edge.codecs.model import Codec, Encoder, Ended, Event, Failed, Parsed, Started, Text
from lockgate.edge.codecs.openai import DONE, ROLES, SAMPLING, usage
from lockgate.edge.problems import openai_error
from lockgate.journeys.chat import Ask
from lockgate.journeys.conversation import Turn

_PASSED: Final = {**SAMPLING, "max_completion_tokens": fields.whole_from(1)}
_HANDLED: Final = frozenset({"model", "messages", "stream", "stream_options", "n", "user"})
_REFUSED: Final = frozenset(
    {
        *("audio", "function_call", "functions", "logit_bias", "logprobs", "metadata", "modalities"),
        *("parallel_tool_calls", "prediction", "prompt_cache_key", "reasoning_effort", "response_format"),
        *("safety_identifier", "service_tier", "store", "tool_choice", "tools", "top_logprobs", "verbosity"),
        "web_search_options",
    }
)
_NEUTRAL: Final = {"response_format": {"type": "text"}}
_KNOWN: Final = _PASSED.keys() | _HANDLED | _REFUSED
_USED: Final = frozenset({"role", "content", "name"})
_EMPTY: Final = frozenset({"refusal", "audio", "function_call", "tool_calls", "annotations"})
"""Fields of a message that client libraries send back empty; with content they are refused."""
_PARTS: Final[Mapping[str, frozenset[str]]] = {"text": frozenset()}


def _turn(message: object, where: str) -> Turn:
    if not isinstance(message, dict):
        raise BadParameter(f"`{where}` must be an object", where, code="invalid_type")
    said = fields.role(message, where, ROLES)
    fields.only_empty(message, where, _USED, _EMPTY)
    fields.string(f"{where}.name", message.get("name"))  # a name is not sent on
    return Turn(said, fields.text_parts(message.get("content"), where, _PARTS))


def parse(body: dict[str, Any], limits: Limits, headers: Mapping[str, str]) -> Parsed:
    """Return the request that a JSON object states.

    Raises:
        BadParameter: a parameter is wrong, not governed yet, or unknown; it is named.
        TooLarge: over a limit.

    """
    fields.refuse(body, _REFUSED, _NEUTRAL)
    model = fields.model_name(body)
    fields.one_only(body, "n")
    fields.string("user", body.get("user"))
    stream = fields.flag("stream", body.get("stream"))
    listed = fields.listed(body.get("messages"), "messages", limits)
    turns = fields.bounded([_turn(message, f"messages[{i}]") for i, message in enumerate(listed)], limits)
    options = fields.stream_options(body, "include_usage", "include_obfuscation")
    ask = Ask(model, turns, fields.params(body, _PASSED), extras=fields.extras(body, _KNOWN))
    return Parsed(ask, stream, ChatShape(options.get("include_usage", False)))


def _base(started: Started, kind: str) -> dict[str, Any]:
    name = f"chatcmpl-{started.request_id}"
    return {"id": name, "object": kind, "created": started.created, "model": started.model}


@dataclass(frozen=True, slots=True)
class ChatShape:
    """An answer as OpenAI's chat clients read it."""

    include_usage: bool = False

    def whole(self, started: Started, ended: Ended) -> dict[str, Any]:
        """See `Shape`."""
        message = {"role": "assistant", "content": ended.text, "refusal": None}
        return _base(started, "chat.completion") | {
            "choices": [{"index": 0, "message": message, "finish_reason": ended.finish, "logprobs": None}],
            "usage": usage(ended.usage),
            "lockgate": ended.lockgate,
        }

    def encoder(self) -> Encoder:
        """See `Shape`."""
        return _Stream(self.include_usage)


@dataclass(slots=True)
class _Stream:
    include_usage: bool
    base: dict[str, Any] = field(default_factory=dict)
    piece: Template = field(default_factory=Template)

    def encode(self, event: Event) -> bytes:
        match event:
            case Text():
                return self.piece.filled(event.text) if event.text else b""
            case Started():
                self.base = _base(event, "chat.completion.chunk")
                self.piece = Template.of(self._chunk({"content": ""}), "content")
                return self._chunk({"role": "assistant", "content": "", "refusal": None})
            case Ended():
                counted = frame(self.base | {"choices": [], "usage": usage(event.usage)})
                last = self._chunk({}, event.finish, lockgate=event.lockgate)
                return last + (counted if self.include_usage else b"") + DONE
            case Failed():
                return frame(openai_error(event.error))

    def _chunk(self, delta: dict[str, Any], finish: str | None = None, **more: object) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        extra = {"usage": None} if self.include_usage else {}
        return frame({**self.base, **extra, "choices": [choice], **more})


CODEC: Final = Codec(parse, openai_error)
