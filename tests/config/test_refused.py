"""Every setting, given what it cannot be: refused with the file, the line and what to do."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from docs.test_configuration import NAMED_OTHERWISE, TABLES, names
from lockgate.config import parse
from lockgate.errors import Invalid

AROUND = {
    "Top level": "",
    "`[server]`": "[server]\n",
    "`[identity]`": "[identity]\n",
    "`[labels]`": "[labels]\n",
    "`[detectors]`": "[detectors]\n",
    "`[telemetry]`": "[telemetry]\n",
    "`[suggestions]`": "[suggestions]\n",
    "`[log]`": "[log]\n",
    "`[central]`": "[central]\n",
    "`[[quotas]]`": '[[quotas]]\nwho = ["everyone"]\n',
    "`[[collections]]`": '[[collections]]\nname = "c"\npath = "."\n',
    "`[[collections.rules]]`": '[[collections]]\nname = "c"\npath = "."\n[[collections.rules]]\nmatch = "**"\n'
    'sensitivity = "general"\n',
    "`[collections.s3]`": '[[collections]]\nname = "c"\n[collections.s3]\nbucket = "abc"\n',
    "`[collections.postgres]`": '[[collections]]\nname = "c"\n[collections.postgres]\ndatabase = "d"\n',
    "`[collections.mailbox]`": '[[collections]]\nname = "c"\n[collections.mailbox]\npath = "."\n',
    "`[collections.git]`": '[[collections]]\nname = "c"\n[collections.git]\npath = "."\n',
    "`[collections.graph]`": '[[collections]]\nname = "c"\n[collections.graph]\nsite = "contoso.sharepoint.com"\n',
    "`[[applications]]`": '[[applications]]\nid = "x"\n',
    "`[[models]]`": '[[models]]\nid = "m"\nbase_url = "http://127.0.0.1/v1"\nmodel = "m"\n',
    "`[[assistants]]`": '[[models]]\nid = "m"\nkind = "extractive"\n[[assistants]]\nid = "a"\nmodel = "m"\n',
}
"""A table that is good, up to the setting in question."""
EVERY = [(heading, key) for heading in TABLES for key in names(TABLES[heading])]
TYPES = {
    (heading, NAMED_OTHERWISE.get(one.name, one.name)): str(one.type)
    for heading, kind in TABLES.items()
    for one in fields(kind)
}


def refused(folder: Path, heading: str, key: str, value: str) -> None:
    """See that a value is refused where it stands, and that it is said what to do."""
    lines = [line for line in AROUND[heading].splitlines() if not line.startswith(f"{key} =")]
    text = "\n".join([*lines, f"{key} = {value}"]) + "\n"
    with pytest.raises(Invalid) as caught:
        parse(text, folder / "lockgate.toml")
    at = text.count("\n", 0, text.rindex(f"{key} = {value}")) + 1
    assert str(caught.value).startswith(f"{folder / 'lockgate.toml'}:{at}: `"), str(caught.value)
    assert f"{key}`" in str(caught.value)
    assert caught.value.code == "bad_configuration"
    assert caught.value.remedy


@pytest.mark.parametrize(("heading", "key"), EVERY, ids=[f"{heading} {key}" for heading, key in EVERY])
def test_a_value_of_another_type(tmp_path: Path, heading: str, key: str) -> None:
    refused(tmp_path, heading, key, "2020-01-01")


NUMBERS = [one for one in EVERY if "int" in TYPES[one] or "float" in TYPES[one]]


@pytest.mark.parametrize("value", ["-1", "1e400", "nan", "true"])
@pytest.mark.parametrize(("heading", "key"), NUMBERS, ids=[f"{heading} {key}" for heading, key in NUMBERS])
def test_a_number_out_of_its_bounds(tmp_path: Path, heading: str, key: str, value: str) -> None:
    refused(tmp_path, heading, key, value)


@pytest.mark.parametrize(
    ("heading", "key", "value"),
    [
        ("Top level", "mode", '"off"'),
        ("`[server]`", "public_url", '"https://x.example/path"'),
        ("`[server]`", "tls_certificate", '"nowhere.pem"'),
        ("`[server]`", "tls_key", '"nowhere.pem"'),
        ("`[identity]`", "issuer", '"id.example.com"'),
        ("`[identity]`", "issuer", '"https://id.example.com/?a=b"'),
        ("`[labels]`", "names", '["a", "a", "b", "c"]'),
        ("`[labels]`", "prompt", '"huge"'),
        ("`[central]`", "sensitive_from", '"huge"'),
        ("`[central]`", "default_purpose", '"none"'),
        ("`[[quotas]]`", "who", '["staff"]'),
        ("`[[collections]]`", "path", '"nowhere"'),
        ("`[[collections]]`", "rights", '"windows"'),
        ("`[[collections]]`", "integrity", '"good"'),
        ("`[[collections.rules]]`", "sensitivity", '"huge"'),
        ("`[[collections.rules]]`", "owners", '["ann"]'),
        ("`[collections.git]`", "path", '"nowhere"'),
        ("`[collections.git]`", "branch", '"../HEAD"'),
        ("`[collections.git]`", "branch", '"main.lock"'),
        ("`[collections.git]`", "readers", "[]"),
        ("`[collections.git]`", "owners", '["user:ann"]'),
        ("`[[applications]]`", "models", '["none"]'),
        ("`[[applications]]`", "kind", '"person"'),
        ("`[[models]]`", "base_url", '"ftp://x.example"'),
        ("`[[models]]`", "base_url", '"http://x.example/v1"'),
        ("`[[models]]`", "base_url", '"https://me:secret@x.example/v1"'),
        ("`[[models]]`", "base_url", '"https://x.example:99999/v1"'),
        ("`[[models]]`", "kind", '"large"'),
        ("`[[models]]`", "ceiling", '"huge"'),
        ("`[[models]]`", "responsibility", '"theirs"'),
        ("`[[assistants]]`", "model", '"none"'),
        ("`[[assistants]]`", "reroute", '["none"]'),
        ("`[[assistants]]`", "collections", '["none"]'),
        ("`[detectors]`", "names", '"spacy"'),
        ("`[telemetry]`", "otlp_endpoint", '"http://collector.example:4318/v1/traces"'),
        ("`[telemetry]`", "otlp_endpoint", '"https://me:secret@collector.example"'),
        ("`[telemetry]`", "otlp_endpoint", '"file:///etc/passwd"'),
        ("`[telemetry]`", "otlp_endpoint", '"https://169.254.169.254/v1/traces"'),
        ("`[telemetry]`", "otlp_endpoint", '"https://[::1"'),
        ("`[telemetry]`", "otlp_endpoint", '"https://x.example/\\nHost: y"'),
        ("`[telemetry]`", "otlp_token_file", '"token"'),
        ("`[log]`", "format", '"xml"'),
        ("`[log]`", "level", '"loud"'),
    ],
)
def test_a_text_that_means_nothing(tmp_path: Path, heading: str, key: str, value: str) -> None:
    refused(tmp_path, heading, key, value)


def test_no_refusal_repeats_a_secret(tmp_path: Path) -> None:
    text = '[telemetry]\notlp_endpoint = "https://me:tell-nobody@x.example/"\n'
    with pytest.raises(Invalid) as caught:
        parse(text, tmp_path / "lockgate.toml")
    assert "tell-nobody" not in f"{caught.value} {caught.value.remedy}"


def test_categories_that_a_model_could_not_choose(tmp_path: Path) -> None:
    for line in ('"plans" = "huge"', '"" = "general"', f'"{"x" * 61}" = "general"', '"a\\nb" = "general"'):
        with pytest.raises(Invalid, match=r"lockgate.toml:\d+: `suggestions"):
            parse(f"[suggestions.categories]\n{line}\n", tmp_path / "lockgate.toml")
    found = parse(
        '[suggestions.categories]\n"board papers" = "restricted"\n', tmp_path / "lockgate.toml"
    ).suggestions
    assert [(one.name, one.sensitivity.name) for one in found.categories] == [("board papers", "RESTRICTED")]
    assert not found.apply
