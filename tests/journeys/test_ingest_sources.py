"""Ingest from object storage and a database: revocation and deletion count, and nothing is read twice for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.moto import HR, STAFF, Cloud, allow
from adapters.postgres import Server
from journeys.places import Place, place
from lockgate.labels.readers import Readers
from lockgate.ports import Connector


def synced(
    folder: Path, source: Connector, item: str, revoke: Callable[[], None], remove: Callable[[], None]
) -> None:
    """See that a document comes in, is closed at once and for good when rights go, and goes when it is gone."""

    async def body(at: Place) -> None:
        await at.ingest.run(source)
        document = at.document(item)
        assert document.source_readers.permits({"group:hr"})
        assert document.label.readers.permits({"group:hr"})
        read = list(at.extractor.names)
        assert read == [item]

        revoke()
        now = await at.ingest.recheck(source, document)
        assert now is not None
        assert not now.label.readers.permits({"group:hr"})
        report = await at.ingest.run(source)
        assert report.relabeled == 1
        assert not at.document(item).label.readers.permits({"group:hr"})
        assert at.extractor.names == read

        remove()
        assert await at.ingest.recheck(source, document) is None
        assert (await at.ingest.run(source)).removed == 1
        assert not at.index.documents()

    async def run() -> None:
        async with place(folder) as at:
            await body(at)

    try:
        asyncio.run(run())
    finally:
        source.close()


def test_object_storage(cloud: Cloud, tmp_path: Path) -> None:
    bucket = cloud.bucket()
    cloud.put(bucket, "hr/pay.txt", b"what people earn")
    cloud.policy(bucket, allow(bucket, [HR, STAFF]))
    synced(
        tmp_path,
        cloud.connector(bucket),
        "hr/pay.txt",
        lambda: cloud.policy(bucket, allow(bucket, STAFF)),
        lambda: cloud.s3.delete_object(Bucket=bucket, Key="hr/pay.txt"),
    )


def test_an_object_that_anybody_may_read_but_nobody_can_tell_is_served_to_nobody(
    cloud: Cloud, tmp_path: Path
) -> None:
    """Its reach is everyone, for reports; for AI that is no right."""
    bucket = cloud.bucket()
    cloud.put(bucket, "k.txt", b"text", ACL="public-read")
    cloud.policy(bucket, allow(bucket, HR, "${aws:username}", Effect="Deny"))
    source = cloud.connector(bucket)

    async def run() -> None:
        async with place(tmp_path) as at:
            await at.ingest.run(source)
            document = at.document("k.txt")
            assert document.label.readers.is_nobody
            assert document.source_readers == Readers.nobody()
            assert any("everybody on the network may read it" in note for note in document.notes)

    try:
        asyncio.run(run())
    finally:
        source.close()


@pytest.mark.needs_postgres
def test_a_database(postgres: Server, tmp_path: Path) -> None:
    name = postgres.database()
    postgres.run(name, "CREATE TABLE pay AS SELECT 'Ann' AS who, 100 AS pay", "GRANT SELECT ON pay TO hr, staff")
    synced(
        tmp_path,
        postgres.connector(name),
        f"{name}/public/pay.0-128.csv",
        lambda: postgres.run(name, "REVOKE SELECT ON pay FROM hr"),
        lambda: postgres.run(name, "DELETE FROM pay"),
    )
    postgres.run("postgres", f"DROP DATABASE {name} WITH (FORCE)")
