"""Faults of a gateway that runs on: each breaks or heals something in its own process."""

from __future__ import annotations

import asyncio
import os
import resource
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias

from e2e.lab import Lab
from faults import disk
from lockgate.errors import Unavailable

Fault: TypeAlias = Callable[[Lab], str]
_KEPT: dict[str, Any] = {}
"""What is put back when it heals."""


def _limit(what: int, amount: Callable[[], int]) -> Fault:
    """Lower a limit of this process; its healing raises it again."""

    def fault(_: Lab) -> str:
        resource.setrlimit(what, (amount(), resource.getrlimit(what)[1]))
        return "done"

    return fault


def _memory(left: int) -> Fault:
    """Take what the system would give and what the process has in reserve, but for so many MB of one piece."""

    def fault(_: Lab) -> str:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + (left << 20), resource.getrlimit(resource.RLIMIT_AS)[1]))
        ballast = _KEPT.setdefault("ballast", [])
        reserve = [bytes(1 << 12) for _ in range(16)]  # what it takes to say so
        for size in (1 << 20, 1 << 16, 1 << 12):
            with suppress(MemoryError):
                while True:
                    ballast.append(bytes(size))
        del ballast[:left], reserve
        return "done"

    return fault


def _unlimited(_: Lab) -> str:
    _KEPT.pop("ballast", None)
    for what in (resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_AS):
        hard = resource.getrlimit(what)[1]
        resource.setrlimit(what, (min(hard, 4096) if what == resource.RLIMIT_NOFILE else hard, hard))
    return "done"


def _clock(hours: float) -> Fault:
    def fault(lab: Lab) -> str:
        lab.clock.moved = timedelta(hours=hours)
        return "done"

    return fault


class _Broken:
    """A policy engine that fails whatever it is asked."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("the policy engine is broken")


def _break_policies(lab: Lab) -> str:
    _KEPT["policies"] = lab.lockgate.policies.current
    lab.lockgate.policies.current = _Broken()  # type: ignore[assignment]
    return "done"


def _mend_policies(lab: Lab) -> str:
    lab.lockgate.policies.current = _KEPT.pop("policies")
    return "done"


def _break_embedder(lab: Lab) -> str:
    """The model of this machine is dead: questions cannot be embedded."""

    async def dead(texts: object) -> object:
        raise Unavailable("the embedding model has ended")

    lab.lockgate.embedder.embed = dead  # type: ignore[method-assign, assignment]
    return "done"


def _mend_embedder(lab: Lab) -> str:
    del lab.lockgate.embedder.embed  # type: ignore[attr-defined]
    return "done"


def _break_issuer(lab: Lab) -> str:
    """The provider is down: keys cannot be had."""

    async def down(address: str) -> bytes:
        raise Unavailable("the provider does not answer")

    lab.issuer.fetch = down  # type: ignore[method-assign]
    return "done"


def _mend_issuer(lab: Lab) -> str:
    del lab.issuer.fetch  # type: ignore[attr-defined]
    return "done"


def _sync(lab: Lab) -> str:
    """Begin a sync of everything, in the loop that serves."""

    async def run() -> None:
        for connector in lab.lockgate.connectors.values():
            await lab.lockgate.ingest.run(connector)

    _KEPT["sync"] = asyncio.get_running_loop().create_task(run())
    return "done"


def _synced(_: Lab) -> str:
    """Tell whether the sync has ended; one that failed is an error here too."""
    if not _KEPT["sync"].done():
        return "runs"
    _KEPT.pop("sync").result()
    return "done"


FAULTS: Final[dict[str, Fault]] = {
    "disk full": _limit(resource.RLIMIT_FSIZE, lambda: 0),
    "no handles": _limit(resource.RLIMIT_NOFILE, lambda: len(os.listdir("/proc/self/fd")) - 1),
    "not one handle": _limit(resource.RLIMIT_NOFILE, lambda: 3),
    "no memory": _memory(0),
    "little memory": _memory(2),
    "enough again": _unlimited,
    "writes fail": lambda _: disk.broken(disk.WRITES),
    "reads fail": lambda _: disk.broken(disk.READS),
    "disk mended": lambda _: disk.mended(),
    "clock ahead": _clock(10),
    "clock behind": _clock(-10),
    "clock right": _clock(0),
    "half an hour later": _clock(0.5),
    "two hours later": _clock(2),
    "two hours and a minute later": _clock(2 + 1 / 60),
    "policies broken": _break_policies,
    "policies mended": _mend_policies,
    "embedder dead": _break_embedder,
    "embedder back": _mend_embedder,
    "issuer down": _break_issuer,
    "issuer back": _mend_issuer,
    "sync begins": _sync,
    "sync ended": _synced,
}
