"""Tables of the history of what subjects were shown: digests and labels, never text."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Final

import sqlalchemy as sa

from lockgate.labels.label import Label
from lockgate.labels.wire import parse
from lockgate.storage.known_marks import packed, unpacked

METADATA: Final = sa.MetaData()

LABELS: Final = sa.Table(
    "history_labels",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("digest", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("label", sa.Text, nullable=False),
)
"""Each distinct label once, as the JSON of `labels/wire.py`."""

PIECES: Final = sa.Table(
    "history_pieces",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("subject", sa.String(255), nullable=False, index=True),
    sa.Column("label", sa.ForeignKey("history_labels.id"), nullable=False),
    sa.Column("seen", sa.Float, nullable=False, index=True),
    sa.Column("marks", sa.LargeBinary, nullable=False),
)
"""What a subject was shown, a row for each piece: all its marks side by side (`storage/known_marks.py`).

A row for each mark cost more than everything else that a request does.
"""

SHOWN: Final = sa.Table(
    "history_shown",
    METADATA,
    sa.Column("subject", sa.String(255), primary_key=True),
    sa.Column("session", sa.String(255), primary_key=True),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("seen", sa.Float, nullable=False, index=True),
)
"""The join of everything a session was shown; it only rises. `seen` is rounded up to a minute."""

# Written in every request: plain text for the driver, as composing them costs more than running them.
ADD_LABEL: Final = "INSERT INTO history_labels (digest, label) VALUES (?, ?) ON CONFLICT DO NOTHING"
FIND_LABEL: Final = "SELECT id FROM history_labels WHERE digest = ?"
ADD_PIECE: Final = "INSERT INTO history_pieces (subject, label, seen, marks) VALUES (?, ?, ?, ?)"
FIND_SHOWN: Final = "SELECT label, seen FROM history_shown WHERE subject = ? AND session = ?"
SET_SHOWN: Final = (
    "INSERT INTO history_shown (subject, session, label, seen) VALUES (?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET label = excluded.label, seen = excluded.seen"
)


def labels_within(db: sa.Connection, within: Label) -> frozenset[int]:
    """Return the rows of the labels that fit under another one."""
    rows = db.execute(sa.select(LABELS.c.id, LABELS.c.label)).all()
    return frozenset(id for id, text in rows if parse(json.loads(text)).fits_under(within))


def marked(db: sa.Connection) -> Sequence[str]:
    """Return everybody who has marks."""
    return db.execute(sa.select(PIECES.c.subject).distinct()).scalars().all()


def _mine(subject: str, since: float) -> sa.ColumnElement[bool]:
    return sa.and_(PIECES.c.subject == subject, PIECES.c.seen >= since)


def marks_of(db: sa.Connection, subject: str, since: float, labels: Collection[int]) -> frozenset[bytes]:
    """Return all marks of what a person was shown since then under these labels."""
    rows = db.execute(sa.select(PIECES.c.label, PIECES.c.marks).where(_mine(subject, since)))
    pieces = [whole for label, whole in rows if label in labels]
    return frozenset(mark for whole in pieces for mark in unpacked(whole))


def drop_older(db: sa.Connection, before: float) -> set[str]:
    """Drop what was last shown before then; return of whom."""
    gone: set[str] = set()
    for table in (PIECES, SHOWN):
        old = table.c.seen < before
        names = set(db.execute(sa.select(table.c.subject).distinct().where(old)).scalars())
        if names:
            db.execute(sa.delete(table).where(old))
            gone |= names
    return gone


def drop_marks(
    db: sa.Connection, subject: str, gone: Collection[bytes], since: float, labels: Collection[int]
) -> None:
    """Take marks out of every piece that a person was shown since then under these labels; empty ones go."""
    rows = db.execute(sa.select(PIECES.c.id, PIECES.c.label, PIECES.c.marks).where(_mine(subject, since))).all()
    for id, label, whole in rows:
        if label not in labels:
            continue
        before = unpacked(whole)
        kept = [mark for mark in before if mark not in gone]
        if not kept:
            db.execute(sa.delete(PIECES).where(PIECES.c.id == id))
        elif len(kept) < len(before):
            db.execute(sa.update(PIECES).where(PIECES.c.id == id).values(marks=packed(kept)))
