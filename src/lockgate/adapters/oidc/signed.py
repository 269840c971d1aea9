"""What is common to everything signed that comes in: parts of a compact JWS, and whether its signature is good."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode

UNSUPPORTED: Final = frozenset({"crit", "b64", "cty"})
"""Extensions that must be understood (RFC 7515 section 4.1.11), unencoded payloads, tokens in tokens."""


@dataclass(frozen=True, slots=True)
class Compact:
    """A compact JWS (RFC 7515 section 7.1), its signature not looked at."""

    header: Mapping[str, object]
    payload: bytes
    signed: bytes
    signature: bytes

    def verifies(self, algorithm: str, key: Key) -> bool:
        """Tell whether the signature is that of this key (RFC 7515 section 5.2)."""
        try:
            model = JWSRegistry.algorithms[algorithm]
            model.check_key(key)
            return bool(model.verify(self.signed, urlsafe_b64decode(self.signature), key))
        except (JoseError, ValueError, TypeError):
            return False


def json_part(part: bytes) -> Mapping[str, object]:
    """Return the JSON object in one part of a token; one with a name twice is malformed (RFC 7515 section 4).

    Raises:
        ValueError: it is no JSON object.

    """

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise ValueError
        return dict(pairs)

    try:
        value = json.loads(urlsafe_b64decode(part), object_pairs_hook=unique)
    except (ValueError, IndexError, RecursionError):
        raise ValueError("a part of it is not JSON") from None
    if not isinstance(value, dict):
        raise ValueError("a part of it is not a JSON object")  # noqa: TRY004 - a value of the wrong form, not a defect
    return value


def compact(token: str, most: int) -> Compact:
    """Take a token apart.

    Raises:
        ValueError: it is no signed JWT; the message says why and quotes nothing.

    """
    if len(token) > most:
        raise ValueError(f"it is longer than {most} characters")
    if not token.isascii():
        raise ValueError("it has characters that no token has")
    parts = token.encode().split(b".")
    if len(parts) == 5:
        raise ValueError("it is encrypted; send a signed one")
    if len(parts) != 3:
        raise ValueError("it is not a signed JWT")
    return Compact(json_part(parts[0]), parts[1], parts[0] + b"." + parts[1], parts[2])
