"""`detectors.toml` is read strictly: what is wrong is named with its line, and nothing is left out by accident."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.config.detector_rules import parse_tuning, read_tuning
from lockgate.content.tuning import Tuning, grave
from lockgate.errors import Invalid, Unavailable

KNOWN = ("financial.card", "financial.iban", "id.national.de", "pii.email", "secret.aws_key", "secret.password")
FILE = Path("detectors.toml")
HASH = "ab" * 32


def parsed(rows: str) -> Tuning:
    return parse_tuning("version = 1\n" + rows, FILE, KNOWN)


def test_what_a_file_says() -> None:
    found = parsed(
        '[[detectors]]\nkinds = ["financial.card", "id"]\npaths = ["stock/**"]\ncollections = ["docs"]\n'
        "off = true\n"
        f'[[detectors]]\nkinds = ["pii.email"]\nmin_confidence = 0.9\nallowed = ["{HASH}"]\n'
    )
    first, second = found.rows
    assert (first.off, first.min_confidence, first.line) == (True, 0, 2)
    assert first.kinds.covers("id.national.de")
    assert first.lies("docs", "stock/a.csv")
    assert not first.lies("docs", "hr/a.csv")
    assert not first.lies("other", "stock/a.csv")
    assert (second.min_confidence, second.allowed, second.lies("any", "where")) == (0.9, {HASH}, True)
    assert len(found.version) == 16
    assert parsed("").version != found.version


@pytest.mark.parametrize(
    ("rows", "told", "remedy"),
    [
        ('[[detectors]]\nkinds = ["finacial.card"]\noff = true', "detectors.toml:3", "`financial.card`"),
        ('[[detectors]]\nkinds = ["zzz"]\noff = true', "no detector finds", "kinds.md"),
        ('[[detectors]]\nkinds = ["*"]\noff = true', "whatever it is", "Name the kinds"),
        ('[[detectors]]\nkinds = ["**.card"]\noff = true', "whatever it is", "Name the kinds"),
        ("[[detectors]]\noff = true", "`detectors[0].kinds` is missing", "kinds.md"),
        ('[[detectors]]\nkinds = ["financial.card"]', "leaves nothing out", "min_confidence"),
        ('[[detectors]]\nkinds = ["financial.card"]\noff = false', "leaves nothing out", "min_confidence"),
        ('[[detectors]]\nkinds = ["financial.card"]\nof = true', "of", ""),
        ('[[detectors]]\nkinds = ["financial.card"]\nmin_confidence = 2', "from 0 to 1", ""),
        ('[[detectors]]\nkinds = ["financial.card"]\noff = 1', "true or false", ""),
        (
            '[[detectors]]\nkinds = ["financial.card"]\nallowed = ["4111111111111111"]',
            "keyed hashes",
            "allow --kind",
        ),
        ('[[detectors]]\nkinds = ["financial.card"]\noff = true\npaths = ["/etc"]', "paths", ""),
        ("detectors = 1", "list", ""),
        ("what = 1", "what", ""),
    ],
)
def test_what_is_wrong_is_refused(rows: str, told: str, remedy: str) -> None:
    with pytest.raises(Invalid) as caught:
        parsed(rows)
    assert told in str(caught.value)
    assert remedy in caught.value.remedy
    assert "4111" not in str(caught.value)


def test_a_file_must_begin_with_its_version(tmp_path: Path) -> None:
    for text in ("", "version = 2", 'version = "1"', "version = 1\nversion = 1", "["):
        with pytest.raises(Invalid):
            parse_tuning(text, FILE, KNOWN)
    with pytest.raises(Unavailable):
        read_tuning(tmp_path / "none.toml", KNOWN)
    (tmp_path / "odd.toml").write_bytes(b"\xff")
    with pytest.raises(Invalid, match="UTF-8"):
        read_tuning(tmp_path / "odd.toml", KNOWN)


@given(st.text(max_size=200))
def test_any_text_is_a_tuning_or_refused(text: str) -> None:
    try:
        found = parse_tuning(text, FILE, KNOWN)
    except Invalid:
        return
    assert found.text == text


def test_what_is_restricted_everywhere_is_told() -> None:
    found = parsed(
        '[[detectors]]\nkinds = ["secret"]\noff = true\n[[detectors]]\nkinds = ["financial.card"]\noff = true\n'
        '[[detectors]]\nkinds = ["s?cret.pass*"]\nmin_confidence = 0.9\n'
    )
    assert [(row.line, kinds) for row, kinds in grave(found, KNOWN)] == [
        (2, ["secret.aws_key", "secret.password"]),
        (8, ["secret.password"]),
    ]
