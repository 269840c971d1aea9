"""Labels of what people type, and of what they paste back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from lockgate.adapters.secret_file import load_ring
from lockgate.config import Settings
from lockgate.journeys.conversation import TYPED, Labeler
from lockgate.policy.registered import Applications
from lockgate.policy.registered import typed as typed_through
from lockgate.ports import History


def labeler(
    settings: Settings, history: History, now: datetime, applications: Callable[[], Applications]
) -> Labeler:
    """Return the labeler, with the key of the history's digests. Older keys count until their marks are forgotten.

    Raises:
        Unavailable: the key cannot be read or made.

    """
    labels = settings.labels
    life = timedelta(days=labels.history_days)
    key, old = load_ring(settings.data / "keys" / "history.key", now, life)
    return Labeler(
        history,
        key,
        replace(TYPED, sensitivity=labels.prompt),
        timedelta(hours=labels.history_hours),
        lambda subject: typed_through(subject, applications()),
        old,
    )
