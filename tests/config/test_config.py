"""Configuration: defaults never widen access, and everything wrong is named with file, line and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.config import Settings, load, parse
from lockgate.errors import Invalid, NotFound
from lockgate.labels import PUBLIC, Integrity, Label, Readers, Sensitivity

GOOD = """
mode = "report"
data = "state"

[server]
port = 9000

[identity]
issuer = "https://id.example"
audience = "lockgate"
resource = "https://ai.example"
directory = "people.toml"

[labels]
names = ["open", "internal", "secret", "top"]

[[collections]]
name = "hr"
path = "share"
rights = "manifest"

[[collections.rules]]
match = "pay/**"
sensitivity = "top"
readers = ["group:hr"]

[[models]]
id = "big"
base_url = "http://127.0.0.1:9/v1"
model = "big-1"
users = ["group:staff"]
ceiling = "secret"

[[models]]
id = "cheap"
base_url = "http://127.0.0.1:9/v1"
model = "cheap-1"

[[assistants]]
id = "assistant"
model = "big"
reroute = ["big"]
collections = ["hr"]
users = ["everyone"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "share").mkdir()
    return tmp_path


def read(folder: Path, text: str) -> Settings:
    return parse(text, folder / "lockgate.toml")


def test_everything_is_read(folder: Path) -> None:
    settings = read(folder, GOOD)
    assert (settings.mode, settings.server.port, settings.data) == ("report", 9000, folder / "state")
    rule = settings.collections[0].rules[0]
    assert (rule.sensitivity, rule.readers) == (Sensitivity.RESTRICTED, Readers.any_of("group:hr"))
    big = settings.models[0]
    assert big.ceiling == Label(Sensitivity.CONFIDENTIAL, Readers.nobody(), Integrity.UNTRUSTED)
    assert settings.assistants[0].reroute == ("big",)


def test_what_is_not_said_is_for_nobody_and_for_public_data_only(folder: Path) -> None:
    cheap = read(folder, GOOD).models[1]
    assert cheap.users.is_nobody
    assert cheap.ceiling.sensitivity is Sensitivity.PUBLIC
    assert PUBLIC.fits_under(cheap.ceiling)
    assert read(folder, "").mode == "enforce"


@pytest.mark.parametrize(
    ("old", "new", "at", "says"),
    [
        ('mode = "report"', 'mode = "off"', "mode", "must be one of: enforce, report"),
        ('mode = "report"', 'moode = "report"', "mode", "is unknown"),
        ("port = 9000", "port = 90000", "port =", "must be from 0 to 65535"),
        ("port = 9000", 'port = "9000"', "port =", "must be a whole number"),
        ("port = 9000", "port = true", "port =", "must be a whole number"),
        ('audience = "lockgate"', "", "[identity]", "is missing"),
        ('"secret", "top"]', '"secret"]', "names =", "four distinct names"),
        ('path = "share"', 'path = "nowhere"', 'path = "share"', "is no folder"),
        ('sensitivity = "top"', 'sensitivity = "restricted"', "sensitivity =", "no level of the taxonomy"),
        ('ceiling = "secret"', 'ceiling = "huge"', "ceiling =", "no level"),
        ('id = "cheap"', 'id = "big"', "[[models]]", "two entries named `big`"),
        (
            'collections = ["hr"]',
            'collections = ["sales"]',
            'collections = ["hr"]',
            "which no [[collections]] defines",
        ),
        ('model = "big"\n', 'model = "none"\n', 'model = "big"\n', "which no [[models]] defines"),
        ('users = ["everyone"]', 'users = "everyone"', 'users = ["everyone"]', 'must be a list: ["..."]'),
        ('users = ["everyone"]', 'users = ["staff"]', 'users = ["everyone"]', "does not say what it is"),
        ('users = ["everyone"]', 'users = ["groups:"]', 'users = ["everyone"]', "does not say what it is"),
        ('reroute = ["big"]', 'reroute = ["none"]', 'reroute = ["big"]', "which no [[models]] defines"),
        ('users = ["everyone"]', "users = [1]", 'users = ["everyone"]', "must be a list of names"),
    ],
)
def test_what_is_wrong_is_named(folder: Path, old: str, new: str, at: str, says: str) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(Invalid) as caught:
        read(folder, GOOD.replace(old, new))
    assert says in str(caught.value)
    assert caught.value.code == "bad_configuration"
    line = GOOD.count("\n", 0, GOOD.index(at)) + 1
    assert str(caught.value).startswith(f"{folder / 'lockgate.toml'}:{line}: ")


def test_an_unknown_key_suggests_the_nearest(folder: Path) -> None:
    with pytest.raises(Invalid) as caught:
        read(folder, 'polices = "p"')
    assert "policies" in caught.value.remedy


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        load(tmp_path / "lockgate.toml")
    assert "lockgate init" in caught.value.remedy


def settled(text: str) -> bool:
    """Tell whether a text is settings, or is refused by name of the file."""
    try:
        return bool(parse(text, Path("/nowhere/lockgate.toml")))
    except Invalid as error:
        return "lockgate.toml" in str(error)


@given(st.text(max_size=200))
def test_any_text_is_settings_or_refused(text: str) -> None:
    assert settled(text)


KEYS = st.sampled_from(
    [
        "mode",
        "data",
        "sync_seconds",
        "ingest_threads",
        "document_passages",
        "server",
        "identity",
        "labels",
        "collections",
        "models",
        "assistants",
        "passages",
    ]
)
VALUES = st.sampled_from(["1", '"x"', "[]", "{}", "true", "[1]", '["x"]', "[{}]", "{port = 1}", "-1", "1e400"])


@given(st.dictionaries(KEYS, VALUES))
def test_any_values_are_settings_or_refused(values: dict[str, str]) -> None:
    text = "\n".join(f"{key} = {value}" for key, value in values.items())
    assert settled(text)
