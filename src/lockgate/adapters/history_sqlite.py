"""ports.History on SQLite (WAL, synchronous=FULL): one writing thread, and what people were shown in memory.

Who asks was mostly here before, so what each person was shown is read once and then kept, in bounds. Memory takes
a piece before the disk does: it may know what was never shown, and never lacks what was. Only one process may use
a file: the lock of the audit log, which is opened before it, sees to that.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from math import ceil
from pathlib import Path
from typing import Final, Self, TypeVar

import sqlalchemy as sa

from lockgate.errors import LockgateError, Unavailable
from lockgate.labels.label import Label, join_all
from lockgate.labels.wire import parse, render
from lockgate.policy.model import Subject
from lockgate.storage import history as store
from lockgate.storage import schema
from lockgate.storage.alike import Alike
from lockgate.storage.driver import driver, transaction
from lockgate.storage.group import GroupWriter, Lane
from lockgate.storage.known_marks import packed
from lockgate.storage.known_people import KnownPeople, Stored

_REMEMBERED: Final = 512
"""Labels and sessions that the writer remembers to have written."""
_MINUTE: Final = 60.0
"""Seconds to which the disk's moment of a session is rounded up, so that a request seldom has to write it. What
was shown then counts up to a minute longer than it must, and never less."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Something that was shown, to be written."""

    person: str
    session: str
    marks: bytes
    label: Label
    seen: float


@dataclass(frozen=True, slots=True)
class _Forget:
    """What was last shown before then goes; the thread notes of whom something went."""

    before: float
    of: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Unmark:
    person: str
    gone: frozenset[bytes]
    since: float
    labels: frozenset[int]


_T = TypeVar("_T")
_Job = tuple[_Piece, ...] | _Forget | _Unmark


