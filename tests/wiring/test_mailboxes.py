"""Mailboxes as targets of a scan and as collections."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.connector import walk
from lockgate.adapters.directory_none import NoDirectory
from lockgate.cli.main import main
from lockgate.config import parse
from lockgate.errors import Invalid
from lockgate.labels.label import Sensitivity
from lockgate.labels.readers import Readers
from lockgate.wiring.sources.common import TargetOptions
from lockgate.wiring.targets import open_target

MAIL = """From ann@acme.example Tue Nov 24 09:00:00 2026
Message-ID: <1@acme.example>
Subject: card
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

see below
--b
Content-Type: text/csv
Content-Disposition: attachment; filename=cards.csv

name,card
Ann,4111 1111 1111 1111
--b--

"""


@pytest.fixture
def post(tmp_path: Path) -> Path:
    made = tmp_path / "post"
    made.mkdir()
    (made / "ann.mbox").write_text(MAIL)
    return made


def test_a_scan_finds_what_is_attached(post: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for target in (f"mbox://{post}", f"mbox://{post}/ann.mbox"):
        state = str(tmp_path / "state.db")
        assert main(["scan", target, "--format", "jsonl", "--state", state, "--workers", "1"]) == 0
        said = capsys.readouterr()
        assert "financial.card" in said.out
        assert "ann.mbox/1@acme_example." in said.out
        assert "4111" not in said.out + said.err


def test_a_collection_says_whose_mailboxes_are(post: Path) -> None:
    settings = parse(
        f"""
[[collections]]
name = "mail"
[collections.mailbox]
path = "{post}"
[collections.mailbox.principals]
"ann.mbox" = ["user:ann"]
[[collections.rules]]
match = "ann.mbox/**"
sensitivity = "confidential"
""",
        Path("lockgate.toml"),
    )
    for text in ("collection://mail", f"mbox://{post}"):
        source = open_target(text, TargetOptions(NoDirectory(), settings))
        try:
            (item,) = walk(source)
            assert item.readers == Readers.any_of("user:ann")
            assert item.connector == "mail"
            assert item.declared is not None
            assert item.declared.sensitivity == Sensitivity.CONFIDENTIAL
        finally:
            source.close()


def test_a_mailbox_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="there is nothing"):
        open_target(f"mbox://{tmp_path}/none", TargetOptions(NoDirectory()))
    with pytest.raises(Invalid, match="is missing or is no folder"):
        parse('[[collections]]\nname = "m"\n[collections.mailbox]\npath = "none"\n', Path("lockgate.toml"))
