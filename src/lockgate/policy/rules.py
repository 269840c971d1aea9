"""One policy as Lockgate knows it: where it stands, what it is called, what it obliges.

A policy file is split into statements here, so that every later message can name file and line. Annotations are
a closed set, because a misspelled `@obligation` would be an obligation lost:

    @id("...")          required, unique in the set; decisions, records and cases name it
    @reason("...")      one sentence for people, told when the policy determines a decision
    @remedy("...")      on a forbid: what the person can do about it
    @deny_hint("...")   on a permit: what the person can do when no permit applies
    @obligation("...")  on a permit: `kind:value`, several separated by commas
    @accepted("...")    why a condition that `policy check` reports is meant as it is
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lockgate.errors import Invalid
from lockgate.policy.decision import Obligation

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")
_ONLY_ON: Final = {"deny_hint": "permit", "obligation": "permit", "remedy": "forbid"}
_ANNOTATIONS: Final = frozenset({"id", "reason", "accepted", *_ONLY_ON})


@dataclass(frozen=True, slots=True)
class Statement:
    """The text of one policy, without what stands before and after it."""

    file: str
    line: int
    text: str

    @property
    def place(self) -> str:
        """Return `file:line`, for messages."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One policy. `est` is Cedar's JSON form of it; it is not part of equality."""

    id: str
    permits: bool
    statement: Statement
    obligations: frozenset[Obligation] = frozenset()
    reason: str = ""
    remedy: str = ""
    deny_hint: str = ""
    accepted: str = ""
    est: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


_LONGEST: Final = 10_000
_DEEPEST: Final = 50
"""Limits of one statement: the engine's parser ends the whole process on brackets that are nested deeper than
about 700, its JSON form is limited to a depth of about 100, and long paths of attributes take it minutes."""
_PATH: Final = re.compile(r"(?:\.\s*\w+\s*){20}")


def split(file: str, text: str) -> Iterator[Statement]:
    """Yield the statements of a policy file, knowing strings and comments.

    Raises:
        Invalid: the file ends inside a statement, or a statement is too long or nested too deeply.

    """
    start: int | None = None
    position = depth = 0
    while position < len(text):
        char = text[position]
        if text.startswith("//", position):
            end = text.find("\n", position)
            position = len(text) if end < 0 else end
            continue
        if not char.isspace() and start is None:
            start = position
        if char == '"':
            position = _string_end(text, position)
        elif char in "([{)]}":
            depth += 1 if char in "([{" else -1
        if start is not None and (depth > _DEEPEST or position - start > _LONGEST):
            raise _bad(file, text, start, "is too long or nested too deeply; write it as several policies")
        if char == ";" and start is not None:
            if _PATH.search(text, start, position):
                raise _bad(file, text, start, "has a path of attributes that is too long")
            yield Statement(file, text.count("\n", 0, start) + 1, text[start : position + 1])
            start, depth = None, 0
        position += 1
    if start is not None:
        raise _bad(file, text, start, "is not ended by `;`")


def _bad(file: str, text: str, start: int, what: str) -> Invalid:
    line = text.count("\n", 0, start) + 1
    return Invalid(f"{file}:{line}: the policy {what}", code="invalid_policy")


def _string_end(text: str, quote: int) -> int:
    position = quote + 1
    while position < len(text) and text[position] != '"':
        position += 2 if text[position] == "\\" else 1
    return position


def rule(statement: Statement, est: Mapping[str, Any]) -> Rule:
    """Return the rule that a parsed statement makes.

    Raises:
        Invalid: an annotation is missing, unknown, misplaced or cannot be parsed.

    """
    notes: Mapping[str, str | None] = est.get("annotations") or {}
    effect = str(est["effect"])
    id = notes.get("id") or ""
    if not _ID.fullmatch(id):
        raise _invalid(statement, id, 'needs an annotation @id("...") of letters, digits and `_.:-`')
    for name, value in notes.items():
        if name not in _ANNOTATIONS:
            raise _invalid(statement, id, f"has an unknown annotation @{name}")
        if not value:
            raise _invalid(statement, id, f"has an empty annotation @{name}")
        if _ONLY_ON.get(name, effect) != effect:
            raise _invalid(statement, id, f"may not have @{name}: it has a meaning on a {_ONLY_ON[name]} only")
    return Rule(
        id,
        effect == "permit",
        statement,
        _obligations(statement, id, notes.get("obligation") or ""),
        notes.get("reason") or "",
        notes.get("remedy") or "",
        notes.get("deny_hint") or "",
        notes.get("accepted") or "",
        est,
    )


def _obligations(statement: Statement, id: str, text: str) -> frozenset[Obligation]:
    try:
        return frozenset(Obligation.parse(one.strip()) for one in text.split(",") if text)
    except Invalid as error:
        raise _invalid(statement, id, f"has an @obligation that cannot be parsed: {error}") from error


def _invalid(statement: Statement, id: str, what: str) -> Invalid:
    name = f"policy `{id}`" if id else "a policy"
    return Invalid(
        f"{statement.place}: {name} {what}",
        code="invalid_policy",
        remedy=f"It may have: {', '.join(f'@{one}' for one in sorted(_ANNOTATIONS))}.",
    )
