"""OpenAI's legacy text completions: `POST /v1/completions`. The prompt is a question of one message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lockgate.edge.body import BadParameter, Limits
from lockgate.edge.codecs import fields
from lockgate.edge.codecs.frames import Template, frame
from lockgate.edge.codecs.model import Codec, Encoder, Ended, Event, Failed, Parsed, Started, Text
from lockgate.edge.codecs.openai import DONE, SAMPLING, usage
from lockgate.edge.problems import openai_error
from lockgate.journeys.chat import Ask
from lockgate.journeys.conversation import Turn

_HANDLED: Final = frozenset({"model", "prompt", "stream", "stream_options", "n", "best_of", "user"})
_REFUSED: Final = frozenset({"echo", "logit_bias", "logprobs", "suffix"})
_KNOWN: Final = SAMPLING.keys() | _HANDLED | _REFUSED


def _prompt(value: object) -> str:
    only = value[0] if isinstance(value, list) and len(value) == 1 else value
    if isinstance(only, str):
        return only
    raise BadParameter(
        "`prompt` must be a string, or a list of one string",
        "prompt",
        code="unsupported_content" if isinstance(value, list) else "invalid_type",
        remedy="Send one request for each prompt, as text and not as tokens.",
    )


def parse(body: dict[str, Any], limits: Limits, headers: Mapping[str, str]) -> Parsed:
    """Return the request that a JSON object states.

    Raises:
        BadParameter: a parameter is wrong, not governed yet, or unknown; it is named.
        TooLarge: over a limit.

    """
    fields.refuse(body, _REFUSED)
    model = fields.model_name(body)
    fields.one_only(body, "n")
    fields.one_only(body, "best_of")
    fields.string("user", body.get("user"))
    stream = fields.flag("stream", body.get("stream"))
    turns = fields.bounded([Turn("user", _prompt(body.get("prompt")))], limits)
    options = fields.stream_options(body, "include_usage", "include_obfuscation")
    ask = Ask(model, turns, fields.params(body, SAMPLING), extras=fields.extras(body, _KNOWN))
    return Parsed(ask, stream, CompletionShape(options.get("include_usage", False)))


def _base(started: Started) -> dict[str, Any]:
    name = f"cmpl-{started.request_id}"
    return {"id": name, "object": "text_completion", "created": started.created, "model": started.model}


def _choice(text: str, finish: str | None = None) -> list[dict[str, Any]]:
    return [{"index": 0, "text": text, "finish_reason": finish, "logprobs": None}]


@dataclass(frozen=True, slots=True)
class CompletionShape:
    """An answer as clients of legacy completions read it."""

    include_usage: bool = False

    def whole(self, started: Started, ended: Ended) -> dict[str, Any]:
        """See `Shape`."""
        return _base(started) | {
            "choices": _choice(ended.text, ended.finish),
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
                self.base = _base(event) | ({"usage": None} if self.include_usage else {})
                self.piece = Template.of(frame({**self.base, "choices": _choice("")}), "text")
                return b""
            case Ended():
                last = {**self.base, "choices": _choice("", event.finish), "lockgate": event.lockgate}
                counted = {**self.base, "choices": [], "usage": usage(event.usage)}
                return frame(last) + (frame(counted) if self.include_usage else b"") + DONE
            case Failed():
                return frame(openai_error(event.error))


CODEC: Final = Codec(parse, openai_error)
