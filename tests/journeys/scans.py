"""Scans in tests: a folder, a real state, and an engine that does the work here and can stop in the middle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from lockgate.adapters.directory_host import HostDirectory
from lockgate.adapters.files import FilesConnector
from lockgate.adapters.scan_state import SqliteScanState
from lockgate.content.detection import scan_many
from lockgate.content.scanned import Row, ScanReport
from lockgate.errors import Invalid
from lockgate.journeys.scan import Looking, Scan, Scope, Target
from lockgate.ports import Extracted
from lockgate.ports.scanning import Outcome, Unit
from support import NOW

CARD = "card 4111 1111 1111 1111\n"
KEY = "AWS=" + "AKIA" + "IOSFODNN7EXAMPLQ\n"


class Plain:
    """`ports.Extractor` of plain text: `!why` cannot be read, `?` not in part."""

    async def extract(self, name: str, data: bytes, /) -> Extracted:
        text = data.decode()
        if text.startswith("!"):
            raise Invalid(text[1:].strip())
        return Extracted(text, unread=("inside.txt: is encrypted",) if text.startswith("?") else ())


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


@dataclass
class Here:
    """`ports.scanning.Engine` in this process; after `stop` outcomes it is as if the process were killed."""

    work: Looking
    stop: int = -1
    before: dict[str, object] = field(default_factory=dict)
    done: list[Unit] = field(default_factory=list)

    async def run(self, units: AsyncIterator[Unit], /) -> AsyncGenerator[Outcome, None]:
        async for unit in units:
            if len(self.done) == self.stop:
                raise KeyboardInterrupt
            self.done.append(unit)
            if callable(act := self.before.get(unit.item)):
                act()
            async for outcome in self.work([unit]):
                if outcome is not None:
                    yield outcome


@dataclass
class Place:
    """A folder, its state, and scans of it."""

    root: Path
    state: Path
    rules: str = "r1"
    clock: Clock = field(default_factory=Clock)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def source(self) -> FilesConnector:
        return FilesConnector("share", self.root, "", directory=HostDirectory.read())

    def scan(
        self,
        scope: Scope | None = None,
        *,
        stop: int = -1,
        changed: bool = False,
        before: dict[str, object] | None = None,
        source: FilesConnector | None = None,
    ) -> Seen:
        source = source or self.source()
        engine = Here(Looking([source], Plain(), scan_many), stop, before or {})

        async def body() -> Seen:
            with closing(SqliteScanState.open(self.state)) as state:
                scan = Scan([Target(source)], engine, state, HostDirectory.read(), self.clock, self.rules)
                run = await scan.run(scope)
                since = scope.since if scope else None
                report = await scan.report(run, 100, changed=changed, since=since)
                rows = [row async for row in scan.rows(run, changed=changed, since=since)]
                return Seen(report, rows, [unit.item for unit in engine.done])

        return asyncio.run(body())

    def interrupted(self, stop: int) -> None:
        with pytest.raises(KeyboardInterrupt):
            self.scan(stop=stop)


@dataclass
class Seen:
    report: ScanReport
    rows: list[Row]
    read: list[str]

    @property
    def items(self) -> list[str]:
        return [row.item for row in self.rows]


def filled(tmp_path: Path) -> Place:
    """Return a place with three files, two of which are sensitive."""
    found = Place(tmp_path / "share", tmp_path / "state.db")
    found.write("a.txt", CARD)
    found.write("b/c.txt", KEY)
    found.write("b/d.txt", "harmless\n")
    return found
