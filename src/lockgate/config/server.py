"""Read `[server]` and `[identity]`: where clients come in, and who they can be."""

from __future__ import annotations

from urllib.parse import urlsplit

from lockgate.config.address import address
from lockgate.config.settings import Identity, Server
from lockgate.config.table import Table


def server(table: Table) -> Server:
    """Return the settings of the server.

    Raises:
        Invalid: something is wrong, with file and line.

    """
    base = Server()
    made = Server(
        host=table.get("host", str, base.host),
        port=table.whole("port", base.port, 0, 65535),
        public_url=_origin(table, "public_url"),
        tls_certificate=table.file_there("tls_certificate"),
        tls_key=table.file_there("tls_key"),
        plain_http=table.get("plain_http", bool, False),
        concurrency=table.whole("concurrency", base.concurrency, 1, 100_000),
        body_bytes=table.whole("body_bytes", base.body_bytes, 1_000, 2**31),
        body_seconds=table.number("body_seconds", base.body_seconds, 0.1, 3600),
        messages=table.whole("messages", base.messages, 1, 100_000),
        characters=table.whole("characters", base.characters, 100, 2**31),
        upload_bytes=table.whole("upload_bytes", base.upload_bytes, 1_000, 2**31),
        grace_seconds=table.number("grace_seconds", base.grace_seconds, 0, 3600),
    )
    if made.tls_key and not made.tls_certificate:
        raise table.fail("tls_key", "has no certificate", "Set `tls_certificate` too.")
    table.done()
    return made


def _origin(table: Table, key: str) -> str:
    """Return an address without a path, as RFC 9728 wants that of a resource; none is the empty string."""
    value = table.get(key, str, "").removesuffix("/")
    parts = urlsplit(value)
    if value and (parts.scheme not in {"https", "http"} or value != f"{parts.scheme}://{parts.netloc}"):
        raise table.fail(key, "must be an address without a path", "Write it like https://lockgate.example.com")
    if value and (not parts.hostname or "@" in parts.netloc or not parts.netloc.isascii() or '"' in value):
        raise table.fail(key, "names no host", "Write it like https://lockgate.example.com")
    return value


def identity(table: Table) -> Identity:
    """Return who may come in.

    Raises:
        Invalid: something is wrong, with file and line.

    """
    base = Identity()
    made = Identity(
        issuer=address(
            table,
            "issuer",
            like="https://id.example.com/realms/main",
            plain=True,
            aside="Write it letter by letter as the provider's metadata states it.",
        ),
        audience=table.get("audience", str, ""),
        client_id=table.get("client_id", str, ""),
        scope=table.get("scope", str, ""),
        resource=table.get("resource", str, ""),
        algorithms=table.names("algorithms", base.algorithms),
        leeway_seconds=table.whole("leeway_seconds", base.leeway_seconds, 0, 300),
        token_type=table.get("token_type", str, base.token_type),
        groups_claim=table.get("groups_claim", str, base.groups_claim),
        directory=table.path("directory"),
        service_keys=table.path("service_keys"),
    )
    if made.issuer and not made.audience:
        raise table.fail(
            "audience", "is missing", "Name the audience that the provider puts into tokens for Lockgate."
        )
    table.done()
    return made
