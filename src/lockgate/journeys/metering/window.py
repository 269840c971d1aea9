"""Sliding windows of an hour, in steps of ten seconds.

What falls into a step leaves the window when the whole step is older than an hour: up to ten seconds later than it
might, never earlier. So no hour, wherever it begins, holds more than the limit; and an account costs at most 361
numbers a measure, however much it is used.

Times are seconds of a clock that never goes back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

STEP: Final = 10
STEPS: Final = 3600 // STEP
HOUR: Final = 3600


def step_of(time: float) -> int:
    """Return the step that a time falls into."""
    return int(time // STEP)


class Sum:
    """Amounts of the last hour."""

    def __init__(self) -> None:
        self._steps: deque[list[int]] = deque()
        self._total = 0

    def used(self, time: float) -> int:
        """Return the amount in the window that ends at `time`."""
        oldest = step_of(time) - STEPS
        while self._steps and self._steps[0][0] < oldest:
            self._total -= self._steps.popleft()[1]
        return self._total

    def add(self, amount: int, time: float) -> None:
        """Count an amount at `time`, or within the step of the newest one, if that is later."""
        step = step_of(time)
        if self._steps and self._steps[-1][0] >= step:
            self._steps[-1][1] += amount
        else:
            self._steps.append([step, amount])
        self._total += amount

    def take_back(self, amount: int, time: float) -> None:
        """Take back an amount that was counted at `time`; what has left the window is not there to take."""
        step = step_of(time)
        for one in self._steps:
            if one[0] >= step:
                taken = min(amount, one[1])
                one[1] -= taken
                self._total -= taken
                return

    def free(self, needed: int, limit: int, time: float) -> float:
        """Return the seconds until `needed` more fit under the limit; an hour where they never do."""
        over = self.used(time) + needed - limit
        for step, amount in self._steps:
            if over <= 0:
                break
            over -= amount
            if over <= 0:
                return (step + STEPS + 1) * STEP - time
        return 0.0 if over <= 0 else float(HOUR)


class Distinct:
    """Different things of the last hour; each is in it until an hour after it was last seen."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def used(self, time: float) -> int:
        """Return how many there are in the window that ends at `time`."""
        oldest = step_of(time) - STEPS
        while self._seen:
            first = next(iter(self._seen))
            if self._seen[first] >= oldest:
                break
            del self._seen[first]
        return len(self._seen)

    def new(self, names: Iterable[str], time: float) -> int:
        """Return how many of these are not among them."""
        self.used(time)
        return sum(
            name not in self._seen for name in set(names)
        )  # not a difference: that walks over all there are

    def add(self, names: Iterable[str], time: float) -> None:
        """Count these."""
        step = step_of(time)
        if self._seen:
            step = max(step, self._seen[next(reversed(self._seen))])
        for name in names:
            self._seen.pop(name, None)  # the order is that of the last time
            self._seen[name] = step

    def free(self, needed: int, limit: int, time: float) -> float:
        """Return the seconds until `needed` more fit under the limit; an hour where they never do."""
        over = self.used(time) + needed - limit
        if over <= 0:
            return 0.0
        for position, step in enumerate(self._seen.values(), start=1):
            if position == over:
                return (step + STEPS + 1) * STEP - time
        return float(HOUR)
