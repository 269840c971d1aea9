"""The S3 connector keeps the contract of connectors, against a real server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters import moto
from adapters.moto import Cloud
from contracts.connector import HR, STAFF, ConnectorContract
from lockgate.ports import Connector

ARNS = {HR: moto.HR, STAFF: moto.STAFF}


class _S3(ConnectorContract):
    cloud: Cloud

    @pytest.fixture
    def place(self, cloud: Cloud) -> str:
        self.cloud = cloud
        return cloud.bucket()

    def open(self, place: str) -> Connector:
        return self.cloud.connector(place)

    def write(self, place: str, id: str, data: bytes) -> None:
        self.cloud.put(place, id, data)

    def delete(self, place: str, id: str) -> None:
        self.cloud.s3.delete_object(Bucket=place, Key=id)


class TestPolicies(_S3):
    """Rights from the bucket policy, in which each object has a statement."""

    def allow(self, place: str, id: str, reader: str | None) -> None:
        one: dict[str, Any] = moto.allow(place, ARNS[reader] if reader else "*", id, Sid=id)
        if reader is None:
            one["Effect"], one["NotPrincipal"] = "Deny", one.pop("Principal")
        known = [other for other in self._statements(place) if other["Sid"] != id]
        self.cloud.policy(place, *known, one)

    def _statements(self, place: str) -> list[dict[str, Any]]:
        try:
            return json.loads(self.cloud.s3.get_bucket_policy(Bucket=place)["Policy"])["Statement"]
        except self.cloud.s3.exceptions.ClientError:
            return []


class TestVersions(TestPolicies):
    """The same in a bucket that keeps versions: what is deleted has a marker on top."""

    @pytest.fixture
    def place(self, cloud: Cloud) -> str:
        self.cloud = cloud
        bucket = cloud.bucket()
        cloud.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        return bucket


class TestLists(_S3):
    """Rights from access lists of the objects. The canonical ids of moto's grantees are whatever one gives it."""

    def open(self, place: str) -> Connector:
        return self.cloud.connector(place, names=lambda name: frozenset({f"group:{name}"}))

    def allow(self, place: str, id: str, reader: str | None) -> None:
        if reader is None:
            # No list can be malformed for a real server, so the policy is what is not understood.
            self.cloud.policy(place, moto.allow(place, "*", Effect="Deny", Condition={"Null": {"aws:x": "true"}}))
            return
        self.cloud.s3.put_object_acl(Bucket=place, Key=id, GrantRead=f'id="{reader.removeprefix("group:")}"')