class SqliteHistory:
    """Digests and labels of what each subject was shown. Durable on return."""

    def __init__(self, engine: sa.Engine, writer: GroupWriter | None) -> None:
        self._engine = engine
        self._people = KnownPeople(self._read)
        self._alike = Alike()
        self._writer = writer or GroupWriter.start("history")
        self._own = writer is None
        self._lane: Lane[_Job, None] = self._writer.lane(self._commit, _cannot_write)
        # Used by the writing thread alone.
        self._connection: sa.Connection | None = None
        self._labels: dict[Label, tuple[int, str]] = {}
        self._sessions: dict[tuple[str, str], tuple[Label, float]] = {}

    @classmethod
    def open(cls, path: Path, writer: GroupWriter | None = None) -> Self:
        """Open or create the database. `writer` is a thread that other stores write in too.

        Raises:
            Unavailable: the file cannot be opened or is no database of this kind.

        """
        engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 10})

        @sa.event.listens_for(engine, "connect")
        def _prepare(connection: sa.engine.interfaces.DBAPIConnection, _: object) -> None:
            cursor = connection.cursor()
            for pragma in (
                "journal_mode=WAL",
                "synchronous=FULL",
                "foreign_keys=ON",
                "secure_delete=ON",
                "cache_size=-512",
            ):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        try:
            with engine.begin() as db:
                schema.prepare(db, schema.HISTORY)
        except LockgateError:
            engine.dispose()
            raise
        except sa.exc.SQLAlchemyError as error:
            engine.dispose()
            raise Unavailable(f"the history database `{path}` cannot be opened") from error
        return cls(engine, writer)

    async def answers(self) -> bool:
        """Tell whether the database can be read. An error of the driver says that it cannot."""

        def look() -> bool:
            with self._engine.connect() as db:
                return bool(db.execute(sa.text("SELECT count(*) FROM sqlite_master")).scalar_one())

        return await asyncio.to_thread(look)

    def holds(self) -> bool:
        """Tell whether anybody was shown anything. Blocks on the disk.

        Raises:
            Unavailable: the history cannot be read.

        """
        return bool(self._ask(store.marked))

    def close(self) -> None:
        """Write what waits, then close every connection."""
        if not self._lane.close():
            return
        if self._own:
            self._writer.close()
        self._disconnect()
        self._engine.dispose()

    # ------------------------------------------------------------------ the port

    def remember(
        self,
        subject: Subject,
        marks: Sequence[bytes],
        label: Label,
        now: datetime,
        /,
        also: Sequence[tuple[Sequence[bytes], Label]] = (),
    ) -> Awaitable[None]:
        """Store that the subject was shown text with these marks under this label, durably."""
        name, session, seen = subject.person.name, subject.session.id, now.timestamp()
        shown = [(several, self._alike.label(one)) for several, one in ((marks, label), *also)]
        job = tuple([_Piece(name, session, packed(several), one, seen) for several, one in shown])
        person = self._people.person(name)
        done = self._lane.submit(job)
        if done is None:
            done = asyncio.get_running_loop().create_future()
            done.set_exception(
                Unavailable("the history is closed", remedy="nothing is shown any more; start it again")
            )
            return done
        self._people.show(person, shown, session, seen, done)
        # Whoever asks may be gone meanwhile; what memory has taken must not leave it before it is on disk.
        return asyncio.shield(done)

    async def recall(self, subject: Subject, marks: Sequence[bytes], /) -> dict[bytes, Label]:
        """Return the label of each mark that this subject was shown; the join, where there were several."""
        return (await self._people.loaded(subject.person.name)).known.find(marks)

    async def shown(self, subject: Subject, since: datetime, /) -> Label | None:
        """Return the join of everything that this person was shown since then, under any token."""
        person, start = await self._people.loaded(subject.person.name), since.timestamp()
        labels = {label for label, seen in person.sessions.values() if seen >= start}
        return join_all(labels) if labels else None

    async def forget(self, before: datetime, /) -> None:
        """Drop what was last shown before a moment; what comes back later is then not recognized."""
        forget = _Forget(before.timestamp())
        done = self._lane.submit(forget)
        if done is None:
            raise Unavailable("the history is closed")
        await done
        self._people.drop(forget.of)  # nobody else: to read again takes the longer, the more somebody was shown

    async def unmark(self, of: Callable[[str], Collection[bytes]], since: datetime, within: Label, /) -> int:
        """Drop the marks that `of` returns for each person, of what was shown since then, and overwrite them.

        What was shown under a label that does not fit under `within` stays.

        Raises:
            Unavailable: the history cannot be read or written.

        """
        dropped, at = 0, since.timestamp()
        labels = await asyncio.to_thread(self._ask, lambda db: store.labels_within(db, within))
        for name in await asyncio.to_thread(self._ask, store.marked):
            known = await asyncio.to_thread(
                self._ask, partial(store.marks_of, subject=name, since=at, labels=labels)
            )
            gone = known.intersection(await asyncio.to_thread(of, name)) if known else known
            if not gone:
                continue
            done = self._lane.submit(_Unmark(name, gone, at, labels))
            if done is None:
                raise Unavailable("the history is closed")
            self._people.read_again(name, done)
            await asyncio.shield(done)
            dropped += len(gone)
        if dropped:
            await asyncio.to_thread(self._empty_log)
        return dropped

    # ------------------------------------------------------------------ reading

    def _read(self, name: str) -> Stored:
        labels: dict[str, Label] = {}

        def label(text: str) -> Label:
            if text not in labels:
                labels[text] = self._alike.label(parse(json.loads(text)))
            return labels[text]

        pieces, shown, known = store.PIECES.c, store.SHOWN.c, store.LABELS.c
        marks = sa.select(pieces.marks, known.label).join(store.LABELS).where(pieces.subject == name)
        sessions = sa.select(shown.session, shown.label, shown.seen).where(shown.subject == name)
        return self._ask(
            lambda db: (
                [(whole, label(text)) for whole, text in db.execute(marks)],
                [(session, label(text), seen) for session, text, seen in db.execute(sessions)],
            )
        )

    def _ask(self, question: Callable[[sa.Connection], _T]) -> _T:
        try:
            with self._engine.connect() as db:
                return question(db)
        except sa.exc.SQLAlchemyError as error:
            raise Unavailable("the history cannot be read") from error

    def _empty_log(self) -> None:
        """Empty the write-ahead log, which may still hold pages as they were."""
        try:
            with self._engine.connect() as db:
                db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        except sa.exc.SQLAlchemyError as error:
            raise Unavailable("the history cannot be written") from error

    # ------------------------------------------------------------------ the writing thread

    def _commit(self, batch: Sequence[_Job]) -> list[None]:
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            with transaction(self._connection):
                self._write(self._connection, batch)
        except BaseException:
            self._labels.clear()
            self._sessions.clear()
            self._disconnect()
            raise
        return [None] * len(batch)

    def _write(self, db: sa.Connection, batch: Sequence[_Job]) -> None:
        pieces: list[_Piece] = []
        for job in batch:
            if isinstance(job, tuple):
                pieces += job
                continue
            self._write_pieces(db, pieces)  # what was shown before is stored first, so that it is seen
            pieces = []
            if isinstance(job, _Forget):
                job.of.update(store.drop_older(db, job.before))
                if job.of:
                    self._sessions.clear()
            else:
                store.drop_marks(db, job.person, job.gone, job.since, job.labels)
        self._write_pieces(db, pieces)
        for remembered in (self._labels, self._sessions):
            if len(remembered) > _REMEMBERED:
                remembered.clear()

    def _write_pieces(self, db: sa.Connection, pieces: Sequence[_Piece]) -> None:
        rows = [(one.person, self._label(db, one.label)[0], one.seen, one.marks) for one in pieces if one.marks]
        raised: dict[tuple[str, str], tuple[Label, float]] = {}
        for one in pieces:
            key = one.person, one.session
            before = self._sessions.get(key) or self._stored(db, key)
            label, seen = before or (one.label, one.seen)
            label = label if label == one.label else label.join(one.label)
            now = label, max(seen, ceil(one.seen / _MINUTE) * _MINUTE)
            if now != before:
                self._sessions[key] = raised[key] = now
        if rows:
            driver(db).executemany(store.ADD_PIECE, rows)
        if raised:
            sessions = [(*key, self._label(db, label)[1], seen) for key, (label, seen) in raised.items()]
            driver(db).executemany(store.SET_SHOWN, sessions)

    def _stored(self, db: sa.Connection, key: tuple[str, str]) -> tuple[Label, float] | None:
        """Return label and moment of a session that the disk knows."""
        found = db.exec_driver_sql(store.FIND_SHOWN, key).one_or_none()
        return None if found is None else (parse(json.loads(found[0])), found[1])

    def _label(self, db: sa.Connection, label: Label) -> tuple[int, str]:
        """Return row and text of a label, adding it where it is new."""
        found = self._labels.get(label)
        if found is None:
            text = json.dumps(render(label))
            digest = hashlib.sha256(text.encode()).digest()
            db.exec_driver_sql(store.ADD_LABEL, (digest, text))
            number = int(db.exec_driver_sql(store.FIND_LABEL, (digest,)).scalar_one())
            found = self._labels[label] = number, text
        return found

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _cannot_write(error: Exception) -> LockgateError:
    if isinstance(error, LockgateError):
        return type(error)(str(error), remedy=error.remedy)
    return Unavailable("the history cannot be written")
