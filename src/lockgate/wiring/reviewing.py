"""Reviews, exposure and fixes: who may look at labels and change them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

from lockgate.adapters.audit_reader import AuditReader
from lockgate.adapters.audit_usage import AuditUsage
from lockgate.adapters.review_log import SqliteReviewLog
from lockgate.config import Settings
from lockgate.content.detection import Scan
from lockgate.content.label_policy import LabelPolicy
from lockgate.content.labeling import Limit
from lockgate.journeys.enforce import Gate
from lockgate.journeys.exposure import Exposures
from lockgate.journeys.fixing import Fixes
from lockgate.journeys.review import Reviews
from lockgate.ports import Connector, Directory, Index, Keys
from lockgate.ports.reviewing import ReviewLog


@dataclass(frozen=True, slots=True)
class Reviewing:
    """The journeys."""

    reviews: Reviews
    exposures: Exposures
    fixes: Fixes
    done: ReviewLog


def open_reviewing(
    settings: Settings,
    index: Index,
    keys: Keys,
    directory: Directory,
    gate: Gate,
    connectors: Mapping[str, Connector],
    log: AuditReader,
    limit: Limit,
    changing: asyncio.Lock,
    rules: LabelPolicy,
    scan: Scan,
    stack: AsyncExitStack,
) -> Reviewing:
    """Open what was reviewed, and return the journeys over it.

    Raises:
        Unavailable: the database of the index cannot be used.

    """
    kept = SqliteReviewLog.open(settings.data / "index", keys)
    stack.callback(kept.close)
    stewards = settings.labels.stewards
    reviews = Reviews(
        index,
        directory,
        gate,
        connectors,
        kept,
        limit=limit,
        stewards=stewards,
        changing=changing,
        rules=rules,
        scan=scan,
    )
    exposures = Exposures(index, directory, gate, limit, AuditUsage(log), kept)
    return Reviewing(reviews, exposures, Fixes(exposures, reviews), kept)
