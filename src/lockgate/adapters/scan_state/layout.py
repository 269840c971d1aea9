"""The layout of a scan's state file, and rows to and from it.

The file is a memory of what can be had again by scanning: one of another layout is emptied, not upgraded.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import astuple
from functools import lru_cache
from typing import Any, Final

from lockgate.content.document import Evidence
from lockgate.content.labeling import Proposal
from lockgate.content.scanned import Place, Row
from lockgate.labels.label import Sensitivity
from lockgate.labels.readers import Readers

VERSION: Final = 2
APPLICATION: Final = 0x4C675363
"""`LgSc`: what `PRAGMA application_id` says of such a file."""
TABLES: Final = """
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    started TEXT NOT NULL,
    finished TEXT,
    complete INTEGER NOT NULL DEFAULT 0,
    targets TEXT NOT NULL,
    rules TEXT NOT NULL
);
CREATE TABLE item (
    id INTEGER PRIMARY KEY,
    target TEXT NOT NULL,
    item TEXT NOT NULL,
    folder TEXT NOT NULL,
    -- of the last walk: rights, and what a rule declares
    seen INTEGER NOT NULL,
    wanted INTEGER NOT NULL DEFAULT 0,
    shown_revision TEXT NOT NULL,
    size INTEGER NOT NULL,
    modified TEXT,
    rights TEXT NOT NULL,
    readers TEXT NOT NULL,
    owners TEXT NOT NULL,
    people INTEGER NOT NULL,
    share REAL NOT NULL,
    everyone INTEGER NOT NULL,
    declared INTEGER,
    walk_notes TEXT NOT NULL,
    walk_problem TEXT NOT NULL,
    -- of the last look at its bytes
    revision TEXT,
    digest TEXT NOT NULL DEFAULT '',
    rules TEXT NOT NULL DEFAULT '',
    demanded INTEGER NOT NULL DEFAULT 0,
    findings INTEGER NOT NULL DEFAULT 0,
    reasons TEXT NOT NULL DEFAULT '[]',
    places TEXT NOT NULL DEFAULT '[]',
    look_notes TEXT NOT NULL DEFAULT '[]',
    unread TEXT NOT NULL DEFAULT '[]',
    look_problem TEXT NOT NULL DEFAULT '',
    again INTEGER NOT NULL DEFAULT 0,
    -- of both
    read INTEGER NOT NULL DEFAULT 0,
    changed INTEGER NOT NULL,
    gone INTEGER NOT NULL DEFAULT 0,
    level INTEGER GENERATED ALWAYS AS (
        CASE WHEN look_problem <> '' OR walk_problem <> '' THEN 3 ELSE max(demanded, coalesce(declared, 0)) END
    ) VIRTUAL,
    problem TEXT GENERATED ALWAYS AS (
        CASE WHEN look_problem <> '' THEN look_problem ELSE walk_problem END
    ) VIRTUAL,
    UNIQUE (target, item)
);
CREATE INDEX item_wanted ON item (wanted, id) WHERE wanted <> 0;
CREATE TABLE kind (
    item INTEGER NOT NULL REFERENCES item (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    count INTEGER NOT NULL,
    confidence REAL NOT NULL,
    PRIMARY KEY (item, kind)
) WITHOUT ROWID;
"""


def prepare(connection: sqlite3.Connection) -> None:
    """Bring a new file, or one of another layout, to this one."""
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found == VERSION:
        return
    connection.executescript(
        "DROP TABLE IF EXISTS kind; DROP TABLE IF EXISTS item; DROP TABLE IF EXISTS run;"
        f"{TABLES} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION};"
    )


@lru_cache(maxsize=4096)
def readers_text(readers: Readers) -> str:
    """Return readers as canonical JSON."""
    return json.dumps(sorted(sorted(clause) for clause in readers.clauses))


@lru_cache(maxsize=4096)
def readers_of(text: str) -> Readers:
    """Return the readers that `readers_text` wrote."""
    return Readers(frozenset(frozenset(clause) for clause in json.loads(text)))


def places_text(places: Sequence[Place]) -> str:
    """Return places as JSON."""
    return json.dumps([astuple(one) for one in places], ensure_ascii=False) if places else "[]"


def before(demanded: int, kinds: Sequence[tuple[str, int, float]]) -> Proposal:
    """Return what the last look at an item found, without its reasons."""
    evidence = tuple(Evidence(*one) for one in kinds)
    return Proposal(Sensitivity(demanded), frozenset(one.kind for one in evidence), evidence, ())


COLUMNS: Final = (
    "id, target, item, size, level, declared, reasons, places, readers, people, share, everyone, owners, digest, "
    "problem, walk_notes, look_notes, gone, unread"
)


def row(found: Sequence[Any], kinds: Sequence[tuple[str, int, float]]) -> Row:
    """Return a row of a report from `COLUMNS` and its kinds."""
    _, target, item, size, level, declared, reasons, places, readers, people, share, everyone = found[:12]
    owners, digest, problem, walk_notes, look_notes, gone, unread = found[12:]
    return Row(
        target=target,
        item=item,
        size=size,
        level=Sensitivity(level),
        reasons=tuple(json.loads(reasons)),
        evidence=tuple(Evidence(*one) for one in kinds),
        places=tuple(Place(*one) for one in json.loads(places)),
        readers=readers_of(readers),
        people=people,
        share=share,
        everyone=bool(everyone),
        owners=tuple(json.loads(owners)),
        digest=digest,
        declared=None if declared is None else Sensitivity(declared),
        problem=problem,
        notes=(*json.loads(walk_notes), *json.loads(look_notes)),
        gone=bool(gone),
        unread=tuple(json.loads(unread)),
    )
