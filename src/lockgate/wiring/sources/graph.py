"""Connectors of SharePoint and OneDrive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lockgate.adapters.clock import SystemClock
from lockgate.adapters.graph import Client, Credentials, GraphConnector, Place, Root
from lockgate.adapters.graph.client import DOWNLOADS
from lockgate.config.graph import GraphSettings
from lockgate.content.escapes import escape
from lockgate.errors import Invalid
from lockgate.labels.readers import EVERYONE
from lockgate.ports import Connector, Directory
from lockgate.wiring.sources.common import TargetOptions, rules

if TYPE_CHECKING:
    from lockgate.config.settings import Collection

Names = Callable[[str, Sequence[str]], frozenset[str]]


def connector(one: Collection, source: GraphSettings, directory: Directory) -> Connector:
    """Return the connector of a collection over Microsoft Graph."""
    if source.client_secret_file or source.certificate_file:
        who = Credentials(source.tenant, source.client_id, source.client_secret_file, source.certificate_file)
    else:
        who = Credentials.of_environment()
        who = replace(who, tenant=source.tenant or who.tenant, client=source.client_id or who.client)
    clock = SystemClock()
    place = Place(source.graph_url, source.login_url, (*DOWNLOADS, *source.download_hosts))
    return GraphConnector(
        one.name,
        Client(place, who, clock),
        _root(source),
        one.name,
        names=_names(source, directory),
        clock=clock,
        labels=dict(source.labels),
        rules=rules(one),
        integrity=one.integrity,
        max_bytes=one.max_bytes,
    )


def target(text: str, options: TargetOptions) -> Connector:
    """Open `graph://HOST/sites/NAME`, `graph://users/ann@example.com`, or `graph://drives/ID`.

    Credentials come from the environment. What a collection has as its root has its table of people and its rules;
    else people and groups stand for themselves.

    Raises:
        Invalid: it is no such address.

    """
    first, _, rest = text.partition("://")[2].rstrip("/").partition("/")
    rest = unquote(rest)
    if first == "users":
        root = Root("user", rest)
    elif first == "drives":
        root = Root("drive", rest)
    else:
        root = Root("site", f"{first}/{rest}" if rest else first)
    if "@" in first or "?" in text or "#" in text or not root.name or (root.kind != "site" and "/" in rest):
        raise Invalid(
            "the address of a site or drive is not understood",
            remedy="Write `graph://contoso.sharepoint.com/sites/NAME`, `graph://users/ADDRESS`, or "
            "`graph://drives/ID`.",
        )
    for one, source in options.collections(GraphSettings):
        if _root(source) == root:
            return connector(one, source, options.directory)
    clock = SystemClock()
    return GraphConnector(
        escape(f"graph://{first}/{rest}"),
        Client(Place(), Credentials.of_environment(), clock),
        root,
        "",
        names=_themselves,
        clock=clock,
        max_bytes=options.max_bytes,
    )


def _root(source: GraphSettings) -> Root:
    if source.site:
        return Root("site", source.site.strip("/"))
    return Root("user", source.user) if source.user else Root("drive", source.drive)


def _names(source: GraphSettings, directory: Directory) -> Names:
    """Return the look-up: in the table, by id or address, and then among accounts and groups of the directory."""
    table = {name.lower(): frozenset(who) for name, who in source.principals}

    def names(kind: str, known: Sequence[str]) -> frozenset[str]:
        if kind == "site-group":
            known = [f"site-group:{one}" for one in known]
        for one in known:
            if one.lower() in table:
                return table[one.lower()]
        look = {"user": directory.account, "group": directory.host_group}.get(kind)
        found = [look(one) for one in known] if look else []
        return frozenset(one for one in found if one is not None) - {EVERYONE}

    return names


def _themselves(kind: str, known: Sequence[str]) -> frozenset[str]:
    """Return somebody under their own name: nobody of any directory, but somebody in a report."""
    return frozenset({f"graph:{kind if kind == one else f'{kind}/{escape(one)}'}" for one in known[-1:]})
