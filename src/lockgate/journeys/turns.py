"""Long work takes turns: one piece at a time, one person after the other.

Python does one thing at a time. A person who sends many long texts at once would otherwise keep everybody waiting:
other people's short questions, and the looks that tell whether a right has ended (I5).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """Of each person one piece of work waits among those of others, and all more of it behind that one."""

    def __init__(self) -> None:
        self._everybody = asyncio.Lock()
        self._own: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def of(self, person: str) -> AsyncIterator[None]:
        """Wait for a turn of this person, and hold it."""
        lock, waiting = self._own.get(person, (asyncio.Lock(), 0))
        self._own[person] = (lock, waiting + 1)
        try:
            async with lock, self._everybody:
                yield
        finally:
            _, waiting = self._own[person]
            if waiting > 1:
                self._own[person] = (lock, waiting - 1)
            else:
                del self._own[person]
