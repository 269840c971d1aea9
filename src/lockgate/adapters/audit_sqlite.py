"""The audit log in one SQLite file (WAL, synchronous=FULL): `ports.AuditSink`. To read one: `audit_reader.py`.

One thread writes (`storage/group.py`). It commits everything that waits in one transaction together with the tree
and a signed checkpoint, so that many requests share one `fsync` and a crash leaves all of a commit or nothing.
Whoever waits is answered after the commit: no receipt without durability (I3). Any failure answers everybody with
`Unavailable`; the next append starts from what is really on disk.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final, TypeAlias
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from lockgate.audit import checkpoint, handover, ocsf
from lockgate.audit.checkpoint import Checkpoint, Signer, Verifier
from lockgate.audit.entry import Entry, Lookup
from lockgate.audit.merkle import Tree, leaf_hash
from lockgate.audit.record import Receipt, Record
from lockgate.errors import Conflict, Invalid, LockgateError, Unavailable
from lockgate.storage import audit as store
from lockgate.storage import schema
from lockgate.storage.driver import transaction
from lockgate.storage.group import GroupWriter

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
class _Rotate:
    """A job: from this place on another key signs."""

    new: Signer
    now: datetime
    request_id: str
    asked_by: str


_Job: TypeAlias = list[dict[str, Any]] | _Rotate


def _rows(job: _Job) -> int:
    return 1 if isinstance(job, _Rotate) else len(job)


class AuditLog:
    """`ports.AuditSink` over one file, which it alone writes. Make one with `open`, end it with `close`."""

    def __init__(
        self, path: Path, signer: Signer, version: str, lock: IO[bytes], engine: Engine, writer: GroupWriter | None
    ) -> None:
        self.path = path
        self._signer = signer
        self._version = version
        self._lock = lock
        self._engine = engine
        self._connection: Connection | None = None
        self._tree: Tree | None = None
        self._next: Signer | None = None
        self._writer = writer or GroupWriter.start("audit")
        self._own = writer is None
        self._lane = self._writer.lane(self._commit, self._failure, _rows)

    @classmethod
    def open(
        cls,
        path: Path,
        signer: Signer,
        *,
        upcoming: Signer | None = None,
        version: str = "",
        writer: GroupWriter | None = None,
    ) -> AuditLog:
        """Open or create the log, check that its tree is the one that it last signed, and start writing.

        Args:
            path: the SQLite file; made with mode 0600.
            signer: the log's key, see `adapters/audit_key.py`.
            upcoming: the key that an interrupted rotation was about to hand over to. It signs if the log says so.
            version: of the software, for the events.
            writer: the thread to write in, shared with other stores; one of its own, if not given.

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
                signer = _prepare(path, engine, signer, upcoming)
            except BaseException:
                engine.dispose()
                raise
        except BlockingIOError as error:
            lock.close()
            raise Conflict(
                f"another Lockgate is writing the audit log `{path}`",
                remedy="Stop it first. While it runs it ingests by itself, `lockgate audit` reads its log, and "
                "`lockgate why` and `lockgate forget` ask it with --remote.",
            ) from error
        except (OSError, SQLAlchemyError, sqlite3.Error) as error:
            lock.close()
            raise store.unavailable(path, error) from error
        except BaseException:
            lock.close()
            raise
        return cls(path, signer, version, lock, engine, writer)

    @property
    def verifier(self) -> Verifier:
        """Return the public key in force."""
        return self._signer.verifier

    async def append(self, records: Sequence[Record], /) -> Receipt:
        """Return once every record is durable, in one write, next to each other and in this order.

        Raises:
            Invalid: a record is malformed, or there is none. Nothing was written.
            Unavailable: it is not certain that they are durable. Callers release nothing.

        """
        if not records:
            raise Invalid("there is nothing to record")
        if any(one.action == handover.ACTION for one in records):
            raise Invalid("a new signing key is recorded by `rotate` alone")
        many = len(records) > _INLINE
        events = await asyncio.to_thread(self._render, records) if many else self._render(records)
        return await self._submit(events)

    async def rotate(self, new: Signer, now: datetime, request_id: str, asked_by: str = "") -> Receipt:
        """Hand over to another key, which signs from then on: a record, under a checkpoint that both sign.

        The new key must be durable before this is called: once recorded, no other may continue the log. If it has
        signed already, because an earlier call went through unseen, nothing happens.

        Raises:
            Invalid: the key is of another log.
            Unavailable: it is not certain which key is in force. `verifier` says so after the next append.

        """
        if new.name != self._signer.name:
            raise Invalid("the new signing key is of another log")
        handover.record(10**15, self._signer, new, now, request_id, asked_by)  # fails here, and not in the thread
        return await self._submit(_Rotate(new, now, request_id, asked_by))

    async def _submit(self, job: _Job) -> Receipt:
        done = self._lane.submit(job)
        if done is None:
            raise Unavailable("the audit log is closed", remedy="nothing is released any more; start it again")
        late = asyncio.get_running_loop().call_later(_WAIT, self._late, done)
        try:
            return await done
        finally:
            late.cancel()

    def _late(self, done: asyncio.Future[Receipt]) -> None:
        if not done.done():
            done.set_exception(
                Unavailable(f"the audit log `{self.path.name}` did not answer in {_WAIT:.0f} seconds")
            )

    async def close(self) -> None:
        """Write what waits, then close the file. Later appends fail."""
        await asyncio.to_thread(self._shut)

    def _shut(self) -> None:
        if not self._lane.close():
            return
        if self._own:
            self._writer.close()
        self._disconnect()
        self._engine.dispose()
        self._lock.close()

    def _render(self, records: Sequence[Record]) -> list[dict[str, Any]]:
        return [ocsf.event(record, self._version) for record in records]

    # ------------------------------------------------------------------ the writing thread

    def _failure(self, error: Exception) -> LockgateError:
        if isinstance(error, LockgateError):
            return type(error)(str(error), remedy=error.remedy)
        return store.unavailable(self.path.name, error)

    def _commit(self, batch: Sequence[_Job]) -> list[Receipt]:
        try:
            return self._write(batch)
        except Exception:
            self._tree = None
            self._disconnect()
            raise

    def _write(self, batch: Sequence[_Job]) -> list[Receipt]:
        if self._connection is None:
            self._connection = self._engine.connect()
        with transaction(self._connection):
            tree, signer = self._tree, self._signer
            if tree is None:
                tree = store.tree(self._connection)
                signer = self._signer = self._in_force(self._connection)
            first: list[int] = []
            waiting: list[dict[str, Any]] = []
            for job in batch:
                if not isinstance(job, _Rotate):
                    first.append(tree.size + len(waiting))
                    waiting += job
                    continue
                if waiting:
                    tree, waiting = _extend(self._connection, tree, waiting, signer), []
                if handover.same(signer.verifier, job.new.verifier):
                    first.append(tree.size - 1)
                    continue
                first.append(tree.size)
                self._next = job.new  # if this commit fails, the disk says whether it is in force
                made = handover.record(tree.size, signer, job.new, job.now, job.request_id, job.asked_by)
                tree = _extend(self._connection, tree, [ocsf.event(made, self._version)], signer, job.new)
                signer = job.new
            if waiting:
                tree = _extend(self._connection, tree, waiting, signer)
        self._tree, self._signer = tree, signer
        return [Receipt(at, tree.size) for at in first]

    def _in_force(self, connection: Connection) -> Signer:
        """Return the key that the log on the disk continues with, after a commit of which one cannot know."""
        known = [self._next, self._signer] if self._next else [self._signer]
        return _continues(store.latest(connection) or "", known) or self._signer

    def _disconnect(self) -> None:
        """Give up the connection; the next commit begins with another one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _extend(connection: Connection, tree: Tree, events: Sequence[dict[str, Any]], *signers: Signer) -> Tree:
    """Write events behind a tree, with the checkpoint over all; return the tree with them."""
    entries, leaves = [], []
    for index, one in enumerate(events, tree.size):
        data = ocsf.encode(one, index, secrets.token_hex(16))
        leaves.append(leaf_hash(data))
        entries.append(Entry(index, data, leaves[-1], Lookup.of(one)))
    grown, made = tree.append(leaves)
    store.add(connection, entries, made)
    store.add_checkpoint(connection, grown.size, _sign(grown, *signers))
    return grown


def _sign(tree: Tree, *signers: Signer) -> str:
    return Checkpoint(signers[0].name, tree.size, tree.root).sign(*signers)


def _continues(note: str, signers: Sequence[Signer]) -> Signer | None:
    """Return the first of the signers that has signed a checkpoint."""
    return next((one for one in signers if checkpoint.signed_by(note, one.verifier)), None)


def _prepare(path: Path, engine: Engine, signer: Signer, upcoming: Signer | None) -> Signer:
    """Create the tables, or check that the stored tree is the one that was signed last; return who signs on."""
    with engine.begin() as connection:
        schema.prepare(connection, schema.AUDIT)
        tree, note = store.tree(connection), store.latest(connection)
        if note is None and tree.size == 0:
            store.add_checkpoint(connection, 0, _sign(tree, signer))
            return signer
        going = _continues(note or "", [upcoming, signer] if upcoming else [signer]) or signer
        try:
            signed = checkpoint.verify(note or "", going.verifier)
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
        head = next(store.handovers(connection, since=tree.size - 1), None)
        if head and not handover.same(handover.Handover.parse(head).new, going.verifier):
            raise Unavailable(
                f"the audit log `{path}` was handed over to a signing key that is not there",
                remedy="restore `audit.pem` or `audit.pem.next`: the older key must not sign any more",
            )
        return going
