"""Tables of reviews that can be taken back, and of measures of the catalogue. They lie in the index's database.

Each row of a review is bound to a digest of itself that the master key wraps: one that was edited in the file is
not taken back, for that could lower a label.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any, Final

import sqlalchemy as sa

from lockgate.content.document import Review
from lockgate.content.exposure import Measures
from lockgate.labels.readers import Readers
from lockgate.labels.wire import parse, render
from lockgate.ports.reviewing import Ruled
from lockgate.storage.index_tables import METADATA as METADATA

REVIEWS: Final = sa.Table(
    "index_reviews",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.Text, nullable=False, index=True),
    sa.Column("document", sa.Text, nullable=False, index=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False, index=True),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("before_version", sa.Text, nullable=False),
    sa.Column("after_version", sa.Text, nullable=False),
    sa.Column("master", sa.Text, nullable=False),  # id of the master key that wraps `wrapped`
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
    sa.Column("undone", sa.Text),
    sa.Column("reason", sa.Text),
)
"""One row for each document of a review, a rule or a fix."""

MEASURES: Final = sa.Table(
    "index_measures",
    METADATA,
    sa.Column("day", sa.Text, primary_key=True),
    sa.Column("measures", sa.Text, nullable=False),
)
"""The last measures of each day."""

_BOUND: Final = ("id", "document", "at", "by", "action", "before", "before_version", "after_version")
BINDING: Final = b"lockgate review 1"


def digest(row: Mapping[str, Any]) -> bytes:
    """Return what the master key wraps of a row; without a reason it is what it was before there were any."""
    parts = [row[name] for name in _BOUND]
    return hashlib.sha256(json.dumps([*parts, row["reason"]] if row["reason"] else parts).encode()).digest()


def ruled_text(ruled: Ruled) -> str:
    """Return what was ruled, as JSON."""
    return json.dumps(
        {
            "label": render(ruled.label),
            "review": ruled.review.value,
            "ruling": None if ruled.ruling is None else render(ruled.ruling),
            "readers": ruled.ruled_readers and sorted(sorted(clause) for clause in ruled.ruled_readers.clauses),
            "kinds": sorted(ruled.accepted_kinds),
        }
    )


def ruled_of(text: str) -> Ruled:
    """Return what `ruled_text` wrote."""
    found = json.loads(text)
    return Ruled(
        parse(found["label"]),
        Review(found["review"]),
        None if found["ruling"] is None else parse(found["ruling"]),
        None if found["readers"] is None else Readers(frozenset(map(frozenset, found["readers"]))),
        frozenset(found["kinds"]),
    )


def measures_text(measures: Measures) -> str:
    """Return measures as JSON."""
    return json.dumps(asdict(measures))


def measured(day: str, text: str) -> tuple[date, Measures]:
    """Return a row of the trend."""
    found = json.loads(text)
    levels = found.pop("levels")
    backlog = tuple((owner, count) for owner, count in found.pop("backlog"))
    return date.fromisoformat(day), Measures(**found, levels=tuple(levels), backlog=backlog)
