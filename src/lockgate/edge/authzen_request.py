"""Bodies of AuthZEN requests: read strictly where they are known, and blind to what is not (section 10.1).

What is missing or of the wrong type is 400 for a request, and an error of its own for one entry of a batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lockgate.errors import Invalid, TooLarge
from lockgate.journeys.decisions import Entity, Kind, Malformed, Question, Search, Semantic

NAME: Final = 1024
"""Longest type, id or name, in characters."""
BATCH: Final = 1000
"""Most questions in one request."""
_PARTS: Final = ("subject", "action", "resource", "context")


def question(body: Mapping[str, Any]) -> Question:
    """Return the question that a body asks.

    Raises:
        Invalid: a required part is missing, or one has the wrong type.

    """
    name, properties = _action(body)
    subject, resource = entity(body, "subject"), entity(body, "resource")
    return Question(subject, name, resource, properties, _object(body, "context", needed=False))


def batch(body: Mapping[str, Any]) -> tuple[list[Question | Malformed], Semantic] | None:
    """Return the questions of a batch and how to run them; None where the body asks a single one (section 7.1).

    Each part of an entry replaces the whole part of that name outside; nothing is merged below it.

    Raises:
        Invalid: something outside the entries is malformed.
        TooLarge: there are more than `BATCH` entries.

    """
    entries = body.get("evaluations", [])
    if not isinstance(entries, list):
        raise Invalid("`evaluations` must be a list")
    options = _object(body, "options", needed=False)
    stated = options.get("evaluations_semantic", Semantic.ALL.value)
    if not isinstance(stated, str) or stated not in set(Semantic):
        raise Invalid(f"`options.evaluations_semantic` must be one of: {', '.join(Semantic)}")
    if not entries:
        return None
    if len(entries) > BATCH:
        raise TooLarge(f"`evaluations` has more than {BATCH} entries", remedy="Send several requests.")
    shared = {part: body[part] for part in _PARTS if part in body}
    for part in shared:
        _check(shared, part)
    return [_entry(shared, one) for one in entries], Semantic(stated)


def search(kind: Kind, body: Mapping[str, Any]) -> Search:
    """Return the search that a body asks for. The id of what is searched is ignored, if there is one.

    Raises:
        Invalid: a required part is missing, or one has the wrong type.

    """
    name, properties = ("", {}) if kind is Kind.ACTION else _action(body)
    return Search(
        kind,
        entity(body, "subject", searched=kind is Kind.SUBJECT),
        name,
        entity(body, "resource", searched=kind is Kind.RESOURCE),
        properties,
        _object(body, "context", needed=False),
    )


def page(body: Mapping[str, Any]) -> tuple[str | None, int | None]:
    """Return token and limit of the page that is asked for; None for what is not stated.

    Raises:
        Invalid: one of them is malformed.

    """
    stated = _object(body, "page", needed=False)
    _object(stated, "properties", needed=False, where="page.")
    token, limit = stated.get("token"), stated.get("limit")
    if "token" in stated and not isinstance(token, str):
        raise Invalid("`page.token` must be text")
    if "limit" in stated and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 1):
        raise Invalid("`page.limit` must be a whole number from 1")
    return token, limit


def asked(found: Search, body: Mapping[str, Any]) -> list[Any]:
    """Return everything that must stay the same from page to page, as JSON values."""

    def part(one: Entity) -> list[Any]:
        return [one.type, one.id, one.properties]

    more = _object(body, "page", needed=False).get("properties")
    return [
        found.kind,
        part(found.subject),
        found.action,
        found.properties,
        part(found.resource),
        found.stated,
        more,
    ]


def entity(body: Mapping[str, Any], name: str, *, searched: bool = False) -> Entity:
    """Return a subject or resource; one that is searched needs no id, and what it has is ignored.

    Raises:
        Invalid: it is missing or malformed.

    """
    stated = _object(body, name)
    kind = _text(stated, name, "type")
    id = "" if searched else _text(stated, name, "id")
    return Entity(kind, id, _object(stated, "properties", needed=False, where=f"{name}."))


def _action(body: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    stated = _object(body, "action")
    properties = _object(stated, "properties", needed=False, where="action.")
    return _text(stated, "action", "name"), properties


def _entry(shared: Mapping[str, Any], entry: object) -> Question | Malformed:
    if not isinstance(entry, dict):
        return Malformed("an entry of `evaluations` must be an object")
    try:
        return question({**shared, **{part: entry[part] for part in _PARTS if part in entry}})
    except Invalid as error:
        return Malformed(str(error))


def _check(shared: Mapping[str, Any], part: str) -> None:
    if part == "context":
        _object(shared, part)
    elif part == "action":
        _action(shared)
    else:
        entity(shared, part)


def _object(body: Mapping[str, Any], name: str, *, needed: bool = True, where: str = "") -> Mapping[str, Any]:
    if name not in body and not needed:
        return {}
    value = body.get(name)
    if not isinstance(value, dict):
        raise Invalid(f"`{where}{name}` {'must be an object' if name in body else 'is missing'}")
    return value


def _text(stated: Mapping[str, Any], where: str, name: str) -> str:
    value = stated.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= NAME:
        what = f"must be text of 1 to {NAME} characters" if name in stated else "is missing"
        raise Invalid(f"`{where}.{name}` {what}")
    return value
