"""`lockgate findings tune` and `allow`, on a real state folder."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from lockgate.cli import main

CARD = "4111 1111 1111 1111"


def findings(*arguments: str) -> int:
    return main.main(["findings", *arguments])


@pytest.mark.slow
def test_a_tuning_is_tried_applied_and_counts_only_as_it_was_applied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    share, config, policies = tmp_path / "share", tmp_path / "lockgate.toml", tmp_path / "policies"
    (share / "stock").mkdir(parents=True)
    (share / "stock" / "parts.txt").write_text(f"Part card {CARD} is out.")
    config.write_text(
        f'data = "state"\npolicies = "policies"\n[[collections]]\nname = "share"\npath = "{share}"\n'
        '[[models]]\nid = "m"\nkind = "extractive"\nusers = ["everyone"]\n'
    )
    at = ("--config", str(config))
    assert main.main(["policy", "copy", str(policies)]) == 0
    assert main.main(["ingest", *at]) == 0
    capsys.readouterr()

    def label() -> str:
        assert main.main(["labels", "explain", "share/stock/parts.txt", *at, "--json"]) == 0
        return str(json.loads(capsys.readouterr().out)["label"])

    monkeypatch.setattr("sys.stdin", io.StringIO(f"{CARD}\n"))
    assert findings("allow", "--kind", "financial.card", *at) == 0
    hashed = capsys.readouterr().out.strip()
    assert len(hashed) == 64
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{CARD}\n"))
    assert findings("allow", "--kind", "finacial.card", *at) == 2
    assert "Did you mean `financial.card`?" in capsys.readouterr().err

    rows = f'version = 1\n[[detectors]]\nkinds = ["financial.card"]\nallowed = ["{hashed}"]\n'
    (policies / "detectors.toml").write_text(rows)
    assert main.main(["check", str(config)]) == 0
    assert "detectors.toml is not applied" in capsys.readouterr().out
    assert main.main(["ingest", *at]) == 0
    capsys.readouterr()
    assert label() == "confidential", "what is not applied counts for nothing"

    assert findings("tune", *at, "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)["changes"]
    assert (row["document"], row["before"], row["after"]) == ("share/stock/parts.txt", "confidential", "general")
    assert label() == "confidential"
    assert findings("tune", "--apply", *at) == 2
    assert "there is no reason for it" in capsys.readouterr().err
    assert label() == "confidential"
    assert findings("tune", "--apply", "--reason", "a part number", *at) == 0
    assert "is applied: 1 documents, 1 labels lower" in capsys.readouterr().out
    assert label() == "general"
    assert main.main(["check", str(config)]) == 0
    assert "detectors.toml" not in capsys.readouterr().out

    (policies / "detectors.toml").write_text(rows + '[[detectors]]\nkinds = ["secret"]\noff = true\n')
    assert main.main(["check", str(config)]) == 0
    told = capsys.readouterr().out
    assert "detectors.toml:5: can leave out what is restricted everywhere" in told
    assert "is not applied" in told
    assert main.main(["ingest", *at]) == 0
    capsys.readouterr()
    assert label() == "confidential", "another file than the one that was applied"
    (policies / "detectors.toml").write_text(rows.replace("financial.card", "financial.cart"))
    assert main.main(["ingest", *at]) == 2
    assert "Did you mean `financial.card`?" in capsys.readouterr().err
    assert main.main(["check", str(config)]) == 2
    capsys.readouterr()
    (policies / "detectors.toml").unlink()
    assert findings("tune", "--apply", *at) == 0
    assert main.main(["audit", "search", *at, "--kind", "administration", "--json"]) == 0
    told = capsys.readouterr().out
    assert "detectors.apply" in told
    assert "a part number" in told
    assert "4111" not in told
    assert main.main(["audit", "search", *at, "--kind", "administration"]) == 0
    assert "a part number" in capsys.readouterr().out, "the table for people says why too"


def test_what_makes_no_sense_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--apply", "--file", "new.toml"], ["--reason", "so"]):
        assert findings("tune", *words) == 2
    with pytest.raises(SystemExit):
        findings("allow", "4111111111111111")
    capsys.readouterr()
