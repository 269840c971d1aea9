"""A new master key while serving: keys of documents are wrapped anew in batches, then the old key is destroyed.

Whoever holds the state folder does it. A command beside a running gateway leaves a request in the folder of keys,
which the account of Lockgate alone can write, and waits for the end. A gateway that was killed goes on where it
was when it starts again: the old key is there until nothing is left that it wraps.
"""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lockgate.adapters.index_memory import MemoryIndex
from lockgate.adapters.keys import FileKeys, unfinished
from lockgate.audit.record import Kind, Record
from lockgate.errors import LockgateError, Unavailable
from lockgate.ports import AuditSink, Clock
from lockgate.storage.threads import Looks

LOG: Final = logging.getLogger("lockgate")
_EVERY: Final = 0.5


def master_request(state: Path) -> Path:
    """Return where a request for a new master key lies."""
    return state / "keys" / "master.key.rotate"


def ask(state: Path) -> None:
    """Ask the running gateway for a new master key.

    Raises:
        Unavailable: the folder of keys cannot be written.

    """
    try:
        os.close(os.open(master_request(state), os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError as error:
        raise Unavailable(f"the folder of keys in `{state}` cannot be written: {error.strerror}") from error


def waits(state: Path) -> bool:
    """Tell whether a rotation is asked for, or under way."""
    return master_request(state).exists() or unfinished(state / "keys" / "master.key")


@dataclass(frozen=True, slots=True)
class Rotation:
    """Rotation of the master key of one state folder. `state` is that folder."""

    state: Path
    keys: FileKeys
    index: MemoryIndex
    audit: AuditSink
    clock: Clock
    one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self, *, new: bool = True) -> int:
        """Make a new master key (not to end an earlier rotation only); return how many were wrapped anew.

        Raises:
            Unavailable: the log, the keys or the index cannot be written. Everything still opens; repeat it.

        """
        async with self.one:
            before = self.keys.current
            if new:
                await self.audit.append([self._record("begun", before, 0)])
                await asyncio.to_thread(self.keys.rotate)
                master_request(self.state).unlink(missing_ok=True)
            count, after = 0, ""
            while True:
                done, last = await self.index.rewrap(after)
                count += done
                if last is None:
                    break
                after = last
            await asyncio.to_thread(self.keys.retire)
            await self.audit.append([self._record("completed", before, count)])
            return count

    async def watch(self, looks: Looks) -> None:
        """End what was begun, and rotate whenever it is asked for."""
        while True:
            try:
                if await looks.run(waits, self.state):
                    count = await self.run(new=master_request(self.state).exists())
                    LOG.info("keys: a new master key, %d documents were wrapped anew", count)
            except LockgateError as error:
                LOG.warning("keys: the master key was not rotated: %s", error)
            await asyncio.sleep(_EVERY)

    def _record(self, outcome: str, before: str, count: int) -> Record:
        now = self.clock.now()
        return Record(
            Kind.ADMINISTRATION,
            now,
            f"rotate-{now:%Y%m%dT%H%M%S.%f}",
            subject="service:lockgate",
            action="keys.rotate",
            resource_type="system",
            resource_id="master",
            outcome=outcome,
            facts=(("documents", count), ("key", self.keys.current), ("key_before", before)),
        )
