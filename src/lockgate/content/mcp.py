"""The Model Context Protocol on the wire: revisions, names, error codes, and values of headers.

Two eras share one address. Through 2025-11-25 a client opens with `initialize`; since 2026-07-28 every request
carries its revision in `params._meta`, and repeats revision, method and name in headers, so that intermediaries
need not read bodies. Lockgate is no intermediary: it decides on the body, and headers may only agree with it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, Final

STATELESS: Final = "2026-07-28"
"""The revision without handshake."""
HANDSHAKE: Final = ("2025-03-26", "2025-06-18", "2025-11-25")
"""The revisions with a handshake that are spoken here, oldest first."""
ASSUMED: Final = "2025-03-26"
"""The revision of a client that names none (2025-06-18, basic/transports, "Protocol Version Header")."""

META: Final = "io.modelcontextprotocol/"
"""What the protocol's own keys of `_meta` begin with."""
VERSION_KEY: Final = META + "protocolVersion"
CAPABILITIES_KEY: Final = META + "clientCapabilities"

VERSION_HEADER: Final = "MCP-Protocol-Version"
METHOD_HEADER: Final = "Mcp-Method"
NAME_HEADER: Final = "Mcp-Name"
NAMED: Final[Mapping[str, str]] = {"tools/call": "name", "resources/read": "uri", "prompts/get": "name"}
"""Which parameter `Mcp-Name` repeats, by method."""

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
HEADER_MISMATCH: Final = -32020
UNSUPPORTED_VERSION: Final = -32022

_WRAPPED: Final = re.compile(r"=\?base64\?(.*)\?=", re.DOTALL)
_PLAIN: Final = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")


def encoded(value: str) -> str:
    """Return a text as the value of a header: itself where that survives, else base64 of its UTF-8.

    >>> encoded("search"), encoded("größe")
    ('search', '=?base64?Z3LDtsOfZQ==?=')
    """
    if _PLAIN.fullmatch(value) and not _WRAPPED.fullmatch(value):
        return value
    return f"=?base64?{base64.b64encode(value.encode('utf-8', 'replace')).decode()}?="


def decoded(value: str) -> str | None:
    """Return the text that a header's value stands for; None where it is no canonical encoding of any.

    >>> decoded("=?base64?Z3LDtsOfZQ==?="), decoded("=?base64?eA=?=")
    ('größe', None)
    """
    wrapped = _WRAPPED.fullmatch(value)
    if wrapped is None:
        return value
    try:
        raw = base64.b64decode(wrapped[1], validate=True)
        text = raw.decode()
    except (binascii.Error, ValueError):
        return None
    return text if base64.b64encode(raw).decode() == wrapped[1] else None


def stated_version(message: Mapping[str, Any]) -> object:
    """Return the revision in a message's own `_meta`, whatever its type; None where it names none."""
    params = message.get("params")
    meta = params.get("_meta") if isinstance(params, Mapping) else None
    return meta.get(VERSION_KEY) if isinstance(meta, Mapping) else None


def headers(message: Mapping[str, Any], negotiated: str = "") -> dict[str, str]:
    """Return the headers with which a client sends a message over HTTP.

    `negotiated` is the revision that an earlier `initialize` agreed on. What is not text has no header: the
    gateway refuses such a message anyway.
    """
    version, method = stated_version(message), message.get("method")
    if not isinstance(version, str):
        return {VERSION_HEADER: negotiated} if negotiated else {}
    found = {VERSION_HEADER: version}
    if isinstance(method, str):
        name = message["params"].get(NAMED.get(method, ""))
        found |= {METHOD_HEADER: method} | ({NAME_HEADER: name} if isinstance(name, str) else {})
    return {header: encoded(value) for header, value in found.items()}


def error(id: object, code: int, message: str, data: object = None) -> dict[str, Any]:
    """Return a JSON-RPC 2.0 error (section 5.1)."""
    stated: dict[str, Any] = {"code": code, "message": message}
    if data is not None:
        stated["data"] = data
    return {"jsonrpc": "2.0", "id": id, "error": stated}
