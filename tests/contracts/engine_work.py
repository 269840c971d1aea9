"""The work of the engine's contract: it does to its process what the name of an item says."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from lockgate.errors import Invalid
from lockgate.labels.label import Sensitivity
from lockgate.ports.scanning import Outcome, Unit, Work


class Obedient:
    def __init__(self, place: Path) -> None:
        self._place = place

    async def __call__(self, units: Sequence[Unit]) -> AsyncIterator[Outcome | None]:
        for unit in units:
            yield None
            self._do(unit.item)
            yield Outcome(unit.target, unit.item, unit.revision, "digest", unit.size, Sensitivity.GENERAL)

    def _do(self, item: str) -> None:
        how = item.partition("-")[0]
        mark = self._place / item
        if how == "kill" or (how == "once" and not mark.exists()):
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "exit":
            os._exit(3)
        if how == "raise":
            raise RuntimeError
        if how == "slow":
            time.sleep(0.05)
        if how == "hang":
            time.sleep(60)


@asynccontextmanager
async def open_work(place: Path) -> AsyncIterator[Work]:
    if (place / "refuse").exists():
        raise Invalid("there is no room here")
    (place / f"worker-{os.getpid()}").touch()
    yield Obedient(place)
