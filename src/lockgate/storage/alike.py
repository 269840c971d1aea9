"""One object for what is equal in many labels: nearly every answer has its own, of the same few sets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, TypeVar

from lockgate.labels.label import Label
from lockgate.labels.readers import Readers

_MOST: Final = 65_536
"""Parts that are kept. Beyond them all are dropped: labels then share no longer with older ones."""
_Part = TypeVar("_Part")


class Alike:
    """Makes labels share their parts: a label that is kept takes 1 kB then, and not 4. Safe in threads."""

    def __init__(self, most: int = _MOST) -> None:
        self._parts: dict[Any, Any] = {}
        self._most = most

    def label(self, label: Label) -> Label:
        """Return an equal label, of parts that are shared."""
        if len(self._parts) > self._most:
            self._parts = {}
        return replace(
            label,
            readers=Readers(frozenset([self._one(clause) for clause in label.readers.clauses])),
            retention=self._one(label.retention),
            owners=self._one(label.owners),
            forbidden_uses=self._one(label.forbidden_uses),
        )

    def _one(self, part: _Part) -> _Part:
        found: _Part = self._parts.setdefault(part, part)
        return found
