"""Labeled[T]: the one carrier of content. Printing one cannot leak its value.

>>> from lockgate.labels.label import PUBLIC
>>> Labeled("s3cret", PUBLIC)
Labeled(<str>, sensitivity=PUBLIC, integrity=SYSTEM)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from lockgate.labels.label import Label, join_all

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Labeled(Generic[T]):
    """A value with its label."""

    value: T
    label: Label

    def __repr__(self) -> str:
        kind, label = type(self.value).__name__, self.label
        return f"Labeled(<{kind}>, sensitivity={label.sensitivity.name}, integrity={label.integrity.name})"

    def map(self, f: Callable[[T], U]) -> Labeled[U]:
        """Apply a pure function; the label stays."""
        return Labeled(f(self.value), self.label)

    def raised(self, label: Label) -> Labeled[T]:
        """Return the same value under the join of its label and `label`."""
        return replace(self, label=self.label.join(label))

    @staticmethod
    def gather(parts: Iterable[Labeled[T]]) -> Labeled[tuple[T, ...]]:
        """Collect at least one value; the label is the join of theirs.

        Raises:
            Invalid: `parts` is empty.

        """
        kept = tuple(parts)
        return Labeled(tuple(part.value for part in kept), join_all(part.label for part in kept))
