"""What memory keeps of what people were shown, so that the disk need not be asked with every request."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from lockgate.labels.label import Label
from lockgate.storage.known_marks import KnownMarks

_MARKS: Final = 1_000_000
"""Marks of all people together that memory keeps (12 MB); who has asked least recently is dropped first."""
_PEOPLE: Final = 5_000

Stored = tuple[list[tuple[bytes, Label]], list[tuple[str, Label, float]]]
"""What the disk knows of one person: pieces, and sessions."""


@dataclass(slots=True)
class Person:
    """What memory knows of one person. Until `loaded`, it is only what was shown since the entry was made."""

    known: KnownMarks = field(default_factory=KnownMarks)
    sessions: dict[str, tuple[Label, float]] = field(default_factory=dict)
    loaded: bool = False
    loading: asyncio.Task[None] | None = None
    pending: int = 0

    def shown(self, session: str, label: Label, seen: float) -> None:
        """Note that a session was shown something under this label."""
        before, last = self.sessions.get(session, (label, seen))
        self.sessions[session] = (label if before == label else before.join(label), max(last, seen))


class KnownPeople:
    """Those who asked of late. `read` returns what the disk knows of one of them, and blocks.

    Memory takes a piece before the disk does: it may know what was never shown, and never lacks what was. So
    nobody is dropped of whom something is still being written.
    """

    def __init__(self, read: Callable[[str], Stored]) -> None:
        self._read = read
        self._people: OrderedDict[str, Person] = OrderedDict()
        self._size = 0

    def person(self, name: str) -> Person:
        """Return the entry of a person, which may not have been loaded."""
        person = self._people.get(name)
        if person is None:
            self._make_room()
            person = self._people[name] = Person()
        self._people.move_to_end(name)
        return person

    def show(
        self,
        person: Person,
        shown: Iterable[tuple[Sequence[bytes], Label]],
        session: str,
        seen: float,
        written: asyncio.Future[None],
    ) -> None:
        """Take what a person is shown, while it is being `written`."""
        self._size -= len(person.known)
        for several, label in shown:
            person.known.add(several, label)
            person.shown(session, label, seen)
        self._size += len(person.known)
        _hold(person, written)

    def drop(self, names: Iterable[str]) -> None:
        """Drop those of whom nothing is being written; the disk is read again when they ask."""
        for name in names:
            if name in self._people and not self._people[name].pending:
                self._drop(name)

    async def loaded(self, name: str) -> Person:
        """Return the entry of a person with everything that the disk knows of them."""
        person = self.person(name)
        while not person.loaded:
            await asyncio.shield(person.loading or self._begin(name, person))
        return person

    def read_again(self, name: str, after: asyncio.Future[None]) -> None:
        """Let go of what memory knows of a person, and read it from the disk after what is being written."""
        before = self._people.get(name)
        if before is None:
            return
        self._size -= len(before.known)
        person = self._people[name] = Person()  # what was shown before is written before `after`
        _hold(person, after)  # so that nobody drops and reads it anew until then
        self._begin(name, person, after)

    def _make_room(self) -> None:
        while self._people and (self._size > _MARKS or len(self._people) >= _PEOPLE):
            oldest = next((name for name, one in self._people.items() if not one.pending), None)
            if oldest is None:
                return
            self._drop(oldest)

    def _drop(self, name: str) -> None:
        self._size -= len(self._people.pop(name).known)

    def _begin(self, name: str, person: Person, after: asyncio.Future[None] | None = None) -> asyncio.Task[None]:
        """Start to read what the disk knows of a person."""
        loading = person.loading = asyncio.create_task(self._load(name, person, after))
        loading.add_done_callback(_seen)
        return loading

    async def _load(self, name: str, person: Person, after: asyncio.Future[None] | None) -> None:
        """Read what the disk knows, and add it to what came meanwhile."""
        try:
            if after is not None:
                await asyncio.wait([after])
            pieces, sessions = await asyncio.to_thread(self._read, name)
        finally:
            person.loading = None
        before = len(person.known)
        person.known.pack(pieces)
        if self._people.get(name) is person:
            self._size += len(person.known) - before
        for session, label, seen in sessions:
            person.shown(session, label, seen)
        person.loaded = True


def _hold(person: Person, written: asyncio.Future[None]) -> None:
    """Keep an entry in memory until something is written."""

    def settled(done: asyncio.Future[None]) -> None:
        person.pending -= 1
        _seen(done)

    person.pending += 1
    written.add_done_callback(settled)


def _seen(done: asyncio.Future[None]) -> None:
    if not done.cancelled():
        done.exception()  # whoever waited has gone, or was told
