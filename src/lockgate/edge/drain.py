"""How answers end when the server stops: by themselves within the grace, else with an event that says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from lockgate.errors import Unavailable


class Stopping(Unavailable):
    """The server stops, and what it was doing for this request did not end in time."""

    code = "stopping"

    def __init__(self) -> None:
        super().__init__("the gateway is stopping, and this is where the answer ends", remedy="Ask again.")


class Drain:
    """Whether the server stops, and which answers still run.

    Attributes:
        stopping: no more connections are accepted; what runs may end.
        over: the grace is over; what runs is cut, and what would begin is refused.

    """

    def __init__(self) -> None:
        self.stopping = False
        self.over = False
        self._running: set[asyncio.Timeout] = set()

    def begin(self) -> None:
        """Stop."""
        self.stopping = True

    def cut(self) -> None:
        """End the grace: every running answer is cut at where it waits."""
        self.stopping = self.over = True
        for one in self._running:
            one.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """Hold an answer that a stop may cut. Its own `finally` blocks run, so that its end is recorded.

        Raises:
            Stopping: it was cut.

        """
        if self.over:
            raise Stopping
        try:
            async with asyncio.timeout(None) as running:
                self._running.add(running)
                try:
                    yield
                finally:
                    self._running.discard(running)
        except TimeoutError:
            if running.expired():
                raise Stopping from None
            raise
