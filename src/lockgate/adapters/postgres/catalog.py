"""What the system catalogs say: tables, columns, roles, who may read which columns, policies, views above a table.

Privileges are PostgreSQL's own answers (`has_column_privilege` and its like), so ownership, inherited membership,
grants to PUBLIC, superusers and predefined roles count as they do there. Default privileges need no look: they
become grants when a table is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import psycopg

BYTES: Final = 17
"""The type `bytea`."""
PUBLIC: Final = 0
"""What catalogs write for every role."""
_TEXTS: Final = (18, 19, 25, 114, 142, 1042, 1043, 3802)
"""Types whose text has a length that PostgreSQL tells: char, name, text, json, xml, bpchar, varchar, jsonb."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is there. `varies`: its values have no fixed length."""

    number: int
    name: str
    type: int
    shape: str
    varies: bool

    @property
    def text(self) -> bool:
        """Tell whether PostgreSQL tells the length of its text."""
        return self.type in _TEXTS


@dataclass(frozen=True, slots=True)
class Table:
    """A table, materialized view or foreign table (`kind` r, m, f), as the catalogs have it.

    `blocks` are of its main file, `bytes` of all that it stores, `rows` an estimate, below 0 where there is none.
    """

    oid: int
    schema: str
    name: str
    kind: str
    heap: bool
    owner: int
    file: int
    blocks: int
    bytes: int
    rows: float


@dataclass(frozen=True, slots=True)
class Role:
    """A role. `bypasses`: row security does not hold for it (superuser, or BYPASSRLS)."""

    oid: int
    name: str
    login: bool
    super: bool
    bypasses: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy for reading. `roles` are those that it is for, PUBLIC among them if it is for every one."""

    permissive: bool
    always: bool
    roles: frozenset[int]


@dataclass(frozen=True, slots=True)
class Relation:
    """Who may read what of a table, or of one above it: names of columns by role (PUBLIC too).

    `secured`: row security is on; `exempt` are the roles that own it, where owners are not bound.
    """

    columns: Mapping[int, frozenset[str]]
    secured: bool = False
    exempt: frozenset[int] = frozenset()
    policies: tuple[Policy, ...] = ()


@dataclass(frozen=True, slots=True)
class Rights:
    """Everything that decides who reads a table: itself, what it is a partition or child of, and views over it."""

    table: Table
    columns: tuple[Column, ...]
    relations: tuple[Relation, ...]
    roles: Mapping[int, Role]
    members: Mapping[int, frozenset[int]] = field(default_factory=dict)
    views: Mapping[str, frozenset[int]] = field(default_factory=dict)


def tables(cursor: psycopg.Cursor[Any], schemas: Sequence[str]) -> list[Table]:
    """Return the tables of some schemas, or of all, in the order of the bytes of their names."""
    cursor.execute(
        f'{_TABLES} ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"',
        {"schemas": list(schemas), "name": None},
    )
    return [Table(*row) for row in cursor]


def table(cursor: psycopg.Cursor[Any], schemas: Sequence[str], schema: str, name: str) -> Table | None:
    """Return one of these tables; None if there is none such."""
    if schemas and schema not in schemas:
        return None
    cursor.execute(_TABLES, {"schemas": [schema], "name": name})
    row = cursor.fetchone()
    return Table(*row) if row else None


def rights(cursor: psycopg.Cursor[Any], table: Table) -> Rights:
    """Return everything that decides who reads a table."""
    cursor.execute(_COLUMNS, {"table": table.oid})
    columns = tuple(Column(*row) for row in cursor)
    cursor.execute(_ROLES)
    roles = {row[0]: Role(*row) for row in cursor}
    cursor.execute(_ABOVE, {"table": table.oid})
    above = [row[0] for row in cursor]
    return Rights(
        table,
        columns,
        tuple(_relation(cursor, oid) for oid in (table.oid, *above)),
        roles,
        _members(cursor),
        _views(cursor, [table.oid, *above]),
    )


def _relation(cursor: psycopg.Cursor[Any], oid: int) -> Relation:
    cursor.execute(_PRIVILEGES, {"table": oid})
    columns = {role: frozenset(names) for role, names in cursor}
    cursor.execute(_SECURITY, {"table": oid})
    row = cursor.fetchone()
    if row is None or not row[0]:
        return Relation(columns)
    exempt = frozenset(row[2])
    cursor.execute(_POLICIES, {"table": oid})
    policies = tuple(Policy(permissive, qual == "true", frozenset(to)) for permissive, qual, to in cursor)
    return Relation(columns, True, frozenset() if row[1] else exempt, policies)


def _members(cursor: psycopg.Cursor[Any]) -> dict[int, frozenset[int]]:
    """Return who may become a role (`SET ROLE`), directly or through others, by role."""
    cursor.execute("SELECT roleid, member FROM pg_catalog.pg_auth_members")
    direct: dict[int, set[int]] = {}
    for role, member in cursor:
        direct.setdefault(role, set()).add(member)
    return {role: frozenset(closure(role, direct)) for role in direct}


def closure(start: int, direct: Mapping[int, Iterable[int]]) -> set[int]:
    """Return everything that can be reached from `start`, without it."""
    found: set[int] = set()
    todo = [start]
    while todo:
        for one in direct.get(todo.pop(), ()):
            if one not in found:
                found.add(one)
                todo.append(one)
    return found


def _views(cursor: psycopg.Cursor[Any], tables: Sequence[int]) -> dict[str, frozenset[int]]:
    """Return the views that show something of any of these tables, with the roles that may read them."""
    cursor.execute(_OVER)
    over: dict[int, set[int]] = {}
    for below, view in cursor:
        over.setdefault(below, set()).add(view)
    views = {view for one in tables for view in closure(one, over)} - set(tables)
    if not views:
        return {}
    cursor.execute(_VIEWERS, {"views": sorted(views)})
    return {name: frozenset(roles) for name, roles in cursor}


_TABLES: Final = """
SELECT c.oid::bigint, n.nspname::text, c.relname::text, c.relkind::text, coalesce(a.amname = 'heap', false),
       c.relowner::bigint, coalesce(pg_catalog.pg_relation_filenode(c.oid), 0)::bigint,
       coalesce(pg_catalog.pg_relation_size(c.oid, 'main'), 0)
           / pg_catalog.current_setting('block_size')::bigint,
       coalesce(pg_catalog.pg_table_size(c.oid), 0), c.reltuples::double precision
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam
WHERE c.relkind IN ('r', 'm', 'f') AND c.relpersistence <> 't'
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND (cardinality(%(schemas)s::text[]) = 0 OR n.nspname = ANY (%(schemas)s::text[]))
  AND (%(name)s::text IS NULL OR c.relname = %(name)s::text)
