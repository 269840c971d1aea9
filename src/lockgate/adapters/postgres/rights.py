"""Who may read which columns of a table, from what the catalogs say. Pure.

A role counts as who the table of principals names for it; `PUBLIC` stands for every role, if it is named there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from lockgate.adapters.postgres.catalog import PUBLIC, Policy, Relation, Rights
from lockgate.labels.label import Integrity
from lockgate.labels.readers import EVERYONE, Readers
from lockgate.ports import items

Names: TypeAlias = Callable[[str], frozenset[str]]
"""From the name of a role, or `PUBLIC`, to identifiers of the directory; empty for nobody known."""
ALL_ROLES: Final = "PUBLIC"
_RESERVED: Final = "pg_"


@dataclass(frozen=True, slots=True)
class Part:
    """Columns that the same roles may read, and who they are. `certain` may read every row of them."""

    columns: tuple[str, ...]
    certain: frozenset[int]
    perhaps: frozenset[int]


def parts(found: Rights) -> tuple[Part, ...]:
    """Return the columns of a table, those that the same roles may read together; without columns, nothing."""
    groups: dict[tuple[frozenset[int], frozenset[int]], list[str]] = {}
    for column in found.columns:
        certain: set[int] = set()
        perhaps: set[int] = set()
        for relation in found.relations:
            holders = {role for role, names in relation.columns.items() if column.name in names}
            whole = {role for role in holders if _every_row(role, relation, found)}
            certain |= whole
            perhaps |= holders - whole
        groups.setdefault((frozenset(certain), frozenset(perhaps - certain)), []).append(column.name)
    return tuple(Part(tuple(columns), *who) for who, columns in groups.items())


def judge(found: Rights, part: Part, names: Names, integrity: Integrity) -> items.Rights:
    """Return the rights on some columns of a table."""
    readers, strangers = _named(part.certain, found, names)
    wider = _widened(part, found)
    reach, _ = _named(wider, found, names)
    owner = found.roles.get(found.table.owner)
    owners = names(owner.name) - {EVERYONE} if owner and owner.name != ALL_ROLES else frozenset()
    notes = []
    if strangers:
        notes.append("who may read it in the source includes roles that the table does not name")
    if part.perhaps:
        notes.append("row security: some roles may read some of its rows, which are left out")
    if views := [name for name, roles in found.views.items() if roles - part.certain]:
        shown = ", ".join(f"`{name}`" for name in views[:3]) + (", ..." if len(views) > 3 else "")
        notes.append(f"views show something of it to roles that may not read it: {shown}")
    if found.table.kind == "m":
        notes.append("it is what a materialized view held when it was last refreshed")
    problem = ""
    if part.perhaps and not readers:
        problem = "who may read which of its rows cannot be told (row security)"
    return items.Rights(
        Readers.any_of(*readers),
        owners,
        integrity,
        notes=tuple(notes),
        problem=problem,
        reach=Readers.any_of(*reach),
    )


def _every_row(role: int, relation: Relation, found: Rights) -> bool:
    """Tell whether row security keeps no row from a role. Only the expression `true` is understood."""
    known = found.roles.get(role)
    if not relation.secured or role in relation.exempt or (known is not None and known.bypasses):
        return True
    about = [one for one in relation.policies if role in one.roles or (role == PUBLIC and not one.permissive)]
    return _passes(about)


def _passes(about: Iterable[Policy]) -> bool:
    policies = list(about)
    opened = any(one.permissive and one.always for one in policies)
    return opened and all(one.always for one in policies if not one.permissive)


def _named(roles: Iterable[int], found: Rights, names: Names) -> tuple[frozenset[str], bool]:
    """Return whom roles stand for, and whether somebody who can log in stands for nobody."""
    readers: set[str] = set()
    strangers = False
    for oid in roles:
        role = found.roles.get(oid)
        name = ALL_ROLES if oid == PUBLIC else role.name if role and role.name != ALL_ROLES else ""
        known = names(name) if name else frozenset()
        readers |= known
        if not known and role is not None and role.login and not role.super and not name.startswith(_RESERVED):
            strangers = True
    return frozenset(readers), strangers


def _widened(part: Part, found: Rights) -> frozenset[int]:
    """Return every role that might read something: also through views, and by becoming another role."""
    wide = part.certain | part.perhaps | {role for roles in found.views.values() for role in roles}
    return wide | {member for role in wide for member in found.members.get(role, frozenset())}
