"""The documents of an index as searches see them: in memory, changed all at once, without any text.

Safe for threads: a lock is held shortly around every use. What `readable` returns is immutable, so ranking needs
no lock.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from lockgate.content.document import Document
from lockgate.content.postings import Postings, lay_out
from lockgate.content.ranking import Passages
from lockgate.ports import Query
from lockgate.storage.index_rights import Rights

_REMEMBERED: Final = 64
"""Readable sets that are remembered until the next change."""
_AGAIN: Final = 2
"""The search in a readable set at which its words are laid out."""
_LEAST: Final = 20_000
"""Passages below which reading through all words is fast enough."""
_POSTING: Final = 7
"""Bytes of one occurrence of a term."""
_MOST: Final = 64 << 20
"""Bytes that all laid out words take together."""


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """A document as it is stored: its held passages, what ranking needs, and the number of its last change."""

    document: Document
    held: frozenset[int]
    passages: Passages
    change: int


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    stored: Stored
    open: Passages
    """Without held passages; the same object as all of them where none is held."""
    slot: int


@dataclass(slots=True, eq=False)
class Readable:
    """What somebody may read: documents, and beside each the passages of it that may be read; at least one.

    `postings` are the words of these passages, laid out once they are searched again.
    """

    documents: tuple[Stored, ...]
    parts: tuple[Passages, ...]
    searched: int = 0
    postings: Postings | None = None


class View:
    """What is stored, as of change number `change`; -1 before anything was loaded."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._slots: list[_Entry | None] = []
        self._free: list[int] = []
        self._rights = Rights()
        self._readable: OrderedDict[Hashable, Readable] = OrderedDict()
        self._listed: tuple[Document, ...] | None = ()
        self.change = -1
        self.dimensions = 0
        """Of the vectors; 0 while there are none."""

    def apply(self, stored: Iterable[Stored], gone: Iterable[str], change: int) -> None:
        """Show changes to searches, all at once."""
        with self._lock:
            self._listed = None
            self._readable.clear()  # what was readable may not be any more, and what is removed must go
            for id in gone:
                entry = self._entries.pop(id, None)
                if entry is not None:
                    self._slots[entry.slot] = None
                    self._rights.clear(entry.slot)
                    self._free.append(entry.slot)
            for one in stored:
                self._store(one)
            self.change = change

    def _store(self, one: Stored) -> None:
        id = one.document.id
        before = self._entries.get(id)
        slot = before.slot if before else (self._free.pop() if self._free else len(self._slots))
        entry = _Entry(one, one.passages.without(one.held), slot)
        if slot == len(self._slots):
            self._slots.append(entry)
        self._slots[slot] = self._entries[id] = entry
        self._rights.set(slot, one.document)
        if len(one.passages.ordinals):
            self.dimensions = one.passages.vectors.shape[1]

    def get(self, id: str) -> Stored | None:
        """Return a document."""
        with self._lock:
            entry = self._entries.get(id)
        return entry.stored if entry else None

    def ids(self) -> frozenset[str]:
        """Return the ids of all documents."""
        with self._lock:
            return frozenset(self._entries)

    def documents(self) -> Sequence[Document]:
        """Return all documents, ordered by id."""
        with self._lock:
            if self._listed is None:
                found = (entry.stored.document for entry in self._entries.values())
                self._listed = tuple(sorted(found, key=lambda one: one.id))
            return self._listed

    def readable(self, query: Query) -> Readable:
        """Return what the query's subject may read.

        It is remembered until the next change, whatever that changes, under everything that it depends on: all
        identifiers of all parties, the filter, and whether held passages pass. So a search that follows another
        one does not feel how much there is that it may not see.
        """
        parties = tuple(party.identifiers for party in query.subject.parties)
        question = (parties, query.filter, query.held_passages)
        with self._lock:
            found = self._readable.get(question)
            if found is None:
                found = self._readable[question] = self._choose(query)
            self._readable.move_to_end(question)
            if len(self._readable) > _REMEMBERED:
                self._readable.popitem(last=False)
            return found

    def _choose(self, query: Query) -> Readable:
        mask = self._rights.readable(query.subject, query.filter)
        owned = self._rights.owned(query.subject) | query.held_passages
        slots = np.flatnonzero(mask)
        chosen = [
            (entry.stored, entry.stored.passages if own else entry.open)
            for slot, own in zip(slots.tolist(), owned[slots].tolist(), strict=True)
            if (entry := self._slots[slot]) is not None
        ]
        kept = [pair for pair in chosen if len(pair[1].ordinals)]
        return Readable(tuple(stored for stored, _ in kept), tuple(passages for _, passages in kept))

    def postings(self, chosen: Readable) -> Postings | None:
        """Return the words of what `readable` returned, laid out; None where that is not worth it, or not yet.

        It is worth it to who reads much and searches again before anything changes. All together take a bounded
        amount of memory: those that were not used for longest go first.
        """
        with self._lock:
            chosen.searched += 1
            again = chosen.searched == _AGAIN
        if not again or sum(len(one.ordinals) for one in chosen.parts) < _LEAST:
            return chosen.postings
        if sum(len(one.terms) for one in chosen.parts) * _POSTING > _MOST:
            return None
        made = lay_out(chosen.parts)  # without the lock: others search meanwhile, as they did before
        with self._lock:
            chosen.postings = made
            laid = [one for one in self._readable.values() if one.postings and one is not chosen]
            excess = made.nbytes + sum(one.postings.nbytes for one in laid if one.postings) - _MOST
            for one in laid:
                if excess > 0 and one.postings:
                    excess -= one.postings.nbytes
                    one.postings, one.searched = None, 0
        return made
