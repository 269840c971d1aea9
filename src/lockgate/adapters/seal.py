"""Short-lived tokens that only this gateway reads: AES-256-GCM with random nonces (NIST SP 800-38D)."""

from __future__ import annotations

import base64
import binascii
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lockgate.errors import Invalid

_NONCE: Final = 12


class AesSeal:
    """`journeys.decisions.Seal` around a key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    @classmethod
    def fresh(cls) -> AesSeal:
        """Return one with a key of its own, which ends with the process, and its tokens with it."""
        return cls(AESGCM.generate_key(256))

    def seal(self, data: bytes, binding: bytes, /) -> str:
        """See `Seal`. Base64url without padding."""
        nonce = os.urandom(_NONCE)
        return base64.urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, data, binding)).decode().rstrip("=")

    def open(self, token: str, binding: bytes, /) -> bytes:
        """See `Seal`."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], binding)
        except (InvalidTag, ValueError, binascii.Error) as error:
            raise Invalid("this was not sealed here, or not for this") from error
