"""Tables of the history of what subjects were shown: digests and labels, never text."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

METADATA: Final = sa.MetaData()

LABELS: Final = sa.Table(
    "history_labels",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("digest", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("label", sa.Text, nullable=False),
)
"""Each distinct label once, as the JSON of `labels/wire.py`."""

MARKS: Final = sa.Table(
    "history_marks",
    METADATA,
    sa.Column("subject", sa.String(255), primary_key=True),
    sa.Column("mark", sa.LargeBinary(16), primary_key=True),
    sa.Column("label", sa.ForeignKey("history_labels.id"), primary_key=True),
    sa.Column("seen", sa.Float, nullable=False, index=True),
    sqlite_with_rowid=False,
)
"""What a subject was shown. Several labels for one mark are all kept; their join counts."""

SHOWN: Final = sa.Table(
    "history_shown",
    METADATA,
    sa.Column("subject", sa.String(255), primary_key=True),
    sa.Column("session", sa.String(255), primary_key=True),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("seen", sa.Float, nullable=False, index=True),
)
"""The join of everything a session was shown; it only rises."""
