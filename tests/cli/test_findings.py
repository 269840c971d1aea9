"""`lockgate findings`, over the real routes."""

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
from lockgate.cli import findings
from lockgate.cli.main import parser
from lockgate.errors import AccessDenied, Invalid, NotFound

Of = Callable[[str], Client]


def options(what: str, document: str = "", **given: Any) -> argparse.Namespace:
    plain: dict[str, Any] = {"kind": None, "span": None, "reason": None, "json": False}
    return argparse.Namespace(what=what, document=document, **plain | given)


def test_list_reject_confirm_and_precision(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def story(here: Place, of: Of) -> None:
        async def said(who: str, *args: str, **given: Any) -> list[str]:
            assert await findings.work(options(*args, **given), of(who)) == 0
            return capsys.readouterr().out.splitlines()

        pay = "docs/pay.csv"
        listed = await said("ann", "list", pay, kind="business.salary")
        assert len(listed) == 2
        assert "84200" not in str(listed)
        assert await said("ann", "list", "docs/menu.txt") == ["nothing is found in its passages"]
        span = listed[0].split()[0]
        with pytest.raises(Invalid, match="no reason"):
            await said("ann", "reject", pay, kind="business.salary", span=span)
        with pytest.raises(Invalid, match="passage:start:end"):
            await said("ann", "reject", pay, kind="business.salary", span="1:2")
        why = "an invented example"
        done = await said("ann", "reject", pay, kind="business.salary", span=span, reason=why)
        assert done[0].split() == [span, "business.salary", "rejected"]
        listed = await said("ann", "list", pay, kind="business.salary")
        assert "rejected by user:ann at 2026-11-24T12:00: an invented example" in listed[0]
        assert "rejected" not in listed[1]
        await said("ann", "confirm", pay, kind="business.salary", span=listed[1].split()[0])
        rows = json.loads("\n".join(await said("adm", "precision", json=True)))
        assert [(one["kind"], one["confirmed"], one["rejected"]) for one in rows] == [("business.salary", 1, 1)]
        assert "50% (9% to 91%)" in (await said("adm", "precision"))[0]
        for who, error in (("bo", NotFound), ("adm", NotFound)):
            with pytest.raises(error):
                await said(who, "list", pay)
        with pytest.raises(AccessDenied):
            await said("bo", "precision")

    asyncio.run(with_client(tmp_path, story))


def test_malformed_judgements_are_refused(tmp_path: Path) -> None:
    async def story(here: Place, of: Of) -> None:
        fine = {"document": "d_1", "version": "v", "kind": "secret", "opinion": "confirmed"}
        bad: list[object] = [
            None, [], {}, fine | {"opinion": "maybe"}, fine | {"kind": ""}, fine | {"passage": 1},
            fine | {"more": 1},
            fine | {"passage": -1, "start": 0, "end": 1}, fine | {"passage": True, "start": 0, "end": 1},
            fine | {"passage": 0, "start": "a", "end": 1}, fine | {"reason": "a\nb c"}, fine | {"reason": 7},
            fine | {"passage": 0, "start": 0, "end": 10**12},
        ]  # fmt: skip
        for body in bad:
            answer = await of("ann").send("POST", "/v1/findings", body)
            assert answer.status_code == 400, body

    asyncio.run(with_client(tmp_path, story))


def test_the_commands_explain_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    args = parser("findings").parse_args(["findings", "reject", "a/b", "--kind", "secret", "--span", "0:1:2"])
    assert (args.what, args.kind, args.span) == ("reject", "secret", "0:1:2")
    for words in (["findings"], ["findings", "reject"]):
        with pytest.raises(SystemExit) as ended:
            parser("findings").parse_args([*words, "--help"])
        assert ended.value.code == 0
    assert "--reason" in capsys.readouterr().out