"""
_COLUMNS: Final = """
SELECT a.attnum::int, a.attname::text, a.atttypid::bigint,
       pg_catalog.format_type(a.atttypid, a.atttypmod) || coalesce(a.attmissingval::text, ''), a.attlen < 0
FROM pg_catalog.pg_attribute a
WHERE a.attrelid = %(table)s AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
_ROLES: Final = """
SELECT oid::bigint, rolname::text, rolcanlogin, rolsuper, rolsuper OR rolbypassrls FROM pg_catalog.pg_roles
"""
_ABOVE: Final = """
WITH RECURSIVE above AS (
    SELECT inhparent FROM pg_catalog.pg_inherits WHERE inhrelid = %(table)s
    UNION SELECT i.inhparent FROM pg_catalog.pg_inherits i JOIN above ON i.inhrelid = above.inhparent
)
SELECT inhparent::bigint FROM above ORDER BY 1
"""
# Whoever may not connect, or not use the schema, reads nothing. PUBLIC is asked by name.
_PRIVILEGES: Final = """
WITH t AS (
    SELECT c.oid, c.relnamespace, d.oid AS database
    FROM pg_catalog.pg_class c, pg_catalog.pg_database d
    WHERE c.oid = %(table)s AND d.datname = pg_catalog.current_database()
)
SELECT r.oid::bigint, array_agg(a.attname::text)
FROM t, pg_catalog.pg_roles r, pg_catalog.pg_attribute a
WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
  AND pg_catalog.has_any_column_privilege(r.oid, t.oid, 'SELECT')
  AND pg_catalog.has_schema_privilege(r.oid, t.relnamespace, 'USAGE')
  AND pg_catalog.has_database_privilege(r.oid, t.database, 'CONNECT')
  AND pg_catalog.has_column_privilege(r.oid, t.oid, a.attnum, 'SELECT')
GROUP BY r.oid
UNION ALL
SELECT 0, array_agg(a.attname::text)
FROM t, pg_catalog.pg_attribute a
WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
  AND pg_catalog.has_schema_privilege('public'::name, t.relnamespace, 'USAGE')
  AND pg_catalog.has_database_privilege('public'::name, t.database, 'CONNECT')
  AND pg_catalog.has_column_privilege('public'::name, t.oid, a.attnum, 'SELECT')
HAVING count(*) > 0
"""
_SECURITY: Final = """
SELECT c.relrowsecurity, c.relforcerowsecurity,
       ARRAY(SELECT r.oid::bigint FROM pg_catalog.pg_roles r
             WHERE pg_catalog.pg_has_role(r.oid, c.relowner, 'USAGE'))
FROM pg_catalog.pg_class c WHERE c.oid = %(table)s
"""
_POLICIES: Final = """
SELECT p.polpermissive, pg_catalog.pg_get_expr(p.polqual, p.polrelid),
       CASE WHEN 0 = ANY (p.polroles) THEN ARRAY[0::bigint] ELSE ARRAY[]::bigint[] END
       || ARRAY(SELECT r.oid::bigint FROM pg_catalog.pg_roles r
                WHERE 0 = ANY (p.polroles)
                   OR EXISTS (SELECT FROM unnest(p.polroles) AS named(role)
                              WHERE pg_catalog.pg_has_role(r.oid, named.role, 'USAGE')))
FROM pg_catalog.pg_policy p
WHERE p.polrelid = %(table)s AND p.polcmd IN ('r', '*')
"""
_OVER: Final = """
SELECT DISTINCT d.refobjid::bigint, w.ev_class::bigint
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid
WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
  AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> w.ev_class
"""
_VIEWERS: Final = """
SELECT n.nspname || '.' || c.relname,
       ARRAY(SELECT r.oid::bigint FROM pg_catalog.pg_roles r
             WHERE pg_catalog.has_any_column_privilege(r.oid, c.oid, 'SELECT')
               AND pg_catalog.has_schema_privilege(r.oid, c.relnamespace, 'USAGE'))
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY (%(views)s::bigint[]) AND c.relkind IN ('v', 'm')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_options_to_table(c.reloptions)
                  WHERE option_name = 'security_invoker' AND option_value::boolean)
ORDER BY 1
"""
