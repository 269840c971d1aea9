"""The reference of the configuration has every setting, under its table, with the default that counts."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import fields
from enum import IntEnum
from pathlib import Path
from typing import Any

import pytest

from docs.tree import DOCS
from lockgate.config import Settings, parse
from lockgate.config.git import GitSettings
from lockgate.config.graph import GraphSettings
from lockgate.config.mailbox import MailboxSettings
from lockgate.config.postgres import PostgresSettings
from lockgate.config.s3 import S3Settings
from lockgate.config.settings import (
    Assistant,
    CentralSettings,
    Collection,
    DetectorSettings,
    Identity,
    Labels,
    LogSettings,
    ModelSettings,
    QuotaSettings,
    Rule,
    Server,
    Suggestions,
    TelemetrySettings,
)
from lockgate.labels.label import Label
from lockgate.labels.readers import Readers
from lockgate.labels.wire import Taxonomy
from lockgate.policy.registered import Application

TABLES: dict[str, type] = {
    "Top level": Settings,
    "`[server]`": Server,
    "`[identity]`": Identity,
    "`[labels]`": Labels,
    "`[suggestions]`": Suggestions,
    "`[detectors]`": DetectorSettings,
    "`[telemetry]`": TelemetrySettings,
    "`[log]`": LogSettings,
    "`[central]`": CentralSettings,
    "`[[quotas]]`": QuotaSettings,
    "`[[collections]]`": Collection,
    "`[[collections.rules]]`": Rule,
    "`[collections.s3]`": S3Settings,
    "`[collections.postgres]`": PostgresSettings,
    "`[collections.mailbox]`": MailboxSettings,
    "`[collections.git]`": GitSettings,
    "`[collections.graph]`": GraphSettings,
    "`[[applications]]`": Application,
    "`[[models]]`": ModelSettings,
    "`[[assistants]]`": Assistant,
}
NAMED_OTHERWISE = {"taxonomy": "names"}
NO_KEYS = {
    "file",
    "server",
    "identity",
    "labels",
    "suggestions",
    "detectors",
    "telemetry",
    "log",
    "central",
    "collections",
    "applications",
    "models",
}
NO_KEYS |= {"assistants", "quotas", "rules"}
"""Fields of the tree that are tables of their own, and the file itself."""
_ROW = re.compile(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|", re.MULTILINE)
TEXT = (DOCS / "reference" / "configuration.md").read_text("utf-8")
MINIMAL = """
[[collections]]
name = "c"
path = "."
[[collections.rules]]
match = "**"
sensitivity = "general"
[[collections]]
name = "of-s3"
[collections.s3]
bucket = "abc"
[[collections]]
name = "of-postgres"
[collections.postgres]
database = "d"
[[collections]]
name = "of-mailbox"
[collections.mailbox]
path = "."
[[collections]]
name = "of-git"
[collections.git]
path = "."
[[collections]]
name = "of-graph"
[collections.graph]
drive = "d"
[[quotas]]
who = ["everyone"]
[[applications]]
id = "x"
[[models]]
id = "m"
kind = "extractive"
[[assistants]]
id = "a"
model = "m"
"""


def rows(heading: str) -> dict[str, str]:
    """Return the keys of a table of the reference, with the cell of their default."""
    section = re.search(rf"^##+ {re.escape(heading)}\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert section, f"the reference has no section {heading}"
    return {key: default.strip() for key, default in _ROW.findall(section[1])}


def names(kind: type) -> list[str]:
    """Return the keys of a table as the file spells them."""
    skipped = NO_KEYS if kind is Settings else {"rules", "source"}
    return [NAMED_OTHERWISE.get(one.name, one.name) for one in fields(kind) if one.name not in skipped]


@pytest.mark.parametrize("heading", TABLES)
def test_every_setting_is_in_the_reference(heading: str):
    assert set(rows(heading)) == set(names(TABLES[heading]))


def plain(value: Any, folder: Path) -> Any:
    """Return a setting as the file would write it."""
    match value:
        case Path():
            return str(value.relative_to(folder))
        case Readers():
            return [] if value.is_nobody else [sorted(clause) for clause in value.clauses]
        case Label():
            return value.sensitivity.name.lower()
        case Taxonomy():
            return list(value.names)
        case IntEnum():
            return value.name.lower()
        case str() | bool() | int() | float() | None:
            return value
        case Iterable():
            return list(value)
    raise AssertionError(f"no plain form of {value!r}")


def test_the_stated_defaults_are_those_that_count(tmp_path: Path):
    settings = parse(MINIMAL, tmp_path / "lockgate.toml")
    values = [
        settings,
        settings.server,
        settings.identity,
        settings.labels,
        settings.suggestions,
        settings.telemetry,
        settings.log,
        settings.detectors,
        settings.central,
        settings.quotas[0],
        settings.collections[0],
        settings.collections[0].rules[0],
        settings.collections[1].source,
        settings.collections[2].source,
        settings.collections[3].source,
        settings.collections[4].source,
        settings.collections[5].source,
        settings.applications[0],
        settings.models[0],
        settings.assistants[0],
    ]
    for heading, value in zip(TABLES, values, strict=True):
        stated = rows(heading)
        for one in fields(value):
            default = stated.get(NAMED_OTHERWISE.get(one.name, one.name), "")
            if not default.startswith("`") or (heading, one.name) == ("`[[models]]`", "kind"):
                continue
            said = tomllib.loads(f"x = {default.strip('`')}")["x"]
            assert plain(getattr(value, one.name), tmp_path) == said, f"{heading} {one.name}"
