"""Files sealed with a passphrase: scrypt (RFC 7914; N = 2^16, r = 8, p = 1, 64 MB) and AES-256-GCM."""

from __future__ import annotations

import base64
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from lockgate.errors import Invalid, Unavailable

_MAGIC: Final = b"lockgate-sealed-1\n"
_SALT: Final = 16
_NONCE: Final = 12
_SHORTEST: Final = 16


def passphrase(path: Path) -> bytes:
    """Return the passphrase in a file: its first line, at least 16 characters.

    Raises:
        Invalid: it is too short, or other accounts may read it.
        Unavailable: it cannot be read.

    """
    try:
        mode, text = path.stat().st_mode, path.read_bytes()
    except OSError as error:
        raise Unavailable(f"the passphrase file `{path}` cannot be read: {error.strerror}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise Invalid(
            f"the passphrase file `{path}` may be read by other accounts", remedy=f"Run `chmod 600 {path}`."
        )
    line = text.split(b"\n", 1)[0].strip()
    if len(line) < _SHORTEST:
        raise Invalid(
            f"the passphrase in `{path}` has fewer than {_SHORTEST} characters", remedy="Take a longer one."
        )
    return line


def seal(files: Mapping[str, bytes], secret: bytes) -> bytes:
    """Return files, by name, under a passphrase."""
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    body = json.dumps({name: base64.b64encode(data).decode() for name, data in sorted(files.items())}).encode()
    return _MAGIC + salt + nonce + AESGCM(_key(salt, secret)).encrypt(nonce, body, _MAGIC)


def unseal(data: bytes, secret: bytes) -> dict[str, bytes]:
    """Return what `seal` was given.

    Raises:
        Invalid: the passphrase is another one, or the data was changed.

    """
    start = len(_MAGIC)
    salt, nonce = data[start : start + _SALT], data[start + _SALT : start + _SALT + _NONCE]
    if not data.startswith(_MAGIC):
        raise Invalid("these are no sealed keys, or of a form that this version does not know")
    try:
        body = AESGCM(_key(salt, secret)).decrypt(nonce, data[start + _SALT + _NONCE :], _MAGIC)
        return {name: base64.b64decode(text) for name, text in json.loads(body).items()}
    except (InvalidTag, ValueError) as error:
        raise Invalid("the keys do not open: another passphrase, or they were changed") from error


def _key(salt: bytes, secret: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=2**16, r=8, p=1).derive(secret)
