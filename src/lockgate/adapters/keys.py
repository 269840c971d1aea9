"""Master keys in files: each 0600, created on first use, never overwritten.

A key file is one line, `lockgate-key-1 <id> <key in base64url>`. The id is a digest of the key, so a file that was
cut, mixed up or edited is noticed before anything is decrypted with it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import stat
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lockgate.errors import Unavailable

_FORMAT: Final = "lockgate-key-1"
_NONCE: Final = 12


class FileKeys:
    """One master key in a file (`ports.Keys`). Rotation will add older keys beside it; rows carry key ids.

    Wraps with AES-256-GCM and random nonces (NIST SP 800-38D section 8.2.2: fewer than 2^32 wraps per key).
    """

    def __init__(self, id: str, key: bytes) -> None:
        self._id = id
        self._cipher = AESGCM(key)

    @classmethod
    def open(cls, path: Path) -> FileKeys:
        """Read the master key in `path`, or create it if there is no such file.

        Raises:
            Unavailable: it cannot be read or created, others may read it, or it is damaged.

        """
        try:
            if not path.exists():
                _create(path)
            mode = path.stat().st_mode
            text = path.read_text("ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise Unavailable(
                f"the master key `{path}` cannot be read",
                code="key_unreadable",
                remedy="Check that the file and its folder belong to the account that runs Lockgate.",
            ) from error
        if stat.S_IMODE(mode) & 0o077:
            raise Unavailable(
                f"the master key `{path}` may be read by other accounts",
                code="key_exposed",
                remedy=f"Run `chmod 600 {path}`; if others have had access, treat the key as known.",
            )
        return cls(*_parse(text, path))

    @property
    def current(self) -> str:
        """Return the id of the master key."""
        return self._id

    def wrap(self, key: bytes, binding: bytes, /) -> bytes:
        """Return nonce and ciphertext of `key`, bound to `binding`."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, key, binding)

    def unwrap(self, master: str, wrapped: bytes, binding: bytes, /) -> bytes:
        """Return the key inside `wrapped`.

        Raises:
            Unavailable: another master key wrapped it, or it or its binding was changed.

        """
        if master != self._id:
            raise Unavailable(
                f"this was encrypted with master key `{master}`, but the key file holds `{self._id}`",
                code="wrong_key",
                remedy="Point the settings to the key file that was used; nothing has been changed.",
            )
        try:
            return self._cipher.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], binding)
        except (InvalidTag, ValueError) as error:
            raise Unavailable("a stored key or what it is bound to was changed", code="tampered") from error


def key_id(key: bytes) -> str:
    """Return the id of a master key: 64 bits of a digest that reveals nothing about it."""
    return hashlib.sha256(b"lockgate master key id\0" + key).hexdigest()[:16]


def _parse(text: str, path: Path) -> tuple[str, bytes]:
    try:
        kind, id, body = text.split()
        key = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        kind, id, key = "", "", b""
    if kind != _FORMAT or len(key) != 32 or id != key_id(key):
        raise Unavailable(
            f"the master key `{path}` is damaged or no key file",
            code="key_damaged",
            remedy="Restore it from your backup; without it nothing that it protects can be read.",
        )
    return id, key


def _create(path: Path) -> None:
    """Write a new key under a temporary name, and link it: of two that try at once, one wins and both read it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = AESGCM.generate_key(256)
    line = f"{_FORMAT} {key_id(key)} {base64.urlsafe_b64encode(key).decode().rstrip('=')}\n"
    part = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(part, path)
        except FileExistsError:
            return
    finally:
        part.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
