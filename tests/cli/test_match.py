"""`lockgate match`: tables as people have them, and what is refused, by line and column and never by value."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lockgate.cli import main

HEAD = "id,name,account,born\n"
ROWS = "1,Anna Müller,DE89370400440532013000,1985-03-07\n2,Jürgen Strauß,GB82WEST12345698765432,24.12.1990\n"


class Scene:
    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys
        (folder / "share").mkdir()
        (folder / "lockgate.toml").write_text(
            f'data = "state"\n[[collections]]\nname = "share"\npath = "{folder / "share"}"\n'
            '[[models]]\nid = "m"\nkind = "extractive"\nusers = ["everyone"]\n'
        )

    def run(self, *arguments: str) -> int:
        self.capsys.readouterr()
        return main.main(["match", *arguments, "--config", str(self.folder / "lockgate.toml")])

    def add(self, data: str | bytes, *more: str, columns: str = "name,account", name: str = "customers") -> int:
        file = self.folder / "records.csv"
        file.write_bytes(data if isinstance(data, bytes) else data.encode())
        return self.run("add", name, str(file), "--columns", columns, *more)

    def text(self, text: str) -> str:
        (self.folder / "text.txt").write_text(text)
        return str(self.folder / "text.txt")

    @property
    def out(self) -> str:
        return self.capsys.readouterr().out

    @property
    def err(self) -> str:
        return self.capsys.readouterr().err


@pytest.fixture
def scene(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Scene:
    return Scene(tmp_path, capsys)


def test_a_set_from_its_making_to_its_end(scene: Scene):
    assert scene.run("list") == 0
    assert "no sets" in scene.out
    assert scene.add(HEAD + ROWS) == 0
    assert "2 different rows of 2" in scene.out
    assert scene.run("list", "--json") == 0
    (one,) = json.loads(scene.out)["sets"]
    assert (one["kind"], one["rows"], one["require"], one["level"]) == ("match.customers", 2, 2, "confidential")
    assert scene.run("list") == 0
    assert "2 of name, account within 200" in scene.out
    text = scene.text("To Mrs Müller, Anna:\nDE89 3704 0044 0532 0130 00")
    assert scene.run("test", text) == 1
    assert "line 2" in scene.out
    assert scene.run("test", text, "--json") == 1
    assert [one["start"] for one in json.loads(scene.out)["findings"]] == [7, 21]
    assert scene.run("explain", "customers", text) == 0
    assert "a value of name, in 1 rows" in scene.out
    far = scene.text("Müller, Anna" + " and so on" * 40 + " DE89370400440532013000")
    assert scene.run("test", far) == 0
    assert scene.run("explain", "customers", far) == 0
    assert "farther apart" in scene.out
    assert scene.add(HEAD + ROWS) == 2
    assert "--replace" in scene.err
    assert scene.add(HEAD + ROWS, "--replace", "--level", "restricted") == 0
    assert "match.customers.restricted" in scene.out
    assert scene.run("remove", "customers") == 0
    assert scene.run("remove", "customers") == 2
    assert scene.run("test", text) == 0


@pytest.mark.parametrize(
    "data",
    [
        (HEAD + ROWS).encode("utf-8-sig"),
        (HEAD + ROWS).encode("utf-16"),
        (HEAD + ROWS).encode("utf-32"),
        (HEAD + ROWS).replace(",", ";").encode(),
        (HEAD + ROWS).replace(",", "\t").encode("utf-16"),
        (HEAD + ROWS).replace(",", "|").encode(),
        (HEAD + ROWS).replace("\n", "\r\n").encode(),
        (HEAD + ROWS)
        .replace("DE893", '="DE893')
        .replace("013000,", '013000",')
        .replace('"', '""')
        .replace('=""DE89370400440532013000""', '"=""DE89370400440532013000"""')
        .encode(),
        (HEAD + "\n\n" + ROWS.replace("Anna Müller", '"Müller,\n Anna"')).encode(),
    ],
)
def test_tables_as_people_have_them(scene: Scene, data: bytes):
    assert scene.add(data) == 0
    assert scene.run("test", scene.text("Anna Mueller de89-3704-0044-0532-0130-00")) == 1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (HEAD + ROWS + "3,Otto Secret\n", "line 4: 2 cells"),
        (HEAD + ROWS + '3,"Otto Secret,x,y\n', "line 4"),
        (HEAD + '3,"Otto" Secret,x,y\n', "line 2"),
        (HEAD + ROWS + "3,Otto Secret,=SUM(A1:A9),y\n", "line 4, column `account`: a formula"),
        (HEAD + ROWS + "3,Otto Secret," + "9" * 140_000 + ",y\n", "line 4"),
        (HEAD.replace("account", "iban") + ROWS, "`account` is not in the header"),
        (HEAD.replace("id", "name") + ROWS, "`name` stands in the header twice"),
        ("", "is not in the header"),
        (b"id,name,account\n1,Otto Secret,\xff\xfe\n", "line 2 of the file is not UTF-8"),
        ((HEAD + "3,Otto Secret,x,y\n").encode("utf-16-le"), "zero bytes"),
        (b"\x00" * 4000, "zero bytes"),
        (HEAD, "no row has a value"),
    ],
)
def test_a_table_that_is_wrong_is_refused_by_place_and_never_by_value(scene: Scene, data: str | bytes, said: str):
    assert scene.add(data) == 2
    err = scene.err
    assert said in err
    assert "Secret" not in err
    assert scene.run("list") == 0
    assert "no sets" in scene.out


