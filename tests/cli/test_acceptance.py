"""`lockgate models responsibilities`, `accept`, `withdraw`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.samples import BASE
from lockgate.cli.main import main
from lockgate.policy.responsibilities import ROWS, Bearer, Runs


@pytest.fixture
def config(tmp_path: Path) -> str:
    for name in ("share", "other"):
        (tmp_path / name).mkdir()
    path = tmp_path / "lockgate.toml"
    path.write_text(BASE.replace('id = "cloud"\n', 'id = "cloud"\nresponsibility = "iaas"\n'))
    return str(path)


def in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def test_what_moves_to_us_is_shown_and_accepted(config: str, capsys: pytest.CaptureFixture[str]):
    assert main(["models", "responsibilities", "cloud", "--config", config]) == 0
    said = capsys.readouterr().out
    assert "ours to run" in said
    assert "not active: lockgate models accept cloud" in said
    assert (
        main(
            [
                "models",
                "accept",
                "cloud",
                "--until",
                in_days(30),
                "--by",
                "A. Berg",
                "--reason",
                "pilot",
                "--config",
                config,
            ]
        )
        == 0
    )
    capsys.readouterr()
    assert main(["models", "responsibilities", "--json", "--config", config]) == 0
    cloud, spare = json.loads(capsys.readouterr().out)["models"]
    assert (cloud["active"], cloud["acceptance"]["by"], len(cloud["rows"])) == (True, "A. Berg", len(ROWS))
    assert (spare["active"], spare["needs_acceptance"], spare["rows"]) == (True, False, [])
    assert main(["models", "withdraw", "cloud", "--config", config]) == 0
    assert main(["models", "withdraw", "cloud", "--config", config]) == 2


@pytest.mark.parametrize(
    ("model", "until", "by", "said"),
    [
        ("cloud", "tomorrow", "A", "is no date"),
        ("cloud", in_days(-1), "A", "within a year"),
        ("cloud", in_days(400), "A", "within a year"),
        ("cloud", in_days(9), " ", "`--by`"),
        ("spare", in_days(9), "A", "not ours to run"),
        ("none", in_days(9), "A", "no model `none`"),
    ],
)
def test_what_is_no_acceptance(
    config: str, capsys: pytest.CaptureFixture[str], model: str, until: str, by: str, said: str
):
    wanted = ["models", "accept", model, "--until", until, "--by", by, "--reason", "r", "--config", config]
    assert main(wanted) == 2
    assert said in capsys.readouterr().err


def test_more_is_ours_the_more_we_run():
    ours = [sum(row.bearer(runs) is Bearer.OURS for row in ROWS) for runs in Runs]
    assert ours == sorted(ours)
    assert len({row.id for row in ROWS}) == len(ROWS) == 14
    assert not any(row.moves(Runs.SAAS) for row in ROWS)
