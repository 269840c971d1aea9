"""How answers end when the server stops: by themselves within the grace, else with an event that says so."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from types import TracebackType

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

    def answering(self) -> AbstractAsyncContextManager[None]:
        """Hold an answer that a stop may cut. Its own `finally` blocks run, so that its end is recorded.

        Entering raises `Stopping` where the grace is over, leaving where the answer was cut.
        """
        return _Answering(self, self._running)


class _Answering:
    """An answer while it runs."""

    def __init__(self, drain: Drain, running: set[asyncio.Timeout]) -> None:
        self._drain, self._running = drain, running
        self._cut = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        if self._drain.over:
            raise Stopping
        await self._cut.__aenter__()
        self._running.add(self._cut)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.discard(self._cut)
        try:
            await self._cut.__aexit__(kind, error, trace)
        except TimeoutError:
            raise Stopping from None
        if isinstance(error, TimeoutError) and self._cut.expired():
            raise Stopping from None
