"""`lockgate review` and `lockgate exposure`, over the real routes."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.review_client import Client, with_client
from journeys.places import Place
from lockgate.cli import exposure, review
from lockgate.cli.main import parser
from lockgate.content.document import Review
from lockgate.errors import AccessDenied, Invalid, NotFound

Of = Callable[[str], Client]


def options(**given: Any) -> argparse.Namespace:
    off = dict.fromkeys(("list", "undo", "no_ai", "broad", "json", "all", "apply", "hold"), False)
    empty = dict.fromkeys(("accept", "set", "rule", "sensitivity", "readers", "proposed", "person", "fail_on"))
    exposing = {"what": "list", "fix": None, "format": "table", "output": None, "url": "http://gateway"}
    plain: dict[str, Any] = {**off, **empty, **exposing, "limit": 100, "reason": None, "show": None}
    return argparse.Namespace(**plain | given)


def test_one_key_each(tmp_path: Path) -> None:
    async def story(here: Place, of: Of) -> None:
        typed = iter(["?", "v", "a", "no", "c", "", "group:hr", "n", "u", "pressed the wrong key", "s", "a"])
        said: list[str] = []
        client = of("ann")
        listed = (await client("GET", "/v1/reviews", None))["data"]
        assert [one["item"] for one in listed] == ["docs/pay.csv", "docs/menu.txt", "docs/hr/plan.txt"]
        left = await review.Session(client, lambda _: next(typed), said.append).through(listed)
        text = "\n".join(said)
        assert "the keys are" in text
        assert "84200" in text, "v shows a passage, because it was asked for"
        assert here.document("pay.csv").review is Review.CORRECTED
        assert here.document("menu.txt").review is Review.UNREVIEWED, "taken back"
        assert here.document("hr/plan.txt").review is Review.ACCEPTED
        assert left == 1

    asyncio.run(with_client(tmp_path, story))


def test_flags(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def story(here: Place, of: Of) -> None:
        client = of("ann")
        assert await review.work(options(list=True), client) == 1
        listing = capsys.readouterr().out
        assert "2 x business.salary" in listing
        assert "45 people could find it: (group:staff 45)" in listing
        assert "84200" not in listing
        with pytest.raises(Invalid, match="45 people"):
            await review.work(options(accept="docs/pay.csv"), client)
        with pytest.raises(Invalid, match="nothing is stated"):
            await review.work(options(set="docs/pay.csv"), client)
        with pytest.raises(Invalid, match="needs a document"):
            await review.work(options(readers=["group:hr"]), client)
        assert await review.work(options(set="docs/pay.csv", readers=["group:hr,user:cy"]), client) == 0
        assert "restricted, readable by group:hr or user:cy and group:staff" in capsys.readouterr().out
        assert await review.work(options(undo=True), client) == 0
        assert await review.work(options(rule="docs/*", proposed="general", json=True), client) == 0
        capsys.readouterr()
        assert await review.work(options(json=True), client) == 1
        assert [one["item"] for one in json.loads(capsys.readouterr().out)] == ["docs/pay.csv"]

    asyncio.run(with_client(tmp_path, story))


def test_a_settled_document_is_corrected_by_its_path_or_id(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story(here: Place, of: Of) -> None:
        client = of("ann")
        here.write("hr/50% #1?.txt", "Hire one more.")
        await here.ingest.run(here.connector)
        for item in ("hr/plan.txt", "hr/50% #1?.txt"):
            assert await review.work(options(accept=f"docs/{item}"), client) == 0
            assert await review.work(options(set=f"docs/{item}", sensitivity="restricted"), client) == 0
            id = here.document(item).id
            lower = options(set=id, sensitivity="general", no_ai=True)
            with pytest.raises(Invalid, match="from restricted to general"):
                await review.work(lower, client)
            lower.reason = "the plan is out"
            assert await review.work(lower, client) == 0
            assert capsys.readouterr().out.splitlines()[-1].startswith(f"reviewed: docs/{item}: general")
            assert here.document(item).label.forbids("ai")
            assert await review.work(options(show=id), client) == 0
            assert "review.correct by user:ann at 2026-11-24T12:00: the plan is out" in capsys.readouterr().out
        with pytest.raises(NotFound):
            await review.work(options(accept="docs/none.txt"), client)

    asyncio.run(with_client(tmp_path, story))


def test_exposure_table_and_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def story(here: Place, of: Of) -> None:
        assert await exposure.work(options(all=True, limit=50), of("adm")) == 0
        table = capsys.readouterr().out.splitlines()
        assert table[0].split()[:3] == ["LEVEL", "PEOPLE", "USED"]
        assert table[1].split()[:3] == ["restricted", "45", "?"]
        for level, code in (("restricted", 1), ("general", 1)):
            assert await exposure.work(options(all=True, fail_on=level), of("adm")) == code
        assert await exposure.work(options(person="bo", json=True), of("bo")) == 0
        with pytest.raises(AccessDenied):
            await exposure.work(options(all=True), of("bo"))
        await review.work(options(set="docs/pay.csv", readers=["group:hr"]), of("ann"))
        assert await exposure.work(options(all=True, fail_on="confidential"), of("adm")) == 0

    asyncio.run(with_client(tmp_path, story))


def test_a_fix_is_simulated_applied_and_taken_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def story(here: Place, of: Of) -> None:
        async def said(**given: Any) -> list[str]:
            assert await exposure.work(options(**given), of("ann")) == 0
            return capsys.readouterr().out.splitlines()

        listed = await said(what="fixes")
        assert listed[0].split()[:3] == ["FIX", "RISK", "DOCUMENTS"]
        assert "narrow the readers to group:hr" in listed[1]
        fix = listed[1].split()[0]
        before = here.document("pay.csv")
        told = "\n".join(await said(fix=fix))
        for wanted in (
            "takes 1 of them off the list",
            "43 people could find them and could not any more: bo (1)",
            "0 people of these used",
            "1 people would get them from their AI, which they do not now: eva (1)",
            "nothing has changed",
        ):
            assert wanted in told
        assert here.document("pay.csv") == before
        done = await said(fix=fix, apply=True)
        assert done[0] == "done for 1 documents"
        assert here.document("pay.csv").reviewed
        assert await said(undo=done[1].split()[-1]) == ["taken back for 1 documents"]
        assert here.document("pay.csv") == before
        page = tmp_path / "exposure.html"
        assert await exposure.work(options(all=True, format="html", output=page), of("adm")) == 0
        assert page.stat().st_mode & 0o777 == 0o600
        assert "docs/<wbr>pay.csv" in page.read_text()
        assert await exposure.work(options(what="trend"), of("adm")) == 0
        trend = capsys.readouterr().out.splitlines()
        assert trend[1].split()[1:4] == ["100.00%", "3", "3"]

    asyncio.run(with_client(tmp_path, story))


def test_the_commands_are_there_and_explain_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    args = parser().parse_args(
        ["review", "--rule", "docs/*", "--readers", "group:hr,user:cy", "--readers", "group:staff"]
    )
    assert args.readers == ["group:hr,user:cy", "group:staff"]
    for command in ("review", "exposure"):
        with pytest.raises(SystemExit) as ended:
            parser().parse_args([command, "--help"])
        assert ended.value.code == 0
        assert f"lockgate {command}" in capsys.readouterr().out


def test_a_file_name_cannot_drive_the_terminal() -> None:
    assert "\x1b" not in review.plain("a\x1b[2J.txt")
