"""ports.History on SQLite."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Self

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from lockgate.errors import LockgateError, Unavailable
from lockgate.labels.label import Label, join_all
from lockgate.labels.wire import parse, render
from lockgate.policy.model import Subject
from lockgate.storage import schema
from lockgate.storage.history import LABELS, MARKS, SHOWN

_BATCH: Final = 400
"""Marks in one statement; SQLite's default limit of variables is 999 on old builds."""


def _batches(marks: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(marks), _BATCH):
        yield marks[start : start + _BATCH]


class SqliteHistory:
    """Digests and labels of what each subject was shown. Durable on return; one writer at a time."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._writing = threading.Lock()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or create the database.

        Raises:
            Unavailable: the file cannot be opened or is no database of this kind.

        """
        engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 10})

        @sa.event.listens_for(engine, "connect")
        def _prepare(connection: sa.engine.interfaces.DBAPIConnection, _: object) -> None:
            cursor = connection.cursor()
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
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
        return cls(engine)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    async def remember(self, subject: Subject, marks: Sequence[bytes], label: Label, now: datetime, /) -> None:
        """Store that the subject was shown text with these marks under this label, durably."""
        await asyncio.to_thread(self._remember, subject, marks, label, now.timestamp())

    async def recall(self, subject: Subject, marks: Sequence[bytes], /) -> dict[bytes, Label]:
        """Return the label of each mark that this subject was shown; the join, where there were several."""
        return await asyncio.to_thread(self._recall, subject.person.name, marks)

    async def shown(self, subject: Subject, since: datetime, /) -> Label | None:
        """Return the join of everything that this person was shown since then, under any token."""
        return await asyncio.to_thread(self._shown, subject.person.name, since.timestamp())

    async def forget(self, before: datetime, /) -> None:
        """Drop what was last shown before a moment; what comes back later is then not recognized."""
        await asyncio.to_thread(self._forget, before.timestamp())

    def _remember(self, subject: Subject, marks: Sequence[bytes], label: Label, now: float) -> None:
        person = subject.person.name
        try:
            with self._writing, self._engine.begin() as db:
                kept = _intern(db, label)
                for batch in _batches(marks):
                    rows = [{"subject": person, "mark": m, "label": kept, "seen": now} for m in batch]
                    statement = insert(MARKS)
                    db.execute(statement.on_conflict_do_update(set_={"seen": statement.excluded.seen}), rows)
                mine = (SHOWN.c.subject == person, SHOWN.c.session == subject.session.id)
                before = db.execute(sa.select(SHOWN.c.label).where(*mine)).scalar_one_or_none()
                joined = label if before is None else label.join(parse(json.loads(before)))
                values = {"label": json.dumps(render(joined)), "seen": now}
                key = {"subject": person, "session": subject.session.id}
                db.execute(insert(SHOWN).values(**key, **values).on_conflict_do_update(set_=values))
        except sa.exc.SQLAlchemyError as error:
            raise Unavailable("the history cannot be written") from error

    def _recall(self, person: str, marks: Sequence[bytes]) -> dict[bytes, Label]:
        found: dict[bytes, list[Label]] = {}
        labels: dict[str, Label] = {}
        columns = sa.select(MARKS.c.mark, LABELS.c.label).join(LABELS).where(MARKS.c.subject == person)
        try:
            with self._engine.connect() as db:
                for batch in _batches(marks):
                    for mark, text in db.execute(columns.where(MARKS.c.mark.in_(batch))):
                        if text not in labels:
                            labels[text] = parse(json.loads(text))
                        found.setdefault(mark, []).append(labels[text])
        except sa.exc.SQLAlchemyError as error:
            raise Unavailable("the history cannot be read") from error
        return {mark: join_all(several) for mark, several in found.items()}

    def _shown(self, person: str, since: float) -> Label | None:
        recent = sa.select(SHOWN.c.label).where(SHOWN.c.subject == person, SHOWN.c.seen >= since)
        try:
            with self._engine.connect() as db:
                texts = db.execute(recent).scalars().all()
        except sa.exc.SQLAlchemyError as error:
            raise Unavailable("the history cannot be read") from error
        return join_all(parse(json.loads(text)) for text in texts) if texts else None

    def _forget(self, before: float) -> None:
        try:
            with self._writing, self._engine.begin() as db:
                db.execute(sa.delete(MARKS).where(MARKS.c.seen < before))
                db.execute(sa.delete(SHOWN).where(SHOWN.c.seen < before))
        except sa.exc.SQLAlchemyError as error:
            raise Unavailable("the history cannot be written") from error


def _intern(db: sa.Connection, label: Label) -> int:
    """Return the row of a label, adding it where it is new."""
    text = json.dumps(render(label))
    digest = hashlib.sha256(text.encode()).digest()
    db.execute(insert(LABELS).values(digest=digest, label=text).on_conflict_do_nothing())
    return int(db.execute(sa.select(LABELS.c.id).where(LABELS.c.digest == digest)).scalar_one())
