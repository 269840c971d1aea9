"""The table of invariants names tests that exist."""

from __future__ import annotations

import re

import pytest

from docs.tree import DOCS, ROOT, names_of

_SECTION = re.compile(r"^## (I\d): .*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
SECTIONS = {found[1]: found[0] for found in _SECTION.finditer((DOCS / "INVARIANTS.md").read_text("utf-8"))}


def test_every_invariant_has_its_section():
    assert list(SECTIONS) == [f"I{number}" for number in range(1, 10)]


@pytest.mark.parametrize("name", SECTIONS)
def test_every_named_test_exists(name: str):
    for file, test in _TEST.findall(SECTIONS[name]):
        assert test in names_of(ROOT / file), f"{name} names {file}::{test}"


@pytest.mark.parametrize("name", ["I1", "I2", "I3", "I4", "I6", "I8"])
def test_these_must_have_a_named_test(name: str):
    assert _TEST.findall(SECTIONS[name])


@pytest.mark.parametrize("name", SECTIONS)
def test_every_file_that_enforces_exists(name: str):
    for line in SECTIONS[name].splitlines():
        place = line.split("|")[1] if line.startswith("| `") else ""
        for path in re.findall(r"`([\w/]+(?:\.py|/))`", place):
            assert (ROOT / "src" / "lockgate" / path).exists(), f"{name} names {path}"


def test_the_threat_model_names_tests_that_exist():
    named = _TEST.findall((DOCS / "THREAT_MODEL.md").read_text("utf-8"))
    assert len(named) > 40
    for file, test in named:
        assert (ROOT / file).is_file(), f"the threat model names {file}"
        assert test in names_of(ROOT / file), f"the threat model names {file}::{test}"
