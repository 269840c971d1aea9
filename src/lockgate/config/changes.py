"""What differs between two Settings trees, by name, and which of it counts without a restart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Final

from lockgate.config.settings import Settings

LIVE: Final = ("models", "assistants", "central", "applications", "quotas")
"""Tables that bind everyone, taken up while the gateway runs. Of the collections, a removal is, too."""


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that differs: `models.cloud.ceiling`, `models.cloud` (added or removed), `server.port`.

    `how` is `added`, `removed` or `changed`; `live` tells whether it counts without a restart.
    """

    name: str
    how: str
    live: bool

    def __str__(self) -> str:
        return self.name if self.how == "changed" else f"{self.name} ({self.how})"


def changes(old: Settings, new: Settings) -> tuple[Change, ...]:
    """Return every difference, in the order of the tree."""
    return tuple(
        Change(name, how, name.split(".")[0] in LIVE or (how == "removed" and _collection(name)))
        for name, how in _differences("", old, new)
        if name != "file"
    )


def taken_up(running: Settings, new: Settings) -> Settings:
    """Return the running settings with what of the new ones counts without a restart."""
    kept = {one.name for one in new.collections}
    return replace(
        running,
        **{name: getattr(new, name) for name in LIVE},
        collections=tuple(one for one in running.collections if one.name in kept),
    )


def _collection(name: str) -> bool:
    return name.startswith("collections.") and name.count(".") == 1


def _differences(name: str, old: Any, new: Any) -> Iterator[tuple[str, str]]:
    if old == new:
        return
    if type(old) is type(new) and is_dataclass(old) and not isinstance(old, type) and _is_table(old):
        for one in fields(old):
            inside = f"{name}.{one.name}" if name else one.name
            yield from _differences(inside, getattr(old, one.name), getattr(new, one.name))
    elif (before := _by_name(old)) is not None and (after := _by_name(new)) is not None:
        for key in before.keys() - after.keys():
            yield f"{name}.{key}", "removed"
        for key, value in after.items():
            if key not in before:
                yield f"{name}.{key}", "added"
            else:
                yield from _differences(f"{name}.{key}", before[key], value)
        if before.keys() == after.keys() and list(before) != list(after):
            yield name, "changed"
    else:
        yield name, "changed"


def _is_table(value: Any) -> bool:
    return type(value).__module__.startswith(("lockgate.config.", "lockgate.policy.registered"))


def _by_name(value: Any) -> Mapping[str, Any] | None:
    """Return the entries of an array of tables by their names; None for anything else."""
    if not isinstance(value, tuple):
        return None
    named = {str(getattr(one, "id", getattr(one, "name", ""))): one for one in value if _is_table(one)}
    return named if len(named) == len(value) and "" not in named else None
