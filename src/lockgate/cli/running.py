"""The configured Lockgate, opened for a command that works on its state folder directly."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from lockgate.config import load

if TYPE_CHECKING:
    from lockgate.wiring import Lockgate


def open_running(config: Path) -> AbstractAsyncContextManager[Lockgate]:
    """Open everything that a configuration names, and close it at the end.

    Wiring is imported here and not above: it loads every adapter, and `lockgate --help` must not wait for that.
    """
    from lockgate.wiring import open_lockgate

    return open_lockgate(load(config))
