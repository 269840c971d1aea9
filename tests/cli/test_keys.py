"""`lockgate keys` as a person and a program use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lockgate.cli.main import main


def test_make_list_and_revoke(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "lockgate.toml"
    config.write_text('[identity]\nservice_keys = "secret/keys.json"\n')
    (tmp_path / "secret").mkdir()
    where = ["--config", str(config)]
    assert main(["keys", "create", "nightly", "--owner", "ann", "--scope", "chat", "--group", "hr", *where]) == 0
    said = capsys.readouterr()
    text = said.out.strip()
    assert text.startswith("lgk_")
    assert 'No application "nightly" is registered' in said.err
    config.write_text(config.read_text() + '[[applications]]\nid = "nightly"\nkind = "service"\n')
    assert main(["keys", "create", "nightly", "--owner", "ann", "--scope", "chat", *where]) == 0
    another = capsys.readouterr()
    assert "is registered" not in another.err
    assert main(["keys", "revoke", another.out.split("_")[1], *where]) == 0
    capsys.readouterr()
    assert main(["keys", "list", "--json", *where]) == 0
    out = capsys.readouterr().out
    row = next(one for one in json.loads(out) if one["state"] == "active")
    assert (row["service"], row["owner"], row["state"], row["groups"]) == ("nightly", "ann", "active", ["hr"])
    assert text.split("_", 2)[2] not in out
    assert main(["keys", "revoke", row["id"], *where]) == 0
    assert main(["keys", "list", *where]) == 0
    assert "revoked" in capsys.readouterr().out


def test_what_is_wrong_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--file", str(tmp_path / "keys.json")]
    assert main(["keys", "create", "nightly", "--owner", "ann", "--scope", "chat", "--days", "400", *where]) == 2
    assert main(["keys", "create", "a b", "--owner", "ann", "--scope", "chat", *where]) == 2
    assert main(["keys", "revoke", "none", *where]) == 2
    assert "lockgate keys list" in capsys.readouterr().err
    assert (
        main(
            [
                "keys",
                "create",
                "a",
                "--owner",
                "b",
                "--scope",
                "chat",
                "--file",
                str(tmp_path / "no" / "keys.json"),
            ]
        )
        == 3
    )


def test_somebody_in_the_directory_answers_for_a_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "lockgate.toml"
    config.write_text('[identity]\ndirectory = "directory.toml"\n')
    (tmp_path / "directory.toml").write_text(
        "complete = true\n[people.ann]\ngroups = []\n[people.leo]\ngroups = []\nactive = false\n"
    )
    make = ["keys", "create", "nightly", "--scope", "chat", "--config", str(config), "--owner"]
    for owner, said in (("anna", "is not in the directory"), ("leo", "has a closed account")):
        assert main([*make, owner]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert "directory file" in error
    assert not (tmp_path / "service-keys.json").exists()
    assert main([*make, "ann"]) == 0
    (tmp_path / "directory.toml").unlink()
    assert main([*make, "ann"]) == 3  # not to be checked is not to be in order


def test_a_key_that_no_gateway_would_take_is_said_to_be_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "lockgate.toml"
    make = ["keys", "create", "nightly", "--owner", "ann", "--scope", "chat", "--config", str(config)]
    for text in ("", "[identity]\n"):
        if text:
            config.write_text(text)
        assert main(make) == 0
        assert "names no file of keys" in capsys.readouterr().err
    config.write_text('[identity]\nservice_keys = "service-keys.json"\n')
    assert main(make) == 0
    assert "names no file of keys" not in capsys.readouterr().err
