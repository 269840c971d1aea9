"""Hands on the demonstration's server: what the story does that no client may (`demo/control.py`)."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from lockgate.adapters.audit_reader import AuditReader
from lockgate.audit.verify import Report
from lockgate.demo.control import Damage, TokenKind, Verdict
from lockgate.demo.draft import Clauses
from lockgate.demo.grounds import Manifest
from lockgate.demo.issuer import DemoIssuer
from lockgate.demo.issuer import TokenKind as Minted
from lockgate.wiring import Lockgate

_KINDS: dict[TokenKind, Minted] = {
    "valid": Minted.VALID,
    "expired": Minted.EXPIRED,
    "forged": Minted.FORGED,
    "audience": Minted.AUDIENCE,
    "none": Minted.NONE,
}


@dataclass(slots=True)
class Hands:
    """Implements `demo.control.Control`.

    Attributes:
        lockgate: the running one.
        issuer: mints tokens.
        manifest: of the share.
        folder: for copies of the log and the kept checkpoint.
        start_twin: starts the second Lockgate, and returns its address.
        hold: told to keep printed lines back while the disk is full, and to print them after.

    """

    lockgate: Lockgate
    issuer: DemoIssuer
    manifest: Manifest
    folder: Path
    start_twin: Callable[[], Awaitable[str]]
    hold: Callable[[bool], None]
    _tokens: dict[str, str] = field(default_factory=dict)
    _twin: str = ""
    _room: tuple[int, int] | None = None

    async def token(self, person: str, kind: TokenKind = "valid") -> str:
        """Return a token of a person; one valid token for each, for the whole story."""
        if kind != "valid":
            return self.issuer.mint(person, _KINDS[kind])
        if person not in self._tokens:
            self._tokens[person] = self.issuer.mint(person)
        return self._tokens[person]

    async def twin(self) -> str:
        """Start a second Lockgate over the corpus without HR, once, and return its address."""
        self._twin = self._twin or await self.start_twin()
        return self._twin

    async def set_readers(self, item: str, readers: Clauses | None) -> None:
        """Change who may read an item, and sync."""
        self.manifest.set_readers(item, readers)
        for connector in self.lockgate.connectors.values():
            await self.lockgate.ingest.run(connector)

    async def keep_checkpoint(self) -> None:
        """Write the newest signed checkpoint outside the log."""
        (self.folder / "kept-checkpoint").write_text(self.lockgate.log.checkpoint())

    async def audit_verify(self, damage: Damage = "", *, kept: bool = False) -> Verdict:
        """Copy the log, damage the copy, and verify it offline."""
        report = await asyncio.to_thread(self._verify, damage, kept)
        return Verdict(report.ok, _said(report))

    def _verify(self, damage: Damage, kept: bool) -> Report:
        with tempfile.TemporaryDirectory(prefix="audit-copy-", dir=self.folder) as place:
            return self._verified(Path(place) / "audit.db", damage, kept)

    def _verified(self, copy: Path, damage: Damage, kept: bool) -> Report:
        with sqlite3.connect(self.lockgate.audit.path) as source, sqlite3.connect(copy) as target:
            source.backup(target)
        source.close()
        target.close()
        if damage:
            _damage(copy, damage)
        note = (self.folder / "kept-checkpoint").read_text() if kept else None
        reader = AuditReader.open(copy)
        try:
            return reader.verify(self.lockgate.audit.verifier, note)
        finally:
            reader.close()

    async def fill_disk(self) -> None:
        """Let no file of this process grow: the kernel refuses every write, as it does on a full disk."""
        self.hold(True)
        self._room = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, self._room[1]))

    async def free_disk(self) -> None:
        """Give the room back."""
        if self._room is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, self._room)
            self._room = None
        self.hold(False)


def _said(report: Report) -> str:
    if report.ok:
        return f"verified: {report.size} records"
    return "; ".join(fault.what for fault in report.faults[:3])


def _damage(copy: Path, damage: Damage) -> None:
    """Flip one byte of a record in the middle; or cut the tail, back to an earlier signed checkpoint."""
    with sqlite3.connect(copy) as db:
        size = int(db.execute("SELECT count(*) FROM audit_event").fetchone()[0])
        if damage == "flip":
            (event,) = db.execute("SELECT event FROM audit_event WHERE idx = ?", (size // 2,)).fetchone()
            flipped = bytearray(event)
            flipped[len(flipped) // 2] ^= 1
            db.execute("UPDATE audit_event SET event = ? WHERE idx = ?", (bytes(flipped), size // 2))
        else:
            earlier = "SELECT max(size) FROM audit_checkpoint WHERE size <= ?"
            (kept,) = db.execute(earlier, (size - 5,)).fetchone()
            db.execute("DELETE FROM audit_event WHERE idx >= ?", (kept,))
            db.execute("DELETE FROM audit_node WHERE ((idx + 1) << level) > ?", (kept,))
            db.execute("DELETE FROM audit_checkpoint WHERE size > ?", (kept,))
    db.close()
