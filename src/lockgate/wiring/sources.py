"""Connectors of sources that are no folders: from the table of a collection, or from an address."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lockgate.adapters.s3 import S3Connector, Store
from lockgate.adapters.s3.policy import principal
from lockgate.adapters.s3.store import Place
from lockgate.config.principals import Principals
from lockgate.config.s3 import S3Settings
from lockgate.config.settings import Collection
from lockgate.content.label_rules import LabelRule
from lockgate.ports import Connector


def connector(one: Collection, source: S3Settings, rules: Sequence[LabelRule]) -> Connector:
    """Return the connector of a collection that is no folder."""
    place = Place(
        source.bucket,
        source.prefix,
        source.region,
        source.endpoint_url,
        source.profile,
        source.account,
        source.requester_pays,
    )
    return S3Connector(
        one.name,
        Store(place),
        one.name,
        names=_names(source.principals),
        rules=rules,
        integrity=one.integrity,
        max_bytes=one.max_bytes,
    )


def _names(principals: Principals) -> Callable[[str], frozenset[str]]:
    """Return the look-up of principals in the table of a collection."""
    table: dict[str, frozenset[str]] = {}
    for name, who in principals:
        table[principal(name)] = table.get(principal(name), frozenset()) | frozenset(who)
    return lambda one: table.get(one, frozenset())
