"""Anthropic's Messages API: `POST /v1/messages`. Text alone: tools, thinking and documents are refused by name.

Two revisions of it are spoken (header `anthropic-version`). They differ in what is sampled by: 2026-10-21 has no
`temperature`, `top_p` and `top_k` any more, and refuses them whatever they say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lockgate.edge.body import BadParameter, Limits
from lockgate.edge.codecs import fields
from lockgate.edge.codecs.anthropic import KEY_HEADER, REQUEST_ID, anthropic_error, revision
from lockgate.edge.codecs.frames import Template, frame
from lockgate.edge.codecs.model import Codec, Encoder, Ended, Event, Failed, Parsed, Started, Text
from lockgate.journeys.chat import Ask
from lockgate.journeys.conversation import Turn
from lockgate.ports import Usage

_STOPS: Final = "stop_sequences"


def _stops(name: str, value: object) -> object:
    if not isinstance(value, list):
        raise BadParameter(f"`{name}` must be a list of up to four strings", name, code="invalid_type")
    return fields.stops(name, value)


_SAMPLING: Final[Mapping[str, fields.Check]] = {"temperature": fields.between(0, 1), "top_p": fields.between(0, 1)}
_PASSED: Final[Mapping[str, fields.Check]] = {
    **_SAMPLING,
    "max_tokens": fields.whole_from(1),
    _STOPS: _stops,
}
_RENAMED: Final = {_STOPS: "stop"}
_LISTED: Final[Mapping[str, fields.Check]] = {"top_k": fields.whole_from(1)}
"""Passed on only where every model that may answer lists it: OpenAI-compatible servers do not all know it."""
_WITHDRAWN: Final = frozenset({*_SAMPLING, *_LISTED})
"""What the revision 2026-10-21 does not have any more."""

_HANDLED: Final = frozenset({"model", "messages", "system", "stream", "metadata", "cache_control"})
_REFUSED: Final = frozenset(
    {
        *("betas", "container", "context_management", "diagnostics", "fallbacks", "inference_geo", "mcp_servers"),
        *("output_config", "output_format", "service_tier", "speed", "thinking", "tool_choice", "tools"),
        "user_profile_id",
    }
)
_NEUTRAL: Final[Mapping[str, object]] = {
    "service_tier": "auto",
    "speed": "standard",
    "thinking": {"type": "disabled"},
    "tool_choice": {"type": "none"},
}
_KNOWN: Final = _PASSED.keys() | _LISTED.keys() | _HANDLED | _REFUSED
_ROLES: Final = {"user": "user", "assistant": "assistant", "system": "system"}
_MESSAGE: Final = frozenset({"role", "content"})
_BLOCK: Final = frozenset({"type", "text", "cache_control"})
_EMPTY: Final = frozenset({"citations", "parsed_output"})
"""Fields of a block of text that client libraries send back empty."""
_OTHER: Final = frozenset(
    {
        *("image", "document", "search_result", "container_upload", "thinking", "redacted_thinking", "tool_use"),
        *("tool_result", "server_tool_use", "web_search_tool_result", "mcp_tool_use", "mcp_tool_result"),
    }
)
"""Kinds of blocks that are refused by name."""


def _cache(item: Mapping[str, Any], where: str) -> None:
    """Take a hint to keep a prompt in a cache. It is not sent on: nothing here is kept."""
    hint = item.get("cache_control")
    if hint is not None and not isinstance(hint, dict):
        name = f"{where}.cache_control" if where else "cache_control"
        raise BadParameter(f"`{name}` must be an object", name, code="invalid_type")


def _block(block: object, where: str) -> str:
    kind = block.get("type") if isinstance(block, dict) else None
    if not isinstance(block, dict) or kind != "text" or not isinstance(block.get("text"), str):
        named = isinstance(kind, str) and kind in _OTHER
        raise BadParameter(
            f"`{where}` is a block of type `{kind}`, which is not supported"
            if named
            else f"`{where}` must be a block of type `text` with a text",
            where,
            code="unsupported_content",
            remedy="Images, documents, tool calls and thinking are not governed yet. Send text.",
        )
    _cache(block, where)
    fields.only_empty(block, where, _BLOCK, _EMPTY)
    text: str = block["text"]
    return text


def _text(content: object, where: str) -> str:
    """Return the text of a message or of `system`: a string, or blocks of text joined by line ends."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise BadParameter(f"`{where}` must be a string or a list of blocks of text", where, code="invalid_type")
    return "\n".join(_block(one, f"{where}[{i}]") for i, one in enumerate(content))


