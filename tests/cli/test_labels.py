"""`lockgate labels`: rules checked without anything else, and tried on a real state folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.extraction import files
from lockgate.cli import main

RULES = 'version = 1\n[[rules]]\nname = "plans"\npaths = ["plans/**"]\nsensitivity = "restricted"\n'


def labels(*arguments: str) -> int:
    return main.main(["labels", *arguments])


def test_check_says_what_to_mend_and_needs_no_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert labels("check") == 0
    assert "0 rules" in capsys.readouterr().out
    (tmp_path / "labels.toml").write_text(RULES + '[levels]\nsecret = "general"\n')
    assert labels("check", "labels.toml", "--json") == 1
    assert "levels.secret: contradicts" in json.loads(capsys.readouterr().out)["problems"][0]
    (tmp_path / "labels.toml").write_text(RULES + "what = 1\n")
    assert labels("check", "labels.toml") == 2
    assert "labels.toml:6" in capsys.readouterr().err
    assert labels("check", "absent.toml") == 3


def test_check_names_kinds_that_nothing_finds_and_no_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def problems(text: str) -> list[str]:
        (tmp_path / "labels.toml").write_text(f"version = 1\n{text}")
        labels("check", "labels.toml", "--json")
        return list(json.loads(capsys.readouterr().out)["problems"])

    monkeypatch.chdir(tmp_path)
    for slip in ("pii.emial", "finacial.card", "secrets"):  # what is not known demands restricted by itself
        assert problems(f'[levels]\n"{slip}" = "restricted"\n') == [
            f"levels.{slip}: no detector finds such a kind"
        ]
    assert problems('[levels]\n"business.deal" = "restricted"\n"copy" = "restricted"\n') == []
    for kind in ("copy.*", "copy.restricted", "suggestion.*", "suggestion.proposed", "unexamined"):
        rule = f'[[rules]]\nname = "a"\nkinds = ["{kind}"]\nowners = ["group:it"]\nsensitivity = "restricted"\n'
        assert problems(rule) == []


@pytest.mark.slow
def test_rules_are_tried_applied_and_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    share, config = tmp_path / "share", tmp_path / "lockgate.toml"
    (share / "plans").mkdir(parents=True)
    (share / "plans" / "move.txt").write_text("The office moves in May.")
    (share / "lunch.txt").write_text("Soup.")
    config.write_text(
        f'data = "state"\npolicies = "policies"\n[[collections]]\nname = "share"\npath = "{share}"\n'
        '[[models]]\nid = "m"\nkind = "extractive"\nusers = ["everyone"]\n'
    )
    at = ("--config", str(config), "--json")
    assert main.main(["policy", "copy", str(tmp_path / "policies")]) == 0
    assert main.main(["ingest", "--config", str(config)]) == 0
    capsys.readouterr()

    (tmp_path / "new.toml").write_text(RULES)
    assert labels("simulate", "--rules", str(tmp_path / "new.toml"), *at) == 0
    (row,) = json.loads(capsys.readouterr().out)["changes"]
    assert (row["document"], row["before"], row["after"]) == ("share/plans/move.txt", "general", "restricted")
    assert labels("explain", "share/plans/move.txt", *at) == 0
    before = json.loads(capsys.readouterr().out)
    assert (before["label"], before["why"]) == ("general", [])

    (tmp_path / "policies" / "labels.toml").write_text(RULES)
    scan = ("scan", "--config", str(config), "--state", str(tmp_path / "scan.db"), "--label")
    assert main.main([*scan, "simulate"]) == 0
    told = capsys.readouterr().out
    assert "rule `plans`: its place demands restricted" in told.partition("LABELS THAT WOULD CHANGE")[2]
    assert labels("apply", *at) == 0
    done = json.loads(capsys.readouterr().out)
    assert done["changed"] == {"share": 1}
    assert labels("explain", "share/plans/move.txt", *at) == 0
    after = json.loads(capsys.readouterr().out)
    assert (after["label"], after["version"]) == ("restricted", done["version"])
    assert after["why"] == ["rule `plans`: its place demands restricted"]
    assert labels("explain", "share/plans/move.txt", "--version", before["version"], *at) == 0
    old = json.loads(capsys.readouterr().out)
    assert (old["version"], old["proposed"], old["label"]) == (before["version"], "general", "restricted")
    assert labels("explain", "share/plans/move.txt", "--version", "../../../new", *at) == 2
    capsys.readouterr()
    assert main.main(["audit", "search", "--config", str(config), "--kind", "administration", "--json"]) == 0
    told = capsys.readouterr().out
    assert "labels.apply" in told
    assert done["version"] in told


@pytest.mark.slow
def test_a_scan_applies_rules_as_the_command_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    share, config = tmp_path / "share", tmp_path / "lockgate.toml"
    (share / "plans").mkdir(parents=True)
    (share / "plans" / "move.txt").write_text("The office moves in May.")
    config.write_text(
        f'data = "state"\npolicies = "policies"\n[[collections]]\nname = "share"\npath = "{share}"\n'
        '[[models]]\nid = "m"\nkind = "extractive"\nusers = ["everyone"]\n'
    )
    assert main.main(["policy", "copy", str(tmp_path / "policies")]) == 0
    at = ("--config", str(config))
    scan = ("scan", *at, "--state", str(tmp_path / "scan.db"), "--label", "apply")
    assert main.main(list(scan)) == 0
    (tmp_path / "policies" / "labels.toml").write_text(RULES)
    assert main.main(list(scan)) == 0  # no file is read again, and the label rises
    assert "share: 1 labeled anew" in capsys.readouterr().err
    assert labels("explain", "share/plans/move.txt", *at, "--json") == 0
    assert json.loads(capsys.readouterr().out)["label"] == "restricted"
    assert main.main(["audit", "search", *at, "--kind", "administration", "--json"]) == 0
    assert capsys.readouterr().out.count('"action": "labels.apply"') == 2


def test_labels_in_office_files_count_in_scans(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "scans"))
    share, policies, config = tmp_path / "share", tmp_path / "policies", tmp_path / "lockgate.toml"
    share.mkdir()
    policies.mkdir()
    for name, label in (("known", "Kantine"), ("unknown", "Mensa")):
        custom = (
            "<Properties xmlns:vt='urn:vt'><property name='MSIP_Label_11-22_Name' pid='3'>"
            f"<vt:lpwstr>{label}</vt:lpwstr></property></Properties>"
        )
        (share / f"{name}.pptx").write_bytes(
            files.pptx({"slide1": files.slide(files.shape("Soup."))}, {"docProps/custom.xml": custom})
        )
    (policies / "labels.toml").write_text(
        'version = 1\n[[marks]]\nmatch = ["kantine"]\nsensitivity = "confidential"\n'
    )
    config.write_text(f'policies = "policies"\n[[collections]]\nname = "share"\npath = "{share}"\n')
    state = str(tmp_path / "scan.db")
    assert main.main(["scan", "--config", str(config), "--state", state, "--format", "jsonl"]) == 0
    out = capsys.readouterr().out
    rows = {one["item"]: one for one in map(json.loads, out.splitlines()) if "item" in one}
    assert rows["known.pptx"]["label"]["level"] == "confidential"
    assert rows["unknown.pptx"]["label"]["level"] == "restricted"
    assert "Mensa" not in out
