"""Read `[collections.graph]`: files of SharePoint and OneDrive, over Microsoft Graph."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lockgate.config.address import address
from lockgate.config.principals import Principals, principals
from lockgate.config.table import Table
from lockgate.config.words import level
from lockgate.labels.label import Sensitivity
from lockgate.labels.wire import Taxonomy

GRAPH: Final = "https://graph.microsoft.com/v1.0"
LOGIN: Final = "https://login.microsoftonline.com"
_WORD: Final = re.compile(r"[A-Za-z0-9._-]{1,200}")
_SITE: Final = re.compile(r"[A-Za-z0-9.-]{1,253}(?:/[^?#\x00-\x1f]{1,400})?")
_NAMED: Final = re.compile(r"[^/?#\s]{1,400}")
_HOST: Final = re.compile(r"\.?[a-z0-9-]+(?:\.[a-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class GraphSettings:
    """`[collections.graph]`: a tenant, who Lockgate is there, what is read, and whom its people stand for.

    One of `site`, `user` and `drive` is set. Without files, the environment has the credentials.
    """

    tenant: str = ""
    client_id: str = ""
    client_secret_file: Path | None = None
    certificate_file: Path | None = None
    site: str = ""
    user: str = ""
    drive: str = ""
    graph_url: str = GRAPH
    login_url: str = LOGIN
    download_hosts: tuple[str, ...] = ()
    labels: tuple[tuple[str, Sensitivity], ...] = ()
    principals: Principals = ()


def graph(table: Table, taxonomy: Taxonomy) -> GraphSettings:
    """Return the settings of a tenant.

    Raises:
        Invalid: something is wrong, with file and line.

    """
    forms = {"tenant": _WORD, "client_id": _WORD, "site": _SITE, "user": _NAMED, "drive": _NAMED}
    texts = {key: table.get(key, str, "") for key in forms}
    for key, form in forms.items():
        if texts[key] and not form.fullmatch(texts[key]):
            raise table.fail(key, "is no name of that kind", "The guide has examples.")
    if len([key for key in ("site", "user", "drive") if texts[key]]) != 1:
        raise table.fail("site", "is not the one thing to read", "Set one of `site`, `user` and `drive`.")
    hosts = table.get("download_hosts", list, [])
    if not all(isinstance(one, str) and _HOST.fullmatch(one) for one in hosts):
        raise table.fail("download_hosts", "has something that is no host", "Write `.files.example.com`.")
    secret, certificate = table.file_there("client_secret_file"), table.file_there("certificate_file")
    if secret and certificate:
        raise table.fail("certificate_file", "is one credential too many", "Keep it or `client_secret_file`.")
    if (secret or certificate) and not (texts["tenant"] and texts["client_id"]):
        raise table.fail("client_id", "or `tenant` is missing", "A credential is that of a client in a tenant.")
    made = GraphSettings(
        **texts,
        client_secret_file=secret,
        certificate_file=certificate,
        graph_url=_service(table, "graph_url") or GRAPH,
        login_url=_service(table, "login_url") or LOGIN,
        download_hosts=tuple(hosts),
        labels=_labels(table, taxonomy),
        principals=principals(table),
    )
    table.done()
    return made


def _service(table: Table, key: str) -> str:
    like = "https://graph.microsoft.us/v1.0" if key == "graph_url" else "https://login.microsoftonline.us"
    aside = "Credentials have keys of their own."
    return address(table, key, like=like, plain=False, aside=aside).rstrip("/")


def _labels(table: Table, taxonomy: Taxonomy) -> tuple[tuple[str, Sensitivity], ...]:
    inside = table.table("labels")
    return tuple((id.lower(), level(inside, id, taxonomy)) for id in inside.values)
