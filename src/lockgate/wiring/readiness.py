"""Whether each part that an answer needs is there: what `/readyz` says, and `lockgate_ready` in metrics."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

Look: TypeAlias = Callable[[], Awaitable[str]]
"""Returns `ok`, `kept` (what was there before something that is refused) or `failed`."""

OK: Final = "ok"
KEPT: Final = "kept"
FAILED: Final = "failed"
STOPPING: Final = "stopping"
FRESH: Final = 1.0
"""Seconds for which a look counts, so that strangers cannot make the gateway look again and again."""
PATIENCE: Final = 3.0
_PROBE: Final = b"\0" * 16_384


class Readiness:
    """Looks at every part at most once a second. No look may raise to whoever asks: it is then `failed`."""

    def __init__(self, looks: Mapping[str, Look], stopping: Callable[[], bool]) -> None:
        self._looks = dict(looks)
        self._stopping = stopping
        self._lock = asyncio.Lock()
        self._at = float("-inf")
        self.last: Mapping[str, str] = {}

    async def parts(self) -> Mapping[str, str]:
        """Return the state of each part."""
        async with self._lock:
            if time.monotonic() - self._at > FRESH:
                names = list(self._looks)
                found = await asyncio.gather(*(_looked(self._looks[name]) for name in names))
                self.last, self._at = dict(zip(names, found, strict=True)), time.monotonic()
        return dict(self.last) | {"serving": STOPPING if self._stopping() else OK}


async def _looked(look: Look) -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            return await look()
    except Exception:  # whatever it is, the part cannot be said to be there
        return FAILED


def writable(folder: Path) -> Look:
    """Return a look that writes to the disk of a folder: a full one, or one that is read-only, shows."""

    async def look() -> str:
        return await asyncio.to_thread(_write, folder / ".ready")

    return look


def _write(file: Path) -> str:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        written = os.write(handle, _PROBE)
        os.fsync(handle)
    finally:
        os.close(handle)
        file.unlink(missing_ok=True)
    return OK if written == len(_PROBE) else FAILED
