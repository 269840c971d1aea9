"""`lockgate why --remote`: the running gateway explains, to administrators, what the command explains itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.review_client import Client, with_client
from journeys.places import Place
from lockgate.cli.main import main

Of = Callable[[str], Client]


def test_the_running_gateway_explains(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(here: Place, of: Of) -> None:
        monkeypatch.setenv("LOCKGATE_TOKEN", "adm")
        monkeypatch.setenv("LOCKGATE_URL", of("adm").url)
        id = here.document("hr/plan.txt").id
        for named in ("hr/plan.txt", "share:hr/plan.txt", id):
            assert await asyncio.to_thread(main, ["why", named, "--as", "bo", "--remote"]) == 1
            told = capsys.readouterr().out
            assert told.startswith("share:hr/plan.txt is NOT shown to the AI of user:bo, who may not open it.")
            assert "lacks: one of group:hr" in told
        url = of("adm").url
        assert await asyncio.to_thread(main, ["why", id, "--as", "ann", "--url", url, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["item"], told["connector"], told["shown"]) == ("hr/plan.txt", "share", True)
        assert await asyncio.to_thread(main, ["why", "hr/none.txt", "--as", "bo", "--remote"]) == 2
        assert "there is no document `hr/none.txt`" in capsys.readouterr().err

        monkeypatch.setenv("LOCKGATE_TOKEN", "ann")
        refusals = set()
        for named in ("hr/plan.txt", "hr/none.txt", id):
            assert await asyncio.to_thread(main, ["why", named, "--as", "bo", "--remote"]) == 2
            refusals.add(capsys.readouterr().err)
        assert len(refusals) == 1, "whoever is no administrator learns nothing, not even of their own"

    asyncio.run(with_client(tmp_path, story))
