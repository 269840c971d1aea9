"""Where documents come from, and how they are kept in step."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from typing import Literal, cast

from lockgate.adapters.files import FilesConnector
from lockgate.config import Settings
from lockgate.config.settings import Collection
from lockgate.content.labeling import Limit
from lockgate.errors import Invalid
from lockgate.journeys.ingest import Ingest
from lockgate.ports import AuditSink, Clock, Connector, Directory, Embedder, Extractor, Index
from lockgate.storage.threads import Threads
from lockgate.wiring import labels, sources


def connectors(
    settings: Settings, directory: Directory, threads: Threads, only: str | None = None
) -> dict[str, Connector]:
    """Return the connector of each collection, or of the one named `only`, by name."""
    wanted = [one for one in settings.collections if only in (None, one.name)]
    return {one.name: _connector(one, settings, directory, threads) for one in wanted}


def open_connectors(
    settings: Settings, directory: Directory, threads: Threads, stack: AsyncExitStack
) -> dict[str, Connector]:
    """Return the connector of each collection by name; the stack closes them."""
    found = connectors(settings, directory, threads)
    for connector in found.values():
        stack.callback(connector.close)
    return found


def _connector(one: Collection, settings: Settings, directory: Directory, threads: Threads) -> Connector:
    rules = [sources.rule(each) for each in one.rules]
    if one.source is not None:
        return sources.connector(one, one.source, rules, directory)
    if one.path is None:
        raise Invalid(f"the collection `{one.name}` has no source")
    return FilesConnector(
        one.name,
        one.path,
        one.name,
        directory=directory,
        rights=cast(Literal["posix", "manifest"], one.rights),
        above_root=one.above,
        rules=rules,
        integrity=one.integrity,
        max_bytes=one.max_bytes,
        taxonomy=settings.labels.taxonomy,
        threads=threads,
    )


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
) -> Ingest:
    """Return the journey that reads documents, with the bounds and rules that the settings state."""
    return Ingest(
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
    )


def _spare_cores() -> int:
    """Return how many cores this process may use, without the one that questions need: 1 to 16.

    More would fill the pool of threads that questions need too.
    """
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(max(1, cores - 1), 16)
