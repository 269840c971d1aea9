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
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

LOG: Final = logging.getLogger("lockgate.watch")
LATE: Final = 1.0
"""Seconds between two looks above which a change may have counted later than promised (I5)."""
_QUIET: Final = 60.0
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


class Looks:
    """The threads of whatever looks again and again whether something has changed; tells who looks late.

    There is a thread for each watcher, so that one that waits for its disk holds up no other.

    Attributes:
        late: for each watcher, how often more than `LATE` seconds lay between the ends of two of its looks.

    """

    def __init__(self, most: int = 8, clock: Callable[[], float] = time.monotonic) -> None:
        self.late: dict[str, int] = {}
        self._threads = Threads("watch", most)
        self._clock = clock
        self._ended: dict[str, float] = {}
        self._told: dict[str, float] = {}

    async def run(self, work: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Do work of a watcher off the event loop."""
        return await self._threads.run(work, *args, **kwargs)

    def done(self, watcher: str) -> None:
        """Note the end of a look. One that is late is counted, and told at most once a minute."""
        now = self._clock()
        before = self._ended.get(watcher, now)
        self._ended[watcher] = now
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
