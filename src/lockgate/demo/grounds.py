"""The demonstration's ground: a generated organization on disk, and changes to its rights."""

from __future__ import annotations

import json
import os
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from lockgate.demo.draft import Clauses
from lockgate.demo.organization import MANIFEST
from lockgate.errors import Invalid, NotFound

AUDIENCES: Final = {"owner": "only its owner", "staff": "all of staff", "sales": "Sales", "hr": "Human Resources"}
DROPPED: Final = "dropped"
"""The folder of the share that takes what is dropped on the page: dropped/<audience>/<person>/<name>."""


def _write(path: Path, text: str) -> None:
    """Replace a file in one step, so that a reader sees the old one or the new one."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, path)


class Manifest:
    """The share's access manifest: rules are added at its end, where they win."""

    def __init__(self, share: Path) -> None:
        self._path = share / MANIFEST
        self._base = self._path.read_text(encoding="utf-8")
        self._added: dict[str, str] = {}

    def set_readers(self, item: str, readers: Clauses | None) -> None:
        """Give one item other readers, and keep all else that its rule says; None takes that back."""
        if readers is None:
            self._added.pop(item, None)
        else:
            rule = self._rule(item)
            kept = {k: v for k, v in rule.items() if k not in ("match", "readers", "readers_all")}
            self._added[item] = _rule(item, [list(clause) for clause in readers], kept)
        self._save()

    def allow_drop(self, audience: str, person: str) -> str:
        """Make a folder for what a person drops for an audience, and return its path in the share."""
        if audience not in AUDIENCES:
            raise Invalid(f"an audience is one of: {', '.join(AUDIENCES)}")
        folder = f"{DROPPED}/{audience}/{person}"
        names = [f"user:{person}"] if audience == "owner" else [f"user:{person}", f"group:{audience}"]
        self._added[folder] = _rule(f"{folder}/**", [names], {"owners": [f"user:{person}"]})
        self._save()
        return folder

    def _rule(self, item: str) -> dict[str, Any]:
        """Return the rule of the generated manifest that decides about an item stated by its folder."""
        found: dict[str, Any] = {}
        for rule in tomllib.loads(self._base)["rule"]:
            if any(fnmatchcase(item, glob) for glob in rule["match"]):
                found = rule
        return found

    def _save(self) -> None:
        _write(self._path, self._base + "".join(self._added.values()))


def _rule(match: str, clauses: list[list[str]], more: dict[str, Any]) -> str:
    lines = ["", "[[rule]]", f"match = {json.dumps([match])}", f"readers_all = {json.dumps(clauses)}"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in more.items()]
    return "\n".join(lines) + "\n"


class Members:
    """The directory file: people move into groups and out of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tables = tomllib.loads(path.read_text(encoding="utf-8"))

    def groups(self, person: str) -> list[str]:
        """Return the groups that a person is in directly."""
        return list(self._tables["people"].get(person, {}).get("groups", []))

    def set_member(self, person: str, group: str, member: bool) -> None:
        """Put a person into a group, or take them out.

        Raises:
            NotFound: there is no such person or group.

        """
        people = self._tables["people"]
        if person not in people or group not in self.all_groups():
            raise NotFound("there is no such person or group")
        groups = [g for g in people[person].get("groups", []) if g != group]
        people[person]["groups"] = sorted([*groups, group]) if member else groups
        _write(self._path, directory_toml(self._tables))

    def all_groups(self) -> list[str]:
        """Return every group that has people or groups in it."""
        direct = {g for p in self._tables["people"].values() for g in p.get("groups", [])}
        return sorted(direct | set(self._tables.get("groups", {})))


def directory_toml(tables: dict[str, Any]) -> str:
    """Write a directory file: plain values first, then tables of plain values. JSON strings are TOML strings."""
    lines = [f"{k} = {json.dumps(v)}" for k, v in tables.items() if not isinstance(v, dict)]
    for name, table in tables.items():
        if not isinstance(table, dict):
            continue
        plain = {k: v for k, v in table.items() if not isinstance(v, dict)}
        if plain:
            lines += ["", f"[{name}]", *(f"{json.dumps(k)} = {json.dumps(v)}" for k, v in plain.items())]
        for key, inner in table.items():
            if isinstance(inner, dict):
                lines += ["", f"[{name}.{json.dumps(key)}]", *(f"{k} = {json.dumps(v)}" for k, v in inner.items())]
    return "\n".join(lines) + "\n"
