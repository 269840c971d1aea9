"""One MCP message out of an HTTP request: decided on its body, and refused where headers say something else.

What an intermediary lets through by header must be what is done here by body. So headers that differ, appear twice
or are missing where the revision requires them are refused (2026-07-28, basic/transports), as are batches,
responses, and revisions that are not spoken here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.datastructures import Headers

from lockgate.content.mcp import (
    ASSUMED,
    CAPABILITIES_KEY,
    HANDSHAKE,
    HEADER_MISMATCH,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_HEADER,
    METHOD_NOT_FOUND,
    NAME_HEADER,
    NAMED,
    STATELESS,
    UNSUPPORTED_VERSION,
    VERSION_HEADER,
    VERSION_KEY,
    decoded,
    stated_version,
)
from lockgate.errors import Invalid

_REPEATED: Final = (VERSION_HEADER, METHOD_HEADER, NAME_HEADER)
_METHODS: Final[Mapping[bool, frozenset[str]]] = {
    True: frozenset({"server/discover", "tools/list", "tools/call"}),
    False: frozenset({"initialize", "ping", "tools/list", "tools/call"}),
}
_LONGEST_ID: Final = 200


class Refused(Invalid):
    """A message that is answered with a JSON-RPC error. `id` is that of the message, None if it has none.

    `stateless` tells the era of a message whose method is not known.
    """

    code = "invalid_message"

    def __init__(self, number: int, message: str, id: str | int | None = None, data: object = None) -> None:
        super().__init__(message)
        self.number = number
        self.id = id
        self.data = data
        self.stateless = True


@dataclass(frozen=True, slots=True)
class Message:
    """A request, or (`id` is None) a notification.

    Attributes:
        id: the request's; it comes back in the answer.
        method: one of those that are answered here; of a notification, any.
        params: without `_meta`, which says nothing that is used.
        stateless: whether the revision is the one without handshake.

    """

    id: str | int | None
    method: str
    params: Mapping[str, Any]
    stateless: bool


def accepts_json(accept: str | None) -> bool:
    """Tell whether an `Accept` header admits JSON (RFC 9110 section 12.5.1); without one, everything is."""
    if accept is None:
        return True
    for one in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in one.split(";"))
        if kind in {"application/json", "application/*", "*/*"} and not {"q=0", "q=0.0"} & set(parameters):
            return True
    return False


def parse(body: object, headers: Headers) -> Message:
    """Return the message of a parsed body.

    Raises:
        Refused: see the module; in which order is fixed, so that each answer has one reason.

    """
    if not isinstance(body, dict) or body.get("jsonrpc") != "2.0":
        raise Refused(INVALID_REQUEST, "the body must be one JSON-RPC 2.0 request or notification; no batch")
    id = body.get("id")
    if "id" in body and (isinstance(id, bool) or not isinstance(id, str | int) or len(str(id)) > _LONGEST_ID):
        raise Refused(INVALID_REQUEST, f"`id` must be a number or a text of at most {_LONGEST_ID} characters")
    method, params = body.get("method"), body.get("params", {})
    if not isinstance(method, str) or {"result", "error"} & body.keys():
        raise Refused(INVALID_REQUEST, "the message has no method: the gateway asked for nothing", id)
    if not isinstance(params, dict) or not isinstance(params.get("_meta", {}), dict):
        raise Refused(INVALID_PARAMS, "`params` and its `_meta` must be objects", id)
    _check_repeated(headers, id)
    stateless = _stateless(body, headers.get(VERSION_HEADER), id)
    _check_headers(headers, method, params, id, required=stateless and "id" in body)
    rest = {name: value for name, value in params.items() if name != "_meta"}
    if "id" not in body:
        if not method.startswith("notifications/"):
            raise Refused(INVALID_REQUEST, "a request needs an `id`")
        return Message(None, method, rest, stateless)
    if method not in _METHODS[stateless]:
        unknown = Refused(METHOD_NOT_FOUND, "this method is not known here", id)
        unknown.stateless = stateless
        raise unknown
    if stateless and not isinstance(params["_meta"].get(CAPABILITIES_KEY), dict):
        raise Refused(INVALID_PARAMS, f"`_meta` must have the object `{CAPABILITIES_KEY}`", id)
    return Message(id, method, rest, stateless)


def _check_repeated(headers: Headers, id: str | int | None) -> None:
    """Refuse a header that appears twice: who reads the first and who reads the last would disagree."""
    for name in _REPEATED:
        if len(headers.getlist(name)) > 1:
            raise Refused(HEADER_MISMATCH, f"the header `{name}` appears more than once", id)


def _stateless(body: Mapping[str, Any], stated: str | None, id: str | int | None) -> bool:
    """Tell the era of a message: by its body, else by the header, which is all that older revisions have."""
    version = stated_version(body)
    if version is None:
        if stated == STATELESS and "id" in body:
            raise Refused(INVALID_PARAMS, f"`_meta` must have `{VERSION_KEY}`", id)
        version = stated or ASSUMED
        if version not in (*HANDSHAKE, STATELESS):
            raise _unsupported(version, id)
        return version == STATELESS
    if not isinstance(version, str):
        raise Refused(INVALID_PARAMS, f"`{VERSION_KEY}` must be text", id)
    if stated != version:
        raise Refused(HEADER_MISMATCH, f"the header `{VERSION_HEADER}` does not repeat what `_meta` states", id)
    if version != STATELESS:
        raise _unsupported(version, id)
    return True


def _unsupported(version: str, id: str | int | None) -> Refused:
    spoken = [STATELESS, *reversed(HANDSHAKE)]
    return Refused(
        UNSUPPORTED_VERSION,
        "this protocol version is not spoken here",
        id,
        {"supported": spoken, "requested": version[:64]},
    )


def _check_headers(
    headers: Headers, method: str, params: Mapping[str, Any], id: str | int | None, *, required: bool
) -> None:
    """Refuse headers that differ from the body; older revisions do not require them, and may not lie either."""
    name = params.get(NAMED.get(method, ""))
    wanted = {METHOD_HEADER: method, NAME_HEADER: name if isinstance(name, str) else None}
    for header, value in wanted.items():
        stated = headers.get(header)
        absent = stated is None and (value is None or not required)
        if not absent and (stated is None or decoded(stated) != value):
            raise Refused(HEADER_MISMATCH, f"the header `{header}` does not repeat what the body states", id)
