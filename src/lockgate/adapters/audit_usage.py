"""`ports.Usages` from the audit log: every passage that was put before a model or shown is a retrieval in it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import orjson

from lockgate.audit import ocsf
from lockgate.audit.entry import Entry
from lockgate.audit.record import Kind
from lockgate.content.exposure import Usage

MOST: Final = 500_000
"""Retrievals that are looked at, the oldest first; with more, the usage is not whole."""
_FRESH: Final = timedelta(minutes=5)
"""So long what was counted is good enough: it orders a list, and decides nothing."""


class Log(Protocol):
    """What is read of an audit log."""

    def entries(self, *, since: int = 0, below: int | None = None, kind: Kind | None = None) -> Iterator[Entry]:
        """Yield records in order."""
        ...


class AuditUsage:
    """Counts the retrievals of a log. A person counts once for each request, however many passages it took."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._known: tuple[datetime, Usage] | None = None

    async def used(self, now: datetime, days: int, /) -> Usage:
        """Return what was used in the last `days`."""
        if self._known is not None and self._known[1].days == days and abs(now - self._known[0]) < _FRESH:
            return self._known[1]
        found = await asyncio.to_thread(self._used, now, days)
        self._known = now, found
        return found

    def _used(self, now: datetime, days: int) -> Usage:
        since = int((now - timedelta(days=days)).timestamp() * 1000)
        first = next(self._log.entries(), None)
        whole = first is not None and first.record.time.timestamp() * 1000 <= since
        by: dict[str, Counter[str]] = {}
        for looked, entry in enumerate(self._log.entries(since=since, kind=Kind.RETRIEVAL)):
            if looked >= MOST:
                whole = False
                break
            own = orjson.loads(entry.event)["unmapped"][ocsf.OWN]
            person = own.get("on_behalf_of") or own.get("subject", "")
            for document in _documents(own):
                by.setdefault(document, Counter())[person] += 1
        return Usage(by, days, whole)


def _documents(own: dict[str, Any]) -> set[str]:
    """Return the documents of a retrieval that was not denied."""
    if own.get("effect") == "deny":
        return set()
    found = {one["document"] for one in own.get("sources", ())}
    if own.get("resource_type") == "document":
        found.add(own["resource_id"])
    return found
