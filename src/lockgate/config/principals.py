"""Read `principals`: which identifiers of the directory the principals of a source stand for."""

from __future__ import annotations

from typing import TypeAlias

from lockgate.config.table import Table
from lockgate.labels.readers import EVERYONE

Principals: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]
"""Each principal, as the source writes it, with the identifiers that it stands for: whoever holds one of them."""


def principals(table: Table) -> Principals:
    """Return the table `principals`.

    Raises:
        Invalid: something is wrong, with file and line.

    """
    inside = table.table("principals")
    found = []
    for name in inside.values:
        who = inside.principals(name)
        if not who or EVERYONE in who:
            raise inside.fail(
                name, "names nobody, or everyone", "Name the people or groups that it stands for: `group:hr`."
            )
        found.append((name, who))
    return tuple(found)
