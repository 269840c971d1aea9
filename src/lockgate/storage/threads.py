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
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, ParamSpec, TypeVar

from lockgate.errors import Unavailable

LOG: Final = logging.getLogger("lockgate.watch")
LATE: Final = 1.0
"""Seconds between two looks above which a change may have counted later than promised (I5)."""
STALE: Final = 10.0
"""Seconds without the end of a look after which nobody is let in: what was withdrawn meanwhile is not known."""
_QUIET: Final = 60.0
_AGAIN: Final = 0.05
FRESH: Final = LATE / 2
"""Seconds since the last look that may have passed when somebody comes in: a change counts at the second look."""
NO_THREAD: Final = "can't start new thread"
"""What `threading` says where the system has no more threads or no memory for one."""
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
        self._since: dict[str, float] = {}
        self._told: dict[str, float] = {}

    async def run(self, work: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Do work of a watcher off the event loop."""
        return await self._threads.run(work, *args, **kwargs)

    async def keep(self, watcher: str, watch: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Watch until canceled. A watcher that ends by a defect begins again; from now on it must be punctual."""
        self._since[watcher] = self._clock()
        try:
            while True:
                try:
                    await watch()
                except MemoryError:
                    LOG.warning("watch: %s: no memory is left", watcher)
                except Exception as error:
                    short = error.args == (NO_THREAD,)
                    LOG.warning("watch: %s: %s: %s", watcher, "short" if short else "defect", type(error).__name__)
                await asyncio.sleep(LATE / 2)
        except asyncio.CancelledError:
            self._since.pop(watcher, None)
            raise

    async def fresh(self) -> None:
        """Wait until every watcher that is kept has looked within `FRESH`: what was withdrawn before that counts.

        A machine without time answers late then, and not by rights that have ended.

        Raises:
            Unavailable: see `punctual`.

        """
        while True:
            self.punctual()
            oldest = min(self._since.values(), default=None)
            if oldest is None or self._clock() - oldest <= FRESH:
                return
            await asyncio.sleep(_AGAIN)

    def punctual(self) -> None:
        """Check that every watcher that is kept has looked of late: else rights may have ended that still count.

        Raises:
            Unavailable: one has not, for more than `stale` seconds.

        """
        now = self._clock()
        for watcher, ended in self._since.items():
            if now - ended > self.stale:
                raise Unavailable(
                    f"nobody looked at `{watcher}` for {now - ended:.0f} seconds, so who may come in is unknown",
                    code="rights_unknown",
                    remedy="Try again. If it stays so: its disk does not answer, or the machine has no time.",
                )

    def done(self, watcher: str) -> None:
        """Note the end of a look. One that is late is counted, and told at most once a minute."""
        now = self._clock()
        before = self._ended.get(watcher, now)
        self._ended[watcher] = now
        if watcher in self._since:
            self._since[watcher] = now
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
