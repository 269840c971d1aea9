"""Marks with their labels, packed: some hundred thousand of one person in a few megabytes, asked many at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lockgate.flow.history import MARK_BYTES
from lockgate.labels.label import Label

_RECENT: Final = 1024
"""Marks that are kept in a plain dictionary, where each takes ten times what it does packed, before they are."""
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
    """Which marks are known, and under which labels: each mark once, in order, with the join of its labels."""

    keys: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    which: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    labels: list[Label] = field(default_factory=list)
    recent: dict[bytes, Label] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.keys) + len(self.recent)

    def add(self, marks: Iterable[bytes], label: Label) -> None:
        """Add marks under one label. A mark that is known keeps the join of both."""
        recent = self.recent
        # By identity, and held while it counts: most marks of a text were last shown together, under one label.
        joined = {id(label): (label, label)}
        for mark in marks:
            before = recent.get(mark, label)
            known = joined.get(id(before))
            if known is None:
                known = joined[id(before)] = before, label if before == label else before.join(label)
            recent[mark] = known[1]
        if len(recent) > _RECENT:
            pieces: dict[int, tuple[Label, list[bytes]]] = {}
            for mark, one in recent.items():  # by identity: to hash as many labels would take long
                pieces.setdefault(id(one), (one, []))[1].append(mark)
            self.pack([(packed(several), one) for one, several in pieces.values()])
            recent.clear()

    def pack(self, pieces: Sequence[tuple[bytes, Label]]) -> None:
        """Add stored pieces."""
        joins = _Joins(self.labels)
        new = [_keys(whole) for whole, _ in pieces]
        of = [
            np.full(len(keys), joins.number(label), np.int32) for keys, (_, label) in zip(new, pieces, strict=True)
        ]
        keys, which = joins.single(np.concatenate([self.keys[:0], *new]), np.concatenate([self.which[:0], *of]))
        at = self.keys.searchsorted(keys)
        known = np.zeros(len(keys), bool)
        inside = np.flatnonzero(at < len(self.keys))
        known[inside] = self.keys[at[inside]] == keys[inside]
        both = np.flatnonzero(known)
        self.which[at[both]] = joins.each(self.which[at[both]], which[both])
        self.keys = np.insert(self.keys, at[~known], keys[~known])
        self.which, self.labels = joins.used(np.insert(self.which, at[~known], which[~known]))

    def find(self, marks: Sequence[bytes]) -> dict[bytes, Label]:
        """Return the label of each mark that is known; the join, where there are several."""
        found: dict[bytes, Label] = {}
        if len(self.keys) and marks:
            asked = _keys(packed(marks))
            at = np.minimum(self.keys.searchsorted(asked), len(self.keys) - 1)
            there = np.flatnonzero(self.keys[at] == asked)
            for place, number in zip(there.tolist(), self.which[at[there]].tolist(), strict=True):
                found[marks[place]] = self.labels[number]
        for mark in marks:
            label = self.recent.get(mark)
            if label is not None:
                before = found.get(mark, label)
                found[mark] = label if before is label or before == label else before.join(label)
        return found


class _Joins:
    """Labels by number, and the joins of them that are needed: each made once."""

    def __init__(self, labels: Sequence[Label]) -> None:
        self._numbers = {label: number for number, label in enumerate(labels)}
        self._labels = list(labels)
        self._joined: dict[tuple[int, int], int] = {}

    def number(self, label: Label) -> int:
        """Return the number of a label."""
        found = self._numbers.setdefault(label, len(self._labels))
        if found == len(self._labels):
            self._labels.append(label)
        return found

    def each(self, some: NDArray[np.int32], others: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the numbers of the joins, pair by pair."""
        pairs = zip(some.tolist(), others.tolist(), strict=True)
        return np.array([self._join(one, other) for one, other in pairs], np.int32)

    def single(
        self, keys: NDArray[np.uint64], which: NDArray[np.int32]
    ) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
        """Return each key once, in order, with the number of the join of all its labels."""
        order = np.argsort(keys, kind="stable")
        keys, which = keys[order], which[order]
        new = np.ones(len(keys), bool)
        new[1:] = keys[1:] != keys[:-1]
        result, at = which[new], np.cumsum(new) - 1
        again = np.flatnonzero(~new)
        for place, number in zip(at[again].tolist(), which[again].tolist(), strict=True):
            result[place] = self._join(int(result[place]), number)
        return keys[new], result

    def used(self, which: NDArray[np.int32]) -> tuple[NDArray[np.int32], list[Label]]:
        """Return the numbers anew, and only those labels that still have one."""
        there = np.bincount(which, minlength=len(self._labels)) > 0
        anew = (np.cumsum(there) - 1).astype(np.int32)
        return anew[which], [self._labels[number] for number in np.flatnonzero(there).tolist()]

    def _join(self, one: int, other: int) -> int:
        if one == other:
            return one
        pair = (one, other) if one < other else (other, one)
        found = self._joined.get(pair)
        if found is None:
            found = self._joined[pair] = self.number(self._labels[one].join(self._labels[other]))
        return found
