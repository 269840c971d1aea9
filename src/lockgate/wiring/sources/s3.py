"""Connectors of S3-compatible storage."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from lockgate.adapters.s3 import S3Connector, Store
from lockgate.adapters.s3.policy import principal
from lockgate.adapters.s3.store import Place
from lockgate.config.s3 import S3Settings
from lockgate.errors import Invalid
from lockgate.labels.readers import EVERYONE
from lockgate.policy.addresses import host_complaint
from lockgate.ports import Connector
from lockgate.wiring.sources.common import TargetOptions, rules, table_of

if TYPE_CHECKING:
    from lockgate.config.settings import Collection


def connector(one: Collection, source: S3Settings) -> Connector:
    """Return the connector of a collection in a bucket."""
    return S3Connector(
        one.name,
        Store(_place(source)),
        one.name,
        names=table_of(source.principals, principal),
        rules=rules(one),
        integrity=one.integrity,
        max_bytes=one.max_bytes,
    )


def target(text: str, options: TargetOptions) -> Connector:
    """Open `s3://bucket/prefix`, with `?endpoint=https://...` and `&region=...` for another store than AWS.

    Within a collection of the configuration, its principals and rules count. Else principals stand for themselves.

    Raises:
        Invalid: it is no such address.

    """
    bucket, _, rest = text.partition("://")[2].partition("/")
    prefix, _, more = rest.partition("?")
    asked = dict(parse_qsl(more, keep_blank_values=True))
    endpoint, region = asked.pop("endpoint", ""), asked.pop("region", "")
    if asked or not bucket or "@" in bucket or (endpoint and _complaint(endpoint)):
        raise Invalid(
            "the address of a bucket is not understood",
            remedy="Write `s3://bucket/prefix`, and `?endpoint=https://storage.example.com` for another store.",
        )
    for one, source in options.collections(S3Settings):
        if source.bucket == bucket and prefix.startswith(source.prefix):
            return connector(one, replace(source, prefix=prefix))
    where = f"s3://{bucket}/{prefix}" + (f" at {endpoint}" if endpoint else "")
    place = Place(bucket, prefix, region, endpoint)
    return S3Connector(where, Store(place), "", names=_themselves, max_bytes=options.max_bytes)


def _complaint(endpoint: str) -> str:
    if not endpoint.startswith(("https://", "http://")) or "@" in endpoint or not endpoint.isprintable():
        return "it is no address over HTTP"
    return host_complaint(endpoint)


def _themselves(one: str) -> frozenset[str]:
    """Return a principal under its own name: nobody of any directory, but somebody in a report."""
    return frozenset({f"aws:{one}"}) - {EVERYONE}


def _place(source: S3Settings) -> Place:
    return Place(
        source.bucket,
        source.prefix,
        source.region,
        source.endpoint_url,
        source.profile,
        source.account,
        source.requester_pays,
    )
