"""Reads an audit log from its SQLite file, also while it is being written: for pages, commands, verification."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import SQLAlchemyError

from lockgate.audit import checkpoint, proof, verify
from lockgate.audit.checkpoint import Verifier
from lockgate.audit.entry import Entry
from lockgate.audit.merkle import consistency_proof, inclusion_proof, leaf_hash
from lockgate.audit.proof import Consistency, Inclusion
from lockgate.audit.record import Kind
from lockgate.audit.search import Page, Query
from lockgate.errors import Conflict, Invalid, NotFound, Unavailable
from lockgate.labels.label import Sensitivity
from lockgate.storage import audit as store

_MOST: Final = 200_000
"""Records that one page of a search looks at."""
_WINDOW: Final = 20_000


def _engine(path: Path, *, still: bool) -> Engine:
    more = "&immutable=1" if still else ""
    url = f"sqlite:///file:{quote(str(path.absolute()))}?mode=ro{more}&uri=true"
    return create_engine(url, connect_args={"timeout": 5.0}, hide_parameters=True)


class AuditReader:
    """Reads a log, also while another process writes it. All methods block for the time of a query."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path = path
        self._engine = engine

    @classmethod
    def open(cls, path: Path) -> AuditReader:
        """Open an existing log, read only.

        Raises:
            NotFound: there is no such file.

        """
        if not path.is_file():
            raise NotFound(f"there is no audit log at `{path}`")
        wal = path.with_name(f"{path.name}-wal")
        # A copy on read-only media has no room for SQLite's shared memory; without a WAL it needs none.
        still = not os.access(path.parent, os.W_OK) and not wal.exists()
        return cls(path, _engine(path, still=still))

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()

    @contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        """Give one consistent view, however long it is read."""
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("BEGIN")
                yield connection
        except SQLAlchemyError as error:
            raise store.unavailable(self.path.name, error) from error

    def size(self) -> int:
        """Return the number of records."""
        with self._snapshot() as connection:
            return store.size(connection)

    def get(self, index: int) -> Entry:
        """Return the record at `index`.

        Raises:
            NotFound: there is none.

        """
        with self._snapshot() as connection:
            found = next(store.entries(connection, store.EVENT.c.idx == index), None)
        if found is None:
            raise NotFound(f"the audit log has no record {index}")
        return found

    def by_request(self, request_id: str) -> list[Entry]:
        """Return every record of a request, in the order of the log; none is an empty list."""
        with self._snapshot() as connection:
            return list(store.entries(connection, store.EVENT.c.request_id == request_id))

    def search(
        self,
        *,
        subject: str = "",
        kind: Kind | None = None,
        effect: str = "",
        at_least: Sensitivity | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Entry]:
        """Return the newest records that meet every condition given; `before` pages on from an index."""
        c = store.EVENT.c
        where = [
            *([c.subject == subject] if subject else []),
            *([c.kind == kind.value] if kind else []),
            *([c.effect == effect] if effect else []),
            *([c.sensitivity >= int(at_least)] if at_least is not None else []),
            *([c.idx < before] if before is not None else []),
        ]
        with self._snapshot() as connection:
            return list(store.entries(connection, *where, newest_first=True, limit=limit))

    def find(self, query: Query, *, before: int | None = None, limit: int = 100, most: int = _MOST) -> Page:
        """Return a page of what a search finds, the newest first; `before` is that of the page before.

        It looks at `most` records, so that no page takes long: one may end early, and say where to go on.
        """
        with self._snapshot() as connection:
            size = store.size(connection)
            at = size if before is None else min(before, size)
            if query.request_id:
                most = size  # there is an index
            end = max(0, at - most)
            found: list[Entry] = []
            while at > end and len(found) < limit:
                lowest = max(end, at - _WINDOW)
                found += store.search(connection, query, at, lowest, limit - len(found))
                at = found[-1].index if len(found) == limit else lowest
            return Page(tuple(found), at if at > 0 else None, size)

    def entries(self, *, since: int = 0, below: int | None = None, kind: Kind | None = None) -> Iterator[Entry]:
        """Yield records in order, of time `since` (ms of the epoch) or later and of an index below `below`."""
        c = store.EVENT.c
        where = [
            *([c.time >= since] if since else []),
            *([c.idx < below] if below is not None else []),
            *([c.kind == kind.value] if kind else []),
        ]
        with self._snapshot() as connection:
            yield from store.entries(connection, *where)

    def checkpoint(self) -> str:
        """Return the newest signed checkpoint, as a C2SP note.

        Raises:
            NotFound: the log has none.

        """
        with self._snapshot() as connection:
            found = store.latest(connection)
        if found is None:
            raise NotFound("the audit log has no checkpoint", remedy="run `lockgate audit verify`")
        return found

    def checkpoints(self, *, up_to: int | None = None) -> Iterator[str]:
        """Yield every signed checkpoint (of `up_to` records at most), by size."""
        with self._snapshot() as connection:
            yield from store.checkpoints(connection, up_to)

    def inclusion_proof(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """Return the RFC 6962 audit path of a record in the log of `size` records (now, if not given)."""
        with self._snapshot() as connection:
            now = store.size(connection)
            _within(size, now)
            return inclusion_proof(index, now if size is None else size, store.nodes(connection))

    def consistency_proof(self, old: int, size: int | None = None) -> tuple[bytes, ...]:
        """Return the RFC 6962 proof that the log of `size` records extends that of `old`."""
        with self._snapshot() as connection:
            now = store.size(connection)
            _within(size, now)
            return consistency_proof(old, now if size is None else size, store.nodes(connection))

    def prove(self, indexes: Iterable[int], *, reveal: bool = True) -> list[Inclusion]:
        """Return proofs that records stand in the log as it is signed now.

        Without `reveal` they tell the hash of the record alone.

        Raises:
            NotFound: a record is not there, or there is no checkpoint.

        """
        with self._snapshot() as connection:
            note = store.latest(connection) or ""
            size = checkpoint.parse(note).size
            keys, nodes = tuple(store.handovers(connection, size)), store.nodes(connection)
            made = []
            for index in indexes:
                entry = next(store.entries(connection, store.EVENT.c.idx == index), None)
                if entry is None or index >= size:
                    raise NotFound(f"the audit log has no record {index}")
                event = entry.event if reveal else None
                path = inclusion_proof(index, size, nodes)
                made.append(Inclusion(index, path, note, event, leaf_hash(entry.event), keys))
            return made

    def prove_consistency(self, old: str, new: str | None = None) -> Consistency:
        """Return the proof that one checkpoint is the beginning of a later one, or of what is signed now.

        Raises:
            Conflict: the records are not those of the checkpoints.
            Invalid: one is no checkpoint, or of more records than there are.

        """
        with self._snapshot() as connection:
            note = new or store.latest(connection) or ""
            first, then = checkpoint.parse(old), checkpoint.parse(note)
            _within(then.size, store.size(connection))
            keys = tuple(store.handovers(connection, then.size))
            path = consistency_proof(first.size, then.size, store.nodes(connection)) if first.size else ()
        if not proof.extends(first, then, path):
            raise Conflict(
                "this log is not the one of the checkpoint: one of them was rewritten",
                remedy="Keep both, and run `lockgate audit verify --against` with the checkpoint.",
            )
        return Consistency(path, old, note, keys)

    def checkpoint_of(self, size: int) -> str:
        """Return the signed checkpoint of exactly `size` records.

        Raises:
            NotFound: none was signed at this size.

        """
        with self._snapshot() as connection:
            found = store.checkpoint_of(connection, size)
        if found is None:
            raise NotFound(f"no checkpoint was signed over exactly {size} records")
        return found

    def handovers(self) -> list[str]:
        """Return the signed handovers of the log's key, from the first one on."""
        with self._snapshot() as connection:
            return list(store.handovers(connection))

    def verify(self, verifier: Verifier, kept: str | None = None) -> verify.Report:
        """Verify everything that the file holds: records, search fields, tree, checkpoints."""
        try:
            with self._snapshot() as connection:
                return verify.verify(
                    store.every_entry(connection),
                    store.checkpoints(connection),
                    verifier,
                    kept=kept,
                    nodes=store.stored_nodes(connection),
                )
        except Unavailable as error:
            return verify.Report(0, b"", (verify.Fault(f"the file cannot be read as a log: {error}"),), ())


def _within(size: int | None, now: int) -> None:
    if size is not None and size > now:
        raise Invalid(f"the audit log has {now} records, not {size}")
