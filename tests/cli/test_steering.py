"""Text that others wrote does not drive the terminal of whoever runs a command."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.samples import BASE
from lockgate.adapters import acceptances
from lockgate.cli import ingest
from lockgate.cli.main import main
from lockgate.config import load
from lockgate.journeys.ingest import Report
from lockgate.policy.acceptance import Acceptance

EVIL = "a\x1b[2J\x1b]0;x\x07\u202egnp.txt"
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def _steers(text: str) -> set[str]:
    return {one for one in text if not one.isprintable()} - {"\n"}


def test_a_name_in_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A backup is a folder that lay somewhere; its names were printed as they are."""
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / EVIL).symlink_to(tmp_path)
    assert main(["restore", str(tmp_path / "backup"), str(tmp_path / "again")]) == 2
    told = capsys.readouterr().err
    assert "neither a file nor a folder" in told
    assert not _steers(told)


def test_what_an_ingest_could_not_read() -> None:
    report = Report("share", NOW, problems=[(EVIL, f"`{EVIL}` in it is damaged")])
    told = "\n".join(ingest.table(report))
    assert "in it is damaged" in told
    assert not _steers(told)


def test_who_accepts_a_risk_and_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It stands in the log for years and is shown to others."""
    for name in ("share", "other"):
        (tmp_path / name).mkdir()
    path = tmp_path / "lockgate.toml"
    path.write_text(BASE.replace('id = "cloud"\n', 'id = "cloud"\nresponsibility = "iaas"\n'))
    until = datetime.now(UTC) + timedelta(days=9)
    given = ["models", "accept", "cloud", "--until", f"{until:%Y-%m-%d}", "--config", str(path)]
    assert main([*given, "--by", EVIL, "--reason", "because"]) == 2
    assert main([*given, "--by", "Ann", "--reason", f"because {EVIL}"]) == 2
    settings = load(path)
    model = next(one for one in settings.models if one.id == "cloud")
    settings.data.mkdir(parents=True, exist_ok=True)
    acceptances.accept(settings.data, "cloud", Acceptance(EVIL, EVIL, datetime.now(UTC), until, model.terms))
    assert main(["models", "responsibilities", "cloud", "--config", str(path)]) == 0
    told = capsys.readouterr()
    assert "risk accepted by" in told.out
    assert not _steers(told.out + told.err)
