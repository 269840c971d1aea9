"""The running configuration, as commands use it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol, cast

from lockgate.journeys.enforce import Gate
from lockgate.ports import AuditSink, Clock, Connector, Directory, Embedder, Extractor, Index


class Running(Protocol):
    """What `wiring.open_lockgate` opens, as far as commands need it."""

    @property
    def clock(self) -> Clock: ...
    @property
    def audit(self) -> AuditSink: ...
    @property
    def index(self) -> Index: ...
    @property
    def directory(self) -> Directory: ...
    @property
    def connectors(self) -> Mapping[str, Connector]: ...
    @property
    def extractor(self) -> Extractor: ...
    @property
    def embedder(self) -> Embedder: ...
    @property
    def gate(self) -> Gate: ...


def open_running(config: Path) -> AbstractAsyncContextManager[Running]:
    """Open everything that a configuration names, and close it at the end.

    Wiring is imported here and not above: it loads every adapter, and `lockgate --help` must not wait for that.
    """
    wiring = importlib.import_module("lockgate.wiring")
    return cast("AbstractAsyncContextManager[Running]", wiring.open_lockgate(config))
