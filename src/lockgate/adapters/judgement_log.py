"""`ports.judging.Judgements` in the database of the index. Durable on return; rejections are in memory too."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from lockgate.content.finding import Finding
from lockgate.content.judging import Judgement, Opinion, Rejected, latest, plain_value
from lockgate.errors import LockgateError, Unavailable
from lockgate.ports import Keys
from lockgate.storage.beside_index import BesideIndex
from lockgate.storage.judgement_tables import BINDING, JUDGEMENTS, digest, judgement_of, row_of


def everywhere(secret: bytes, kind: str, text: str) -> str:
    """Return the keyed hash of a value that may stand in any document."""
    return _keyed(secret, "", kind, text)


def _keyed(secret: bytes, document: str, kind: str, text: str) -> str:
    said = "\0".join((document, kind, plain_value(text)))
    return hmac.new(secret, said.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


class SqliteJudgements:
    """Open it after the index of the same folder, and close it before.

    A row that was edited in the file, or whose key is destroyed, rejects nothing.
    """

    def __init__(self, database: BesideIndex, keys: Keys, secret: bytes) -> None:
        self._database = database
        self._keys = keys
        self._secret = secret
        self._rejected: Mapping[str, frozenset[tuple[str, str]]] = {}
        self._unexamined: Mapping[str, int] = {}

    @classmethod
    def open(cls, folder: Path, keys: Keys, secret: bytes) -> Self:
        """Open the table in the database of an index folder. `secret` keys the hashes of values.

        Raises:
            Unavailable: it cannot be read, or has another layout.

        """
        made = cls(BesideIndex.open(folder, "judgements"), keys, secret)
        try:
            made._database.whole(made._load)
        except LockgateError:
            made.close()
            raise
        return made

    def close(self) -> None:
        """Close every connection."""
        self._database.close()

    # ------------------------------------------------------------------ what is rejected

    def hashed(self, document: str, kind: str, text: str, /) -> str:
        """Return the keyed hash of a value: of another document or kind it is another, so that none links them."""
        return _keyed(self._secret, document, kind, text)

    def everywhere(self, kind: str, text: str, /) -> str:
        """Return the keyed hash of a value that may stand in any document, as `detectors.toml` has it."""
        return everywhere(self._secret, kind, text)

    def rejected(self, document: str, /) -> Rejected | None:
        """Return what tells rejected values of a document."""
        values = self._rejected.get(document)
        if not values:
            return None
        kinds = {kind for kind, _ in values}

        def tell(one: Finding, value: str) -> bool:
            return one.kind in kinds and (one.kind, self.hashed(document, one.kind, value)) in values

        return tell

    def unexamined(self) -> Mapping[str, int]:
        """Return the documents that were judged since they were looked at, with the number of the newest row."""
        return self._unexamined

    def _load(self, db: sa.Connection) -> None:
        rows = [dict(row) for row in db.execute(sa.select(JUDGEMENTS).order_by(JUDGEMENTS.c.number)).mappings()]
        whole = [judgement_of(row) for row in rows if self._is_whole(row)]
        found: dict[str, set[tuple[str, str]]] = {}
        for one in latest(whole):
            if one.opinion is Opinion.REJECTED:
                found.setdefault(one.document, set()).add((one.kind, one.value))
        self._rejected = {document: frozenset(values) for document, values in found.items()}
        self._unexamined = {row["document"]: row["number"] for row in rows if not row["examined"]}

    def _is_whole(self, row: Mapping[str, Any]) -> bool:
        try:
            kept = self._keys.unwrap(row["master"], row["wrapped"], BINDING)
        except LockgateError:
            return False
        return hmac.compare_digest(kept, digest(row))

    # ------------------------------------------------------------------ judgements

    async def add(self, judgements: Sequence[Judgement], /) -> None:
        """Store judgements."""
        await self._database.run(self._add, judgements)
        await self._database.run(self._load)

    def _add(self, db: sa.Connection, judgements: Sequence[Judgement]) -> None:
        rows = []
        for one in judgements:
            row = row_of(one)
            master, wrapped = self._keys.wrap_as(digest(row), BINDING)
            rows.append(row | {"master": master, "wrapped": wrapped, "examined": False})
        if rows:
            db.execute(sa.insert(JUDGEMENTS), rows)

    async def all(self, document: str = "", /) -> Sequence[Judgement]:
        """Return judgements in the order of time."""
        return await self._database.run(self._all, document)

    def _all(self, db: sa.Connection, document: str) -> list[Judgement]:
        wanted = sa.select(JUDGEMENTS).order_by(JUDGEMENTS.c.number)
        if document:
            wanted = wanted.where(JUDGEMENTS.c.document == document)
        rows = [dict(row) for row in db.execute(wanted).mappings()]
        if not all(map(self._is_whole, rows)):
            raise Unavailable("what was kept of a judgement was changed, or its key is gone", code="tampered")
        return [judgement_of(row) for row in rows]

    async def examined(self, documents: Mapping[str, int], /) -> None:
        """Note that documents were looked at again."""
        seen = {document: last for document, last in documents.items() if document in self._unexamined}
        if seen:
            await self._database.run(self._examined, seen)
            await self._database.run(self._load)

    def _examined(self, db: sa.Connection, seen: Mapping[str, int]) -> None:
        c = JUDGEMENTS.c
        for document, last in seen.items():
            mine = sa.update(JUDGEMENTS).where(c.document == document, c.number <= last)
            db.execute(mine.values(examined=True))
