"""Which documents a filter lets through, decided over columns instead of one by one.

The meaning is that of `policy.filter.matches`, and a property test holds the two together. Documents share few
distinct reader and owner sets; each distinct one is decided once per subject and remembered under *all*
identifiers of *all* parties of the subject, so what is remembered for one can never serve another.

Not safe for threads by itself; the index holds its lock around every call.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from lockgate.content.document import Document
from lockgate.labels.label import AI
from lockgate.labels.readers import Readers
from lockgate.policy.filter import (
    All,
    Any,
    AtMost,
    Const,
    Filter,
    Flag,
    InCollections,
    IsTrue,
    MayRead,
    Not,
    OwnedBy,
    Within,
)
from lockgate.policy.model import Subject

Mask = NDArray[np.bool_]
"""Shape (slots,): one truth value per document slot."""

_REMEMBERED: Final = 512
"""Subjects (and other questions) whose decisions are remembered."""
_SPARE: Final = 1024

T = TypeVar("T", bound=Hashable)


class _Interned(Generic[T]):
    """Distinct values, numbered in order of arrival, and what was decided about each."""

    def __init__(self) -> None:
        self.values: list[T] = []
        self._numbers: dict[T, int] = {}
        self._decided: OrderedDict[Hashable, Mask] = OrderedDict()

    def number(self, value: T) -> int:
        found = self._numbers.get(value)
        if found is None:
            found = self._numbers[value] = len(self.values)
            self.values.append(value)
        return found

    def decide(self, question: Hashable, test: Callable[[T], bool]) -> Mask:
        """Return what `test` says about each value. `question` must determine `test` completely."""
        known = self._decided.get(question, np.empty(0, np.bool_))
        if len(known) < len(self.values):
            more = [test(value) for value in self.values[len(known) :]]
            known = np.concatenate([known, np.array(more, np.bool_)])
        self._decided[question] = known
        self._decided.move_to_end(question)
        if len(self._decided) > _REMEMBERED:
            self._decided.popitem(last=False)
        return known


class Rights:
    """Columns of what filters speak about; one slot per document. A slot without a document matches nothing."""

    def __init__(self) -> None:
        self._documents: list[Document | None] = []
        self._live = 0
        self._intern()
        self._size(_SPARE)

    def _intern(self) -> None:
        self._readers: _Interned[Readers] = _Interned()
        self._owners: _Interned[frozenset[str]] = _Interned()
        self._collections: _Interned[str] = _Interned()

    def _size(self, capacity: int) -> None:
        columns = getattr(self, "_columns", np.zeros((9, 0), np.int32))
        self._columns: NDArray[np.int32] = np.zeros((9, capacity), np.int32)
        self._columns[:, : columns.shape[1]] = columns

    def set(self, slot: int, document: Document) -> None:
        """Put a document into a slot: one that is in use, or the next after the last."""
        if slot == len(self._documents):
            self._documents.append(None)
            if slot == self._columns.shape[1]:
                self._size(2 * slot)
        self._live += self._documents[slot] is None
        self._documents[slot] = document
        self._fill(slot, document)
        # Values that no document holds any more are forgotten now and then, never renumbered one by one.
        if len(self._readers.values) + len(self._owners.values) > 4 * (self._live + _SPARE):
            self._intern()
            for other, one in enumerate(self._documents):
                if one is not None:
                    self._fill(other, one)

    def clear(self, slot: int) -> None:
        """Take the document out of a slot."""
        self._live -= self._documents[slot] is not None
        self._documents[slot] = None
        self._columns[:, slot] = 0

    def _fill(self, slot: int, document: Document) -> None:
        label = document.label
        self._columns[:, slot] = (
            1,
            self._readers.number(label.readers),
            self._readers.number(document.source_readers),
            self._owners.number(label.owners),
            self._collections.number(document.collection),
            label.sensitivity,
            label.integrity,
            document.reviewed,
            document.held + 2 * label.forbids(AI),
        )

    def __len__(self) -> int:
        return len(self._documents)

    def _column(self, row: int) -> NDArray[np.int32]:
        return self._columns[row, : len(self._documents)]

    def readable(self, subject: Subject, filter: Filter) -> Mask:
        """Return which documents the filter lets through *and* whose label names the subject as reader."""
        if not self._live:
            return self._all(False)
        return self._satisfied(subject, source=False) & self._mask(filter, subject)

    def owned(self, subject: Subject) -> Mask:
        """Return which documents every party of the subject owns (`Subject.owns`)."""
        if not self._live:
            return self._all(False)
        parties = [party.identifiers for party in subject.parties]
        owned = self._owners.decide(
            ("owns", *parties), lambda owners: all(not owners.isdisjoint(party) for party in parties)
        )
        return self._pick(owned, 3)

    def _satisfied(self, subject: Subject, *, source: bool) -> Mask:
        question = ("satisfies", *(party.identifiers for party in subject.parties))
        return self._pick(self._readers.decide(question, subject.satisfies), 2 if source else 1)

    def _pick(self, decided: Mask, row: int) -> Mask:
        """Spread decisions about distinct values over the documents that hold them."""
        picked: Mask = decided.take(self._column(row)) & (self._column(0) == 1)
        return picked

    def _mask(self, f: Filter, subject: Subject) -> Mask:
        match f:
            case All(parts):
                masks = [self._mask(part, subject) for part in parts]
                return np.logical_and.reduce(masks) if masks else self._all(True)
            case Any(parts):
                masks = [self._mask(part, subject) for part in parts]
                return np.logical_or.reduce(masks) if masks else self._all(False)
            case Not(part):
                return ~self._mask(part, subject)
            case _:
                return self._test(f, subject)

    def _all(self, value: bool) -> Mask:
        return np.full(len(self._documents), value, np.bool_)

    def _test(
        self, f: Const | MayRead | IsTrue | AtMost | OwnedBy | InCollections | Within, subject: Subject
    ) -> Mask:
        match f:
            case Const(value):
                return self._all(value)
            case MayRead(source):
                return self._satisfied(subject, source=source)
            case IsTrue(flag):
                return self._flag(flag)
            case AtMost(level):
                return self._column(5) <= level
            case OwnedBy(names):
                return self._pick(self._owners.decide(f, lambda owners: not owners.isdisjoint(names)), 3)
            case InCollections(names):
                return self._pick(self._collections.decide(f, names.__contains__), 4)
            case Within(ceiling):
                fits = self._readers.decide(f, lambda readers: readers.flows_to(ceiling.readers))
                low: Mask = (self._column(5) <= ceiling.sensitivity) & (self._column(6) <= ceiling.integrity)
                return low & self._pick(fits, 1)

    def _flag(self, flag: Flag) -> Mask:
        flags: Mask
        match flag:
            case Flag.REVIEWED:
                flags = self._column(7) == 1
            case Flag.HELD:
                flags = (self._column(8) & 1) == 1
            case Flag.AI_FORBIDDEN:
                flags = (self._column(8) & 2) == 2
        return flags
