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

[[applications]]
id = "cli"
models = ["*"]
collections = [ "hr" ]
purposes = ["*"]
ceiling = "internal"
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


@pytest.mark.parametrize(
    ("named", "readers"), [("", Readers.nobody()), (', readers = ["group:hr"]', Readers.any_of("group:hr"))]
)
def test_a_ceiling_may_be_a_table(folder: Path, named: str, readers: Readers) -> None:
    table = f'ceiling = {{ sensitivity = "general"{named} }}'
    (only,) = read(folder, f'[[models]]\nid = "one"\nkind = "extractive"\n{table}').models
    assert only.ceiling == Label(Sensitivity.GENERAL, readers, Integrity.UNTRUSTED)


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


def applications(lines: str) -> str:
    """Return the good file with one more application, of these lines."""
    return GOOD.replace("[[applications]]\n", f'[[applications]]\nid = "x"\n{lines}\n[[applications]]\n', 1)


def test_an_application_has_what_is_written_and_no_more(folder: Path) -> None:
    cli = read(folder, GOOD).applications[0]
    assert (cli.id, cli.kind, cli.collections, cli.ceiling) == ("cli", "client", {"hr"}, Sensitivity.GENERAL)
    bare = read(folder, applications("")).applications[0]
    assert (bare.models, bare.collections, bare.purposes, bare.groups) == (frozenset(),) * 4
    assert bare.ceiling is Sensitivity.PUBLIC
    assert not bare.may_act_for_users
    assert bare.requests_per_hour is bare.tokens_per_hour is bare.spend_per_hour is None


def test_an_agent_and_its_budgets(folder: Path) -> None:
    lines = 'kind = "agent"\nmay_act_for_users = true\ngroups = ["*"]\nprompt = "secret"'
    lines += '\nmodels = ["big", "assistant"]'
    lines += "\nrequests_per_hour = 0\ntokens_per_hour = 9\nsensitive_chunks_per_hour = 3\nspend_per_hour = 1.5"
    one = read(folder, applications(lines)).applications[0]
    assert (one.kind, one.may_act_for_users, one.groups, one.prompt) == ("agent", True, {"*"}, 2)
    assert (one.requests_per_hour, one.tokens_per_hour, one.sensitive_chunks_per_hour) == (0, 9, 3)
    assert one.spend_per_hour == 1.5


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ('models = ["bigg"]', "names `bigg`, which no"),
        ('collections = ["pay"]', "names `pay`, which no"),
        ('models = ["*", "big"]', "has `\\*` beside other names"),
        ('kind = "person"', "must be one of: client, front_end, agent, service"),
        ('ceiling = "restricted"', "`applications\\[0\\].ceiling` is wrong"),
        ('groups = ["group:staff"]', "is for applications that act themselves"),
        ("may_act_for_users = true", "is for applications that act themselves"),
        ('kind = "front_end"', "is missing for a front end"),
        ('kind = "agent"\ngroups = ["*"]', "it acts for nobody"),
        ('kind = "agent"\ngroups = ["staff"]', "which is no group"),
        ("requests_per_hour = -1", "must be from 0"),
        ("spend_per_hour = nan", "must be from 0"),
        ("budget = 1", "is unknown"),
    ],
)
def test_a_registration_that_means_nothing_is_refused_with_its_line(folder: Path, lines: str, says: str) -> None:
    with pytest.raises(Invalid, match=says) as caught:
        read(folder, applications(lines))
    assert "lockgate.toml:" in str(caught.value)


def test_an_application_is_registered_once(folder: Path) -> None:
    with pytest.raises(Invalid, match="two entries named `x`"):
        read(folder, applications('[[applications]]\nid = "x"'))
