"""`lockgate scan`: what people and programs see, and the exit codes. Real folders, real workers."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.scans import CARD, KEY, lines, scan, shared
from content.test_sarif import check
from lockgate.adapters.policy_files import SHIPPED
from lockgate.cli.scan_meter import Meter
from lockgate.journeys.scan import Progress


@pytest.fixture
def share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with shared(tmp_path, monkeypatch) as found:
        yield found


def test_a_person_reads_what_is_where_and_who_can_reach_it(
    share: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scan(str(share)) == 0
    told, noise = capsys.readouterr()
    assert noise == ""  # no terminal, no progress
    first, second = told.splitlines()[1:3]
    assert first.split()[0] == "restricted"
    assert first.endswith(f"{share.resolve()}/deploy.txt:1:5")
    assert second.split()[:2] == ["confidential", "1"]
    assert second.endswith("hr/pay.txt:2:10")
    assert "3 items" in told
    assert "2 sensitive, 0 could not be read, 0 only in part; 3 read now" in told


def test_programs_get_rows_and_a_summary_without_any_value(
    share: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report.jsonl"
    assert scan(str(share), "--format", "jsonl", "--output", str(out)) == 0
    assert capsys.readouterr().out == ""
    assert out.stat().st_mode & 0o777 == 0o600
    text = out.read_text()
    rows = lines(text)
    assert [one.get("item") for one in rows] == ["deploy.txt", "hr/pay.txt", None]
    assert rows[1]["places"][0] | {"confidence": 0, "detector": ""} == {
        "kind": "financial.card", "start": 15, "end": 34, "line": 2, "column": 10, "end_line": 2, "end_column": 29,
        "confidence": 0, "detector": "", "part": "",
    }  # fmt: skip
    assert rows[-1]["sensitive"] == 2
    state = b"".join(one.read_bytes() for one in (tmp_path / "state").rglob("*") if one.is_file())
    for value in (CARD, KEY, "1111", "IOSFOD"):
        assert value not in text
        assert value.encode() not in state


def test_the_second_scan_reads_what_changed_and_says_what_is_gone(
    share: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scan(str(share)) == 0
    (share / "harmless.txt").write_text(f"card {CARD}\n")
    (share / "deploy.txt").unlink()
    (share / "hr" / "pay.txt").chmod(0o644)
    capsys.readouterr()
    assert scan(str(share), "--format", "jsonl") == 0
    *rows, summary = lines(capsys.readouterr().out)
    assert (summary["read"], summary["unchanged"], summary["gone"], summary["items"]) == (1, 1, 1, 2)
    assert [(one["type"], one["item"]) for one in rows] == [
        ("item", "harmless.txt"),
        ("item", "hr/pay.txt"),
        ("gone", "deploy.txt"),
    ]
    assert rows[1]["everyone"]  # rights are those of now, though nothing was read
    assert scan(str(share), "--format", "jsonl", "--since", "last") == 0
    *rows, summary = lines(capsys.readouterr().out)
    assert rows == []
    assert (summary["read"], summary["gone"]) == (0, 0)


def test_exit_codes(share: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert scan(str(share), "--fail-on", "restricted") == 1
    assert scan(str(share), "--fail-on", "secret") == 1
    assert scan(str(share), "--fail-on", "secret", "--exclude", "deploy.txt") == 0
    assert scan(str(share), "--fail-on", "health") == 0
    (share / "link").symlink_to("nowhere")
    assert scan(str(share)) == 0  # it holds nothing
    os.mkfifo(share / "pipe")
    capsys.readouterr()
    assert scan(str(share), "--format", "jsonl") == 4
    assert [row["problem"] for row in lines(capsys.readouterr().out) if row.get("item") == "pipe"] == [
        "it is no regular file"
    ]
    (share / "pipe").unlink()
    (share / "broken.txt").write_bytes(b"\0\1\2")
    assert scan(str(share)) == 4
    assert scan(str(share), "--fail-on", "confidential") == 1
    assert scan(str(share / "none")) == 2
    assert scan(str(share), "--since", "yesterday") == 2
    assert scan(str(share), "--include", "/x") == 2
    assert scan() == 2
    assert "is no date" in capsys.readouterr().err


def test_a_table_without_rows_does_not_say_that_nothing_was_found(
    share: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scan(str(share), "--limit", "0") == 0
    assert "nothing sensitive was found" not in capsys.readouterr().out
    assert scan(str(share), "--limit", "0", "--include", "nothing") == 0
    assert "nothing sensitive was found" in capsys.readouterr().out


def test_a_target_that_holds_nothing_to_read_is_refused_and_is_not_clean(
    share: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(share / "pipe")
    for target, why in (
        (str(share / "pipe"), "neither a file nor a folder"),
        ("/dev/zero", "neither a file nor a folder"),
        (str(share / ("n" * 300)), "cannot be looked at: File name too long"),
        (str(share / "deploy.txt" / "x"), "there is nothing at"),
    ):
        assert scan(target) == 2
        assert why in capsys.readouterr().err


@pytest.mark.parametrize("slip", ["confidental", "secrets", "Restricted", "financial.*", "pii.e", ""])
def test_a_threshold_that_nothing_can_reach_is_refused_and_is_not_a_clean_scan(
    share: Path, capsys: pytest.CaptureFixture[str], slip: str
) -> None:
    assert scan(str(share), "--fail-on", slip) == 2
    told = capsys.readouterr().err
    assert "neither a level nor a kind" in told
    assert "Docs/" not in told  # the first letter of what to do is made a capital, and paths have none


@pytest.mark.parametrize(
    "known", ["secret.aws_access_key", "pii", "business.forecasts", "match", "match.crm", "mark.unknown"]
)
def test_a_threshold_may_be_any_kind_or_what_it_begins_with(share: Path, known: str) -> None:
    assert scan(str(share), "--fail-on", known, "--exclude", "deploy.txt") == 0


def test_names_do_not_drive_the_terminal(share: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a\x1b[31mred\n.txt", "b\u202egnp.txt", "c\x9b2J.txt"):
        (share / name).write_text(f"card {CARD}\n")
    raw = os.fsencode(share) + b"/d\xff\xfe.txt"
    Path(os.fsdecode(raw)).write_text(f"card {CARD}\n")
    for form in ("table", "jsonl"):
        assert scan(str(share), "--format", form) == 0
        out = capsys.readouterr().out
        assert len(out.splitlines()) == (11 if form == "table" else 7), out
        assert all(char.isprintable() or char == "\n" for char in out)


def test_ci_gets_sarif(share: Path, tmp_path: Path) -> None:
    out = tmp_path / "scan.sarif"
    (share / "c:odd name%41.txt").write_text(f"card {CARD}\n")
    assert scan(str(share), "--format", "sarif", "--output", str(out)) == 0
    results = check(json.loads(out.read_text()))
    uris = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in results]
    assert uris == ["deploy.txt", "./c:odd%20name%2541.txt", "hr/pay.txt"]
    assert CARD not in out.read_text()


def test_a_file_has_its_own_lines_though_reading_takes_empty_ones_away(
    share: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (share / "code.py").write_bytes(f"\r\n\r\n\r\n# x\r\n\r\n\r\n\r\n   KEY = '{KEY}'\r\n\r\n".encode())
    assert scan(str(share / "code.py")) == 0
    assert capsys.readouterr().out.splitlines()[1].endswith("code.py:8:11")


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_loops_of_links_and_deep_folders_end(share: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (share / "loop").symlink_to(share)
    (share / "self").symlink_to("self")
    deep = share
    for _ in range(230):
        deep = deep / "d"
    os.makedirs(deep)
    (deep / "pay.txt").write_text(f"card {CARD}\n")
    assert scan(str(share)) == 4
    out = capsys.readouterr().out
    assert "it is nested too deep" in out
    assert "2 sensitive" in out


def test_labels_are_simulated_and_applied_where_there_is_something_to_apply_to(
    share: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lockgate.toml").write_text(
        f'[[collections]]\nname = "share"\npath = "{share}"\n'
        '[[collections.rules]]\nmatch = "hr/**"\nsensitivity = "general"\n'
        '[[collections.rules]]\nmatch = "deploy.txt"\nsensitivity = "restricted"\n'
    )
    assert scan("--config", str(tmp_path / "lockgate.toml"), "--label", "simulate") == 0
    changes = capsys.readouterr().out.partition("LABELS THAT WOULD CHANGE")[2]
    assert "general -> confidential" in changes
    assert "hr/pay.txt" in changes
    assert "deploy.txt" not in changes
    assert scan(str(share), "--label", "apply") == 2
    assert "--config" in capsys.readouterr().err


def test_people_rules_and_names_of_levels_are_those_of_the_configuration(
    share: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "directory.toml").write_text(
        'complete = true\nothers = "group:all"\n[people.ann]\ngroups = ["hr", "all"]\n[people.bo]\n'
        'groups = ["all"]\n[people.cy]\ngroups = ["all"]\n[accounts]\nroot = "ann"\n'
    )
    (tmp_path / "lockgate.toml").write_text(
        f'[identity]\ndirectory = "directory.toml"\n[labels]\nnames = ["open", "staff", "secret", "top secret"]\n'
        f'[[collections]]\nname = "share"\npath = "{share}"\n'
    )
    given = ("--config", str(tmp_path / "lockgate.toml"), "--format", "jsonl")
    assert scan(*given, "--fail-on", "top secret") == 1
    *rows, summary = lines(capsys.readouterr().out)
    assert [(one["item"], one["label"]["level"], one["people"]) for one in rows] == [
        ("deploy.txt", "top secret", 3),
        ("hr/pay.txt", "secret", 1),
    ]
    assert rows[1]["owners"] == ["user:ann"]
    assert summary["people"] == 3
    assert summary["targets"] == ["share"]
    assert scan(str(share / "hr"), *given) == 0
    assert [one.get("item") for one in lines(capsys.readouterr().out)] == ["hr/pay.txt", None]


def test_progress_is_one_line_that_ends_and_tells_rates_and_time_left() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    now, out = [0.0], Terminal()
    meter = Meter(out, lambda: now[0])
    progress = Progress(walked=1000, walking=False, wanted=100, wanted_bytes=10_000_000)
    for done in range(1, 11):
        now[0] += 1
        progress.done, progress.done_bytes, progress.problems = done, done * 100_000, 2
        meter(progress)
    last = out.getvalue().split("\r\x1b[K")[-1]
    assert last == "10 of 100 read (1,000 items seen), 0.1 MB/s, 1 items/s, 2 problems, 2 min left"
    meter.end()
    assert out.getvalue().endswith("\r\x1b[K")
    quiet = io.StringIO()
    Meter(quiet)(progress)
    assert quiet.getvalue() == ""


def test_what_stands_in_an_archive_is_named_with_its_own_lines(
    share: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inner, outer = io.BytesIO(), share / "outer.zip"
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("deep/pay.txt", f"first\nher card {CARD}\n")
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("inner.zip", inner.getvalue())
        archive.writestr("bad.docx", b"no document \0\1")
    assert scan(str(outer), "--format", "jsonl") == 4
    row, summary = lines(capsys.readouterr().out)
    (place,) = row["places"]
    assert "inner.zip" in place["part"]
    assert "deep/pay.txt" in place["part"]
    assert (place["line"], place["column"]) == (2, 10)
    assert len(row["unread"]) == 1
    assert (summary["unread"], summary["partly"], summary["complete"]) == (0, 1, False)


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_targets_that_overlap_count_once(share: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = share / "hr"
    assert scan(str(share), str(other), str(share / "deploy.txt"), "--format", "jsonl") == 0
    *rows, summary = lines(capsys.readouterr().out)
    assert summary["targets"] == [str(share), str(other), f"{share}/deploy.txt"]
    by_path = [one["path"] for one in rows]
    # a folder within a folder is a target of its own, as somebody named it; a file of a target is that file
    assert sorted(by_path) == sorted([f"{share}/deploy.txt", f"{share}/hr/pay.txt", f"{other}/pay.txt"])
    (share / "deploy.txt").unlink()
    assert scan(str(share), str(other), "--format", "jsonl") == 0
    assert lines(capsys.readouterr().out)[-1]["read"] == 3  # other targets have another state


def test_what_was_too_large_is_read_when_the_limit_allows_it(
    share: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (share / "large.txt").write_text("x" * 2000 + f"\ncard {CARD}\n")
    assert scan(str(share), "--max-bytes", "1000") == 4
    assert "it has more than 1000 bytes" in capsys.readouterr().out
    assert scan(str(share), "--format", "jsonl") == 0
    *rows, summary = lines(capsys.readouterr().out)
    assert "large.txt" in [one["item"] for one in rows]
    assert summary["read"] == 1


def test_what_could_be_read_only_in_part_is_listed_by_every_report(
    share: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (share / "deploy.txt").unlink()
    (share / "hr" / "pay.txt").unlink()
    with zipfile.ZipFile(share / "mixed.zip", "w") as archive:
        archive.writestr("fine.txt", "fine")
        archive.writestr("core.bin", bytes(range(256)) * 20)
    assert scan(str(share)) == 4
    told = capsys.readouterr().out
    assert "nothing sensitive was found in what could be read" in told
    assert "1 not read: a part of it: " in told
    assert "mixed.zip" in told
    for form in ("jsonl", "sarif", "html"):
        assert scan(str(share), "--format", form) == 4
        assert "mixed.zip" in capsys.readouterr().out, form


def test_names_by_the_model_come_on_request_or_by_the_configuration(
    share: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (share / "harmless.txt").write_text("She moved from Kilkenny to Wolverhampton.\n")
    shutil.copytree(SHIPPED, tmp_path / "policies")
    (tmp_path / "policies" / "labels.toml").write_text(
        'version = 1\n[[rules]]\nname = "places"\nkinds = ["entity.location"]\ncount = 2\n'
        'sensitivity = "restricted"\n'
    )
    config = tmp_path / "lockgate.toml"

    def levels(names: str, *arguments: str) -> tuple[int, dict[str, str]]:
        config.write_text(f'policies = "policies"\n[detectors]\nnames = "{names}"\n')
        state = str(tmp_path / "state" / "scan")
        assert scan(str(share), "--config", str(config), "--format", "jsonl", "--state", state, *arguments) == 0
        *rows, last = lines(capsys.readouterr().out)
        return last["read"], {one["item"]: one["label"]["level"] for one in rows}

    assert "harmless.txt" not in levels("rules")[1]
    read, found = levels("model")
    assert (read, found["harmless.txt"]) == (3, "restricted")  # another way to find looks at everything again
    assert levels("model")[0] == 0
    assert levels("model", "--names", "rules") == levels("rules", "--full")
    assert levels("rules", "--names", "model")[1] == found
