"""Where an OpenID provider says that its parts are (OpenID Connect Discovery 1.0), and how they are asked."""

from __future__ import annotations

import ipaddress
import json
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import aiohttp

from lockgate.errors import Invalid, Unavailable
from lockgate.policy.addresses import complaint, is_local

MAX_ANSWER: Final = 512 * 1024
"""No discovery document, key set or token answer is larger, in bytes."""
TIMEOUT: Final = aiohttp.ClientTimeout(total=5)

Fetch: TypeAlias = Callable[[str], Awaitable[bytes]]
"""Gets the bytes behind an address, or raises `Unavailable`."""


def check_address(address: str, what: str) -> str:
    """Return the address if tokens or keys may travel there: over https, or http to this machine itself.

    Raises:
        Invalid: it is neither.

    """
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if host and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))):
        return address
    raise Invalid(f"the {what} `{printable(address)}` is not an https address", remedy="use https")


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine itself, without asking a name server."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def printable(text: str) -> str:
    """Return foreign text so that a terminal or a log shows it and does not obey it."""
    return "".join(c if c.isprintable() else "?" for c in text[:300])


def opened(issuer: str) -> aiohttp.ClientSession:
    """Return a session for what an issuer states: without cookies, and never to where nothing of it can be.

    What a provider's metadata names is looked up and held against `policy/addresses.py` when it is asked.
    """
    local = is_local(issuer)

    def made(found: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = found
        if why := complaint(str(address[0]), local=local):
            raise OSError(why)
        return socket.socket(family, kind, protocol)

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(socket_factory=made), cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
    )


def http_fetch(session: aiohttp.ClientSession) -> Fetch:
    """Return a `Fetch` that uses the session, follows no redirect and reads no more than `MAX_ANSWER`."""

    async def fetch(address: str) -> bytes:
        try:
            async with session.get(address, allow_redirects=False, timeout=TIMEOUT) as answer:
                if answer.status != 200:
                    raise Unavailable(f"`{address}` answered with status {answer.status}")
                return await read_limited(answer)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise Unavailable(f"`{address}` does not answer: {type(error).__name__}") from error

    return fetch


async def read_limited(answer: aiohttp.ClientResponse) -> bytes:
    """Return the body.

    Raises:
        Unavailable: it is larger than `MAX_ANSWER`.

    """
    data = bytearray()
    async for piece in answer.content.iter_chunked(65536):
        data += piece
        if len(data) > MAX_ANSWER:
            raise Unavailable(f"the answer of `{answer.url.host}` is larger than {MAX_ANSWER} bytes")
    return bytes(data)


def json_object(data: bytes, what: str) -> Mapping[str, object]:
    """Return the JSON object in the bytes.

    Raises:
        Unavailable: there is none.

    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Unavailable(f"{what} is not JSON") from error
    if not isinstance(value, dict):
        raise Unavailable(f"{what} is not a JSON object")
    return value


async def discover(issuer: str, fetch: Fetch) -> Mapping[str, object]:
    """Return the provider's metadata.

    Raises:
        Unavailable: it cannot be had, or is that of another issuer (Discovery section 4.3).

    """
    address = issuer.rstrip("/") + "/.well-known/openid-configuration"
    metadata = json_object(await fetch(address), f"`{address}`")
    if metadata.get("issuer") != issuer:
        raise Unavailable(
            f"`{address}` describes another issuer than `{issuer}`",
            remedy="write the issuer exactly as the provider states it, a trailing slash included",
        )
    return metadata


def endpoint(metadata: Mapping[str, object], name: str) -> str:
    """Return an address that the metadata states.

    Raises:
        Unavailable: it is missing or not safe to use.

    """
    address = metadata.get(name)
    if not isinstance(address, str):
        raise Unavailable(f"the identity provider offers no `{name}`")
    try:
        return check_address(address, name)
    except Invalid as error:
        raise Unavailable(str(error)) from error
