"""Parse a chat completion request into an `Ask`, once, into frozen types.

Every parameter is either passed on, handled here, refused because no stage governs it yet, or unknown. There is
no fifth kind: nothing reaches an upstream that was not looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from lockgate.edge.body import BadParameter, Limits
from lockgate.errors import TooLarge
from lockgate.journeys.chat import Ask
from lockgate.journeys.conversation import Turn

_NUMBERS: Final = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
}
_COUNTS: Final = ("max_tokens", "max_completion_tokens")
_PASSED: Final = {*_NUMBERS, *_COUNTS, "seed", "stop"}
_HANDLED: Final = {"model", "messages", "stream", "stream_options", "n", "user"}
_REFUSED: Final = frozenset(
    {
        *("audio", "function_call", "functions", "logit_bias", "logprobs", "metadata", "modalities"),
        *("parallel_tool_calls", "prediction", "prompt_cache_key", "reasoning_effort", "response_format"),
        *("safety_identifier", "service_tier", "store", "tool_choice", "tools", "top_logprobs", "verbosity"),
        "web_search_options",
    }
)
_ROLES: Final = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_EMPTY_OK: Final = frozenset({"refusal", "audio", "function_call", "tool_calls", "annotations", "name"})
"""Fields of a message that client libraries send back empty; with content they are refused, `name` excepted."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What the client asked, and how it wants the answer."""

    ask: Ask
    stream: bool
    include_usage: bool


def _number(name: str, value: object, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadParameter(f"`{name}` must be a number from {low} to {high}", name)
    return value


def _integer(name: str, value: object, low: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise BadParameter(f"`{name}` must be a whole number from {low}", name)
    return value


def _stop(value: object) -> object:
    several = [value] if isinstance(value, str) else value
    if not isinstance(several, list) or not 1 <= len(several) <= 4 or not all(isinstance(s, str) for s in several):
        raise BadParameter("`stop` must be a string or a list of up to four strings", "stop")
    return value


def _params(body: dict[str, Any]) -> tuple[tuple[str, object], ...]:
    params: list[tuple[str, object]] = []
    for name in sorted(_PASSED & body.keys()):
        value = body[name]
        if value is None:
            continue
        if name in _NUMBERS:
            value = _number(name, value, *_NUMBERS[name])
        elif name in _COUNTS:
            value = _integer(name, value, 1)
        elif name == "seed":
            value = _integer(name, value, -(2**63))
        else:
            value = _stop(value)
        params.append((name, value))
    return tuple(params)


def _text(content: object, where: str) -> str:
    """Return the text of a message's content: a string, or a list of text parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise BadParameter(f"`{where}.content` must be text", where, code="invalid_type")
    texts = []
    for part in content:
        if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
            raise BadParameter(
                f"`{where}.content` may hold text parts only",
                where,
                code="unsupported_content",
                remedy="Images, audio and files are not governed yet, so they are refused.",
            )
        texts.append(part["text"])
    return "\n".join(texts)


def _turn(message: object, where: str) -> Turn:
    if not isinstance(message, dict):
        raise BadParameter(f"`{where}` must be an object", where, code="invalid_type")
    role = message.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise BadParameter(
            f"`{where}.role` must be one of: {', '.join(sorted(_ROLES))}", f"{where}.role", code="unsupported_role"
        )
    for name, value in message.items():
        if name in ("role", "content") or (name in _EMPTY_OK and not value) or name == "name":
            continue
        code = "unsupported_parameter" if name in _EMPTY_OK else "unknown_parameter"
        raise BadParameter(f"`{where}.{name[:60]}` is not supported", f"{where}.{name[:60]}", code=code)
    return Turn(_ROLES[role], _text(message.get("content"), where))


def _turns(value: object, limits: Limits) -> tuple[Turn, ...]:
    if not isinstance(value, list) or not value:
        raise BadParameter("`messages` must be a non-empty list", "messages", code="invalid_type")
    if len(value) > limits.messages:
        raise TooLarge(f"`messages` has more than {limits.messages} entries")
    turns = tuple(_turn(message, f"messages[{i}]") for i, message in enumerate(value))
    if sum(len(turn.text) for turn in turns) > limits.characters:
        raise TooLarge(f"the messages are longer than {limits.characters} characters together")
    return turns


def _flag(value: object, name: str) -> bool:
    if value is None:
        return False
    if not isinstance(value, bool):
        raise BadParameter(f"`{name}` must be true or false", name, code="invalid_type")
    return value


def _include_usage(options: object, *, stream: bool) -> bool:
    if options is None:
        return False
    if not stream or not isinstance(options, dict) or set(options) - {"include_usage", "include_obfuscation"}:
        raise BadParameter("`stream_options` takes `include_usage`, and only with `stream`", "stream_options")
    return _flag(options.get("include_usage"), "stream_options.include_usage")


def parse_chat(body: dict[str, Any], limits: Limits, purpose: str = "") -> ChatRequest:
    """Return the request that a JSON object states.

    Raises:
        BadParameter: a parameter is wrong, not governed yet, or unknown; it is named.
        TooLarge: over a limit.

    """
    for name in sorted(_REFUSED & body.keys()):
        neutral = name == "response_format" and body[name] == {"type": "text"}
        if body[name] not in (None, [], False) and not neutral:
            raise BadParameter(
                f"`{name}` is not supported",
                name,
                code="unsupported_parameter",
                remedy="It is not governed yet, so it is refused. Leave it out.",
            )
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise BadParameter("`model` must be the name of a model", "model", code="missing_required_parameter")
    if body.get("n") is not None and _integer("n", body["n"], 1) != 1:
        raise BadParameter("`n` must be 1", "n", code="unsupported_value")
    if not isinstance(body.get("user", ""), str):
        raise BadParameter("`user` must be a string", "user", code="invalid_type")
    stream = _flag(body.get("stream"), "stream")
    known = _PASSED | _HANDLED | _REFUSED
    extras = tuple((name, body[name]) for name in sorted(body.keys() - known))
    ask = Ask(model, _turns(body.get("messages"), limits), _params(body), purpose, extras)
    return ChatRequest(ask, stream, _include_usage(body.get("stream_options"), stream=stream))
