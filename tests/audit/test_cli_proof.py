"""`lockgate audit prove` and `check-proof` as people use them; who checks has only the file and the key."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from audit.test_cli import home  # noqa: F401  # the fixture
from audit.test_sink import ENV
from lockgate.cli.main import main


@pytest.fixture
def key(home: Path, tmp_path: Path) -> str:  # noqa: F811
    return str(home / "data" / "keys" / "audit.pem.pub")


def elsewhere(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process and a folder that have nothing of the log."""
    command = [sys.executable, "-m", "lockgate", "audit", "check-proof", *words]
    return subprocess.run(command, cwd=folder, env=ENV, capture_output=True, text=True)


def test_a_proof_is_checked_elsewhere_with_the_key_alone(home: Path, key: str) -> None:  # noqa: F811
    assert main(["audit", "prove", "inclusion", "--request", "req-3", "--out", "proofs"]) == 0
    assert sorted(one.name for one in Path("proofs").iterdir()) == [f"{i}.tlog-proof" for i in range(15, 20)]
    away = home / "away"
    away.mkdir()
    (away / "it").write_text(Path("proofs/18.tlog-proof").read_text())
    (away / "key").write_text(Path(key).read_text())
    done = elsewhere(away, "it", "--key", "key", "--json")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert (shown["ok"], shown["index"], shown["records"]) == (True, 18, 100)
    assert shown["event"]["metadata"]["correlation_uid"] == "req-3"
    text = (away / "it").read_text()
    (away / "it").write_text(text.replace("index 18", "index 17"))
    done = elsewhere(away, "it", "--key", "key")
    assert done.returncode == 1
    assert done.stdout.startswith("NOT PROVEN")


def test_a_record_of_an_export_is_proven_and_another_is_not(
    home: Path,  # noqa: F811
    key: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["audit", "export", "--to", "all.jsonl"]) == 0
    lines = Path("all.jsonl").read_text().splitlines()
    Path("mine.json").write_text(lines[41] + "\n")
    assert main(["audit", "prove", "inclusion", "--event", "mine.json", "--hash-only", "--out", "p"]) == 0
    assert "sequence" not in Path("p").read_text()
    assert main(["audit", "check-proof", "p", "--key", key, "--event", "mine.json"]) == 0
    Path("mine.json").write_text(lines[41].replace("user:ann", "user:bob"))
    assert main(["audit", "check-proof", "p", "--key", key, "--event", "mine.json"]) == 1
    assert main(["audit", "prove", "inclusion", "--event", "mine.json"]) == 2
    assert "another record 41" in capsys.readouterr().err


def test_consistency_from_a_kept_checkpoint(home: Path, key: str, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    assert main(["audit", "checkpoint", "--to", "kept"]) == 0
    assert main(["audit", "prove", "consistency", "--from", "kept", "--to", "now", "--out", "p"]) == 0
    assert main(["audit", "check-proof", "p", "--key", key, "--against", "kept"]) == 0
    assert "the first 100 records are unchanged" in capsys.readouterr().out


def test_what_is_not_there_has_no_proof(home: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    assert main(["audit", "prove", "inclusion", "--index", "100"]) == 2
    assert main(["audit", "prove", "inclusion", "--index", "-1"]) == 2
    assert main(["audit", "prove", "inclusion", "--request", "nobody"]) == 2
    assert main(["audit", "prove", "inclusion", "--request", "req-3"]) == 2
    assert "--out" in capsys.readouterr().err
    assert main(["audit", "prove", "inclusion", "--index", "0"]) == 0
    assert capsys.readouterr().out.startswith("c2sp.org/tlog-proof@v1\n")


CHECKER = Path(__file__).parents[2] / "docs" / "guides" / "check_proof.py"


def test_the_guides_own_checker_agrees_and_has_nothing_of_lockgate(home: Path, key: str) -> None:  # noqa: F811
    """Thirty lines of somebody else's would do: they are in the guide, and know only the standards."""
    text = CHECKER.read_text()
    assert "lockgate." not in text
    assert main(["audit", "prove", "inclusion", "--index", "42", "--out", "p"]) == 0

    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", str(CHECKER), "p", key]
        return subprocess.run(command, capture_output=True, text=True)

    done = run()
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("record 42 of 100 in example.org/audit: {")
    proof = Path("p").read_text()
    lines = proof.split("\n")
    for bad in (
        proof.replace("index 42", "index 43"),
        "\n".join([*lines[:3], *lines[4:]]),
        "\n".join([*lines[:3], lines[4], lines[3], *lines[5:]]),
        proof.replace("\n100\n", "\n101\n"),
    ):
        assert bad != proof
        Path("p").write_text(bad)
        assert run().returncode == 1
