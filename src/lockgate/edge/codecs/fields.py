"""Checks of fields that codecs share. A refusal names the field and never quotes its value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any, Final, TypeAlias

from lockgate.edge.body import BadParameter, Limits
from lockgate.errors import TooLarge
from lockgate.journeys.conversation import Turn

Check: TypeAlias = Callable[[str, object], object]
"""Takes a field's name and its value, returns the value to pass on, or raises `BadParameter`."""

SHOWN: Final = 60
"""Characters of a name of the client's own that a refusal repeats."""

_DEPTH: Final = 32
"""Levels of lists and objects in a parameter that is passed on unread: writers of JSON have limits too."""


def between(low: float, high: float) -> Check:
    """Return the check of a number within bounds, both included."""

    def check(name: str, value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise BadParameter(f"`{name}` must be a number from {low} to {high}", name)
        return value

    return check


def whole_from(low: int) -> Check:
    """Return the check of a whole number that is at least `low`."""

    def check(name: str, value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            raise BadParameter(f"`{name}` must be a whole number from {low}", name)
        return value

    return check


def stops(name: str, value: object) -> object:
    """Check stop sequences: a string, or a list of one to four."""
    several = [value] if isinstance(value, str) else value
    if not isinstance(several, list) or not 1 <= len(several) <= 4 or not all(isinstance(s, str) for s in several):
        raise BadParameter(f"`{name}` must be a string or a list of up to four strings", name)
    return value


def params(
    body: Mapping[str, Any], checks: Mapping[str, Check], renamed: Mapping[str, str] | None = None
) -> tuple[tuple[str, object], ...]:
    """Return the parameters to pass on, checked, under the names that upstreams know; null is absent."""
    names = renamed or {}
    return tuple(
        (names.get(name, name), checks[name](name, body[name]))
        for name in sorted(checks.keys() & body.keys())
        if body[name] is not None
    )


def extras(body: Mapping[str, Any], known: Set[str]) -> tuple[tuple[str, object], ...]:
    """Return what no codec knows: refused later, unless every model that may answer lists it."""
    found = tuple((name, body[name]) for name in sorted(body.keys() - known))
    for name, value in found:
        if _deeper_than(_DEPTH, value):
            raise BadParameter(f"`{name[:SHOWN]}` is nested deeper than {_DEPTH} levels", name[:SHOWN])
    return found


def _deeper_than(levels: int, value: object) -> bool:
    inner: list[object] = [value]
    for _ in range(levels):
        inner = [
            below
            for one in inner
            if isinstance(one, dict | list)
            for below in (one.values() if isinstance(one, dict) else one)
        ]
        if not inner:
            return False
    return True


def _asks_nothing(value: object) -> bool:
    return value is None or value is False or value == []


def refuse(body: Mapping[str, Any], names: Set[str], neutral: Mapping[str, object] | None = None) -> None:
    """Refuse what nothing governs yet. Null, false, an empty list and a neutral value ask for nothing.

    Raises:
        BadParameter: `unsupported_parameter`, with the name.

    """
    for name in sorted(names & body.keys()):
        value = body[name]
        if not _asks_nothing(value) and (neutral is None or name not in neutral or value != neutral[name]):
            raise BadParameter(
                f"`{name}` is not supported",
                name,
                code="unsupported_parameter",
                remedy="It is not governed yet, so it is refused. Leave it out.",
            )


def model_name(body: Mapping[str, Any]) -> str:
    """Return the name of the model that is asked for."""
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise BadParameter("`model` must be the name of a model", "model", code="missing_required_parameter")
    return model


def flag(name: str, value: object) -> bool:
    """Return a switch; null is off."""
    if value is None:
        return False
    if not isinstance(value, bool):
        raise BadParameter(f"`{name}` must be true or false", name, code="invalid_type")
    return value


def string(name: str, value: object) -> str:
    """Return a string; null is an empty one."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadParameter(f"`{name}` must be a string", name, code="invalid_type")
    return value


def one_only(body: Mapping[str, Any], name: str) -> None:
    """Refuse any number but 1: an answer is one."""
    if body.get(name) is not None and whole_from(1)(name, body[name]) != 1:
        raise BadParameter(f"`{name}` must be 1", name, code="unsupported_value")


def stream_options(body: Mapping[str, Any], *known: str) -> dict[str, bool]:
    """Return the switches inside `stream_options`, which is taken only with `stream`."""
    options = body.get("stream_options")
    if options is None:
        return {}
    if not body.get("stream") or not isinstance(options, dict) or options.keys() - set(known):
        raise BadParameter(
            f"`stream_options` takes {', '.join(f'`{name}`' for name in known)}, and only with `stream`",
            "stream_options",
        )
    return {name: flag(f"stream_options.{name}", value) for name, value in options.items()}


def text_parts(content: object, where: str, kinds: Mapping[str, Set[str]]) -> str:
    """Return the text of a message: a string, or a list of parts of the given kinds joined by line ends.

    `kinds` maps each type of part that is taken to the fields that clients send along empty, or that carry
    nothing: they are dropped where they are empty and refused where they are not.
    """
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise BadParameter(f"`{where}.content` must be text", where, code="invalid_type")
    texts = []
    for part in content:
        kind = part.get("type") if isinstance(part, dict) else None
        if not isinstance(kind, str) or kind not in kinds or not isinstance(part.get("text"), str):
            raise BadParameter(
                f"`{where}.content` may hold text parts only",
                where,
                code="unsupported_content",
                remedy="Images, audio and files are not governed yet, so they are refused.",
            )
        only_empty(part, f"{where}.content", frozenset({"type", "text"}), kinds[kind])
        texts.append(part["text"])
    return "\n".join(texts)


def only_empty(item: Mapping[str, Any], where: str, used: Set[str], empty: Set[str]) -> None:
    """Refuse fields that are not used, unless they are ones that clients send empty, and are."""
    for name in item:
        if name in used or (name in empty and not item[name]):
            continue
        shown = f"{where}.{name[:SHOWN]}"
        code = "unsupported_parameter" if name in empty else "unknown_parameter"
        raise BadParameter(f"`{shown}` is not supported", shown, code=code)


def role(item: Mapping[str, Any], where: str, roles: Mapping[str, str]) -> str:
    """Return our word for a message's role."""
    said = item.get("role")
    if not isinstance(said, str) or said not in roles:
        raise BadParameter(
            f"`{where}.role` must be one of: {', '.join(sorted(roles))}", f"{where}.role", code="unsupported_role"
        )
    return roles[said]


def listed(value: object, name: str, limits: Limits) -> list[object]:
    """Return a list of messages that is neither empty nor too long."""
    if not isinstance(value, list) or not value:
        raise BadParameter(f"`{name}` must be a non-empty list", name, code="invalid_type")
    if len(value) > limits.messages:
        raise TooLarge(f"`{name}` has more than {limits.messages} entries")
    return value


def bounded(turns: Sequence[Turn], limits: Limits) -> tuple[Turn, ...]:
    """Return the turns, refused where they are too long together."""
    if sum(len(turn.text) for turn in turns) > limits.characters:
        raise TooLarge(f"the messages are longer than {limits.characters} characters together")
    return tuple(turns)
