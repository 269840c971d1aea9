"""Another process holds a lock on a database: nothing is released, nobody waits for ever, and no path is told."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from e2e.lab import in_thread, opened, plant, talking
from journeys.places import Words
from lockgate.demo.client import Reply


@pytest.mark.parametrize("name", ["audit.db", "history.db"])
def test_while_it_is_held_nothing_is_released_and_then_all_is_well(tmp_path: Path, name: str) -> None:
    plant(tmp_path)
    with in_thread(lambda: opened(tmp_path, Words())) as lab:

        async def ask() -> Reply:
            async with talking(lab.url, lab.token) as client:
                return await client.ask("staff", "gifts from suppliers")

        with closing(sqlite3.connect(tmp_path / "state" / name, isolation_level=None)) as held:
            held.execute("BEGIN EXCLUSIVE")
            began = time.monotonic()
            refused = lab.run(ask())
            waited = time.monotonic() - began
            held.execute("ROLLBACK")
        assert refused.status == 503
        assert waited < 20
        assert str(tmp_path) not in str(refused.body)
        assert "35 EUR" not in str(refused.body)
        until = time.monotonic() + 20  # looks at the settings waited too, and nobody comes in until one has ended
        while "35 EUR" not in str(lab.run(ask()).body):
            assert time.monotonic() < until
            time.sleep(0.2)
