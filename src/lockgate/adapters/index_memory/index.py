"""The index itself: changes one at a time, searches beside them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import sqlalchemy as sa

from lockgate.adapters.index_memory.database import connect, guard, scrub
from lockgate.content.document import Chunk, Document
from lockgate.content.ranking import LEXICAL, passages, rank
from lockgate.content.similar import BEST, NOTHING, Overlap, Sketch, unpack
from lockgate.errors import Conflict, Invalid, NotFound, Unavailable
from lockgate.ports import Hit, Keys, Query, Vectors
from lockgate.storage import schema
from lockgate.storage.index_payload import (
    COLUMNS,
    LONGEST,
    SKETCH,
    TEXTS,
    check_passages,
    new_key,
    pack_columns,
    pack_texts,
    seal,
    unpack_columns,
    unpack_texts,
    unseal,
)
from lockgate.storage.index_queries import (
    change_of,
    changed_since,
    check_meta,
    delete,
    forgotten,
    rewrap,
    set_change,
    set_forgotten,
    traces,
    with_texts,
)
from lockgate.storage.index_tables import (
    DOCUMENTS,
    PAYLOADS,
    binding,
    from_row,
    to_row,
)
from lockgate.storage.index_view import Stored, View

_TRIES: Final = 3


class MemoryIndex:
    """The embedded index of one folder. Open it with `open`, and close it."""

    def __init__(self, engine: sa.Engine, keys: Keys, lexical: float = LEXICAL) -> None:
        self._engine = engine
        self._keys = keys
        self._lexical = lexical
        self._view = View()
        self._damaged: frozenset[str] = frozenset()
        self._forgotten: frozenset[str] = frozenset()
        self._writing = threading.Lock()
        """Held by whoever changes the database, or takes over changes: one at a time."""

    @classmethod
    async def open(cls, folder: Path, keys: Keys, *, lexical: float = LEXICAL) -> Self:
        """Open the index in `folder`, or create it, and load what searching needs.

        Raises:
            Unavailable: the folder cannot be used, is of another version, or another master key wrote it; then
                nothing has been changed.

        """
        return await asyncio.to_thread(cls._open, folder, keys, lexical)

    @classmethod
    def _open(cls, folder: Path, keys: Keys, lexical: float) -> Self:
        engine = connect(folder)
        index = cls(engine, keys, lexical)
        try:
            with guard(), engine.connect() as db:
                db.exec_driver_sql("BEGIN IMMEDIATE")
                schema.prepare(db, schema.INDEX)
                check_meta(db, keys)
                db.commit()
            index._take_over()
        except BaseException:
            engine.dispose()
            raise
        return index

    async def close(self) -> None:
        """Close every connection and drop what is in memory."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        with self._writing:
            self._view = View()
            self._engine.dispose()

    # ------------------------------------------------------------------ changes

    async def put(
        self, document: Document, chunks: Sequence[Chunk], vectors: Vectors, /, sketch: Sketch = NOTHING
    ) -> None:
        """Store a document and all its passages in one step, replacing what was there. Durable on return.

        Raises:
            Invalid: passages, ordinals and vectors do not belong together.
            Unavailable: it could not be stored; what was there is still there.

        """
        check_passages(document, chunks, vectors)
        await asyncio.to_thread(self._put, document, tuple(chunks), vectors, sketch)

    async def relabel(self, document: Document, held: frozenset[int] = frozenset(), /) -> None:
        """Change rights, label and review without touching text. The next search sees it.

        Raises:
            NotFound: there is no such document.

        """
        await asyncio.to_thread(self._relabel, document, held)

    async def remove(self, ids: Sequence[str], /) -> None:
        """Remove documents: their rows, wrapped keys and ciphertext are overwritten in the file."""
        await asyncio.to_thread(self._remove, tuple(ids))

    async def forget(self, id: str, since: datetime, /, *, may_return: bool = False) -> None:
        """Remove a document as `remove` does, and keep it from being stored again, in one durable step.

        With `may_return` it may be stored again, also where it was kept from that before.
        """
        await asyncio.to_thread(self._forget, id, None if may_return else since.isoformat())

    def forgotten(self, id: str, /) -> bool:
        """Tell whether a document was forgotten and must not be stored again."""
        return id in self._forgotten

    async def rewrap(self, after: str = "", most: int = 256) -> tuple[int, str | None]:
        """Wrap keys anew that an older master key wraps: how many, and where to go on (None at the end)."""
        return await asyncio.to_thread(self._rewrap, after, most)

    def _rewrap(self, after: str, most: int) -> tuple[int, str | None]:
        with self._writing, guard(), self._engine.connect() as db:
            db.exec_driver_sql("BEGIN IMMEDIATE")
            done = rewrap(db, self._keys, after, most)
            db.commit()
            if done[1] is None:
                scrub(db)
            return done

    async def traces(self, id: str, /) -> Sequence[bytes]:
        """Return byte strings by which the key and the ciphertext of a document can be looked for in files."""
        return await asyncio.to_thread(self._traces, id)

    def _traces(self, id: str) -> tuple[bytes, ...]:
        with guard(), self._engine.connect() as db:
            return traces(db, id)

    def _forget(self, id: str, since: str | None) -> None:
        with self._changing() as (db, change):
            delete(db, id)
            set_forgotten(db, id, since)
            db.commit()
            self._view.apply((), (id,), change)
            self._forgotten = self._forgotten - {id} if since is None else self._forgotten | {id}
            self._damaged -= {id}
            scrub(db)

    def _put(self, document: Document, chunks: tuple[Chunk, ...], vectors: Vectors, sketch: Sketch) -> None:
        id = document.id
        held = frozenset(one.ordinal for one in chunks if one.held)
        full = passages(id, [one.ordinal for one in chunks], (one.text for one in chunks), vectors)
        key, generation = new_key(), os.urandom(16).hex()
        blobs = {
            "id": id,
            "columns": seal(key, COLUMNS, id, generation, pack_columns(full)),
            "texts": seal(key, TEXTS, id, generation, pack_texts(chunks)),
            "sketch": seal(key, SKETCH, id, generation, sketch.pack()),
        }
        row = self._row(document, held, generation, key)
        with self._changing() as (db, change):
            if id in self._forgotten:
                raise Conflict("the document was forgotten on request", code="forgotten")
            if chunks:
                self._check_dimensions(full.vectors.shape[1])
            replaced = delete(db, id)
            db.execute(sa.insert(DOCUMENTS).values(row | {"change": change}))
            db.execute(sa.insert(PAYLOADS).values(blobs))
            db.commit()
            self._view.apply([Stored(document, held, full, change, sketch)], (), change)
            self._damaged -= {id}
            if replaced:
                scrub(db)

    def _relabel(self, document: Document, held: frozenset[int]) -> None:
        where = DOCUMENTS.c.id == document.id
        with self._changing() as (db, change):
            before = db.execute(sa.select(DOCUMENTS).where(where)).mappings().one_or_none()
            stored = self._view.get(document.id)
            if before is None or stored is None:
                raise NotFound("there is no such document in the index")
            row = self._row(document, held, before["generation"], self._key(dict(before)))
            db.execute(sa.update(DOCUMENTS).where(where).values(row | {"change": change}))
            db.commit()
            self._view.apply([replace(stored, document=document, held=held, change=change)], (), change)

    def _remove(self, ids: tuple[str, ...]) -> None:
        with self._changing() as (db, change):
            for id in ids:
                delete(db, id)
            db.commit()
            self._view.apply((), ids, change)
            self._damaged -= set(ids)
            scrub(db)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[tuple[sa.Connection, int]]:
        """Give a connection inside a write transaction, and the number of the change to make in it."""
        with self._writing, guard(), self._engine.connect() as db:
            db.exec_driver_sql("BEGIN IMMEDIATE")
            self._catch_up(db)
            change = self._view.change + 1
            set_change(db, change)
            yield db, change

    def _row(self, document: Document, held: frozenset[int], generation: str, key: bytes) -> dict[str, Any]:
        row = to_row(document, held, generation)
        master, wrapped = self._keys.wrap_as(key, binding(row))
        return row | {"master": master, "wrapped": wrapped}

    def _key(self, row: Mapping[str, Any]) -> bytes:
        return self._keys.unwrap(row["master"], row["wrapped"], binding(row))

    def _check_dimensions(self, dimensions: int) -> None:
        if self._view.dimensions not in (0, dimensions):
            raise Invalid(
                f"the vectors have {dimensions} numbers, those in the index {self._view.dimensions}",
                remedy="Another embedding model needs a new index: ingest again into an empty folder.",
            )

    def _take_over(self) -> None:
        """Take over what another process changed; cheap where nothing was."""
        with guard(), self._engine.connect() as db:
            if change_of(db) == self._view.change:
                return
        with self._writing, guard(), self._engine.connect() as db:
            db.exec_driver_sql("BEGIN")
            self._catch_up(db)

    def _catch_up(self, db: sa.Connection) -> None:
        change = change_of(db)
        if change == self._view.change:
            return
        listed = set(db.execute(sa.select(DOCUMENTS.c.id)).scalars())
        stored, damaged = [], set()
        for row in changed_since(db, self._view.change):
            try:
                stored.append(self._load(row))
            except Unavailable:
                # What cannot be verified is readable by nobody; the next ingest stores it anew.
                damaged.add(row["id"])
        self._view.apply(stored, (self._view.ids() - listed) | damaged, change)
        sound = {one.document.id for one in stored}
        self._damaged = frozenset(((self._damaged & listed) - sound) | damaged)
        self._forgotten = forgotten(db)

    def _load(self, row: Mapping[str, Any]) -> Stored:
        document, held = from_row(row)
        key, generation = self._key(row), row["generation"]
        data = unseal(key, COLUMNS, document.id, generation, row["columns"])
        sketch = unseal(key, SKETCH, document.id, generation, row["sketch"]) if row["sketch"] else b""
        return Stored(document, held, unpack_columns(document.id, data), row["change"], unpack(sketch))

    # ------------------------------------------------------------------ reading

    @property
    def damaged(self) -> frozenset[str]:
        """Return ids of stored documents that were changed outside Lockgate; nobody can read them."""
        return self._damaged

    def document(self, id: str, /) -> Document | None:
        """Return a document as the index knows it."""
        stored = self._view.get(id)
        return stored.document if stored else None

    def documents(self) -> Sequence[Document]:
        """Return all documents, ordered by id."""
        return self._view.documents()

    def sketch(self, id: str, /) -> Sketch:
        """Return the sketch of a document; of an unknown one, that of nothing."""
        stored = self._view.get(id)
        return stored.sketch if stored else NOTHING

    def alike(
        self, sketch: Sketch, /, *, originals: bool = False, most: int = BEST
    ) -> Sequence[tuple[Document, Overlap]]:
        """Return documents that share something with a text, and what. It takes milliseconds: use a thread."""
        return self._view.alike(sketch, originals=originals, most=most)

    async def chunks(self, document: str, /) -> Sequence[Chunk]:
        """Return the passages of one document, decrypted, in order; of an unknown one, none."""
        return await asyncio.to_thread(self._chunks, document)

    def _chunks(self, id: str) -> tuple[Chunk, ...]:
        self._take_over()
        with guard(), self._engine.connect() as db:
            for row in with_texts(db, {id}):
                return self._texts(row, from_row(row)[1])
        return ()

    def _texts(self, row: Mapping[str, Any], held: frozenset[int]) -> tuple[Chunk, ...]:
        data = unseal(self._key(row), TEXTS, row["id"], row["generation"], row["texts"])
        return unpack_texts(row["id"], data, held)

    async def search(self, query: Query, /) -> Sequence[Hit]:
        """Return the best `query.k` passages of those that the subject may read; ties by document and ordinal.

        Raises:
            Invalid: the query's vector does not fit the index.

        """
        return await asyncio.to_thread(self._search, query)

    def _search(self, query: Query) -> tuple[Hit, ...]:
        vector = np.array(query.vector, np.float32).reshape(-1)
        if not np.isfinite(vector).all() or np.linalg.norm(vector) > LONGEST:
            raise Invalid("the vector of a query must be finite and of length 1")
        hits: tuple[Hit, ...] = ()
        for _ in range(_TRIES):
            self._take_over()
            if self._view.dimensions not in (0, len(vector)):
                raise Invalid(f"the vector of a query must have {self._view.dimensions} numbers")
            chosen = self._view.readable(query)
            laid = self._view.laid_out(chosen)
            ranked = rank(chosen.parts, query.text, vector, query.k, self._lexical, laid.postings, laid.codes)
            hits = self._hits([(chosen.documents[one.part], one.ordinal, one.score) for one in ranked])
            if len(hits) == len(ranked):
                break  # else a document changed meanwhile, and what was decided about it may no longer hold
        return hits

    def _hits(self, found: Sequence[tuple[Stored, int, float]]) -> tuple[Hit, ...]:
        """Return the hits whose documents, text and rights, are still as they were when they were chosen."""
        chosen = {stored.document.id: stored for stored, _, _ in found}
        texts: dict[str, dict[int, Chunk]] = {}
        with guard(), self._engine.connect() as db:
            for row in with_texts(db, chosen):
                stored = chosen[row["id"]]
                if row["change"] == stored.change:
                    texts[row["id"]] = {one.ordinal: one for one in self._texts(row, stored.held)}
        return tuple(
            Hit(texts[id][ordinal], stored.document, score)
            for stored, ordinal, score in found
            if (id := stored.document.id) in texts
        )
