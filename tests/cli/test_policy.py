"""`lockgate policy` as a person types it."""

from __future__ import annotations

import json
import shutil

import pytest

from lockgate.adapters.policy_files import SHIPPED, load
from lockgate.cli.main import main


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(SHIPPED, tmp_path / "p")
    return tmp_path / "p"


def test_the_shipped_set_checks_and_tests(capsys):
    texts = [path.read_text() for path in SHIPPED.glob("*.cedar")]
    policies = sum(line.startswith(("permit (", "forbid (")) for text in texts for line in text.splitlines())
    assert main(["policy", "check", "--strict"]) == 0
    assert f"{policies} policies are valid" in capsys.readouterr().out
    assert main(["policy", "test"]) == 0
    assert "cases as wanted" in capsys.readouterr().out


def test_the_shipped_set_is_copied_once_and_is_the_same(tmp_path, capsys):
    mine = tmp_path / "mine"
    assert main(["policy", "check", str(tmp_path)]) == 2
    assert f"lockgate policy copy {tmp_path}" in capsys.readouterr().err
    assert main(["policy", "copy", str(mine)]) == 0
    assert main(["policy", "test", str(mine)]) == 0
    assert load(mine).version == load(SHIPPED).version
    assert main(["policy", "copy", str(mine)]) == 2
    assert "exists already" in capsys.readouterr().err


def test_check_refuses_an_invalid_set(folder, capsys):
    (folder / "99.cedar").write_text("\npermit(principal, action, resource);")
    assert main(["policy", "check", str(folder)]) == 2
    assert "99.cedar:2: a policy needs an annotation @id" in capsys.readouterr().err


def test_check_names_what_is_not_monotone(folder, capsys):
    (folder / "99.cedar").write_text(
        '@id("no-temps") forbid(principal in Lockgate::Group::"temps", action, resource);'
    )
    assert main(["policy", "check", str(folder)]) == 0
    assert "concern   99.cedar:1: policy `no-temps` forbids a group" in capsys.readouterr().out
    assert main(["policy", "check", str(folder), "--strict", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [one["policy"] for one in told["concerns"] if not one["accepted"]] == ["no-temps"]


def test_test_fails_when_a_policy_changes(folder, capsys):
    path = folder / "20-ai.cedar"
    path.write_text(path.read_text().replace("  !resource.held &&\n", ""))
    assert main(["policy", "test", str(folder)]) == 1
    out = capsys.readouterr().out
    assert "FAIL  deny    cases/shipped.yaml: what is held back is kept from AI" in out
    assert main(["policy", "test", str(folder), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in told["cases"] if not one["passed"]] == ["what is held back is kept from AI"]


def test_test_without_cases_is_no_success(folder, capsys):
    shutil.rmtree(folder / "cases")
    assert main(["policy", "test", str(folder)]) == 2
    assert "no decision cases" in capsys.readouterr().err


def test_explain_by_flags(capsys):
    flags = ["--subject", "user:sam", "--groups", "staff", "--readers", "group:staff", "--sensitivity", "general"]
    assert main(["policy", "explain", *flags]) == 1
    out = capsys.readouterr().out
    assert "DENY: `user:sam` read document `d`" in out
    assert "its label is not reviewed" in out
    assert "It would be permitted if:" in out
    assert main(["policy", "explain", *flags, "--reviewed"]) == 0
    out = capsys.readouterr().out
    assert "20-ai.cedar:" in out
    assert '@id("ai-reads-what-is-released")' in out


def test_explain_by_file(tmp_path, capsys):
    path = tmp_path / "r.json"
    request = {"subject": {"user": "a"}, "action": "administer", "resource": {"system": "audit"}}
    path.write_text(json.dumps(request))
    assert main(["policy", "explain", "--request", str(path), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["decision"]["effect"] == "deny"
    assert told["changes"] == ["`user:a` were in `group:auditors`"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 2),
        (["--subject", "ann"], 2),
        (["--subject", "user:a", "--resource", "thing:x"], 2),
        (["--request", "/nowhere/at/all"], 3),
        (["--subject", "user:a", "--readers", "hr"], 2),
    ],
)
def test_explain_refuses_what_it_does_not_understand(arguments, code, capsys):
    assert main(["policy", "explain", *arguments]) == code
    assert capsys.readouterr().err.startswith("lockgate: ")


def test_the_configured_policies_are_meant_where_there_are_some(folder, monkeypatch, capsys):
    (folder / "99.cedar").write_text("permit (principal, action, resource);")
    monkeypatch.chdir(folder.parent)
    (folder.parent / "lockgate.toml").write_text('policies = "p"\n')
    assert main(["policy", "check"]) == 2
    assert "99.cedar" in capsys.readouterr().err
    (folder.parent / "lockgate.toml").write_text("")
    assert main(["policy", "check"]) == 0
