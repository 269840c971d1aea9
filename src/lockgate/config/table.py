"""Typed access to one table of a TOML file, with errors that name file, line and key."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from lockgate.errors import Invalid

T = TypeVar("T")

_TYPES: Final = {str: 'a text, in quotes: "..."', bool: "true or false", list: 'a list: ["..."]', dict: "a table"}
_NAME: Final = re.compile(r"everyone|[a-z]+:\S.*")


class Table:
    """One table of the file: typed access that remembers what was asked for, so that the rest is unknown."""

    def __init__(self, file: Path, text: str, where: str, values: Mapping[str, Any], start: int = 0) -> None:
        self.file, self.text, self.where, self.values = file, text, where, values
        self.start = start  # where in the text the table begins; keys are looked for behind it
        self.known: set[str] = set()

    def fail(self, key: str, what: str, remedy: str = "") -> Invalid:
        """Return an error that names file, line and key, and says what to do."""
        name = f"{self.where}.{key}" if self.where else key
        remedy = remedy or f"The reference (docs/reference/configuration.md) says what `{key}` may be."
        return Invalid(f"{self.file}:{self._line(key)}: `{name}` {what}", code="bad_configuration", remedy=remedy)

    def _line(self, key: str) -> int:
        found = re.compile(rf"^\s*(\[+[\w.]*)?[\"']?\b{re.escape(key)}[\"']?\s*[\]=]", re.MULTILINE).search(
            self.text, self.start
        )
        at = found.end() if found else self.start
        return self.text.count("\n", 0, at) + 1

    def get(self, key: str, kind: type[T] | tuple[type[Any], ...], default: T) -> T:
        """Return a value of a type, or the default."""
        self.known.add(key)
        if key not in self.values:
            return default
        value: T = self.values[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.fail(key, f"must be {_described(kind)}")
        return value

    def need(self, key: str) -> str:
        """Return a non-empty string that must be there."""
        value = self.get(key, str, "")
        if not value.strip():
            raise self.fail(key, "is missing", f"Add `{key} = ...` to {self.where or 'the file'}.")
        return value

    def number(self, key: str, default: float, low: float, high: float) -> float:
        """Return a number inside bounds."""
        value = self.get(key, (int, float), default)
        if not low <= value <= high:
            raise self.fail(key, f"must be from {low:g} to {high:g}")
        return value

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        """Return a whole number inside bounds."""
        value = self.get(key, int, default)
        if not low <= value <= high:
            raise self.fail(key, f"must be from {low} to {high}")
        return value

    def names(self, key: str, default: Iterable[str] = ()) -> tuple[str, ...]:
        """Return a list of strings."""
        value = self.get(key, list, list(default))
        if not all(isinstance(one, str) and one for one in value):
            raise self.fail(key, "must be a list of names")
        return tuple(value)

    def principals(self, key: str) -> tuple[str, ...]:
        """Return a list of names as labels have them. Without its kind a name would be nobody's."""
        names = self.names(key)
        for name in names:
            if not _NAME.fullmatch(name):
                remedy = "Write `user:NAME`, `group:NAME`, `service:NAME` or `everyone`."
                raise self.fail(key, f"names `{name}`, which does not say what it is", remedy)
        return names

    def path(self, key: str) -> Path | None:
        """Return a path relative to the file's folder, or None."""
        value = self.get(key, str, "")
        return (self.file.parent / Path(value).expanduser()).absolute() if value else None

    def file_there(self, key: str) -> Path | None:
        """Return the path of a file that must be there, or None."""
        found = self.path(key)
        if found is not None and not found.is_file():
            raise self.fail(key, "names no file", "Name a file that is there; paths are relative to this folder.")
        return found

    def choice(self, key: str, options: Iterable[str], default: str) -> str:
        """Return one of several words."""
        value = self.get(key, str, default)
        known = list(options)
        if value not in known:
            raise self.fail(key, f"must be one of: {', '.join(known)}")
        return value

    def built(self, key: str, make: Callable[[], T]) -> T:
        """Return what `make` returns, naming this key in what it complains about."""
        try:
            return make()
        except Invalid as error:
            raise self.fail(key, f"is wrong: {error}", error.remedy) from error

    def tables(self, key: str) -> list[Table]:
        """Return the tables of an array of tables."""
        value = self.get(key, list, [])
        if not all(isinstance(one, dict) for one in value):
            raise self.fail(key, f"must be written as [[{key}]]")
        name = f"{self.where.partition('[')[0]}.{key}" if self.where else key
        found, start = [], self.start
        for i, one in enumerate(value):
            start = max(start, self.text.find(f"[[{name}]]", start + bool(i)))
            found.append(Table(self.file, self.text, f"{name}[{i}]", one, start))
        return found

    def table(self, key: str) -> Table:
        """Return a sub-table, empty where it is absent."""
        name = f"{self.where.partition('[')[0]}.{key}" if self.where else key
        start = self.text.find(f"[{name}]", self.start)
        return Table(self.file, self.text, name, self.get(key, dict, {}), start if start >= 0 else self.start)

    def done(self) -> None:
        """Refuse what nobody asked for."""
        for key in self.values:
            if key not in self.known:
                near = difflib.get_close_matches(key, self.known, 1)
                hint = f"Did you mean `{near[0]}`?" if near else f"Known: {', '.join(sorted(self.known))}."
                raise self.fail(key, "is unknown", hint)


def _described(kind: type[Any] | tuple[type[Any], ...]) -> str:
    """Return what a value must be, for people."""
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if float in kinds:
        return "a number"
    return " or ".join("a whole number" if one is int else _TYPES[one] for one in kinds)
