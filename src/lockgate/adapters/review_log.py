"""`ports.ReviewLog` and `ports.MeasureLog` in the database of the index. Durable on return."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from lockgate.content.exposure import Measures
from lockgate.errors import Unavailable
from lockgate.ports import Keys
from lockgate.ports.reviewing import Done, Kept
from lockgate.storage.beside_index import BesideIndex
from lockgate.storage.review_tables import (
    BINDING,
    MEASURES,
    REVIEWS,
    digest,
    measured,
    measures_text,
    ruled_of,
    ruled_text,
)


class SqliteReviewLog:
    """Open it after the index of the same folder, and close it before."""

    def __init__(self, database: BesideIndex, keys: Keys) -> None:
        self._database = database
        self._keys = keys

    @classmethod
    def open(cls, folder: Path, keys: Keys) -> Self:
        """Open the tables in the database of an index folder.

        Raises:
            Unavailable: it cannot be read, or has another layout.

        """
        return cls(BesideIndex.open(folder, "reviews"), keys)

    def close(self) -> None:
        """Close every connection."""
        self._database.close()

    # ------------------------------------------------------------------ reviews

    async def keep(self, done: Done, /) -> None:
        """Store something done."""
        await self._database.run(self._keep, done)

    def _keep(self, db: sa.Connection, done: Done) -> None:
        rows = []
        for one in done.kept:
            row = {
                "id": done.id,
                "document": one.document,
                "at": done.at.isoformat(),
                "by": "\n".join(done.by),
                "action": done.action,
                "before": ruled_text(one.before),
                "before_version": one.before_version,
                "after_version": one.after_version,
                "reason": done.reason or None,
            }
            master, wrapped = self._keys.wrap_as(digest(row), BINDING)
            rows.append(row | {"master": master, "wrapped": wrapped})
        if rows:
            db.execute(sa.insert(REVIEWS), rows)

    async def last(self, by: Sequence[str], /) -> Done | None:
        """Return what these did last."""
        return await self._database.run(self._last, "\n".join(by))

    def _last(self, db: sa.Connection, by: str) -> Done | None:
        c = REVIEWS.c
        newest = sa.select(c.id).where(c.by == by, c.undone.is_(None)).order_by(c.number.desc()).limit(1)
        id = db.execute(newest).scalar_one_or_none()
        return None if id is None else self._find(db, id)

    async def find(self, id: str, /) -> Done | None:
        """Return what was done under an id."""
        return await self._database.run(self._find, id)

    def _find(self, db: sa.Connection, id: str) -> Done | None:
        c = REVIEWS.c
        found = db.execute(sa.select(REVIEWS).where(c.id == id, c.undone.is_(None)).order_by(c.number)).mappings()
        return self._done([dict(row) for row in found])

    async def latest(self, document: str, /) -> Done | None:
        """Return what was done last with a document."""
        return await self._database.run(self._latest, document)

    def _latest(self, db: sa.Connection, document: str) -> Done | None:
        c = REVIEWS.c
        mine = sa.select(REVIEWS).where(c.document == document, c.undone.is_(None))
        return self._done([dict(row) for row in db.execute(mine.order_by(c.number.desc()).limit(1)).mappings()])

    def _done(self, rows: Sequence[dict[str, Any]]) -> Done | None:
        """Return the rows of one thing done. Each must be as it was stored."""
        for row in rows:
            if not hmac.compare_digest(self._keys.unwrap(row["master"], row["wrapped"], BINDING), digest(row)):
                raise Unavailable("what was kept of a review was changed", code="tampered")
        if not rows:
            return None
        kept = tuple(
            Kept(row["document"], ruled_of(row["before"]), row["before_version"], row["after_version"])
            for row in rows
        )
        first = rows[0]
        at = datetime.fromisoformat(first["at"])
        by = tuple(first["by"].split("\n"))
        return Done(first["id"], at, by, first["action"], kept, first["reason"] or "")

    async def undone(self, id: str, at: datetime, /) -> None:
        """Note that something was taken back."""
        await self._database.run(
            lambda db: db.execute(sa.update(REVIEWS).where(REVIEWS.c.id == id).values(undone=at.isoformat()))
        )

    # ------------------------------------------------------------------ measures

    async def measured(self, day: date, measures: Measures, /) -> None:
        """Store the measures of a day, in place of earlier ones of that day."""
        await self._database.run(self._measured, day.isoformat(), measures_text(measures))

    def _measured(self, db: sa.Connection, day: str, text: str) -> None:
        db.execute(sa.delete(MEASURES).where(MEASURES.c.day == day))
        db.execute(sa.insert(MEASURES), {"day": day, "measures": text})

    async def trend(self) -> Sequence[tuple[date, Measures]]:
        """Return all measures, the oldest first."""
        return await self._database.run(
            lambda db: [
                measured(row.day, row.measures) for row in db.execute(sa.select(MEASURES).order_by(MEASURES.c.day))
            ]
        )
