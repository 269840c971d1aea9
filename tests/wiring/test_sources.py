"""Sources that are no folders, as targets of a scan and as collections."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from adapters import moto
from adapters.moto import HR, Cloud, allow
from adapters.postgres import Server
from contracts.connector import walk
from lockgate.adapters.directory_none import NoDirectory
from lockgate.cli.main import main
from lockgate.config import parse
from lockgate.errors import Invalid
from lockgate.labels.readers import Readers
from lockgate.wiring.sources.common import TargetOptions
from lockgate.wiring.targets import open_target


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


@pytest.fixture
def shop(postgres: Server) -> Iterator[str]:
    """Return a database with a table of cards and one of nothing in particular."""
    made = postgres.database()
    postgres.run(
        made,
        "CREATE TABLE payments (name text, card text)",
        "INSERT INTO payments SELECT 'Ann ' || n, '4111 1111 1111 1111' FROM generate_series(1, 50) AS n",
        "CREATE TABLE colors AS SELECT 'red' AS color",
        "GRANT SELECT ON payments TO staff",
    )
    yield made
    postgres.run("postgres", f"DROP DATABASE {made} WITH (FORCE)")


def address(postgres: Server, database: str, user: str = "postgres:canary", more: str = "") -> str:
    return f"postgresql://{user}@{quote(postgres.folder, safe='')}:{postgres.port}/{database}{more}"


@pytest.mark.needs_postgres
class TestPostgres:
    def test_a_database_without_a_configuration(self, postgres: Server, shop: str) -> None:
        source = open_target(address(postgres, shop), TargetOptions(NoDirectory()))
        try:
            assert "canary" not in source.name
            assert source.name.endswith(f":{postgres.port}/{shop}")
            colors, payments = walk(source)
            assert payments.readers.permits({"postgres:staff"})
            assert not colors.readers.permits({"postgres:staff"})
            assert asyncio.run(source.fetch(colors.id)) == b"color\nred\n"
        finally:
            source.close()

    def test_a_collection_has_its_principals_and_rules(self, postgres: Server, shop: str) -> None:
        settings = parse(
            f"""
[[collections]]
name = "shop"
[collections.postgres]
database = "{shop}"
host = "{postgres.folder}"
port = {postgres.port}
user = "postgres"
[collections.postgres.principals]
staff = ["group:staff"]
[[collections.rules]]
match = "*/public/payments"
sensitivity = "restricted"
""",
            Path("lockgate.toml"),
        )
        for text in (address(postgres, shop), "collection://shop"):
            source = open_target(text, TargetOptions(NoDirectory(), settings))
            try:
                colors, payments = walk(source)
                assert payments.connector == "shop"
                assert payments.readers == Readers.any_of("group:staff")
                assert payments.declared is not None
                assert colors.readers.is_nobody
            finally:
                source.close()

    def test_a_scan_finds_what_is_in_the_rows(
        self, postgres: Server, shop: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        state = tmp_path / "state.db"
        command = ["scan", address(postgres, shop), "--format", "jsonl", "--state", str(state), "--workers", "1"]
        assert main(command) == 0
        said = capsys.readouterr()
        assert "financial.card" in said.out
        assert f"{shop}/public/payments.0-128.csv" in said.out
        assert "4111" not in said.out + said.err
        assert "canary" not in said.out + said.err
        assert not any(
            b"canary" in file.read_bytes() or b"4111" in file.read_bytes() for file in tmp_path.iterdir()
        )

    def test_a_database_that_does_not_answer_says_no_password(
        self, postgres: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        command = ["scan", address(postgres, "none"), "--state", str(tmp_path / "state.db")]
        assert main(command) == 4
        said = capsys.readouterr()
        assert "canary" not in said.out + said.err
        assert "cannot be reached" in said.out + said.err


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://",
        "postgresql://user:canary@host",
        "postgresql://user:canary@host/",
        "postgresql://user:canary@host/a/b",
        "postgresql://user:canary@host:port/db",
        "postgresql://user:canary@a,b/db",
        "postgresql://user:canary@169.254.169.254/db",
        "postgresql://user:canary@host/db?options=-c%20x",
        "postgresql://user:canary@host/db?rows=-1",
        "postgresql://user:canary@host/db?rows=1e9",
        "postgresql://user:canary@host/db?sslmode=no",
        "postgresql://user:canary@host/db?host=/a,/b",
        "postgresql://user:canary@[::1/db",
        "collection://canary-none",
    ],
)
def test_addresses_of_databases_that_are_refused_are_not_quoted(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        open_target(text, TargetOptions(NoDirectory()))
    assert "canary@" not in f"{refused.value} {refused.value.remedy}"
    assert "user:canary" not in f"{refused.value} {refused.value.remedy}"
