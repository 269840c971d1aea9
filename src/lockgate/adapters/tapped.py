"""`ports.AuditSink` that tells watchers what became durable. It changes nothing about it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from lockgate.audit.record import Receipt, Record
from lockgate.errors import Unavailable
from lockgate.ports import AuditSink
from lockgate.ports.telemetry import Watcher


class TappedLog:
    """A log with watchers. They hear of records that are durable, so they count no more than the log has."""

    def __init__(self, log: AuditSink, watchers: Sequence[Watcher]) -> None:
        self._log = log
        self._watchers = tuple(watchers)

    async def append(self, records: Sequence[Record], /) -> Receipt:
        """Append as the log does, then tell.

        Raises:
            Invalid, Unavailable: as the log does.

        """
        began = time.monotonic()
        try:
            receipt = await self._log.append(records)
        except Unavailable:
            for one in self._watchers:
                one.unrecorded()
            raise
        seconds = time.monotonic() - began
        for one in self._watchers:
            one.recorded(records, receipt, seconds)
        return receipt
