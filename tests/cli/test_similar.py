"""`lockgate similar` over the real routes."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

import pytest

from content.test_similar import ORIGINAL, text
from edge.review_client import with_client
from lockgate.cli.similar import work
from lockgate.errors import LockgateError


def test_copies_are_told_to_administrators_with_who_may_read_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story(here, of) -> None:
        here.write("hr/list.txt", ORIGINAL)
        here.write("memo.txt", text(3, 1200) + "\n\n" + ORIGINAL)
        here.write("other.txt", text(4))
        await here.ingest.run(here.connector)
        assert await work(argparse.Namespace(document="docs/hr/list.txt", json=False), of("adm")) == 1
        (line,) = capsys.readouterr().out.splitlines()
        assert line.startswith("in 100%")
        assert "WIDER" in line
        assert line.endswith("docs/memo.txt")
        assert await work(argparse.Namespace(document=here.document("memo.txt").id, json=True), of("adm")) == 0
        assert "docs/hr/list.txt" in capsys.readouterr().out
        assert await work(argparse.Namespace(document="docs/other.txt", json=False), of("adm")) == 0
        assert capsys.readouterr().out == "nothing holds the same\n"
        for who, name in (("adm", "docs/none.txt"), ("ann", "docs/hr/list.txt"), ("bo", "docs/none.txt")):
            with pytest.raises(LockgateError):
                await work(argparse.Namespace(document=name, json=False), of(who))

    asyncio.run(with_client(tmp_path, story))
