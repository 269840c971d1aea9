"""Tables of the index, and documents as their rows.

What is in clear here is the catalogue: titles, rights, labels, digests. What documents say is in `payloads`,
encrypted under a key per document. The wrapped key is bound to a digest of the whole catalogue row, so a row that
was edited in the file (readers widened, a hold lifted) no longer opens its document.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from lockgate.content.document import Document, Evidence, Review
from lockgate.errors import LockgateError, Unavailable
from lockgate.labels.readers import Readers
from lockgate.labels.wire import parse, render

METADATA: Final = sa.MetaData()
_NOTHING: Final[frozenset[Any]] = frozenset()
"""One object for all empty sets of a hundred thousand rows."""

META: Final = sa.Table(
    "index_meta",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
"""`schema`: version of this layout; `change`: number of the last change."""

DOCUMENTS: Final = sa.Table(
    "index_documents",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("connector", sa.Text, nullable=False),
    sa.Column("item", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("collection", sa.Text, nullable=False),
    sa.Column("revision", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("source_readers", sa.Text, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("review", sa.Text, nullable=False),
    sa.Column("held", sa.Boolean, nullable=False),
    sa.Column("seen", sa.Text, nullable=False),
    sa.Column("accepted_kinds", sa.Text, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("problem", sa.Text, nullable=False),
    sa.Column("notes", sa.Text, nullable=False),
    sa.Column("ruling", sa.Text, nullable=False),
    sa.Column("ruled_readers", sa.Text, nullable=False),
    sa.Column("held_chunks", sa.Text, nullable=False),
    sa.Column("generation", sa.Text, nullable=False),  # new at every put: binds payloads to this row
    sa.Column("master", sa.Text, nullable=False),  # id of the master key that wraps `wrapped`
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
    sa.Column("change", sa.Integer, nullable=False),
)

PAYLOADS: Final = sa.Table(
    "index_payloads",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("columns", sa.LargeBinary, nullable=False),  # what ranking needs; read at start
    sa.Column("texts", sa.LargeBinary, nullable=False),  # passages; read for survivors only
    sa.Column(
        "sketch", sa.LargeBinary
    ),  # for near-duplicates (content/similar.py); none in what older versions read
)

FORGOTTEN: Final = sa.Table(
    "index_forgotten",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("since", sa.Text, nullable=False),
)
"""Ids of documents that were forgotten on request. They are not stored again while they stand here."""

SCHEMA: Final = "2"
_UNBOUND: Final = frozenset({"master", "wrapped", "change"})


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _clauses(readers: Readers) -> list[list[str]]:
    return sorted(sorted(clause) for clause in readers.clauses)


def _readers(clauses: list[list[str]]) -> Readers:
    return Readers(frozenset(frozenset(map(sys.intern, clause)) for clause in clauses))


def to_row(document: Document, held: frozenset[int], generation: str) -> dict[str, Any]:
    """Return the catalogue row of a document, without `master`, `wrapped` and `change`."""
    return {
        "id": document.id,
        "connector": document.connector,
        "item": document.item,
        "title": document.title,
        "collection": document.collection,
        "revision": document.revision,
        "digest": document.digest,
        "source_readers": _json(_clauses(document.source_readers)),
        "label": _json(render(document.label)),
        "review": str(document.review),
        "held": document.held,
        "seen": document.seen.isoformat(),
        "accepted_kinds": _json(sorted(document.accepted_kinds)),
        "evidence": _json([[one.kind, one.count, one.confidence] for one in document.evidence]),
        "problem": document.problem,
        "notes": _json(document.notes),
        "ruling": _json(document.ruling and render(document.ruling)),
        "ruled_readers": _json(document.ruled_readers and _clauses(document.ruled_readers)),
        "held_chunks": _json(sorted(held)),
        "generation": generation,
    }


def from_row(row: Mapping[str, Any]) -> tuple[Document, frozenset[int]]:
    """Return the document of a catalogue row, and the ordinals of its held passages.

    Raises:
        Unavailable: the row is not one that `to_row` writes.

    """
    try:
        label, source = parse(json.loads(row["label"])), _readers(json.loads(row["source_readers"]))
        document = Document(
            id=row["id"],
            connector=sys.intern(row["connector"]),
            item=row["item"],
            title=row["title"],
            collection=sys.intern(row["collection"]),
            revision=row["revision"],
            digest=row["digest"],
            source_readers=label.readers if source == label.readers else source,  # one object where they are equal
            label=label,
            review=Review(row["review"]),
            held=bool(row["held"]),
            seen=datetime.fromisoformat(row["seen"]),
            accepted_kinds=frozenset(json.loads(row["accepted_kinds"])) or _NOTHING,
            evidence=tuple(Evidence(*one) for one in json.loads(row["evidence"])),
            problem=row["problem"],
            notes=tuple(json.loads(row["notes"])),
            ruling=None if (ruling := json.loads(row["ruling"])) is None else parse(ruling),
            ruled_readers=None if (ruled := json.loads(row["ruled_readers"])) is None else _readers(ruled),
        )
        return document, frozenset(json.loads(row["held_chunks"])) or _NOTHING
    except (ValueError, TypeError, KeyError, LockgateError) as error:
        raise Unavailable(f"the catalogue row of `{row['id']}` is damaged", code="tampered") from error


def binding(row: Mapping[str, Any]) -> bytes:
    """Return what the wrapped key of a document is bound to: a digest of its whole row.

    The row is bound as it is stored, so that parsing cannot hide a difference.
    """
    fields = {
        column.name: bool(row[column.name]) if column.name == "held" else row[column.name]
        for column in DOCUMENTS.columns
        if column.name not in _UNBOUND
    }
    return b"lockgate document key 1\0" + hashlib.sha256(_json(fields).encode("utf-8", "surrogatepass")).digest()
