"""Marks with their labels, packed: some hundred thousand of one person in a few megabytes, asked many at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lockgate.flow.history import MARK_BYTES
from lockgate.labels.label import Label, join_all

_RECENT: Final = 4096
"""Marks that are kept in a plain dictionary before they are packed."""
_KEY: Final = np.dtype(">u8")
"""The first eight bytes of a mark stand for it. They are keyed: that two of a person agree is beyond chance."""


def packed(marks: Iterable[bytes]) -> bytes:
    """Return marks as one value to store.

    Raises:
        ValueError: one of them has another size.

    """
    whole = b"".join(marks)
    if len(whole) % MARK_BYTES:
        raise ValueError(f"a mark has {MARK_BYTES} bytes")
    return whole


def unpacked(whole: bytes) -> list[bytes]:
    """Return the marks of a stored value."""
    return [whole[at : at + MARK_BYTES] for at in range(0, len(whole), MARK_BYTES)]


def _keys(whole: bytes) -> NDArray[np.uint64]:
    return np.frombuffer(whole, np.dtype([("key", _KEY), ("rest", "V4")]))["key"].astype(np.uint64)


@dataclass(slots=True)
class KnownMarks:
    """Which marks are known, and under which labels."""

    keys: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    which: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    labels: list[Label] = field(default_factory=list)
    recent: dict[bytes, Label] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.keys) + len(self.recent)

    def add(self, marks: Iterable[bytes], label: Label) -> None:
        """Add marks under one label. A mark that is known keeps the join of both."""
        recent = self.recent
        for mark in marks:
            before = recent.get(mark, label)
            recent[mark] = label if before is label or before == label else before.join(label)
        if len(recent) > _RECENT:
            pieces: dict[int, tuple[Label, list[bytes]]] = {}
            for mark, one in recent.items():  # by identity: to hash as many labels would take long
                pieces.setdefault(id(one), (one, []))[1].append(mark)
            self.pack([(packed(several), one) for one, several in pieces.values()])
            recent.clear()

    def pack(self, pieces: Sequence[tuple[bytes, Label]]) -> None:
        """Add stored pieces."""
        numbers = {label: number for number, label in enumerate(self.labels)}
        keys, which = [self.keys], [self.which]
        for whole, label in pieces:
            number = numbers.setdefault(label, len(numbers))
            keys.append(_keys(whole))
            which.append(np.full(len(keys[-1]), number, np.int32))
        self.labels = list(numbers)
        every, of = np.concatenate(keys), np.concatenate(which)
        order = np.lexsort((of, every))
        every, of = every[order], of[order]
        new = np.ones(len(every), bool)
        new[1:] = (every[1:] != every[:-1]) | (of[1:] != of[:-1])
        self.keys, self.which = every[new], of[new]

    def find(self, marks: Sequence[bytes]) -> dict[bytes, Label]:
        """Return the label of each mark that is known; the join, where there are several."""
        found: dict[bytes, Label] = {}
        if len(self.keys) and marks:
            asked = _keys(packed(marks))
            starts, stops = self.keys.searchsorted(asked, "left"), self.keys.searchsorted(asked, "right")
            single = np.flatnonzero(stops - starts == 1)
            for at, number in zip(single.tolist(), self.which[starts[single]].tolist(), strict=True):
                found[marks[at]] = self.labels[number]
            for at in np.flatnonzero(stops - starts > 1).tolist():
                found[marks[at]] = join_all(self.labels[number] for number in self.which[starts[at] : stops[at]])
        for mark in marks:
            label = self.recent.get(mark)
            if label is not None:
                before = found.get(mark, label)
                found[mark] = label if before is label or before == label else before.join(label)
        return found
