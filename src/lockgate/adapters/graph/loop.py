"""An event loop in a thread of its own: connections stay open whichever loop asks, and close from anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from threading import Lock, Thread
from typing import Any, TypeVar

from lockgate.errors import Unavailable

T = TypeVar("T")


class Loop:
    """Started at first use. Work that is canceled where it is waited for is canceled here too."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None
        self._closed = False

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work on the loop.

        Raises:
            Unavailable: it is closed.

        """
        with self._lock:
            if self._closed:
                work.close()
                raise Unavailable("the source is closed")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = Thread(target=self._loop.run_forever, name=self._name, daemon=True)
                self._thread.start()
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        return await asyncio.wrap_future(future)

    def close(self, last: Coroutine[Any, Any, None]) -> None:
        """Cancel what runs, do the last work, and end the thread."""
        with self._lock:
            closed, self._closed = self._closed, True
            loop, thread = self._loop, self._thread
        if closed or loop is None or thread is None:
            last.close()
            return
        asyncio.run_coroutine_threadsafe(_end(last), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _end(last: Coroutine[Any, Any, None]) -> None:
    running = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await last
