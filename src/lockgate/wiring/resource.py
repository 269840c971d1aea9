"""What the gateway says about itself as a protected resource."""

from __future__ import annotations

from dataclasses import replace

from lockgate.config import Settings
from lockgate.edge.protected import ProtectedResource
from lockgate.edge.serve import is_loopback


def at(settings: Settings, listens: tuple[str, int] | None) -> Settings:
    """Return the settings as a gateway that listens elsewhere than configured says them to others."""
    if listens is None:
        return settings
    return replace(settings, server=replace(settings.server, host=listens[0], port=listens[1]))


def protected(settings: Settings) -> ProtectedResource:
    """Return the metadata that the settings state."""
    identity = settings.identity
    return ProtectedResource(
        address(settings),
        (identity.issuer,) if identity.issuer else (),
        tuple(one for one in identity.scope.split() if one),
    )


def names(settings: Settings) -> frozenset[str]:
    """Return what `aud` of a token for this gateway may be: the configured audience, and its configured addresses.

    A client that follows RFC 9728 asks for a token for the `resource` of the metadata (RFC 8707), which is the
    address, or that of the MCP server.
    """
    own = settings.server.public_url
    return frozenset({settings.identity.audience, *((own, f"{own}/mcp") if own else ())}) - {""}


def address(settings: Settings) -> str:
    """Return where clients reach the gateway: as configured, else where it listens, if that can be an address."""
    server = settings.server
    if server.public_url:
        return server.public_url
    if server.host in {"0.0.0.0", "::", ""}:  # noqa: S104 - compared, and not listened on
        return ""
    host = f"[{server.host}]" if ":" in server.host else server.host
    if server.tls_certificate is not None:
        return f"https://{host}:{server.port}"
    return f"http://{host}:{server.port}" if is_loopback(server.host) else ""
