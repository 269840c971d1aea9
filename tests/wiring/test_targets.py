"""Targets: from what a person types to the connector that reads it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from lockgate.adapters.directory_host import ACCOUNTS, HostDirectory
from lockgate.config import parse
from lockgate.errors import Invalid
from lockgate.ports import Connector, Item
from lockgate.wiring.scanning import wanted
from lockgate.wiring.sources.common import TargetOptions
from lockgate.wiring.targets import SCHEMES, open_target


def options() -> TargetOptions:
    return TargetOptions(HostDirectory.read())


def items(source: Connector) -> list[Item]:
    async def walk() -> list[Item]:
        return [item async for item in source.items()]

    return asyncio.run(walk())


def test_a_folder_is_named_by_its_real_path_and_has_the_rights_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.txt").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    source = open_target(str(tmp_path / "link"), options())
    assert source.name == str((tmp_path / "a").resolve())
    (item,) = items(source)
    assert item.id == "x.txt"
    assert item.modified is not None
    assert any(one.startswith("user:") for clause in item.readers.clauses for one in clause)
    assert asyncio.run(source.fetch("x.txt")) == b"x"


def test_a_file_alone_is_one_item(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("x")
    (tmp_path / "y.txt").write_text("y")
    for text in (str(tmp_path / "x.txt"), f"file://{tmp_path}/x.txt"):
        source = open_target(text, options())
        assert [one.id for one in items(source)] == ["x.txt"]
        assert asyncio.run(source.fetch("x.txt")) == b"x"


def test_what_is_not_there_and_what_nobody_knows_is_refused_without_passwords(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="nothing at"):
        open_target(str(tmp_path / "none"), options())
    with pytest.raises(Invalid, match=r"^targets that begin with `gopher://` are unknown$") as refused:
        open_target("gopher://ann:geheim@host/x", options())
    assert "geheim" not in refused.value.remedy
    assert all(name == name.lower() for name in SCHEMES)


def test_in_a_collection_its_rules_count(tmp_path: Path) -> None:
    (tmp_path / "share" / "pay").mkdir(parents=True)
    (tmp_path / "share" / "pay" / "x.txt").write_text("x")
    (tmp_path / "share" / "y.txt").write_text("y")
    settings = parse(
        '[[collections]]\nname = "share"\npath = "share"\n'
        '[[collections.rules]]\nmatch = "pay/**"\nsensitivity = "restricted"\n',
        tmp_path / "lockgate.toml",
    )
    inside = TargetOptions(HostDirectory.read(), settings)
    (item,) = items(open_target(str(tmp_path / "share" / "pay"), inside))
    assert item.id == "pay/x.txt"
    assert item.connector == "share"
    assert item.declared is not None
    assert {one.id for one in items(open_target(str(tmp_path / "share"), inside))} == {"pay/x.txt", "y.txt"}


def test_the_accounts_of_the_machine_are_people() -> None:
    here = HostDirectory.read()
    root = here.person("root")
    assert root is not None
    assert ACCOUNTS in root.groups
    assert here.members(ACCOUNTS) == {one.id for one in here.people()}
    assert here.account("nobody-of-that-name") == "user:nobody-of-that-name"
    assert here.person("daemon") is None
    assert here.version == HostDirectory.read().version


def test_globs_without_a_slash_count_at_any_depth() -> None:
    belongs = wanted(["*.txt", "fin/**"], ["*secret*"])
    assert [one for one in ("a.txt", "x/y/a.txt", "fin/q.pdf", "q.pdf", "x/secret.txt") if belongs(one)] == [
        "a.txt",
        "x/y/a.txt",
        "fin/q.pdf",
    ]
    assert wanted([], [])("anything")
    with pytest.raises(Invalid):
        wanted(["/etc/**"], [])
