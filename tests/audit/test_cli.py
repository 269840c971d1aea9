"""`lockgate audit` as people and programs use it, on a real log."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from audit.samples import opened, request, running, source
from audit.test_sink import ENV
from lockgate.adapters.audit_key import load_or_create
from lockgate.adapters.audit_reader import AuditReader
from lockgate.audit.record import Kind
from lockgate.cli.main import main
from lockgate.labels import PUBLIC


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a log of 20 requests, its key, and a configuration that names neither."""
    monkeypatch.chdir(tmp_path)
    signer = load_or_create(tmp_path / "data" / "keys" / "audit.pem", "example.org/audit")

    @running
    async def fill() -> None:
        async with opened(tmp_path / "data" / "audit.db", signer) as log:
            for number in range(20):
                await log.append(request(number))

    fill()
    return tmp_path


def cut(home: Path) -> None:
    db = sqlite3.connect(home / "data" / "audit.db")
    db.executescript("DELETE FROM audit_event WHERE idx >= 95; DELETE FROM audit_checkpoint WHERE size > 95")
    db.close()


def test_verify_says_yes_and_what_it_cannot_tell(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "verify"]) == 0
    out = capsys.readouterr().out
    assert "verified: 100 records" in out
    assert "cannot be excluded" in out


def test_verify_names_the_record_and_exits_1(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    db = sqlite3.connect(home / "data" / "audit.db")
    db.execute("UPDATE audit_event SET event = replace(event, 'user:ann', 'user:bob') WHERE idx = 42")
    db.execute("UPDATE audit_event SET event = CAST(event AS BLOB)")
    db.commit()
    db.close()
    assert main(["audit", "verify"]) == 1
    assert "record 42 was changed" in capsys.readouterr().out
    assert main(["audit", "verify", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["first_bad"] == 42


def test_a_cut_tail_shows_against_the_kept_checkpoint_only(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "checkpoint", "--to", "kept.note"]) == 0
    assert main(["audit", "verify", "--against", "kept.note"]) == 0
    cut(home)
    assert main(["audit", "verify"]) == 0
    capsys.readouterr()
    assert main(["audit", "verify", "--against", "kept.note"]) == 1
    assert "record 95 is missing" in capsys.readouterr().out


def test_an_export_verifies_elsewhere_without_configuration(
    home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert main(["audit", "export", "--to", "out.jsonl"]) == 0
    assert main(["audit", "checkpoint", "--to", "kept.note"]) == 0
    away = tmp_path_factory.mktemp("auditor")
    for name in ("out.jsonl", "out.jsonl.checkpoints", "kept.note", "data/keys/audit.pem.pub"):
        shutil.copy(home / name, away)
    command = [sys.executable, "-m", "lockgate", "audit", "verify", "--log", "out.jsonl", "--public-key"]
    command += ["audit.pem.pub", "--against", "kept.note"]

    def verify() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=away, env=ENV, capture_output=True, text=True)

    assert verify().returncode == 0, verify().stderr
    lines = (away / "out.jsonl").read_bytes().splitlines(keepends=True)
    assert len(lines) == 100
    for changed, named in (
        ([*lines[:7], *lines[8:]], "record 7 says that it is record 8"),
        ([*lines[:7], lines[8], lines[7], *lines[9:]], "record 7 says"),
        ([*lines[:7], lines[7].replace(b"ann", b"bob"), *lines[8:]], "records 5 to 9 differ"),
        (lines[:90], "record 90 is missing"),
        ([*lines, lines[-1]], "record 100 says"),
        ([*lines[:7], b"\n", *lines[7:]], "record 7 was changed"),
    ):
        (away / "out.jsonl").write_bytes(b"".join(changed))
        done = verify()
        assert done.returncode == 1
        assert named in done.stdout
    (away / "out.jsonl").write_bytes(b"".join(lines))
    (away / "out.jsonl.checkpoints").unlink()
    assert verify().returncode == 0
    for broken in (b"[" * 100_000, b"1\n", b"\xff\n", b'"x"\n'):
        (away / "out.jsonl.checkpoints").write_bytes(broken)
        assert verify().returncode == 1


def test_without_any_checkpoint_nothing_verifies(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "export", "--to", "out.jsonl"]) == 0
    (home / "out.jsonl.checkpoints").unlink()
    capsys.readouterr()
    assert main(["audit", "verify", "--log", "out.jsonl"]) == 1
    assert "no signed checkpoint" in capsys.readouterr().out


def test_export_to_standard_output_and_since(home: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["audit", "export"]) == 0
    lines = capfdbinary.readouterr().out.splitlines()
    assert len(lines) == 100
    assert json.loads(lines[3])["metadata"]["sequence"] == 3
    assert main(["audit", "export", "--since", "2026-11-24T12:00:18+00:00"]) == 0
    assert len(capfdbinary.readouterr().out.splitlines()) == 10
    assert main(["audit", "export", "--since", "yesterday"]) == 2


def test_lineage_prints_every_passage_with_source_hash_and_label(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "lineage", "req-3"]) == 0
    out = capsys.readouterr().out
    for number in range(3):
        used = source(number)
        assert used.chunk in out
        assert f"shares/hr:{used.item}" in out
        assert used.digest[:16] in out
    assert "confidential, group:hr and group:sales" in out
    assert main(["audit", "lineage", "req-3", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["sources"]) == 3


@pytest.mark.parametrize(
    ("how", "named"),
    [
        ("low", "lower than that of what it was made from"),
        ("none", "has no label"),
        ("smuggled", "is in no retrieval record"),
        ("swapped", "is not the one that was retrieved"),
        ("undecided", "no decision"),
    ],
)
def test_lineage_finds_what_does_not_fit(
    home: Path, capsys: pytest.CaptureFixture[str], how: str, named: str
) -> None:
    retrieval, decision, call, answer, outcome = request(50)
    if how == "low":
        answer = replace(answer, label=PUBLIC)
    elif how == "none":
        answer = replace(answer, label=None)
    elif how == "smuggled":
        answer = replace(answer, sources=(*answer.sources, source(9)))
    elif how == "swapped":
        answer = replace(answer, sources=(replace(answer.sources[0], digest="0"), *answer.sources[1:]))
    records = [r for r in (retrieval, decision, call, answer, outcome) if how != "undecided" or r is not decision]
    signer = load_or_create(home / "data" / "keys" / "audit.pem", "example.org/audit")

    @running
    async def more() -> None:
        async with opened(home / "data" / "audit.db", signer) as log:
            await log.append(records)

    more()
    assert main(["audit", "lineage", "req-50"]) == 1
    assert named in capsys.readouterr().out


def test_show_lists_the_records_of_a_request(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "show", "req-3"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()[1:]] == ["15", "16", "17", "18", "19"]
    assert "read-own-groups" in out
    assert main(["audit", "show", "req-3", "--json"]) == 0
    assert [one["index"] for one in json.loads(capsys.readouterr().out)] == [15, 16, 17, 18, 19]


def test_show_names_whom_somebody_acts_for_and_asks_about(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    signer = load_or_create(home / "data" / "keys" / "audit.pem", "example.org/audit")
    asked = replace(request(70)[1], subject="service:open-webui", on_behalf_of="user:eva")
    decided = replace(request(70)[1], subject="service:portal", facts=(("about", "user:eva"),))

    @running
    async def more() -> None:
        async with opened(home / "data" / "audit.db", signer) as log:
            await log.append([asked, decided])

    more()
    assert main(["audit", "show", "req-70"]) == 0
    out = capsys.readouterr().out
    assert "service:open-webui for user:eva  " in out
    assert "service:portal about user:eva  " in out


def test_text_in_the_log_cannot_steer_the_terminal(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    signer = load_or_create(home / "data" / "keys" / "audit.pem", "example.org/audit")
    evil = replace(source(1), item="\x1b[2Jgone\n.txt")
    records = [replace(r, request_id="evil", sources=(evil,) if r.sources else ()) for r in request(60)]
    lost = [replace(r, request_id="\x1b]0;x\x07") for r in request(61) if r.kind is Kind.ANSWER]

    @running
    async def more() -> None:
        async with opened(home / "data" / "audit.db", signer) as log:
            await log.append([*records, *lost])

    more()
    main(["audit", "lineage", "evil"])
    main(["audit", "show", "evil"])
    main(["audit", "verify"])
    assert not {c for c in capsys.readouterr().out if not c.isprintable()} - {"\n"}


def test_the_public_key_is_printed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "public-key"]) == 0
    assert capsys.readouterr().out == (home / "data/keys/audit.pem.pub").read_text()


@pytest.mark.parametrize(
    "command",
    [
        ["verify", "--log", "none"],
        ["verify", "--public-key", "none"],
        ["verify", "--against", "none"],
        ["verify", "--public-key", "audit.sqlite"],
        ["show", "none"],
        ["lineage", "none"],
        ["export", "--log", "none"],
        ["checkpoint", "--log", "none"],
    ],
)
def test_what_is_not_there_is_said_with_exit_code_2(
    home: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert main(["audit", *command]) == 2
    assert "lockgate: " in capsys.readouterr().err


def test_paths_come_from_the_configuration(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "conf").mkdir()
    (home / "conf" / "l.toml").write_text('data = "../data"\n')
    (home / "bad.toml").write_text("data = 1\n")
    assert main(["audit", "verify", "--config", "conf/l.toml"]) == 0
    assert main(["audit", "verify", "--config", "bad.toml"]) == 2


@running
async def test_commands_work_while_the_log_is_being_written(tmp_path: Path) -> None:
    signer = load_or_create(tmp_path / "data" / "keys" / "audit.pem", "example.org/audit")
    async with opened(tmp_path / "data" / "audit.db", signer) as log:
        for number in range(30):
            await log.append(request(number))
            reader = AuditReader.open(tmp_path / "data" / "audit.db")
            report = reader.verify(signer.verifier)
            reader.close()
            assert (report.ok, report.size) == (True, number * 5 + 5)
