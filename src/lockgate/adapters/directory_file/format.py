"""The format of the directory file: people, nested groups, and what accounts of hosts map to.

    others = "group:staff"           # what POSIX "other" stands for; absent = nobody
    complete = true                  # false: the group lists are known to be incomplete, so nobody gets in

    [people.ann]                     # the `sub` of the identity provider
    name = "Ann Kessler"
    groups = ["hr"]
    active = true

    [groups.staff]                   # members of these groups are members of staff
    groups = ["hr", "sales"]

    [accounts]                       # account of a host -> person
    akessler = "ann"

    [host_groups]                    # group of a host -> group
    hr-share = "hr"

Parsing is a pure function; a file with a key that is not known is refused, with the line where it stands.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lockgate.errors import Invalid
from lockgate.ports import Person

_TOP: Final = frozenset({"others", "complete", "people", "groups", "accounts", "host_groups"})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One consistent reading of the file. `version` is the SHA-256 of its bytes."""

    version: str
    complete: bool
    others: str | None
    people: Mapping[str, Person]
    members: Mapping[str, frozenset[str]]
    accounts: Mapping[str, str]
    host_groups: Mapping[str, str]


def parse(data: bytes, where: str) -> Snapshot:
    """Return the snapshot that the file states.

    Raises:
        Invalid: it is not TOML, has a key that is not known, or a value of the wrong kind.

    """
    try:
        text = data.decode()
        top = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"`{where}` is not valid TOML: {error}", remedy="correct the file") from error
    reader = _Reader(text, where)
    reader.known(top, _TOP, "")
    nested = {
        name: reader.names(reader.table(entry, f"groups.{name}", {"groups"}), "groups", f"groups.{name}")
        for name, entry in reader.table(top.get("groups", {}), "groups").items()
    }
    above = closure(nested)
    people = {
        id: reader.person(id, entry, above)
        for id, entry in sorted(reader.table(top.get("people", {}), "people").items())
    }
    members: dict[str, set[str]] = {}
    for person in people.values():
        for group in person.groups if person.active else ():
            members.setdefault(group, set()).add(person.id)
    others = top.get("others")
    if others is not None and not (isinstance(others, str) and re.fullmatch("group:.+", others)):
        raise reader.wrong("", "others", "must be a group, such as `group:staff`")
    return Snapshot(
        version=hashlib.sha256(data).hexdigest(),
        complete=reader.boolean(top, "complete", "", default=True),
        others=others,
        people=people,
        members={group: frozenset(ids) for group, ids in members.items()},
        accounts={k: f"user:{v}" for k, v in reader.mapping(top.get("accounts", {}), "accounts").items()},
        host_groups={
            k: f"group:{v}" for k, v in reader.mapping(top.get("host_groups", {}), "host_groups").items()
        },
    )


def closure(nested: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
    """Return for each group all groups that its members are in: itself and every one that it is nested in.

    `nested` maps a group to the groups whose members it takes in. Cycles are allowed: all of a cycle are one.
    """
    parents: dict[str, set[str]] = {}
    for group, parts in nested.items():
        parents.setdefault(group, set())
        for part in parts:
            parents.setdefault(part, set()).add(group)
    result: dict[str, frozenset[str]] = {}
    for group in parents:
        seen, todo = {group}, [group]
        while todo:
            new = parents[todo.pop()] - seen
            seen |= new
            todo.extend(new)
        result[group] = frozenset(seen)
    return result


@dataclass(frozen=True, slots=True)
class _Reader:
    """Checks values of the parsed file and says where a wrong one stands."""

    text: str
    where: str

    def wrong(self, table: str, key: str, what: str) -> Invalid:
        line = self._line(table, key)
        place = f"{self.where}:{line}" if line else self.where
        name = f"{table}.{key}" if table else key
        return Invalid(
            f"`{place}`: `{name}` {what}", remedy="correct the file; the format is in docs/guides/identity.md"
        )

    def known(self, table: Mapping[str, object], keys: frozenset[str] | set[str], name: str) -> None:
        for key in table:
            if key not in keys:
                raise self.wrong(name, key, f"is not known; known are {', '.join(sorted(keys))}")

    def table(self, value: object, name: str, keys: set[str] | None = None) -> Mapping[str, object]:
        if not isinstance(value, dict):
            table, _, key = name.rpartition(".")
            raise self.wrong(table, key, "must be a table")
        if keys is not None:
            self.known(value, keys, name)
        return value

    def names(self, table: Mapping[str, object], key: str, name: str) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            raise self.wrong(name, key, "must be a list of names")
        if any(v.startswith("group:") for v in value):
            raise self.wrong(name, key, "must name groups without the prefix `group:`")
        return tuple(value)

    def boolean(self, table: Mapping[str, object], key: str, name: str, *, default: bool) -> bool:
        value = table.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(name, key, "must be true or false")
        return value

    def mapping(self, value: object, name: str) -> dict[str, str]:
        entries: dict[str, str] = {}
        for key, entry in self.table(value, name).items():
            if not isinstance(entry, str) or not entry:
                raise self.wrong(name, key, "must be a name")
            entries[key] = entry
        return entries

    def person(self, id: str, entry: object, above: Mapping[str, frozenset[str]]) -> Person:
        name = f"people.{id}"
        table = self.table(entry, name, {"name", "groups", "active"})
        title = table.get("name", id)
        if not isinstance(title, str):
            raise self.wrong(name, "name", "must be a text")
        groups: set[str] = set()
        for group in self.names(table, "groups", name):
            groups |= above.get(group, frozenset({group}))
        active = self.boolean(table, "active", name, default=True)
        return Person(id, title, frozenset(f"group:{group}" for group in groups), active)

    def _line(self, table: str, key: str) -> int:
        """Return the first line that looks like this key under this table's header, 0 if there is none."""
        current = ""
        for number, line in enumerate(self.text.splitlines(), 1):
            bare = line.replace('"', "").replace("'", "").strip()
            header = re.fullmatch(r"\[\s*(.+?)\s*\]\s*(#.*)?", bare)
            if header:
                current = header[1]
                if current == (f"{table}.{key}" if table else key):
                    return number
            elif current == table and re.match(rf"{re.escape(key)}\s*=", bare):
                return number
        return 0