def _turn(message: object, where: str) -> Turn:
    if not isinstance(message, dict):
        raise BadParameter(f"`{where}` must be an object", where, code="invalid_type")
    said = fields.role(message, where, _ROLES)
    fields.only_empty(message, where, _MESSAGE, frozenset())
    return Turn(said, _text(message.get("content"), f"{where}.content"))


def _turns(body: Mapping[str, Any], limits: Limits) -> tuple[Turn, ...]:
    system = "" if body.get("system") is None else _text(body["system"], "system")
    listed = fields.listed(body.get("messages"), "messages", limits)
    turns = [_turn(message, f"messages[{i}]") for i, message in enumerate(listed)]
    return fields.bounded([*([Turn("system", system)] if system else []), *turns], limits)


def _metadata(body: Mapping[str, Any]) -> None:
    """Take the name that a client gives its user, as a text. It proves nothing, so nothing is made of it."""
    value = body.get("metadata")
    if value is None:
        return
    if not isinstance(value, dict):
        raise BadParameter("`metadata` must be an object", "metadata", code="invalid_type")
    fields.only_empty(value, "metadata", frozenset({"user_id"}), frozenset())
    fields.string("metadata.user_id", value.get("user_id"))


def parse(body: dict[str, Any], limits: Limits, headers: Mapping[str, str]) -> Parsed:
    """Return the request that a JSON object states.

    Raises:
        BadParameter: a parameter is wrong, not governed yet, or unknown; it is named.
        TooLarge: over a limit.

    """
    spoken = revision(headers)
    for name in sorted(_WITHDRAWN & body.keys()):
        if spoken.sampled or body[name] is None:
            continue
        raise BadParameter(
            f"`{name}` is not part of this revision of the API",
            name,
            code="unsupported_parameter",
            remedy="Leave it out, or send `anthropic-version: 2023-06-01`.",
        )
    fields.refuse(body, _REFUSED, _NEUTRAL)
    model = fields.model_name(body)
    if body.get("max_tokens") is None:
        raise BadParameter("`max_tokens` is missing", "max_tokens", code="missing_required_parameter")
    _metadata(body)
    _cache(body, "")
    stream = fields.flag("stream", body.get("stream"))
    turns = _turns(body, limits)
    given = {name: value for name, value in body.items() if name != _STOPS or value != []}
    extras = fields.params(body, _LISTED) + fields.extras(body, _KNOWN)
    return Parsed(
        Ask(model, turns, fields.params(given, _PASSED, _RENAMED), extras=extras), stream, MessageShape()
    )


_REASONS: Final = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}


def _usage(counted: Usage) -> dict[str, int]:
    return {"input_tokens": counted.prompt_tokens, "output_tokens": counted.completion_tokens}


def _message(started: Started, content: list[dict[str, Any]], reason: str | None, used: Usage) -> dict[str, Any]:
    return {
        "id": f"msg_{started.request_id}",
        "type": "message",
        "role": "assistant",
        "model": started.model,
        "content": content,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {**_usage(used), "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0},
    }


@dataclass(frozen=True, slots=True)
class MessageShape:
    """An answer as clients of the Messages API read it."""

    def whole(self, started: Started, ended: Ended) -> dict[str, Any]:
        """See `Shape`."""
        block = {"type": "text", "text": ended.text, "citations": None}
        return _message(started, [block], _REASONS[ended.finish], ended.usage) | {"lockgate": ended.lockgate}

    def encoder(self) -> Encoder:
        """See `Shape`."""
        return _Stream()


@dataclass(slots=True)
class _Stream:
    """A stream of named events. How many tokens a prompt has is known at its end alone, and said there."""

    piece: Template = field(default_factory=Template)

    def encode(self, event: Event) -> bytes:
        match event:
            case Text():
                return self.piece.filled(event.text) if event.text else b""
            case Started():
                self.piece = Template.of(
                    _frame("content_block_delta", index=0, delta={"type": "text_delta", "text": ""}), "text"
                )
                return (
                    _frame("message_start", message=_message(event, [], None, Usage()))
                    + _frame(
                        "content_block_start",
                        index=0,
                        content_block={"type": "text", "text": "", "citations": None},
                    )
                    + _frame("ping")
                )
            case Ended():
                delta = {"stop_reason": _REASONS[event.finish], "stop_sequence": None}
                return (
                    _frame("content_block_stop", index=0)
                    + _frame("message_delta", delta=delta, usage=_usage(event.usage), lockgate=event.lockgate)
                    + _frame("message_stop")
                )
            case Failed():
                return frame(anthropic_error(event.error), "error")


def _frame(kind: str, **more: object) -> bytes:
    return frame({"type": kind, **more}, kind)


CODEC: Final = Codec(parse, anthropic_error, KEY_HEADER, REQUEST_ID)
