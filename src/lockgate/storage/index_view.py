"""The documents of an index as searches see them: in memory, changed all at once, without any text.

Safe for threads: a lock is held shortly around every use. What `readable` returns is immutable, so ranking needs
no lock.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lockgate.content.codes import Codes, encode, size_of
from lockgate.content.copies import passes_on
from lockgate.content.document import Document
from lockgate.content.postings import Postings, lay_out
from lockgate.content.ranking import Passages
from lockgate.content.similar import Overlap, Sketch, Sketches
from lockgate.ports import Query
from lockgate.storage.index_rights import Rights

_REMEMBERED: Final = 64
"""Readable sets that are remembered until a document of theirs changes."""
_AGAIN: Final = 2
"""The search in a readable set at which its vectors are encoded, and its words laid out."""
_LATER: Final = 8
"""The search, after what was laid out had to make room, at which it is laid out once more."""
_LEAST: Final = 5_000
"""Passages below which reading through all words is fast enough."""
_POSTING: Final = 3
"""Bytes of one occurrence of a term, at least."""
_MOST: Final = 64 << 20
"""Bytes that everything laid out for readers may take together in an index of any size."""
_SHARE: Final = 640
"""Bytes that it may take together for each passage of the index, where that is more."""


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """A document as it is stored: held passages, what ranking needs, the number of its last change, a sketch."""

    document: Document
    held: frozenset[int]
    passages: Passages
    change: int
    sketch: Sketch = field(default_factory=Sketch)


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    stored: Stored
    open: Passages
    """Without held passages; the same object as all of them where none is held."""
    slot: int


@dataclass(frozen=True, slots=True, eq=False)
class LaidOut:
    """What makes searching a readable set faster and changes no score; words only of who reads much."""

    postings: Postings | None = None
    codes: Codes | None = None

    @property
    def nbytes(self) -> int:
        """Return what it takes in memory."""
        return sum(one.nbytes for one in (self.postings, self.codes) if one)


@dataclass(slots=True, eq=False)
class Readable:
    """What somebody may read: documents, and beside each the passages of it that may be read; at least one.

    `laid_out` is made of these passages once they are searched again. `slots` are those of the documents, in
    order, also of such that have no passage to show. `doubtful` is true since something else changed: then it is
    decided again whether they are still the same.
    """

    documents: tuple[Stored, ...]
    parts: tuple[Passages, ...]
    slots: NDArray[np.int64]
    doubtful: bool = False
    searched: int = 0
    laid_out: LaidOut = LaidOut()

    def holds(self, slots: Sequence[int]) -> bool:
        """Tell whether one of some documents is among these."""
        if not len(self.slots):
            return False
        at = np.minimum(np.searchsorted(self.slots, slots), len(self.slots) - 1)
        return bool((self.slots[at] == slots).any())


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
        self._passages = 0
        self._sketches, self._originals = Sketches(), Sketches()
        self.change = -1
        self.dimensions = 0
        """Of the vectors; 0 while there are none."""

    def apply(self, stored: Iterable[Stored], gone: Iterable[str], change: int) -> None:
        """Show changes to searches, all at once."""
        stored, gone = list(stored), list(gone)
        with self._lock:
            self._listed = None
            self._forget({one.document.id for one in stored}.union(gone))
            for id in gone:
                entry = self._entries.pop(id, None)
                if entry is not None:
                    self._sketches.drop(id)
                    self._originals.drop(id)
                    self._passages -= len(entry.stored.passages.ordinals)
                    self._slots[entry.slot] = None
                    self._rights.clear(entry.slot)
                    self._free.append(entry.slot)
            for one in stored:
                self._store(one)
            self._trim()
            self.change = change

    def _forget(self, ids: Iterable[str]) -> None:
        """Drop what was made of documents that change: what is removed must go. All else is decided again."""
        slots = [self._entries[id].slot for id in ids if id in self._entries]
        for question, readable in list(self._readable.items()):
            readable.doubtful = True
            if readable.holds(slots):
                del self._readable[question]

    def _store(self, one: Stored) -> None:
        id = one.document.id
        before = self._entries.get(id)
        self._passages += len(one.passages.ordinals) - (len(before.stored.passages.ordinals) if before else 0)
        slot = before.slot if before else (self._free.pop() if self._free else len(self._slots))
        entry = _Entry(one, one.passages.without(one.held), slot)
        if slot == len(self._slots):
            self._slots.append(entry)
        self._slots[slot] = self._entries[id] = entry
        self._rights.set(slot, one.document)
        self._sketches.put(id, one.sketch)
        if passes_on(one.document):
            self._originals.put(id, one.sketch)
        else:
            self._originals.drop(id)
        if len(one.passages.ordinals):
            self.dimensions = one.passages.vectors.shape[1]

    def get(self, id: str) -> Stored | None:
        """Return a document."""
        with self._lock:
            entry = self._entries.get(id)
        return entry.stored if entry else None

    def alike(self, sketch: Sketch, *, originals: bool, most: int) -> list[tuple[Document, Overlap]]:
        """Return documents that share something with a text, and what; or only those whose level copies take."""
        with self._lock:
            found = (self._originals if originals else self._sketches).alike(sketch, most)
            return [(self._entries[id].stored.document, shared) for id, shared in found if id in self._entries]

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

        It is remembered under everything that it depends on: all identifiers of all parties, the filter, and
        whether held passages pass. So a search that follows another one does not feel how much there is that it
        may not see. After a change, whatever that changed, rights are decided again over all documents; if that
        gives the same documents and none of them changed, what was made of them is still good.
        """
        parties = tuple(party.identifiers for party in query.subject.parties)
        question = (parties, query.filter, query.held_passages)
        with self._lock:
            found = self._readable.get(question)
            if found is None or found.doubtful:
                found = self._readable[question] = self._choose(query, found)
            self._readable.move_to_end(question)
            if len(self._readable) > _REMEMBERED:
                self._readable.popitem(last=False)
            return found

    def _choose(self, query: Query, before: Readable | None) -> Readable:
        slots = np.flatnonzero(self._rights.readable(query.subject, query.filter))
        if before and np.array_equal(slots, before.slots):
            before.doubtful = False
            return before
        owned = (self._rights.owned(query.subject) | query.held_passages)[slots]
        chosen = [
            (entry.stored, entry.stored.passages if own else entry.open)
            for slot, own in zip(slots.tolist(), owned.tolist(), strict=True)
            if (entry := self._slots[slot]) is not None
        ]
        kept = [pair for pair in chosen if len(pair[1].ordinals)]
        return Readable(tuple(one for one, _ in kept), tuple(passages for _, passages in kept), slots)

    def laid_out(self, chosen: Readable) -> LaidOut:
        """Return what `readable` returned in a form that is searched faster; an empty one where there is none yet.

        It is worth it to who searches again before anything of it changes. All together take a bounded amount of
        memory: those that were not used for longest go first, and what alone would take more is not made.
        """
        with self._lock:
            chosen.searched += 1
            again, most = chosen.searched == _AGAIN, self._most()
        if not again or not chosen.parts:
            return chosen.laid_out
        made = _lay_out(chosen.parts, most)  # without the lock: others search meanwhile, as they did before
        with self._lock:
            chosen.laid_out = made
            self._trim(chosen)
        return made

    def _most(self) -> int:
        return max(_MOST, _SHARE * self._passages)

    def _trim(self, kept: Readable | None = None) -> None:
        laid = [one for one in self._readable.values() if one.laid_out.nbytes]
        excess = sum(one.laid_out.nbytes for one in laid) - self._most()
        for one in laid:
            if excess > 0 and one is not kept:
                excess -= one.laid_out.nbytes
                one.laid_out, one.searched = LaidOut(), _AGAIN - _LATER


def _lay_out(parts: Sequence[Passages], most: int) -> LaidOut:
    count = sum(len(one.ordinals) for one in parts)
    needed = size_of(count, parts[0].vectors.shape[1], len(parts))
    codes = encode(parts) if needed <= most else None
    room = most - codes.nbytes if codes else most
    if count < _LEAST or sum(len(one.terms) for one in parts) * _POSTING > room:
        return LaidOut(None, codes)
    postings = lay_out(parts)
    return LaidOut(postings if postings.nbytes <= room else None, codes)
