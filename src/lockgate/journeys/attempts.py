"""Failed sign-ins in the audit log: each one, until there are so many that writing them is the attack.

A durable record costs milliseconds and kilobytes; a request without a credential costs its sender nothing. So a
burst is recorded one by one, and beyond it one a second, with the number of those that were only counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

BURST: Final = 200
PER_SECOND: Final = 1.0


@dataclass(slots=True)
class Attempts:
    """A bucket of records that failed sign-ins may still cost."""

    left: float = BURST
    last: datetime | None = None
    counted: int = 0

    def take(self, now: datetime) -> int | None:
        """Return how many were only counted since the last record, if this one is to be recorded; else None."""
        passed = max(0.0, (now - self.last).total_seconds()) if self.last else 0.0
        self.last = now
        self.left = min(BURST, self.left + passed * PER_SECOND)
        if self.left < 1:
            self.counted += 1
            return None
        self.left -= 1
        missed, self.counted = self.counted, 0
        return missed
