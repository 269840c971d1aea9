"""The meter over the settings in force, with what the log holds of the last hour."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from lockgate.adapters.audit_reader import AuditReader
from lockgate.audit.record import Record
from lockgate.journeys.metering import Meter
from lockgate.ports import AuditSink, Clock
from lockgate.wiring.central import InForce

LOG: Final = logging.getLogger("lockgate.quotas")
_SINCE: Final = timedelta(hours=1, seconds=10)


async def metered(in_force: InForce, audit: AuditSink, log: AuditReader, clock: Clock) -> Meter:
    """Return the meter, which knows the last hour already: a restart forgives nothing.

    Raises:
        Unavailable: the log cannot be read.

    """
    meter = Meter(lambda: in_force.quotas, time.monotonic, audit)
    if in_force.quotas.any:
        now = clock.now()
        await asyncio.to_thread(lambda: meter.replay(_records(log, now), now))
    return meter


def _records(log: AuditReader, now: datetime) -> Iterator[Record]:
    """Yield the records of the last hour, and those that a clock which was wrong put later."""
    since = int((now - _SINCE).timestamp() * 1000)
    for entry in log.entries(since=since):
        yield entry.record
