"""`lockgate classify`: a real process with pipes, for programs; bad lines lose nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lockgate
from lockgate.cli.main import main
from lockgate.config.label_rules import read_rules
from lockgate.content.classification import LONGEST, answers, line
from lockgate.content.detection import scan

CARD = "4111 1111 1111 1111"


def lockgate_classify(*arguments: str, given: bytes = b"") -> tuple[int, list[dict[str, object]], str]:
    done = subprocess.run(  # noqa: S603: our own command
        [sys.executable, "-m", "lockgate", "classify", *arguments], input=given, capture_output=True, check=False
    )
    return done.returncode, [json.loads(one) for one in done.stdout.splitlines()], done.stderr.decode()


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
def test_a_mark_of_the_byte_order_at_the_begin_is_no_error(end: bytes):
    code, out, _ = lockgate_classify("--jsonl", given=b'\xef\xbb\xbf{"id": 1, "text": "a"}' + end)
    assert (code, out[0]["id"], out[0]["findings"]) == (0, 1, [])


def test_one_object_a_line_in_and_out():
    text = f"Ⅷ 😀 card {CARD}"
    code, out, _ = lockgate_classify("--jsonl", given=json.dumps({"id": "a", "text": text}).encode())
    assert code == 0
    (found,) = out[0]["findings"]
    assert set(found) == {"kind", "start", "end", "confidence", "detector"}
    assert text[found["start"] : found["end"]] == CARD  # code points, whatever is before
    assert out[0]["id"] == "a"
    assert out[0]["label"]["sensitivity"] == "confidential"
    assert CARD not in json.dumps(out)


RULES = """version = 1
[[rules]]
name = "many"
kinds = ["financial.card"]
count = 2
sensitivity = "restricted"
forbidden_uses = ["ai"]
[[rules]]
name = "somewhere"
paths = ["**"]
sensitivity = "restricted"
"""


def test_rules_of_an_organization_raise_and_a_text_lies_nowhere(tmp_path: Path) -> None:
    rules, config = str(tmp_path / "labels.toml"), str(tmp_path / "lockgate.toml")
    (tmp_path / "labels.toml").write_text(RULES)
    (tmp_path / "lockgate.toml").write_text(
        'policies = "."\n[labels]\nnames = ["open", "staff", "secret", "restricted"]\n'
    )
    given = b"".join(
        json.dumps({"id": id, "text": text}).encode() + b"\n"
        for id, text in ((1, f"{CARD} 5500 0000 0000 0004"), (2, CARD), (3, "lunch"))
    )
    _, plain, _ = lockgate_classify("--jsonl", given=given)
    code, ruled, _ = lockgate_classify("--jsonl", "--rules", rules, given=given)
    assert code == 0
    assert [one["label"]["sensitivity"] for one in plain] == ["confidential", "confidential", "general"]
    assert [one["label"]["sensitivity"] for one in ruled] == ["restricted", "confidential", "general"]
    assert [one["label"]["forbidden_uses"] for one in ruled] == [["ai"], [], []]
    assert ruled[0]["label"]["reasons"][-1] == "rule `many`: 2 x financial.card demands restricted"
    assert [one["findings"] for one in ruled] == [one["findings"] for one in plain]
    assert "rules" not in plain[0]["label"]  # without rules nothing is different
    _, named, _ = lockgate_classify("--jsonl", "--config", config, given=given)
    assert [one["label"]["sensitivity"] for one in named] == ["restricted", "secret", "staff"]
    assert {one["label"]["rules"] for one in named} == {ruled[0]["label"]["rules"]}
    (found,) = lockgate.classify([f"{CARD} 5500 0000 0000 0004"], read_rules(rules))
    assert (found.label.sensitivity.name, found.rules) == ("RESTRICTED", ruled[0]["label"]["rules"])


def test_rules_that_are_wrong_end_it_before_anything_is_classified(tmp_path: Path) -> None:
    (tmp_path / "labels.toml").write_text(RULES + "what = 1\n")
    code, out, said = lockgate_classify("--jsonl", "--rules", str(tmp_path / "labels.toml"), given=b"{}")
    assert (code, out) == (2, [])
    assert "labels.toml:12" in said
    assert lockgate_classify("--rules", str(tmp_path / "absent.toml"))[0] == 3


def test_bad_lines_are_told_and_the_others_go_on():
    rows = [
        b"{",
        b'{"id": 1, "text": "fine"}',
        b"",
        b'{"id": 2}',
        b'{"id": true, "text": "x"}',
        b'{"text": "x"}',
        b"[1]",
        b'{"id": 3, "text": "\\ud800"}',
        b'{"id": 4, "text": "\xff"}',
        b'{"id": 5, "text": "last"}',
    ]
    code, out, said = lockgate_classify("--jsonl", given=b"\n".join(rows))
    assert code == 2
    assert [one["id"] for one in out if "label" in one] == [1, 5]
    assert [one["line"] for one in out if "error" in one] == [1, 4, 5, 6, 7, 8, 9]
    assert "7 could not be read" in said


def test_a_program_at_the_other_end_of_a_pipe_is_answered_at_once():
    command = [sys.executable, "-m", "lockgate", "classify", "--jsonl"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as talk:  # noqa: S603: our own
        assert talk.stdin
        assert talk.stdout
        for number in range(3):
            talk.stdin.write(json.dumps({"id": number, "text": CARD}).encode() + b"\n")
            talk.stdin.flush()
            assert json.loads(talk.stdout.readline())["id"] == number
        talk.stdin.close()
        assert talk.wait(30) == 0


def test_files_are_texts_and_their_names_are_ids(tmp_path: Path):
    (tmp_path / "a.txt").write_text(f"card {CARD}")
    (tmp_path / "b.bin").write_bytes(b"\xff\xfe\x00")
    code, out, _ = lockgate_classify(str(tmp_path / "a.txt"), str(tmp_path / "b.bin"))
    assert code == 2
    assert out[0]["id"] == str(tmp_path / "a.txt")
    assert "not UTF-8 at byte 0" in str(out[1]["error"])


@pytest.mark.parametrize("jsonl", [(), ("--jsonl",)])
@pytest.mark.parametrize("name", ["absent", "."])
def test_what_is_no_file_is_refused(jsonl: tuple[str, ...], name: str, tmp_path: Path):
    code, out, said = lockgate_classify(*jsonl, str(tmp_path / name))
    assert (code, out) == (2, [])
    assert "cannot read" in said


def test_a_line_without_end_is_refused_and_the_next_is_read():
    long = b'{"id": 1, "text": "' + b"a" * LONGEST + b'"}\n'
    code, out, _ = lockgate_classify("--jsonl", given=long + b'{"id": 2, "text": "b"}\n')
    assert code == 2
    assert "longer than" in str(out[0]["error"])
    assert (out[1]["id"], out[1]["label"]["sensitivity"]) == (2, "general")


def test_the_function_takes_several():
    found = lockgate.classify([f"card {CARD}", "lunch"])
    assert [one.label.sensitivity.name for one in found] == ["CONFIDENTIAL", "GENERAL"]
    with pytest.raises(TypeError, match="list"):
        lockgate.classify("one")
    with pytest.raises(AttributeError):
        _ = lockgate.absent  # type: ignore[attr-defined]  # that it is not there is what is tested


@given(st.binary(max_size=200))
def test_any_line_has_an_answer(raw: bytes):
    (said,) = answers([line(7, raw)]).splitlines()
    assert ("error" in json.loads(said)) != ("label" in json.loads(said))


@given(st.lists(st.text(max_size=60), max_size=5))
def test_together_is_each_alone(texts: list[str]):
    lines = [line(at, json.dumps({"id": at, "text": text}).encode()) for at, text in enumerate(texts)]
    got = [json.loads(one) for one in answers(lines).splitlines()]
    fine = [text for one, text in zip(lines, texts, strict=True) if not one.problem]
    assert [len(one["findings"]) for one in got if "findings" in one] == [len(scan(text)) for text in fine]


def test_a_name_that_is_no_unicode_is_escaped(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    path = os.fsencode(tmp_path) + b"/odd\xff.txt"
    with open(path, "wb") as file:
        file.write(b"fine")
    assert main(["classify", os.fsdecode(path)]) == 0
    assert b"odd%FF.txt" in capfdbinary.readouterr().out


def test_names_by_the_model_come_on_request():
    given = json.dumps({"id": 1, "text": "She moved from Kilkenny to Wolverhampton."}).encode()
    _, (rules,), _ = lockgate_classify("--jsonl", given=given)
    code, (model,), _ = lockgate_classify("--jsonl", "--names", "model", given=given)
    assert code == 0
    assert rules["findings"] == []
    assert [(one["kind"], one["start"], one["end"]) for one in model["findings"]] == [
        ("entity.location", 15, 23),
        ("entity.location", 27, 40),
    ]
    assert model["label"]["sensitivity"] == rules["label"]["sensitivity"]
