"""What a gateway does by itself while it serves: it takes up changes, and keeps collections in step."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from lockgate.adapters import arenas
from lockgate.adapters.directory_file import DirectoryFile
from lockgate.adapters.history_sqlite import SqliteHistory
from lockgate.adapters.policy_files import PolicyFiles, Reload
from lockgate.adapters.weights import Weights
from lockgate.config import Settings
from lockgate.errors import LockgateError, shortage
from lockgate.journeys.exposure import Exposures
from lockgate.journeys.ingest import Ingest
from lockgate.ports import Clock, Connector, Directory, Embedder
from lockgate.storage.threads import Looks
from lockgate.wiring import start
from lockgate.wiring.categories import Categories
from lockgate.wiring.central import InForce
from lockgate.wiring.match import Watching
from lockgate.wiring.operations import Operations
from lockgate.wiring.rotation import Rotation
from lockgate.wiring.signing import Signing

LOG: Final = logging.getLogger("lockgate")
_HOURLY: Final = timedelta(hours=1)
_TIDY_SECONDS: Final = 60.0
_PATIENCE: Final = timedelta(minutes=2)
"""After this a sync begins no further large document: other collections and what is new come first."""


@dataclass(frozen=True, slots=True)
class Background:
    """The work, over the parts that it is done with."""

    settings: Settings
    clock: Clock
    in_force: InForce
    policies: PolicyFiles
    directory: Directory
    rotation: Rotation
    signing: Signing
    connectors: Mapping[str, Connector]
    ingest: Ingest
    history: SqliteHistory
    embedder: Embedder
    weights: Weights
    operations: Operations
    looks: Looks
    match: Watching
    exposures: Exposures
    categories: Categories

    def work(self, *, sync: bool) -> list[Coroutine[Any, Any, object]]:
        """Return what runs until it is canceled; `sync`: collections too."""
        watchers: list[Coroutine[Any, Any, object]] = [
            self.looks.keep("settings", self.in_force.watch),
            self.looks.keep("policies", partial(self.policies.watch, _told, self.looks)),
            self.looks.keep("match", self.match.watch),
            self.rotation.watch(self.looks),
            self.signing.watch(self.looks),
            self.looks.keep("categories", partial(self.categories.watch, self.looks)),
        ]
        if isinstance(self.directory, DirectoryFile):
            watch = partial(self.directory.watch, _read_again, self.looks)
            watchers.append(self.looks.keep("directory", watch))
        if sync:
            watchers += [self._try("start", self._look_once()), self._sync_forever(), _tidy_forever()]
        return watchers

    async def _look_once(self) -> None:
        """Log what will fail as things are: better now than at the first question."""
        for problem in await start.problems(self.settings, self.embedder, self.weights):
            LOG.warning("start: %s", problem)

    async def _sync_forever(self) -> None:
        """Sync every collection, again and again. A source that fails is tried again next time."""
        measured: datetime | None = None
        forgotten: datetime | None = None
        while True:
            for connector in self.connectors.values():
                if not await self._try(f"sync of {connector.name}", self._sync(connector)):
                    self.operations.sync_failed(connector.name)
            now = self.clock.now()
            if forgotten is None or now - forgotten >= _HOURLY:
                forgotten = now
                oldest = now - timedelta(days=self.settings.labels.history_days)
                await self._try("forgetting of history", self.history.forget(oldest))
            if measured is None or now - measured >= _HOURLY or now.date() != measured.date():
                measured = now
                await self._try("measures of the catalogue", self.exposures.take_measures(now))
            await asyncio.sleep(self.settings.sync_seconds)

    async def _sync(self, connector: Connector) -> None:
        """Bring a collection in step, and log what changed: somebody who starts a server waits for that line."""
        done = await self.ingest.run(connector, patience=_PATIENCE)
        self.operations.sync_done(done, self.clock.now())
        if done.stored or done.removed or done.relabeled:
            counts = (done.seen, done.stored, done.relabeled, done.removed, len(done.problems))
            text = "sync of %s: %d items, %d read, %d with changed rights, %d removed, %d that nobody may read"
            LOG.info(text, connector.name, *counts)

    async def _try(self, what: str, work: Coroutine[Any, Any, object]) -> bool:
        """Do one piece of background work. Nothing that it raises may end the rounds; it is logged by name."""
        try:
            await work
            return True
        except LockgateError as error:
            LOG.warning("%s: %s%s", what, error, f" ({error.remedy})" if error.remedy else "")
        except Exception as error:
            short = shortage(error)
            LOG.warning("%s: %s", what, f"short of {short}" if short else f"defect: {type(error).__name__}")
        return False


async def _tidy_forever() -> None:
    """Give back memory that is only held, again and again: bursts of work leave holes."""
    while True:
        await asyncio.sleep(_TIDY_SECONDS)
        await asyncio.to_thread(arenas.trim)


def _read_again(problem: str) -> None:
    """Log what became of a change of the directory file."""
    if problem:
        LOG.warning("directory: refused, what was read before stays in force: %s", problem)
    else:
        LOG.info("directory: read again")


def _told(seen: Reload) -> None:
    """Log what became of a change of the policies. Somebody must know when it is not in force."""
    if seen.error:
        LOG.warning("policies: refused, %s stays in force: %s", seen.version, seen.error)
    else:
        LOG.info("policies: %s is in force", seen.version)
