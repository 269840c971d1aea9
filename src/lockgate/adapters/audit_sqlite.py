"""The audit log in one SQLite file (WAL, synchronous=FULL): `ports.AuditSink`. To read one: `audit_reader.py`.

One thread writes. It takes everything that waits and commits it in one transaction together with the tree and a
signed checkpoint, so that many requests share one `fsync` and a crash leaves all of a commit or nothing. Whoever
waits is answered after the commit: no receipt without durability (I3). Any failure answers everybody with
`Unavailable`; the next append starts from what is really on disk.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from lockgate.audit import checkpoint, ocsf
from lockgate.audit.checkpoint import Checkpoint, Signer, Verifier
from lockgate.audit.entry import Entry, Lookup
from lockgate.audit.merkle import Tree, leaf_hash
from lockgate.audit.record import Receipt, Record
from lockgate.errors import Conflict, Invalid, LockgateError, Unavailable
from lockgate.storage import audit as store
from lockgate.storage import schema

_MOST: Final = 4096
"""Records that one commit takes at most, so that no caller waits for an endless batch."""
_WAIT: Final = 10.0
"""Seconds until an append that is not durable counts as failed."""
_INLINE: Final = 64
"""Records that are rendered on the event loop (about 20 us each); more go to a thread."""


def _engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///file:{quote(str(path.absolute()))}?mode=rw&uri=true",
        connect_args={"timeout": 5.0},
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _: object) -> None:
        # For a new file: events of 2 kB would fill only half of the default pages of 4 kB.
        connection.execute("PRAGMA page_size=8192")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    return engine


@dataclass(frozen=True, slots=True)
class _Job:
    """What one caller wants written, and where its receipt goes."""

    events: list[dict[str, Any]]
    done: Future[Receipt] = field(default_factory=Future)


class AuditLog:
    """`ports.AuditSink` over one file, which it alone writes. Make one with `open`, end it with `close`."""

    def __init__(self, path: Path, signer: Signer, version: str, lock: IO[bytes], engine: Engine) -> None:
        self.path = path
        self._signer = signer
        self._version = version
        self._lock = lock
        self._engine = engine
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._tree: Tree | None = None
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)

    @classmethod
    def open(cls, path: Path, signer: Signer, *, version: str = "") -> AuditLog:
        """Open or create the log, check that its tree is the one that it last signed, and start writing.

        Args:
            path: the SQLite file; made with mode 0600.
            signer: the log's key, see `adapters/audit_key.py`.
            version: of the software, for the events.

        Raises:
            Conflict: another process, or another log in this one, writes this file.
            Unavailable: it cannot be written, or does not match its last checkpoint.

        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = path.with_name(f"{path.name}.lock").open("ab")
        except OSError as error:
            raise store.unavailable(path, error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            engine = _engine(path)
            try:
                _prepare(path, engine, signer)
            except BaseException:
                engine.dispose()
                raise
        except BlockingIOError as error:
            lock.close()
            raise Conflict(
                f"another Lockgate is writing the audit log `{path}`",
                remedy="Stop it first. While it runs it ingests by itself, `lockgate audit` reads its log, and "
                "`lockgate why --remote` asks it.",
            ) from error
        except (OSError, SQLAlchemyError) as error:
            lock.close()
            raise store.unavailable(path, error) from error
        except BaseException:
            lock.close()
            raise
        log = cls(path, signer, version, lock, engine)
        log._thread.start()
        return log

    @property
    def verifier(self) -> Verifier:
        """Return the public key of the log."""
        return self._signer.verifier

    async def append(self, records: Sequence[Record], /) -> Receipt:
        """Return once every record is durable, in one write, next to each other and in this order.

        Raises:
            Invalid: a record is malformed, or there is none. Nothing was written.
            Unavailable: it is not certain that they are durable. Callers release nothing.

        """
        if not records:
            raise Invalid("there is nothing to record")
        many = len(records) > _INLINE
        job = _Job(await asyncio.to_thread(self._render, records) if many else self._render(records))
        with self._closing:
            if self._closed:
                raise Unavailable("the audit log is closed", remedy="nothing is released any more; start it again")
            self._jobs.put(job)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(job.done), _WAIT)
        except TimeoutError as error:
            raise Unavailable(f"the audit log `{self.path}` did not answer in {_WAIT:.0f} seconds") from error

    async def close(self) -> None:
        """Write what waits, then close the file. Later appends fail."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self._jobs.put(None)
        await asyncio.to_thread(self._shut)

    def _shut(self) -> None:
        self._thread.join()
        self._engine.dispose()
        self._lock.close()

    def _render(self, records: Sequence[Record]) -> list[dict[str, Any]]:
        return [ocsf.event(record, self._version) for record in records]

    # ------------------------------------------------------------------ the writing thread

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            batch, count = [job], len(job.events)
            last = False
            while count < _MOST and not last:
                try:
                    more = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    last = True
                else:
                    batch.append(more)
                    count += len(more.events)
            self._settle(batch)
            if last:
                return

    def _settle(self, batch: list[_Job]) -> None:
        """Commit a batch and answer everybody in it."""
        # A caller that has gone away is recorded all the same: it did ask.
        waiting = [job.done.set_running_or_notify_cancel() for job in batch]
        try:
            receipts = self._commit(batch)
        except Exception as error:  # whatever it is, nobody may be told that it is durable
            self._tree = None
            for job, waits in zip(batch, waiting, strict=True):
                if waits:  # one error each: they are raised in different tasks
                    job.done.set_exception(self._failure(error))
            return
        for job, waits, receipt in zip(batch, waiting, receipts, strict=True):
            if waits:
                job.done.set_result(receipt)

    def _failure(self, error: Exception) -> LockgateError:
        if isinstance(error, LockgateError):
            return type(error)(str(error), remedy=error.remedy)
        return store.unavailable(self.path, error)

    def _commit(self, batch: list[_Job]) -> list[Receipt]:
        with self._engine.begin() as connection:
            tree = store.tree(connection) if self._tree is None else self._tree
            first, index = [], tree.size
            entries = []
            for job in batch:
                first.append(index)
                for one in job.events:
                    data = ocsf.encode(one, index)
                    entries.append(Entry(index, data, leaf_hash(data), Lookup.of(one)))
                    index += 1
            grown, made = tree.append([entry.leaf for entry in entries if entry.leaf is not None])
            store.add(connection, entries, made)
            store.add_checkpoint(connection, grown.size, _sign(grown, self._signer))
        self._tree = grown
        return [Receipt(at, grown.size) for at in first]


def _sign(tree: Tree, signer: Signer) -> str:
    return Checkpoint(signer.name, tree.size, tree.root).sign(signer)


def _prepare(path: Path, engine: Engine, signer: Signer) -> None:
    """Create the tables, or check that the stored tree is the one that was signed last."""
    with engine.begin() as connection:
        schema.prepare(connection, schema.AUDIT)
        tree, note = store.tree(connection), store.latest(connection)
        if note is None and tree.size == 0:
            store.add_checkpoint(connection, 0, _sign(tree, signer))
            return
        try:
            signed = checkpoint.verify(note or "", signer.verifier)
        except Invalid as error:
            raise Unavailable(
                f"the last checkpoint of the audit log `{path}` does not hold: {error}",
                remedy="restore the signing key that belongs to it, or move the log away and start a new one",
            ) from error
        if (signed.size, signed.root) != (tree.size, tree.root):
            raise Unavailable(
                f"the audit log `{path}` is not what was signed last: it was changed",
                remedy="run `lockgate audit verify`, keep the file as evidence, and start a new log",
            )
