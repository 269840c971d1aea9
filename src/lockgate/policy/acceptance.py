"""Somebody's word that the risk of running a model is accepted: by whom, why, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A risk acceptance of one model.

    Attributes:
        by: who accepts, in words.
        reason: why.
        accepted: when it was stated.
        until: when it ends.
        terms: digest of what the model was then (`ModelSettings.terms`); it covers nothing else.

    """

    by: str
    reason: str
    accepted: datetime
    until: datetime
    terms: str

    @property
    def last_day(self) -> date:
        """Return the last day on which it holds."""
        return (self.until - timedelta(microseconds=1)).date()

    def covers(self, terms: str, now: datetime) -> bool:
        """Tell whether it holds now, for a model of these terms."""
        return terms == self.terms and now < self.until
