"""The database of the index, for what is kept beside the index in it: reviews, and judgements of findings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

import sqlalchemy as sa

from lockgate.errors import LockgateError, Unavailable
from lockgate.storage import schema

_T = TypeVar("_T")


class BesideIndex:
    """Open it after the index of the same folder, and close it before. `what` names what is kept, for errors."""

    def __init__(self, engine: sa.Engine, what: str) -> None:
        self._engine = engine
        self._what = what

    @classmethod
    def open(cls, folder: Path, what: str) -> Self:
        """Open the database of an index folder.

        Raises:
            Unavailable: it cannot be read, or has another layout.

        """
        path = folder / "index.sqlite"
        engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 10})

        @sa.event.listens_for(engine, "connect")
        def _prepare(connection: Any, _: object) -> None:
            cursor = connection.cursor()
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        try:
            with engine.begin() as db:
                schema.prepare(db, schema.INDEX)
        except LockgateError:
            engine.dispose()
            raise
        except sa.exc.SQLAlchemyError as error:
            engine.dispose()
            raise Unavailable(f"the database `{path}` cannot be opened") from error
        return cls(engine, what)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    async def run(self, work: Callable[..., _T], *args: object) -> _T:
        """Do work in one transaction, on a thread. It gets the connection first. Raises as `whole`."""
        return await asyncio.to_thread(self.whole, work, *args)

    def whole(self, work: Callable[..., _T], *args: object) -> _T:
        """Do work in one transaction.

        Raises:
            Unavailable: the database cannot be read or written; then nothing of it is done.

        """
        try:
            with self._engine.begin() as db:
                return work(db, *args)
        except sa.exc.SQLAlchemyError as error:
            raise Unavailable(
                f"{self._what} cannot be read or written", remedy="Check that the disk is not full."
            ) from error
