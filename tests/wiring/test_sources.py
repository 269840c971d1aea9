"""Sources that are no folders, as targets of a scan and as collections."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from adapters import moto
from adapters.moto import HR, Cloud, allow
from contracts.connector import walk
from lockgate.adapters.directory_none import NoDirectory
from lockgate.config import parse
from lockgate.errors import Invalid
from lockgate.labels.readers import Readers
from lockgate.wiring.targets import TargetOptions, open_target


@pytest.fixture
def bucket(cloud: Cloud) -> str:
    """Return a bucket with one public object, and one that a role may read."""
    made = cloud.bucket()
    cloud.put(made, "www/a.txt", b"a", ACL="public-read")
    cloud.put(made, "hr/b.txt", b"b")
    cloud.policy(made, allow(made, HR, "hr/*"))
    return made


def test_a_bucket_without_a_configuration(cloud: Cloud, bucket: str) -> None:
    source = open_target(f"s3://{bucket}/?endpoint={cloud.url}&region=us-east-1", TargetOptions(NoDirectory()))
    try:
        hr, www = walk(source)
        assert www.readers.is_everyone
        assert hr.readers.permits({f"aws:{HR}"})
        assert hr.modified is not None
        assert asyncio.run(source.fetch("hr/b.txt")) == b"b"
    finally:
        source.close()


def test_a_part_of_a_collection_has_its_principals_and_rules(cloud: Cloud, bucket: str) -> None:
    settings = parse(
        f"""
[[collections]]
name = "cloud"
[collections.s3]
bucket = "{bucket}"
endpoint_url = "{cloud.url}"
[collections.s3.principals]
"{moto.HR}" = ["group:hr"]
[[collections.rules]]
match = "hr/**"
sensitivity = "restricted"
""",
        Path("lockgate.toml"),
    )
    source = open_target(f"s3://{bucket}/hr/", TargetOptions(NoDirectory(), settings))
    try:
        (item,) = walk(source)
        assert (item.id, item.connector) == ("hr/b.txt", "cloud")
        assert item.readers == Readers.any_of("group:hr")
        assert item.declared is not None
    finally:
        source.close()


@pytest.mark.parametrize(
    "text",
    [
        "s3://",
        "s3:///key",
        "s3://key:canary@bucket/x",
        "s3://b/x?endpoint=https://user:canary@host",
        "s3://b/x?endpoint=http://169.254.169.254",
        "s3://b/x?endpoint=file:///etc",
        "s3://b/x?secret=canary",
    ],
)
def test_addresses_that_are_refused_are_not_quoted(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        open_target(text, TargetOptions(NoDirectory()))
    assert "canary" not in f"{refused.value} {refused.value.remedy}"
