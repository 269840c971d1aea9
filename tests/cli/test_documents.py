"""`lockgate ingest` and `lockgate why`: what people and programs see, and the exit codes."""

from __future__ import annotations

import asyncio
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from journeys.places import HR, STAFF, Place, Stopped, place
from lockgate.cli import ingest, main, why
from lockgate.errors import NotFound
from lockgate.journeys.enforce import Gate
from lockgate.journeys.ingest import Ingest, Progress, Report
from lockgate.journeys.why import Why
from policy.sets import SHIPPED
from support import NOW, registered


@dataclass
class Opened:
    """What `open_lockgate` would open."""

    at: Place

    def __getattr__(self, name: str) -> Any:
        at, directory = self.at, self.at.connector._directory
        gate, connectors = Gate(lambda: SHIPPED, at.log, applications=registered), {"share": at.connector}
        ingest = Ingest(at.index, at.extractor, at.embedder, Stopped(), at.log, directory)
        why = Why(at.index, gate, directory, Stopped(), ingest.rechecker(connectors), at.reviewed)
        parts = {"connectors": connectors, "ingest": ingest, "why": why}
        return parts[name]


def test_ingest_and_why_print_what_happened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def body() -> None:
        async with place(tmp_path) as at:
            opened = Opened(at)
            at.rules(STAFF + '\nsensitivity = "general"', HR + '\nsensitivity = "general"')
            at.write("plan.txt", "text")
            at.write("hr/pay.txt", "text")
            for number in range(7):
                at.write(f"bad/{number}.txt", "!invalid")
            assert await ingest.run(opened, [], full=False, strict=False, as_json=False) == 0
            out = capsys.readouterr().out
            assert "share: 9 items, 9 read (2 passages)" in out
            assert "7  could not read: it is broken" in out
            assert "and 2 more" in out
            assert await ingest.run(opened, ["share"], full=False, strict=True, as_json=True) == 1
            (report,) = json.loads(capsys.readouterr().out)
            assert report["seen"] == 9
            assert len(report["problems"]) == 7
            with pytest.raises(NotFound, match="`other`"):
                await ingest.run(opened, ["other"], full=False, strict=False, as_json=False)

            assert await why.run(opened, "plan.txt", "bo", as_json=False) == 0
            assert "share:plan.txt is shown to the AI of user:bo, who may open it." in capsys.readouterr().out
            assert await why.run(opened, "hr/pay.txt", "bo", as_json=False) == 1
            out = capsys.readouterr().out
            assert "is NOT shown to" in out
            assert "lacks: one of group:hr" in out
            assert await why.run(opened, "hr/pay.txt", "eva", as_json=True) == 0
            assert json.loads(capsys.readouterr().out)["shown"] is True

    asyncio.run(body())


def test_progress_goes_to_a_stream_and_not_too_often() -> None:
    stream, now = io.StringIO(), [0.0]
    meter = ingest.Meter(stream, "share", lambda: now[0])
    for second in range(25):
        now[0] = float(second)
        meter(Progress("read", second, 100, 1, 0, 0, float(second)))
    meter.end()
    assert stream.getvalue().splitlines() == [
        "share: 10 of 100 read, 1 a second, 1 problems",
        "share: 20 of 100 read, 1 a second, 1 problems",
    ]


def test_progress_tells_the_passage_of_a_large_document() -> None:
    stream, now = io.StringIO(), [0.0]
    meter = ingest.Meter(stream, "share", lambda: now[0])
    now[0] = 10.0
    meter(Progress("read", 20, 21, 0, 0, 0, 10.0, 1200, 2904))
    assert stream.getvalue() == "share: 20 of 21 read, 2 a second, at passage 1,200 of 2,904, 0 problems\n"


def test_what_is_searched_in_part_is_listed() -> None:
    why = "only the first 10 of its 20 passages are searched"
    lines = list(ingest.table(Report("share", NOW, partly=[("big.txt", why)])))
    assert lines[1:] == ["  1 of which only a part is searched:", f"        1  {why}", "           big.txt"]


@pytest.mark.parametrize("command", ["ingest", "why"])
def test_help_teaches(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main.main([command, "--help"])
    assert left.value.code == 0
    assert f"lockgate {command}" in capsys.readouterr().out
