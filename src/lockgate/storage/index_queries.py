"""Queries of the index that do not depend on the database behind it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

import sqlalchemy as sa

from lockgate.errors import Unavailable
from lockgate.ports import Keys
from lockgate.storage.index_payload import COLUMNS, TEXTS, unpack_columns, unpack_texts, unseal
from lockgate.storage.index_tables import DOCUMENTS, FORGOTTEN, META, PAYLOADS, SCHEMA, binding, from_row
from lockgate.storage.judgement_tables import JUDGEMENTS

_BATCH: Final = 400
"""Ids in one statement; SQLite's limit of variables is 999 on old builds."""


def check_meta(db: sa.Connection, keys: Keys) -> None:
    """Check that this version can read what is there, with this master key; write the first rows if nothing is.

    Raises:
        Unavailable: another layout, or another master key.

    """
    meta = {row.name: row.value for row in db.execute(sa.select(META))}
    if not meta:
        first = {"schema": SCHEMA, "change": "0"}
        db.execute(sa.insert(META), [{"name": name, "value": value} for name, value in first.items()])
    elif meta.get("schema") != SCHEMA:
        raise Unavailable(f"the index has layout `{meta.get('schema')}`, this version reads `{SCHEMA}`")
    masters = db.execute(sa.select(DOCUMENTS.c.master).distinct()).scalars().all()
    if masters and keys.known.isdisjoint(masters):
        raise Unavailable(
            f"the index was written with master key `{masters[0]}`, the key file holds `{keys.current}`",
            code="wrong_key",
            remedy="Point the settings to the key file that was used; nothing has been changed.",
        )


def change_of(db: sa.Connection) -> int:
    """Return the number of the last change."""
    return int(db.execute(sa.select(META.c.value).where(META.c.name == "change")).scalar_one())


def set_change(db: sa.Connection, change: int) -> None:
    """Store the number of the last change."""
    db.execute(sa.update(META).where(META.c.name == "change").values(value=str(change)))


def changed_since(db: sa.Connection, change: int) -> Iterator[dict[str, Any]]:
    """Yield the rows of documents that changed after `change`, with what ranking needs of them."""
    both = sa.select(DOCUMENTS, PAYLOADS.c.columns, PAYLOADS.c.sketch).join(
        PAYLOADS, PAYLOADS.c.id == DOCUMENTS.c.id
    )
    for row in db.execute(both.where(DOCUMENTS.c.change > change)).mappings():
        yield dict(row)


def with_texts(db: sa.Connection, ids: Collection[str]) -> list[dict[str, Any]]:
    """Return the rows of these documents with their encrypted texts; of unknown ones, none."""
    both = sa.select(DOCUMENTS, PAYLOADS.c.texts).join(PAYLOADS, PAYLOADS.c.id == DOCUMENTS.c.id)
    many = sorted(ids)
    found: list[dict[str, Any]] = []
    for start in range(0, len(many), _BATCH):
        batch = many[start : start + _BATCH]
        found += [dict(row) for row in db.execute(both.where(DOCUMENTS.c.id.in_(batch))).mappings()]
    return found


def delete(db: sa.Connection, id: str) -> bool:
    """Delete a document with everything that belongs to it; tell whether there was one."""
    db.execute(sa.delete(PAYLOADS).where(PAYLOADS.c.id == id))
    return db.execute(sa.delete(DOCUMENTS).where(DOCUMENTS.c.id == id)).rowcount > 0


def forgotten(db: sa.Connection) -> frozenset[str]:
    """Return the ids of documents that must not come back."""
    return frozenset(db.execute(sa.select(FORGOTTEN.c.id)).scalars())


def set_forgotten(db: sa.Connection, id: str, since: str | None) -> None:
    """Keep a document from coming back from then on; with None, let it come back."""
    db.execute(sa.delete(FORGOTTEN).where(FORGOTTEN.c.id == id))
    db.execute(sa.delete(JUDGEMENTS).where(JUDGEMENTS.c.document == id))  # keyed hashes of what stood in it
    if since is not None:
        db.execute(sa.insert(FORGOTTEN).values(id=id, since=since))


def traces(db: sa.Connection, id: str) -> tuple[bytes, ...]:
    """Return byte strings by which a document's key and ciphertext are known: about 12, each 16 to 60 bytes."""
    both = sa.select(DOCUMENTS.c.wrapped, DOCUMENTS.c.generation, PAYLOADS)
    row = db.execute(
        both.join(PAYLOADS, PAYLOADS.c.id == DOCUMENTS.c.id).where(DOCUMENTS.c.id == id)
    ).one_or_none()
    if row is None:
        return ()
    found = [row.wrapped, row.generation.encode()]
    for blob in (row.columns, row.texts, row.sketch or b""):
        places = {0, len(blob) // 4, len(blob) // 2, 3 * len(blob) // 4, max(0, len(blob) - 16)}
        found += [blob[at : at + 16] for at in sorted(places) if len(blob) >= at + 16]
    return tuple(found)


def open_all(db: sa.Connection, keys: Keys) -> tuple[int, int]:
    """Open every document with its key; return how many documents and passages there are.

    Raises:
        Unavailable: one does not open.

    """
    documents = passages = 0
    every = sa.select(DOCUMENTS, PAYLOADS.c.columns, PAYLOADS.c.texts)
    every = every.join(PAYLOADS, PAYLOADS.c.id == DOCUMENTS.c.id, isouter=True).execution_options(yield_per=100)
    for found in db.execute(every).mappings():
        row = dict(found)
        document, held = from_row(row)
        if row["texts"] is None:
            raise Unavailable(f"the content of `{document.id}` is missing", code="tampered")
        key = keys.unwrap(row["master"], row["wrapped"], binding(row))
        unpack_columns(document.id, unseal(key, COLUMNS, document.id, row["generation"], row["columns"]))
        texts = unseal(key, TEXTS, document.id, row["generation"], row["texts"])
        passages += len(unpack_texts(document.id, texts, held))
        documents += 1
    return documents, passages


def rewrap(db: sa.Connection, keys: Keys, after: str, most: int) -> tuple[int, str | None]:
    """Wrap the keys of up to `most` documents behind the id `after` anew, those that an older master key wraps.

    Return how many there were, and the last id; None at the end. What does not open stays as it is: nobody can
    read it, with whatever key.
    """
    c = DOCUMENTS.c
    rows = sa.select(DOCUMENTS).where(c.master != keys.current, c.id > after).order_by(c.id).limit(most)
    found = [dict(row) for row in db.execute(rows).mappings()]
    done = 0
    for row in found:
        bound = binding(row)
        try:
            master, wrapped = keys.wrap_as(keys.unwrap(row["master"], row["wrapped"], bound), bound)
        except Unavailable:
            continue
        db.execute(sa.update(DOCUMENTS).where(c.id == row["id"]).values(master=master, wrapped=wrapped))
        done += 1
    return done, found[-1]["id"] if found else None
