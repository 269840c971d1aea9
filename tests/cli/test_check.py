"""`lockgate check` says whether a configuration is good, where it is not, and what it would change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from config.samples import BASE
from lockgate.cli.main import main


@pytest.fixture
def file(tmp_path: Path) -> Path:
    for name in ("share", "other"):
        (tmp_path / name).mkdir()
    path = tmp_path / "lockgate.toml"
    path.write_text(BASE)
    return path


def test_a_good_one(file: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["check", str(file)]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{file}: good")
    assert "`cloud` is for nobody" in said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("port = 9000", 'port = "x"', ":4: `server.port` must be a whole number"),
        ("port = 9000", "prot = 9000", "Did you mean `port`?"),
        ("https://api.example/v1", "http://api.example/v1", "in clear"),
        ("[server]", '[identity]\ndirectory = "none.toml"\n[server]', "none.toml"),
        ('data = "state"', 'data = "state"\npolicies = "other"', "holds no policies"),
    ],
)
def test_a_wrong_one(file: Path, capsys: pytest.CaptureFixture[str], before: str, after: str, said: str):
    file.write_text(BASE.replace(before, after))
    assert main(["check", str(file)]) in (2, 3)
    assert said in capsys.readouterr().err


def test_what_it_would_change(file: Path, capsys: pytest.CaptureFixture[str]):
    new = file.with_name("new.toml")
    new.write_text(BASE.replace("9000", "9001").replace('"general"\n[[models]]', '"restricted"\n[[models]]'))
    assert main(["check", str(new), "--against", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changes"] == [
        {"name": "server.port", "how": "changed", "live": False},
        {"name": "models.cloud.ceiling", "how": "changed", "live": True},
    ]
    assert main(["check", str(new), "--against", str(file)]) == 0
    assert "restart  server.port" in capsys.readouterr().out
    assert not (file.parent / "state").exists()
