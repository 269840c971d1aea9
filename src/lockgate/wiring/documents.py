"""Where documents come from, and how they are kept in step."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AsyncExitStack

from lockgate.config import Settings
from lockgate.content.labeling import Limit
from lockgate.journeys.ingest import Ingest
from lockgate.journeys.sieve import Sieve
from lockgate.ports import AuditSink, Clock, Connector, Directory, Embedder, Extractor, Index
from lockgate.storage.threads import Threads
from lockgate.wiring import labels
from lockgate.wiring.categories import Categories
from lockgate.wiring.match import Detection
from lockgate.wiring.sources import collection


def open_connectors(
    settings: Settings, directory: Directory, threads: Threads, stack: AsyncExitStack
) -> dict[str, Connector]:
    """Return the connector of each collection by name; the stack closes them."""
    found = {one.name: collection.connector(one, settings, directory, threads) for one in settings.collections}
    for connector in found.values():
        stack.callback(connector.close)
    return found


async def ingest(
    settings: Settings,
    index: Index,
    extractor: Extractor,
    embedder: Embedder,
    clock: Clock,
    audit: AuditSink,
    directory: Directory,
    limit: Limit,
    changing: asyncio.Lock,
    sieve: Sieve,
    detection: Detection,
) -> tuple[Ingest, Categories]:
    """Return the journey that reads documents, with the bounds, rules and categories that the settings state."""
    categories = await Categories.open(settings.data, audit, clock)
    made = Ingest(
        index,
        extractor,
        embedder,
        clock,
        audit,
        directory,
        limit=limit,
        lanes=settings.ingest_threads or _spare_cores(),
        most=settings.document_passages,
        changing=changing,
        rules=await asyncio.to_thread(labels.in_force, settings),
        sieve=sieve,
        sorter=lambda: categories.sorter,
        scan=detection.scan,
        sets=lambda: detection.version,
    )
    return made, categories


def _spare_cores() -> int:
    """Return how many cores this process may use, without the one that questions need: 1 to 16.

    More would fill the pool of threads that questions need too.
    """
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(max(1, cores - 1), 16)
