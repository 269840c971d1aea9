"""Threads for one kind of work, so that it never waits for a thread behind another kind.

`asyncio.to_thread` has one pool for everything: a few threads, which ingest or a slow disk can hold for seconds.
What must be punctual, and what computes for long, has threads of its own. They are started at first use, and only
as many as are needed at a time.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import logging
import math
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, ParamSpec, TypeVar

from lockgate.errors import Unavailable, shortage

LOG: Final = logging.getLogger("lockgate.watch")
LATE: Final = 1.0
"""Seconds between two looks above which a change may have counted later than promised (I5)."""
STALE: Final = 10.0
"""Seconds ago up to which all that had changed must count at the least, or nobody is let in."""
_QUIET: Final = 60.0
_AGAIN: Final = 0.05
FRESH: Final = LATE * 3 / 4
"""Seconds ago up to which all that had changed must count when somebody comes in: it does at the second look."""
_P = ParamSpec("_P")
_T = TypeVar("_T")


class Threads:
    """At most `most` threads. Serves any event loop, as `asyncio.to_thread` does."""

    def __init__(self, name: str, most: int) -> None:
        self._pool = ThreadPoolExecutor(most, thread_name_prefix=name)

    async def run(self, work: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Do the work on one of the threads, with the context variables of the caller."""
        call = functools.partial(contextvars.copy_context().run, work, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def close(self) -> None:
        """Take no more work, and end the threads with what they do now. Work that waits is dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def awake() -> float:
    """Return seconds that pass also while the machine is suspended, where the system has such a clock."""
    suspended = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(suspended)


class Looks:
    """The threads of whatever looks again and again whether something has changed; tells who looks late.

    There is a thread for each watcher, so that one that waits for its disk holds up no other.

    What counts is known up to the beginning of the last look that found no change which must keep still first: one
    that took long may have missed what came meanwhile, and the first that sees a change does not take it up.

    Attributes:
        late: for each watcher, how often more than `LATE` seconds lay between the ends of two of its looks.
        stale: seconds after which `punctual` fails.

    """

    def __init__(self, most: int = 8, clock: Callable[[], float] = awake) -> None:
        self.late: dict[str, int] = {}
        self.stale = STALE
        self._threads = Threads("watch", most)
        self._clock = clock
        self._ended: dict[str, float] = {}
        self._known: dict[str, float] = {}
        self._told: dict[str, float] = {}

    async def run(self, work: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Do work of a watcher off the event loop."""
        return await self._threads.run(work, *args, **kwargs)

    async def keep(self, watcher: str, watch: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Watch until canceled. A watcher that ends by a defect begins again; from now on it must be punctual."""
        self._known[watcher] = self._clock()
        try:
            while True:
                try:
                    await watch()
                except Exception as error:
                    short = shortage(error)
                    told = f"short of {short}" if short else f"defect: {type(error).__name__}"
                    LOG.warning("watch: %s: %s", watcher, told)
                await asyncio.sleep(LATE / 2)
        except asyncio.CancelledError:
            self._known.pop(watcher, None)
            raise

    async def fresh(self) -> None:
        """Wait until for every watcher that is kept all counts that was withdrawn up to `FRESH` ago.

        A machine without time answers late then, and not by rights that have ended.

        Raises:
            Unavailable: see `punctual`.

        """
        came = self._clock()
        while True:
            self.punctual()
            watcher, known = min(self._known.items(), key=lambda one: one[1], default=("", math.inf))
            now = self._clock()
            if now - known <= FRESH:
                return
            if now - came > self.stale:  # it looks, and each look takes longer than what it sees may be old
                raise _unknown(watcher, now - known)
            await asyncio.sleep(_AGAIN)

    def punctual(self) -> None:
        """Check that every watcher that is kept has looked of late: else rights may have ended that still count.

        Raises:
            Unavailable: what one watches is not known for more than `stale` seconds.

        """
        now = self._clock()
        for watcher, known in self._known.items():
            if now - known > self.stale:
                raise _unknown(watcher, now - known)

    def begin(self) -> float:
        """Return the moment at which a look begins, for `done`."""
        return self._clock()

    def done(self, watcher: str, begun: float, *, waits: bool = False) -> None:
        """Note the end of a look. One that is late is counted, and told at most once a minute.

        Args:
            watcher: its name.
            begun: what `begin` returned before the look.
            waits: it saw a change that does not count yet, because it must keep still first.

        """
        now = self._clock()
        before = self._ended.get(watcher, now)
        self._ended[watcher] = now
        if watcher in self._known and not waits:
            self._known[watcher] = begun
        self.late.setdefault(watcher, 0)
        if now - before <= LATE:
            return
        self.late[watcher] += 1
        if now - self._told.get(watcher, float("-inf")) >= _QUIET:
            self._told[watcher] = now
            text = "watch: %s: %.1f seconds between two looks: changes count late, for want of time or of the disk"
            LOG.warning(text, watcher, now - before)

    def close(self) -> None:
        """End the threads."""
        self._threads.close()


def _unknown(watcher: str, seconds: float) -> Unavailable:
    return Unavailable(
        f"what became of `{watcher}` in the last {seconds:.1f} seconds is not known",
        code="rights_unknown",
        remedy="Try again. If it stays so: its disk does not answer, it is written again and again, or the "
        "machine has no time.",
    )
