"""The key that signs the log, and its rotation while the log is written.

A rotation goes in steps, and may be killed after each: the new key is durable as `audit.pem.next`; the log records
the handover, under a checkpoint that both keys sign; `audit.pem` becomes the new key; the old one is destroyed.
Which key continues is what the log says: a start puts in place what was handed over to, and drops nothing else.

A command beside a running gateway leaves a request in the folder of keys (as for the master key) and waits.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lockgate import __version__
from lockgate.adapters import audit_key
from lockgate.adapters.audit_reader import AuditReader
from lockgate.adapters.audit_sqlite import AuditLog
from lockgate.audit.checkpoint import Verifier
from lockgate.audit.handover import same
from lockgate.config import Settings
from lockgate.errors import LockgateError, Unavailable
from lockgate.ports import Clock
from lockgate.storage.group import GroupWriter
from lockgate.storage.threads import Looks
from lockgate.wiring import start

LOG: Final = logging.getLogger("lockgate")
_EVERY: Final = 0.5


def key_file(state: Path) -> Path:
    """Return where the signing key lies."""
    return state / "keys" / "audit.pem"


def open_log(settings: Settings, writer: GroupWriter | None = None) -> AuditLog:
    """Open the log with the key in force, and end a rotation that was interrupted.

    Raises:
        Conflict: another process writes it.
        Invalid, Unavailable: the log or its key cannot be used.

    """
    path = key_file(settings.data)
    signer = audit_key.load_or_create(path, settings.audit_origin)
    upcoming = audit_key.upcoming(path, settings.audit_origin)
    log = AuditLog.open(settings.data / "audit.db", signer, upcoming=upcoming, version=__version__, writer=writer)
    if upcoming is None or same(log.verifier, upcoming.verifier):
        try:
            audit_key.promote(path)
        except LockgateError as error:  # what the log says is in force all the same
            LOG.warning("audit: %s", error)
    return log


# ------------------------------------------------------------------ requests


def _request(state: Path) -> Path:
    return state / "keys" / "audit.pem.rotate"


def ask(state: Path, who: str) -> str:
    """Ask the running gateway for a new signing key; return the id of the request.

    Raises:
        Unavailable: the folder of keys cannot be written.

    """
    id_, path = new_id(), _request(state)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(f"{id_} {who}\n")
        part.replace(path)
    except OSError as error:
        raise Unavailable(f"the folder of keys in `{state}` cannot be written: {error.strerror}") from error
    return id_


def withdraw(state: Path) -> None:
    """Take a request back."""
    _request(state).unlink(missing_ok=True)


def waits(state: Path) -> bool:
    """Tell whether a request waits."""
    return _request(state).exists()


def new_id() -> str:
    """Return the id of a request."""
    return f"rotate-{secrets.token_hex(8)}"


def _asked(state: Path) -> tuple[str, str] | None:
    """Return id and author of the request that waits, cut to what a name may be."""
    try:
        text = _request(state).read_text("utf-8", "replace")[:200]
    except OSError:
        return None
    id_, _, who = text.strip().partition(" ")
    if not id_.startswith("rotate-") or not id_.isprintable():
        id_ = new_id()
    return id_[:64], "".join(c for c in who if c.isprintable())[:100]


# ------------------------------------------------------------------ rotation


@dataclass(frozen=True, slots=True)
class Signing:
    """Rotation of the signing key of one log."""

    settings: Settings
    audit: AuditLog
    log: AuditReader
    clock: Clock
    one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def rotate(self, request_id: str, who: str) -> bool:
        """Hand over to a new key; False: this request was carried out before.

        Raises:
            Invalid: the name of the log is too long.
            Unavailable: the log or the keys cannot be written. What is in force is what the log says; repeat it.

        """
        path, origin = key_file(self.settings.data), self.settings.audit_origin
        async with self.one:
            begun = await asyncio.to_thread(audit_key.upcoming, path, origin)
            if begun is not None and same(self.audit.verifier, begun.verifier):
                await asyncio.to_thread(audit_key.promote, path)
            if await asyncio.to_thread(self.log.by_request, request_id):
                return False
            new = await asyncio.to_thread(audit_key.prepare, path, origin)
            await self.audit.rotate(new, self.clock.now(), request_id, who)
            await asyncio.to_thread(audit_key.promote, path)
            return True

    async def watch(self, looks: Looks) -> None:
        """Rotate whenever it is asked for."""
        state = self.settings.data
        while True:
            try:
                if asked := await looks.run(_asked, state):
                    if await self.rotate(*asked):
                        LOG.info("audit: a new signing key, %s", self.audit.verifier.vkey)
                    withdraw(state)
            except (LockgateError, OSError) as error:
                LOG.warning("audit: the signing key was not replaced: %s", error)
            await asyncio.sleep(_EVERY)


async def rotate_here(settings: Settings, clock: Clock, who: str) -> Verifier:
    """Rotate while nothing else has the state folder open; return the new public key.

    Raises:
        Conflict: a gateway runs.
        Invalid, Unavailable: see `Signing.rotate`.

    """
    await asyncio.to_thread(start.state, settings.data)
    log = await asyncio.to_thread(open_log, settings)
    try:
        reader = AuditReader.open(log.path)
        try:
            await Signing(settings, log, reader, clock).rotate(new_id(), who)
        finally:
            reader.close()
        return log.verifier
    finally:
        await log.close()
