"""The table of judgements of findings, in the index's database.

Each row is bound to a digest of itself that the master key wraps: one that was edited in the file counts for
nothing, for it could lower a label.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from lockgate.content.judging import Judgement, Opinion
from lockgate.storage.index_tables import METADATA as METADATA

JUDGEMENTS: Final = sa.Table(
    "index_judgements",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("document", sa.Text, nullable=False, index=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("detector", sa.Text, nullable=False),
    sa.Column("passage", sa.Integer, nullable=False),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("opinion", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("master", sa.Text, nullable=False),  # id of the master key that wraps `wrapped`
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
    sa.Column("examined", sa.Boolean, nullable=False),
)
BINDING: Final = b"lockgate judgement 1"
_BOUND: Final = (
    *("document", "digest", "kind", "detector", "passage", "start", "end"),
    *("value", "opinion", "by", "at", "reason"),
)


def digest(row: Mapping[str, Any]) -> bytes:
    """Return what the master key wraps of a row."""
    return hashlib.sha256(json.dumps([row[name] for name in _BOUND]).encode()).digest()


def row_of(one: Judgement) -> dict[str, Any]:
    """Return a judgement as a row, without what binds it."""
    row: dict[str, Any] = {name: getattr(one, name) for name in _BOUND}
    return row | {"opinion": one.opinion.value, "by": "\n".join(one.by), "at": one.at.isoformat()}


def judgement_of(row: Mapping[str, Any]) -> Judgement:
    """Return what `row_of` made."""
    parts = {name: row[name] for name in _BOUND}
    by, at = tuple(row["by"].split("\n")), datetime.fromisoformat(row["at"])
    return Judgement(**parts | {"opinion": Opinion(row["opinion"]), "by": by, "at": at})
