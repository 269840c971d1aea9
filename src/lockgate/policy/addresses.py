"""Addresses that the gateway never speaks to, whatever a configuration or a name server says (SSRF).

At 169.254.169.254 and its like, clouds hand out the credentials of a machine to whoever asks from it. Private
addresses are allowed: one's own models and identity provider live there.
"""

from __future__ import annotations

import ipaddress
from typing import Final, TypeAlias
from urllib.parse import urlsplit

_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA: Final = frozenset(
    map(
        ipaddress.ip_address,
        ("100.100.100.200", "192.0.0.192", "168.63.129.16", "fd20:ce::254", "fd00:42::42"),
    )
)
"""Beside link-local ones: Alibaba; Oracle; Azure's WireServer; Google and Scaleway over IPv6."""
_AWS: Final = ipaddress.ip_network("fd00:ec2::/32")
"""AWS over IPv6: metadata (`::254`), credentials of pods (`::23`), and the like."""
_NAMES: Final = ("metadata", "metadata.google.internal", "metadata.goog", "instance-data")
_INSIDE: Final = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96", "::/96")))
"""Whose last four bytes are an address of IPv4: NAT64 (RFC 6052, RFC 8215), translated (RFC 2765), compatible."""


def complaint(address: str, *, local: bool) -> str:
    """Return why nothing is sent to an IP address; an empty string if it may be.

    `local` tells that the configured name means this machine itself. Another name that leads here leads to
    services that trust this machine.
    """
    try:
        ip = _plain(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return "it is no IP address"
    if ip in _METADATA or ip in _AWS or ip.is_link_local:
        return "it is a link-local address, where clouds keep the credentials of machines"
    if ip.is_multicast or ip.is_unspecified or (ip.is_reserved and ip.version == 4):
        return "it is not the address of one machine"
    return "" if local or not ip.is_loopback else "the name leads to this machine itself, without saying so"


def host_complaint(url: str) -> str:
    """Return what is wrong with the host that a configuration names, before any name is looked up."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".").lower()
    except ValueError:
        return "it is no address"
    if host in _NAMES:
        return "it names a service that keeps the credentials of machines"
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return ""
    return complaint(host, local=True)


def is_local(url: str) -> bool:
    """Tell whether an address says by itself that it is this machine, without asking a name server."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _plain(ip: _Address) -> _Address:
    """Return the IPv4 address inside of one of IPv6, if it leads there."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if any(ip in one for one in _INSIDE) and int(ip) > 1:  # `::` and `::1` are themselves
        return ipaddress.IPv4Address(ip.packed[-4:])
    return ip.ipv4_mapped or ip.sixtofour or ip
