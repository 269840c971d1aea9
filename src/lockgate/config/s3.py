"""Read `[collections.s3]`: a bucket of S3-compatible storage."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lockgate.config.address import address
from lockgate.config.principals import Principals, principals
from lockgate.config.table import Table

_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_ACCOUNT: Final = re.compile(r"\d{12}|")


@dataclass(frozen=True, slots=True)
class S3Settings:
    """`[collections.s3]`: where a bucket is, and whom its principals stand for. Credentials are never here."""

    bucket: str
    prefix: str = ""
    region: str = ""
    endpoint_url: str = ""
    plain_http: bool = False
    profile: str = ""
    account: str = ""
    requester_pays: bool = False
    principals: Principals = ()


def s3(table: Table) -> S3Settings:
    """Return the settings of a bucket.

    Raises:
        Invalid: something is wrong, with file and line.

    """
    bucket = table.need("bucket")
    if not _BUCKET.fullmatch(bucket):
        raise table.fail("bucket", "is no name of a bucket", "Write the bare name, and `prefix` beside it.")
    prefix = table.get("prefix", str, "")
    if prefix.startswith("/") or "\0" in prefix:
        raise table.fail("prefix", "is no beginning of a key", "Keys begin without a slash: `contracts/2026/`.")
    account = table.get("account", str, "")
    if not _ACCOUNT.fullmatch(account):
        raise table.fail("account", "is no account", "Write the 12 digits of the account that owns the bucket.")
    made = S3Settings(
        bucket=bucket,
        prefix=prefix,
        region=table.get("region", str, ""),
        endpoint_url=address(
            table,
            "endpoint_url",
            like="https://storage.example.com",
            plain=table.get("plain_http", bool, False),
            aside="Credentials come from the environment, a profile, or the role of the machine.",
        ),
        plain_http=table.get("plain_http", bool, False),
        profile=table.get("profile", str, ""),
        account=account,
        requester_pays=table.get("requester_pays", bool, False),
        principals=principals(table),
    )
    table.done()
    return made
