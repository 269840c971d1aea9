"""Labels of what people type, and of what they paste back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from lockgate.adapters.history_sqlite import SqliteHistory
from lockgate.adapters.secret_file import load_ring, lost
from lockgate.config import Settings
from lockgate.content.detection import Scan
from lockgate.errors import Unavailable
from lockgate.journeys.conversation import TYPED, Labeler
from lockgate.policy.registered import Applications
from lockgate.policy.registered import typed as typed_through


def labeler(
    settings: Settings,
    history: SqliteHistory,
    now: datetime,
    applications: Callable[[], Applications],
    scan: Scan,
) -> Labeler:
    """Return the labeler, with the key of the history's digests. Older keys count until their marks are forgotten.

    Raises:
        Unavailable: the key cannot be read or made, or is lost while there are digests that it made.

    """
    labels = settings.labels
    life = timedelta(days=labels.history_days)
    path = settings.data / "keys" / "history.key"
    if lost(path) and history.holds():
        # With a new key nothing that was shown before would be recognized, and people could take it out again.
        raise Unavailable(
            f"the key `{path}` is gone, and what people were shown cannot be recognized without it",
            remedy="Restore it from a backup. If there is none, move `history.db` out of the state folder: "
            "what was shown until now then counts as typed when it is pasted.",
        )
    key, old = load_ring(path, now, life)
    return Labeler(
        history,
        key,
        replace(TYPED, sensitivity=labels.prompt),
        timedelta(hours=labels.history_hours),
        lambda subject: typed_through(subject, applications()),
        old,
        scan=scan,
    )
