"""What Anthropic's APIs have in common: revisions, headers, errors, the list of models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lockgate.edge.body import BadParameter
from lockgate.errors import (
    AccessDenied,
    Conflict,
    Invalid,
    LockgateError,
    NotFound,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
)

VERSION: Final = "anthropic-version"
"""The header by which a client says that it speaks this API, and which revision."""
KEY_HEADER: Final = "x-api-key"
"""Where clients up to 2023-06-01 put what they have for a key; newer ones send a bearer token."""
REQUEST_ID: Final = "request-id"
"""The header in which clients look for the id of a request."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision of the API. `sampled`: a request may say how to sample (temperature and the like)."""

    name: str
    sampled: bool


_REVISIONS: Final = (Revision("2023-06-01", sampled=True), Revision("2026-10-21", sampled=False))


def revision(headers: Mapping[str, str]) -> Revision:
    """Return the revision that a request is written in.

    Raises:
        BadParameter: the header is missing, or names one that is not spoken here.

    """
    stated = headers.get(VERSION)
    found = next((one for one in _REVISIONS if one.name == stated), None)
    if found is None:
        known = " or ".join(f"`{VERSION}: {one.name}`" for one in _REVISIONS)
        raise BadParameter(
            f"the header `{VERSION}` is missing"
            if stated is None
            else f"the header `{VERSION}` names a revision that is not spoken here",
            VERSION,
            code="missing_required_parameter" if stated is None else "unsupported_value",
            remedy=f"Send {known}.",
        )
    return found


_TYPES: Final[tuple[tuple[type[LockgateError], str], ...]] = (
    (Invalid, "invalid_request_error"),
    (Unauthenticated, "authentication_error"),
    (AccessDenied, "permission_error"),
    (NotFound, "not_found_error"),
    (Conflict, "conflict_error"),
    (TooManyRequests, "rate_limit_error"),
    (TooLarge, "request_too_large"),
    (TooManyRequests, "rate_limit_error"),
)
_CODES: Final = {"upstream_busy": "overloaded_error", "upstream_timeout": "timeout_error"}


def anthropic_error(error: LockgateError) -> dict[str, Any]:
    """Return the body of an error as Anthropic's clients read it; `details.error_code` is our own code."""
    by_class = next((name for one, name in _TYPES if isinstance(error, one)), "api_error")
    kind = _CODES.get(error.code, by_class)
    message = f"{error}. {error.remedy}" if error.remedy else str(error)
    details = {"error_code": error.code}
    if param := getattr(error, "param", ""):
        details["param"] = param
    return {"type": "error", "error": {"type": kind, "message": message, "details": details}}


def model(name: str) -> dict[str, Any]:
    """Return an entry of the list of models. What is not known of a model is null, or the epoch."""
    return {
        "type": "model",
        "id": name,
        "display_name": name,
        "created_at": "1970-01-01T00:00:00Z",
        "lifecycle": "active",
        "max_input_tokens": None,
        "max_tokens": None,
    }


def models(names: Sequence[str]) -> dict[str, Any]:
    """Return the list of models, whole: there is no second page."""
    ends = {"first_id": names[0] if names else None, "last_id": names[-1] if names else None}
    return {"data": [model(name) for name in names], "has_more": False, **ends}
