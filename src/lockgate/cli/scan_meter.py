"""Progress of a scan on standard error: one line that is rewritten on a terminal, and nothing elsewhere."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final, TextIO

from lockgate.journeys.scan import Progress

_WINDOW: Final = 20.0
"""Seconds over which rates are told: early items say little about late ones."""


class Meter:
    """Shows rate, what is done of what, what is left of the time, and problems."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._live = stream.isatty()
        self._told = clock()
        self._seen: deque[tuple[float, int, int]] = deque([(self._told, 0, 0)])

    def __call__(self, progress: Progress) -> None:
        """Show how far the run is, but not more often than somebody can read."""
        if not self._live:
            return
        now = self._clock()
        if now - self._told < 0.1:
            return
        self._told = now
        self._seen.append((now, progress.done, progress.done_bytes))
        while now - self._seen[0][0] > _WINDOW and len(self._seen) > 2:
            self._seen.popleft()
        self._stream.write(f"\r\x1b[K{self.text(progress)}")
        self._stream.flush()

    def text(self, progress: Progress) -> str:
        """Return the line."""
        (begun, items, size), (now, items_now, size_now) = self._seen[0], self._seen[-1]
        seconds = max(now - begun, 1e-6)
        rate, speed = (items_now - items) / seconds, (size_now - size) / seconds
        walked = f"{progress.walked:,} items seen{' so far' if progress.walking else ''}"
        if not progress.wanted:
            return f"{walked}, nothing to read yet"
        text = (
            f"{progress.done:,} of {progress.wanted:,} read ({walked}), {speed / 1e6:,.1f} MB/s, "
            f"{rate:,.0f} items/s, {progress.problems:,} problems"
        )
        left = progress.wanted_bytes - progress.done_bytes
        if progress.walking or speed <= 0:
            return text
        return f"{text}, {_span(max(left / speed, (progress.wanted - progress.done) / max(rate, 1e-6)))} left"

    def end(self) -> None:
        """Clear the line."""
        if self._live:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def _span(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
