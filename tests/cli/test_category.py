"""`lockgate category`, and what other commands make of what it taught."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest

from cli.scans import lines, scan, shared
from content.taught import OTHERS, document, some
from lockgate.cli.main import main


def write(folder: Path, texts: list[str]) -> Path:
    folder.mkdir(parents=True)
    for at, text in enumerate(texts):
        (folder / f"{at}.txt").write_text(text)
    return folder


@pytest.fixture
def taught(tmp_path: Path) -> Path:
    """A folder with examples, others, and a place for categories."""
    write(tmp_path / "pay", some("payroll", 14))
    write(tmp_path / "others", [text for kind in OTHERS for text in some(kind, 8)])
    return tmp_path


def category(at: Path, *arguments: str) -> int:
    return main(["category", *arguments, "--categories", str(at / "kept")])


def train(at: Path, *more: str, name: str = "payroll", folder: str = "pay") -> int:
    return category(at, "train", name, str(at / folder), "--others", str(at / "others"), *more)


def test_what_was_taught_is_listed_tried_explained_and_taken_out(taught: Path, capsys: pytest.CaptureFixture[str]):
    assert train(taught) == 0
    out = capsys.readouterr().out
    assert "precision 1.000" in out
    assert "14 examples" in out
    assert "only 14 different examples" in out
    assert category(taught, "list", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["kind"] == "business.payroll"
    assert row["precision_at_least"] < row["precision"]
    new = write(taught / "new", [document("payroll", 900), document("menu", 900), "too short"])
    assert category(taught, "test", str(new)) == 0
    first, second, third = sorted(capsys.readouterr().out.splitlines())
    assert "payroll (" in first
    assert "nothing (nearest: payroll" in second
    assert "too few words" in third
    assert category(taught, "test", str(new / "1.txt"), "--json") == 1
    assert json.loads(capsys.readouterr().out)[0]["categories"][0]["found"] is False
    assert category(taught, "explain", "payroll", str(new / "0.txt")) == 0
    assert "salary" in capsys.readouterr().out
    assert category(taught, "remove", "payroll") == 0
    assert category(taught, "remove", "payroll") == 2
    assert category(taught, "test", str(new)) == 2
    assert "there are no categories yet" in capsys.readouterr().err


def test_the_same_folder_gives_the_same_version(taught: Path, capsys: pytest.CaptureFixture[str]):
    versions = set()
    for _ in range(2):
        assert train(taught, "--json") == 0
        versions.add(json.loads(capsys.readouterr().out)["digest"])
    assert len(versions) == 1


def test_examples_of_other_categories_are_others_where_they_still_are(
    taught: Path, capsys: pytest.CaptureFixture[str]
):
    assert train(taught) == 0
    write(taught / "plans", some("forecast", 14))
    capsys.readouterr()
    assert train(taught, "--json", name="forecast", folder="plans") == 0
    assert json.loads(capsys.readouterr().out)["others"] == 24 + 14
    (taught / "pay").rename(taught / "moved")
    assert train(taught, "--json", name="forecast", folder="plans") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["others"] == 24
    assert any("`payroll` are not in their folder any more" in note for note in told["notes"])


def test_a_hostile_folder_of_examples_is_told_and_left_out(taught: Path, capsys: pytest.CaptureFixture[str]):
    pay = taught / "pay"
    os.mkfifo(pay / "pipe.txt")
    (pay / "empty.txt").write_bytes(b"")
    (pay / "broken.docx").write_bytes(b"PK\x03\x04" + bytes(200))
    (pay / "link.txt").symlink_to("/etc/passwd")
    (pay / "loop").symlink_to(pay)
    (pay / "\x1b[2J.txt").write_text("short")
    assert train(taught) == 0
    captured = capsys.readouterr()
    assert "14 examples" in captured.out
    for name in ("pipe.txt", "empty.txt", "broken.docx"):
        assert f"left out: {name}" in captured.err
    assert "\x1b" not in captured.err + captured.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "../x", "pay"], "is no name of a category"),
        (["train", "pay", "pay"], "0 other documents are too few"),
        (["train", "pay", "none"], "there is nothing at"),
        (["train", "pay", "pay", "--precision", "2"], "must be 0.5 to 0.999"),
        (["explain", "pay", "pay"], "there is no category"),
    ],
)
def test_what_cannot_be_learned_is_refused(
    taught: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
):
    at = [
        str(taught / one) if one in ("pay", "none") and number == 2 else one
        for number, one in enumerate(arguments)
    ]
    assert category(taught, *at) == 2
    assert said in capsys.readouterr().err
    assert not (taught / "kept").exists()


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_without_categories_that_somebody_names_is_refused(
    tmp_path: Path, there: bool, capsys: pytest.CaptureFixture[str]
):
    slip, text = tmp_path / "catgories", tmp_path / "a.txt"
    text.write_text("lunch at noon")
    if there:
        slip.mkdir()
    state = ["--state", str(tmp_path / "state")]
    assert main(["classify", str(text), "--categories", str(slip)]) == 2
    assert scan(str(text), *state, "--categories", str(slip)) == 2
    told = capsys.readouterr()
    assert told.err.count("there are no categories in") == 2
    assert not told.out


def test_a_scan_and_classify_use_what_was_taught(
    taught: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert train(taught) == 0
    kept = str(taught / "kept")
    with shared(taught, monkeypatch) as root:
        (root / "list.txt").write_text(document("payroll", 901, 300))
        capsys.readouterr()
        assert scan(str(root), "--format", "jsonl") == 0
        assert all("business.payroll" not in json.dumps(one) for one in lines(capsys.readouterr().out))
        assert scan(str(root), "--format", "jsonl", "--categories", kept) == 0  # other rules: it is read again
        found = json.dumps(lines(capsys.readouterr().out))
        assert "business.payroll" in found
        assert "category.payroll@" in found
        for file in (taught / "kept").glob("*.category"):
            file.write_bytes(b"x")
        assert scan(str(root), "--categories", kept) == 2
        assert "the model of category `payroll` was changed" in capsys.readouterr().err
    assert train(taught) == 0
    capsys.readouterr()
    assert main(["classify", str(taught / "pay" / "0.txt"), "--categories", kept]) == 0
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert found["kind"] == "business.payroll"
    assert found["detector"].startswith("category.payroll@")


def test_progress_is_told_on_a_terminal_only(taught: Path, monkeypatch: pytest.MonkeyPatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", screen := Terminal())
    assert train(taught) == 0
    assert "measuring, part 5 of 5" in screen.getvalue()
