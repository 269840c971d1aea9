"""A real S3 server: moto in a process of its own, spoken to over HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from lockgate.adapters.s3 import S3Connector, Store
from lockgate.adapters.s3.store import Place

ACCOUNT = "123456789012"
"""Whose buckets moto's are."""
HR, STAFF = "arn:aws:iam::123456789012:role/Hr", "arn:aws:iam::210987654321:root"
TABLE = {HR: {"group:hr"}, "210987654321": {"group:staff"}, ACCOUNT: {"group:cloud"}}
ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
LOGINS = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
KEYS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
}


def names(principal: str) -> frozenset[str]:
    """Look a principal up in the table of the tests."""
    return frozenset(TABLE.get(principal, ()))


@dataclass
class Cloud:
    """The server, and a client that arranges things."""

    url: str
    s3: Any
    control: Any

    def bucket(self, *, lists: bool = True, **given: Any) -> str:
        """Make a bucket; with `lists`, one in which access lists count."""
        name = f"b-{uuid.uuid4().hex[:20]}"
        self.s3.create_bucket(Bucket=name, **given)
        owner = "ObjectWriter" if lists else "BucketOwnerEnforced"
        rules = {"Rules": [{"ObjectOwnership": owner}]}
        self.s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=rules)
        return name

    def put(self, bucket: str, key: str, data: bytes = b"x", **given: Any) -> None:
        self.s3.put_object(Bucket=bucket, Key=key, Body=data, **given)

    def policy(self, bucket: str, *statements: Mapping[str, Any]) -> None:
        tree = {"Version": "2012-10-17", "Statement": list(statements)}
        self.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(tree))

    def block(self, bucket: str, **given: bool) -> None:
        self.s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=given)

    def connector(self, bucket: str, *, prefix: str = "", endpoint: str = "", **given: Any) -> S3Connector:
        place = {name: given.pop(name) for name in ("account", "requester_pays") if name in given}
        store = Store(
            Place(bucket, prefix, "us-east-1", endpoint or self.url, **place), page=given.pop("page", 1000)
        )
        return S3Connector("cloud", store, "docs", **{"names": names, **given})


def allow(bucket: str, principal: Any, key: str = "*", **more: Any) -> dict[str, Any]:
    """Return a statement that lets a principal read."""
    return {
        "Effect": "Allow",
        "Principal": principal if principal == "*" else {"AWS": principal},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/{key}",
        **more,
    }


@contextlib.contextmanager
def server() -> Iterator[Cloud]:
    """Run moto while the block runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
    try:
        _wait(process, url)
        config = Config(inject_host_prefix=False, s3={"addressing_style": "path"})
        given = {"endpoint_url": url, "region_name": "us-east-1", "config": config}
        with (
            contextlib.closing(boto3.client("s3", **given)) as s3,
            contextlib.closing(boto3.client("s3control", **given)) as control,
        ):
            yield Cloud(url, s3, control)
    finally:
        process.terminate()
        process.wait(20)


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError("moto ended")
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/moto-api/", timeout=5):
            return
        time.sleep(0.1)
    raise RuntimeError("moto does not answer")
