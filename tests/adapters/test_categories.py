"""Categories in a folder: what is damaged, swapped or gone is never taken for a category that finds nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from content.taught import document, model
from lockgate.adapters import categories
from lockgate.adapters.categories import LIST, Entry, entries, parse, put, remove, sorter, strict
from lockgate.content.categories.model import digest_of
from lockgate.content.categories.sorter import UNEXAMINED
from lockgate.errors import Invalid, NotFound
from support import NOW


def keep(folder: Path, *kinds: str) -> None:
    for kind in kinds:
        data = model(kind).pack()
        put(folder, kind, data, Entry(digest_of(data), NOW, "ann", "/examples"))


def file_of(folder: Path, kind: str) -> Path:
    (found,) = folder.glob(f"{kind}-*.category")
    return found


def test_what_was_put_is_there_for_its_owner_alone_and_goes_when_removed(tmp_path: Path):
    folder = tmp_path / "state" / "categories"
    assert entries(folder) == {}
    keep(folder, "payroll", "forecast")
    assert sorted(entries(folder)) == ["forecast", "payroll"]
    assert strict(folder).find(document("forecast", 77))
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    keep(folder, "payroll")
    assert len(list(folder.glob("*.category"))) == 2
    remove(folder, "payroll")
    assert sorted(path.name[:8] for path in folder.glob("*.category")) == ["forecast"]
    with pytest.raises(NotFound):
        remove(folder, "payroll")


@pytest.mark.parametrize("way", ["cut", "swapped", "gone", "a pickle", "a folder"])
def test_a_damaged_model_is_named_and_leaves_texts_unexamined(tmp_path: Path, way: str):
    keep(tmp_path, "payroll", "forecast")
    file = file_of(tmp_path, "payroll")
    if way == "cut":
        file.write_bytes(file.read_bytes()[:-8])
    elif way == "swapped":
        file.write_bytes(file_of(tmp_path, "forecast").read_bytes())
    elif way == "a pickle":
        file.write_bytes(b"cos\nsystem\n(S'touch /tmp/owned'\ntR.")
    else:
        file.unlink()
        if way == "a folder":
            file.mkdir()
    found, (problem,) = sorter(tmp_path, entries(tmp_path))
    assert "payroll" in problem
    assert [one.name for one in found.models] == ["forecast"]
    assert [one.kind for one in found.find("soup")] == [UNEXAMINED]
    with pytest.raises(Invalid, match="payroll"):
        strict(tmp_path)


def test_a_model_under_another_name_is_refused(tmp_path: Path):
    data = model("forecast").pack()
    put(tmp_path, "payroll", data, Entry(digest_of(data), NOW, "ann"))
    with pytest.raises(Invalid, match="another one's"):
        strict(tmp_path)


def test_models_without_their_list_are_not_no_models(tmp_path: Path):
    keep(tmp_path, "payroll")
    (tmp_path / LIST).unlink()
    with pytest.raises(Invalid):
        entries(tmp_path)


def test_a_damaged_list_is_refused():
    good = {"digest": "a" * 64, "trained": NOW.isoformat(), "by": "ann", "examples": ""}
    assert parse(json.dumps({"categories": {"pay": good}}).encode())["pay"].by == "ann"
    for name, bad in (
        ("../pay", good),
        ("pay", {**good, "digest": "../../etc/passwd"}),
        ("pay", {**good, "trained": "2026-01-01T00:00:00"}),
        ("pay", {**good, "by": 3}),
        ("pay", {}),
    ):
        with pytest.raises(Invalid):
            parse(json.dumps({"categories": {name: bad}}).encode())
    for text in (b"", b"[]", b'{"categories": 3}', b"\xff"):
        with pytest.raises(Invalid):
            parse(text)
    many = {f"c{at}": good for at in range(categories.MOST + 1)}
    with pytest.raises(Invalid):
        parse(json.dumps({"categories": many}).encode())
