"""The access manifest of a share: `.lockgate-access.toml` at its root says who may read what.

    version = 1

    [[rule]]                          # the last rule that matches a file decides alone
    match = ["hr/**", "**/*salar*"]   # globs, see `globs.py`
    readers = ["group:hr", "user:ann"]          # any of these; ["everyone"] for everyone who is signed in
    # readers_all = [["group:hr"], ["group:legal"]]   # or: at least one of each list
    owners = ["user:ann"]
    sensitivity = "restricted"        # states the label, so that the file counts as reviewed
    integrity = "untrusted"           # system, user, internal (default) or untrusted
    forbidden_uses = ["ai"]           # needs `sensitivity`

What is missing, unknown or malformed makes the whole manifest invalid, and the share readable by nobody: half
a list of rights is not a list of rights.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lockgate.content.globs import Glob
from lockgate.content.label_rules import last_match
from lockgate.errors import Invalid
from lockgate.labels.label import Integrity, Label, Sensitivity
from lockgate.labels.readers import EVERYONE, Readers
from lockgate.labels.wire import Taxonomy

MANIFEST: Final = ".lockgate-access.toml"
LIMIT: Final = 4_000_000
"""Bytes; a larger manifest is refused."""

_KEYS: Final = {"match", "readers", "readers_all", "owners", "sensitivity", "integrity", "forbidden_uses"}
_IDENTIFIER: Final = re.compile(r"(user|group|service|agent):\S+")
_RULE: Final = re.compile(r"\s*\[\[\s*[\"']?rule[\"']?\s*\]\]")


@dataclass(frozen=True, slots=True)
class Grant:
    """One rule of a manifest. `sensitivity` None declares no label; `line` is where it stands."""

    match: tuple[Glob, ...]
    readers: Readers
    owners: frozenset[str]
    sensitivity: Sensitivity | None
    integrity: Integrity
    forbidden_uses: frozenset[str]
    line: int

    @property
    def declared(self) -> Label | None:
        """Return the label that the rule states, if it states one."""
        if self.sensitivity is None:
            return None
        return Label(
            self.sensitivity,
            self.readers,
            self.integrity,
            owners=self.owners,
            forbidden_uses=self.forbidden_uses,
        )


@dataclass(frozen=True, slots=True)
class Manifest:
    """The rules of a share, in order."""

    rules: tuple[Grant, ...]

    def grant(self, path: str) -> Grant:
        """Return the rule that decides about a path below the root.

        Raises:
            Invalid: no rule matches, or which one does depends on whether case counts.

        """
        exact, folded = last_match([rule.match for rule in self.rules], path)
        if exact != folded:
            line = self.rules[max(exact, folded)].line
            raise Invalid(f"{MANIFEST}:{line}: whether the rule matches depends on case, so nobody may read")
        if exact < 0:
            raise Invalid(f"{MANIFEST}: no rule matches, so nobody may read")
        return self.rules[exact]


def parse(data: bytes, taxonomy: Taxonomy) -> Manifest:
    """Read a manifest.

    Raises:
        Invalid: anything in it is unknown or malformed; the message names file and line.

    """
    try:
        text = data.decode()
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        where = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it is not a TOML file in UTF-8"
        raise Invalid(f"{MANIFEST}: {where}") from error
    unknown = sorted(set(document) - {"version", "rule"})
    if unknown:
        raise Invalid(f"{MANIFEST}: unknown field: {', '.join(unknown)}")
    if document.get("version") != 1 or isinstance(document["version"], bool):
        raise Invalid(f"{MANIFEST}: write `version = 1`")
    rules = document.get("rule", [])
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise Invalid(f"{MANIFEST}: rules are written as `[[rule]]`")
    lines = [number for number, line in enumerate(text.splitlines(), 1) if _RULE.match(line)]
    lines = lines if len(lines) == len(rules) else [0] * len(rules)
    return Manifest(tuple(_located(rule, line, taxonomy) for rule, line in zip(rules, lines, strict=True)))


def _located(rule: Mapping[str, Any], line: int, taxonomy: Taxonomy) -> Grant:
    try:
        return _rule(rule, line, taxonomy)
    except Invalid as error:
        raise Invalid(f"{MANIFEST}:{line}: {error}") from error


def _rule(rule: Mapping[str, Any], line: int, taxonomy: Taxonomy) -> Grant:
    unknown = sorted(set(rule) - _KEYS)
    if unknown:
        raise Invalid(f"unknown field: {', '.join(unknown)}")
    if ("readers" in rule) == ("readers_all" in rule):
        raise Invalid("a rule needs either `readers` or `readers_all`")
    patterns = _texts(rule.get("match"), "match")
    if not patterns:
        raise Invalid("`match` names no file")
    clauses = rule["readers_all"] if "readers_all" in rule else [rule["readers"]]
    if not isinstance(clauses, list) or not clauses:
        raise Invalid("`readers_all` must be a non-empty list of lists")
    level = rule.get("sensitivity")
    uses = frozenset(_texts(rule.get("forbidden_uses", []), "forbidden_uses"))
    if uses and level is None:
        raise Invalid("`forbidden_uses` needs a `sensitivity` beside it")
    return Grant(
        tuple(Glob(pattern) for pattern in patterns),
        Readers(frozenset(_identifiers(clause, "readers", everyone=True) for clause in clauses)),
        _identifiers(rule.get("owners", []), "owners", everyone=False),
        None if level is None else taxonomy.level(str(level)),
        _integrity(rule.get("integrity", "internal")),
        uses,
        line,
    )


def _integrity(value: object) -> Integrity:
    if not isinstance(value, str) or value not in (level.name.lower() for level in Integrity):
        raise Invalid(f"`integrity` must be one of: {', '.join(level.name.lower() for level in Integrity)}")
    return Integrity[value.upper()]


def _texts(value: object, what: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise Invalid(f"`{what}` must be a list of texts")
    return value


def _identifiers(value: object, what: str, *, everyone: bool) -> frozenset[str]:
    names = _texts(value, what)
    for name in names:
        if not _IDENTIFIER.fullmatch(name) and not (everyone and name == EVERYONE):
            raise Invalid(f"`{name}` in `{what}` is no identifier; write `user:NAME` or `group:NAME`")
    return frozenset(names)
