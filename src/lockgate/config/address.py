"""Addresses in the configuration: of a form that leads where it says, and carries no credential."""

from __future__ import annotations

from urllib.parse import urlsplit

from lockgate.config.table import Table
from lockgate.policy.addresses import host_complaint, is_local


def address(table: Table, key: str, *, like: str, plain: bool, aside: str) -> str:
    """Return an address over HTTP; the empty string where the file states none.

    Args:
        table: where it stands.
        key: its name.
        like: an example, for whoever got it wrong.
        plain: whether it may be spoken to in clear. To this machine it always may.
        aside: where what does not belong into an address does, such as a credential.

    Raises:
        Invalid: it is none, has a part that does not belong there, or would be spoken to in clear.

    """
    value = table.get(key, str, "")
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise table.fail(key, "is no address", f"Write it like {like}") from None
    if parts.scheme not in {"https", "http"} or not host or not value.isascii() or not value.isprintable():
        raise table.fail(key, "is no address over HTTP", f"Write it like {like}")
    if "@" in parts.netloc or parts.query or parts.fragment or " " in value:
        raise table.fail(key, "has a part that does not belong there", aside)
    if why := host_complaint(value):
        raise table.fail(key, f"cannot be used: {why}", "Name the server itself.")
    if parts.scheme == "http" and not (plain or is_local(value)):
        raise table.fail(
            key,
            f"would be spoken to in clear: `{host}` is another machine",
            "Use https, or set `plain_http = true` beside it if the network between is trusted.",
        )
    return value
