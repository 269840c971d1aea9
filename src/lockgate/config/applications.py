"""Read `[[applications]]`: what each may ask for, draw from and be given. What is not written is not given."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from lockgate.config.table import Table
from lockgate.labels.label import Sensitivity
from lockgate.labels.wire import Taxonomy
from lockgate.policy.registered import ANY, Application, ApplicationKind

_MOST: Final = 10**12


def applications(
    top: Table, taxonomy: Taxonomy, models: Iterable[str], collections: Iterable[str]
) -> list[Application]:
    """Return the registered applications. Names of models and collections must be those of the file.

    Raises:
        Invalid: something is wrong, with file and line.

    """
    known, drawn = frozenset(models), frozenset(collections)
    return [_application(one, taxonomy, known, drawn) for one in top.tables("applications")]


def _application(
    table: Table, taxonomy: Taxonomy, models: Collection[str], collections: Collection[str]
) -> Application:
    kind = ApplicationKind(table.choice("kind", list(ApplicationKind), ApplicationKind.CLIENT))
    made = Application(
        id=table.need("id"),
        kind=kind,
        name=table.get("name", str, ""),
        models=_named(table, "models", models, "[[models]] and no [[assistants]]"),
        collections=_named(table, "collections", collections, "[[collections]]"),
        purposes=_all_or(table, "purposes"),
        ceiling=_level(table, "ceiling", taxonomy) or Sensitivity.PUBLIC,
        groups=_groups(table),
        may_act_for_users=table.get("may_act_for_users", bool, False),
        user_keys=str(table.path("user_keys") or ""),
        prompt=_level(table, "prompt", taxonomy),
        requests_per_hour=_budget(table, "requests_per_hour"),
        tokens_per_hour=_budget(table, "tokens_per_hour"),
        sensitive_chunks_per_hour=_budget(table, "sensitive_chunks_per_hour"),
        spend_per_hour=table.number("spend_per_hour", 0, 0, _MOST) if "spend_per_hour" in table.values else None,
    )
    acts = kind is not ApplicationKind.CLIENT
    for key in ("may_act_for_users", "groups"):
        if table.values.get(key) and not acts:
            raise table.fail(key, "is for applications that act themselves", 'Set `kind`, such as "agent".')
    if kind is ApplicationKind.FRONT_END and not made.may_act_for_users:
        remedy = "Write `may_act_for_users = true`: a front end does nothing else."
        raise table.fail("may_act_for_users", "is missing for a front end", remedy)
    if made.user_keys and kind is not ApplicationKind.FRONT_END:
        raise table.fail("user_keys", "is for front ends", 'Write `kind = "front_end"`.')
    if ANY in made.groups and not made.may_act_for_users:
        raise table.fail("groups", f"has `{ANY}`, and it acts for nobody", "Name its own groups.")
    table.done()
    return made


def _all_or(table: Table, key: str) -> frozenset[str]:
    """Return a list of names, or `*` alone."""
    names = frozenset(table.names(key))
    if ANY in names and len(names) > 1:
        raise table.fail(key, f"has `{ANY}` beside other names", f'Write `{key} = ["{ANY}"]`, or the names alone.')
    return names


def _named(table: Table, key: str, known: Collection[str], where: str) -> frozenset[str]:
    names = _all_or(table, key)
    for name in sorted(names - {ANY}):
        if name not in known:
            raise table.fail(key, f"names `{name}`, which no {where} defines")
    return names


def _groups(table: Table) -> frozenset[str]:
    names = _all_or(table, "groups")
    for name in names - {ANY}:
        if not name.removeprefix("group:").strip() or not name.startswith("group:"):
            raise table.fail("groups", f"names `{name}`, which is no group", "Write `group:NAME`.")
    return names


def _level(table: Table, key: str, taxonomy: Taxonomy) -> Sensitivity | None:
    name = table.get(key, str, "")
    return table.built(key, lambda: taxonomy.level(name)) if key in table.values else None


def _budget(table: Table, key: str) -> int | None:
    return table.whole(key, 0, 0, _MOST) if key in table.values else None
