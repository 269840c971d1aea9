"""The two ends of RFC 6750: the credential that came in, and the challenge that goes out with a 401."""

from __future__ import annotations

import re
from typing import Final

from lockgate.errors import AccessDenied, Unauthenticated

_CREDENTIAL: Final = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*) *", re.IGNORECASE)
_NOT_QUOTABLE: Final = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")
"""What may not stand in a quoted parameter (RFC 6750 section 3)."""


class InsufficientScope(AccessDenied):
    """The credential is good, and does not open this family of routes (RFC 6750 section 3.1)."""

    code = "insufficient_scope"

    def __init__(self, scope: str) -> None:
        super().__init__(
            f"this credential has no scope `{scope}`",
            remedy=f"Ask for a service key made with `lockgate keys create --scope {scope}`.",
        )
        self.scope = scope


def bearer(authorization: str | None) -> str:
    """Return the credential of an `Authorization` header (RFC 6750 section 2.1).

    Raises:
        Unauthenticated: `missing_token` if there is no header, another scheme or nothing behind the scheme;
            `malformed_token` if what stands there cannot be a bearer token.

    """
    scheme, _, rest = (authorization or "").strip().partition(" ")
    if scheme.lower() != "bearer" or not rest.strip():
        raise Unauthenticated(
            "no bearer token",
            code="missing_token",
            remedy="send `Authorization: Bearer TOKEN`; `lockgate login` and `lockgate token` give you one",
        )
    match = _CREDENTIAL.fullmatch(f"bearer {rest.strip()}")
    if match is None:
        raise Unauthenticated("the bearer token has characters that no token has", code="malformed_token")
    return match[1]


def challenge(error: Unauthenticated | InsufficientScope, *, resource_metadata: str = "", scope: str = "") -> str:
    """Return the value of `WWW-Authenticate` for a 401, or for a 403 that a wider key would lift.

    A request without any credential gets no error code (RFC 6750 section 3.1). `resource_metadata` is the
    address of the protected resource's metadata (RFC 9728 section 5.1), `scope` what would be needed.
    """
    if isinstance(error, InsufficientScope):
        scope = error.scope
    parameters = {"realm": "lockgate", "resource_metadata": resource_metadata, "scope": scope}
    if error.code != "missing_token":
        code = error.code if isinstance(error, InsufficientScope) else "invalid_token"
        parameters |= {"error": code, "error_description": str(error)}
    quoted = (f'{name}="{_NOT_QUOTABLE.sub("", value)}"' for name, value in parameters.items() if value)
    return "Bearer " + ", ".join(quoted)