def test_a_table_that_is_wrong_leaves_the_set_that_was_there(scene: Scene):
    assert scene.add(HEAD + ROWS) == 0
    assert scene.add(HEAD + ROWS + "3,broken\n", "--replace") == 2
    assert scene.run("test", scene.text("Anna Mueller de89-3704-0044-0532-0130-00")) == 1


def test_a_set_that_would_match_everything_is_refused_with_counts_unless_it_is_forced(scene: Scene):
    words = "name\nthe\n2024\nBluebird Nine\nit\n"
    assert scene.add(words, "--require", "1", columns="name", name="words") == 2
    assert "1 values are short" in scene.err
    assert scene.add(words, "--require", "1", "--force", columns="name", name="words") == 0
    assert "forced" in scene.out


@pytest.mark.parametrize("more", [("--require", "3"), ("--require", "0"), ("--within", "99999"), ("--level", "x")])
def test_terms_that_are_wrong_are_refused(scene: Scene, more: tuple[str, str]):
    assert scene.add(HEAD + ROWS, *more) == 2


@pytest.mark.slow
def test_a_scan_finds_what_a_set_holds_and_looks_again_when_sets_change(scene: Scene):
    (scene.folder / "share" / "a.txt").write_text("Anna Mueller de89-3704-0044-0532-0130-00")
    assert scene.add(HEAD + ROWS) == 0
    at = (str(scene.folder / "share"), "--config", str(scene.folder / "lockgate.toml"), "--format", "jsonl")
    more = ("--workers", "1", "--state", str(scene.folder / "scan.db"))
    scene.capsys.readouterr()
    main.main(["scan", *at, *more])
    assert "match.customers" in scene.out
    assert scene.run("remove", "customers") == 0
    scene.capsys.readouterr()
    main.main(["scan", *at, *more])
    assert "match.customers" not in scene.out


def test_rules_for_labels_may_name_a_set(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(scene.folder)
    rules = 'version = 1\n[[rules]]\nname = "many"\nkinds = ["match.customers"]\ncount = 5\n'
    rules += 'sensitivity = "restricted"\n'
    (scene.folder / "labels.toml").write_text(rules)
    assert main.main(["labels", "check", "labels.toml"]) == 1
    assert scene.add(HEAD + ROWS) == 0
    assert main.main(["labels", "check", "labels.toml"]) == 0
