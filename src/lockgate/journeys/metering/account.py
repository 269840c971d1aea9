"""One account: what somebody had in the last hour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lockgate.journeys.metering.window import Distinct, Sum
from lockgate.policy.quotas import Limits, Measure


@dataclass(slots=True)
class Account:
    """What is counted for one identity, or for one identity through one application."""

    requests: Sum = field(default_factory=Sum)
    tokens: Sum = field(default_factory=Sum)
    spend: Sum = field(default_factory=Sum)
    chunks: Distinct = field(default_factory=Distinct)
    streams: int = 0
    touched: float = 0.0
    alerted: dict[Measure, float] = field(default_factory=dict)

    def used(self, measure: Measure, time: float) -> int:
        """Return how much there is of a measure."""
        if measure is Measure.STREAMS:
            return self.streams
        return self._window(measure).used(time)

    def free(self, measure: Measure, needed: int, limit: int, time: float) -> float:
        """Return the seconds until `needed` more of a measure fit."""
        if measure is Measure.STREAMS:
            return 0.0 if self.streams + needed <= limit else 5.0
        return self._window(measure).free(needed, limit, time)

    def left(self, measure: Measure, limits: Limits, time: float) -> int | None:
        """Return how much of a measure is left; None for no limit."""
        limit = limits.of(measure)
        return None if limit is None else max(0, limit - self.used(measure, time))

    def _window(self, measure: Measure) -> Sum | Distinct:
        match measure:
            case Measure.REQUESTS:
                return self.requests
            case Measure.TOKENS:
                return self.tokens
            case Measure.SPEND:
                return self.spend
            case Measure.CHUNKS | Measure.STREAMS:
                return self.chunks


@dataclass(slots=True)
class Accounts:
    """Accounts by name, the one that was not used longest first. What is an hour old is forgotten."""

    by_name: dict[str, Account] = field(default_factory=dict)

    def of(self, name: str, time: float) -> Account:
        """Return an account, and note that it is used."""
        found = self.by_name.pop(name, None) or Account()
        found.touched = time
        self.by_name[name] = found
        return found

    def forget(self, before: float) -> None:
        """Forget accounts that were not used since then, and have nothing running."""
        for name in list(self._idle(before)):
            del self.by_name[name]

    def _idle(self, before: float) -> Iterator[str]:
        for name, one in self.by_name.items():
            if one.touched >= before:
                return
            if not one.streams:
                yield name


def least(amounts: Iterable[int | None]) -> int | None:
    """Return the least of amounts, where None is no limit; None where all are."""
    known = [one for one in amounts if one is not None]
    return min(known) if known else None
