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
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lockgate.errors import Unavailable

_FORMAT: Final = "lockgate-key-1"
_NONCE: Final = 12
_OLD: Final = ".old"
_GONE: Final = ".gone"
"""The suffix of a key that is being destroyed: what is half overwritten must not be read as a key."""


class FileKeys:
    """Master keys in files (`ports.Keys`): the current one, and beside it older ones that still wrap something.

    Wraps with AES-256-GCM and random nonces (NIST SP 800-38D section 8.2.2: fewer than 2^32 wraps per key).
    """

    def __init__(self, path: Path, current: str, ciphers: Mapping[str, AESGCM]) -> None:
        self._path = path
        self._state = current, dict(ciphers)
        """Replaced as one, so that a thread that wraps never sees the id of one key and the cipher of another."""

    @classmethod
    def open(cls, path: Path) -> FileKeys:
        """Read the master key in `path`, or create it if there is no such file; and older ones beside it.

        Raises:
            Unavailable: one cannot be read or created, others may read it, or it is damaged.

        """
        try:
            if not path.exists():
                _create(path)
        except OSError as error:
            raise _unreadable(path) from error
        current, key = _read(path)
        ciphers = {id: AESGCM(old) for id, old in map(_read, _older(path))}
        return cls(path, current, ciphers | {current: AESGCM(key)})

    @property
    def current(self) -> str:
        """Return the id of the master key that wraps new keys."""
        return self._state[0]

    @property
    def known(self) -> frozenset[str]:
        """Return the ids of all master keys that are here."""
        return frozenset(self._state[1])

    def rotate(self) -> str:
        """Make a new master key the current one, and keep the one before beside it. Return the new id.

        A crash leaves either of them current, and both there.

        Raises:
            Unavailable: the files cannot be written.

        """
        before, ciphers = self._state
        try:
            kept = self._path.with_name(f"{self._path.stem}.{before}{_OLD}")
            if not kept.exists():
                os.link(self._path, kept)
            fresh = self._path.with_name(f".{self._path.name}.next")
            fresh.unlink(missing_ok=True)
            _create(fresh)
            id, key = _read(fresh)
            fresh.rename(self._path)
            _settle(self._path.parent)
        except OSError as error:
            raise Unavailable(f"the master key `{self._path}` cannot be replaced: {error.strerror}") from error
        self._state = id, ciphers | {id: AESGCM(key)}
        return id

    def retire(self) -> int:
        """Destroy every key but the current one; nothing that they wrapped opens any more. Return how many.

        A kill leaves each of them whole under its name, or under one that nobody opens: repeat it.

        Raises:
            Unavailable: a file cannot be moved or overwritten.

        """
        current, ciphers = self._state
        files = _older(self._path)
        try:
            for path in files:
                path.rename(path.with_suffix(_GONE))
            _settle(self._path.parent)
            for path in _doomed(self._path):
                if path.stat().st_nlink == 1:  # else a crash came between the two names of one key
                    with path.open("r+b") as file:
                        file.write(b"\0" * path.stat().st_size)
                        file.flush()
                        os.fsync(file.fileno())
                path.unlink()
            _settle(self._path.parent)
        except OSError as error:
            raise Unavailable(f"an old master key cannot be destroyed: {error.strerror}") from error
        self._state = current, {current: ciphers[current]}
        return len(files)

    def wrap(self, key: bytes, binding: bytes, /) -> bytes:
        """Return nonce and ciphertext of `key`, bound to `binding`, under the current master key."""
        return self.wrap_as(key, binding)[1]

    def wrap_as(self, key: bytes, binding: bytes, /) -> tuple[str, bytes]:
        """Return the id of the current master key with what `wrap` returns: both of one moment."""
        id, ciphers = self._state
        nonce = os.urandom(_NONCE)
        return id, nonce + ciphers[id].encrypt(nonce, key, binding)

    def unwrap(self, master: str, wrapped: bytes, binding: bytes, /) -> bytes:
        """Return the key inside `wrapped`.

        Raises:
            Unavailable: another master key wrapped it, or it or its binding was changed.

        """
        current, ciphers = self._state
        if master not in ciphers:
            raise Unavailable(
                f"this was encrypted with master key `{master}`, but the key file holds `{current}`",
                code="wrong_key",
                remedy="Point the settings to the key file that was used; nothing has been changed.",
            )
        try:
            return ciphers[master].decrypt(wrapped[:_NONCE], wrapped[_NONCE:], binding)
        except (InvalidTag, ValueError) as error:
            raise Unavailable("a stored key or what it is bound to was changed", code="tampered") from error


def _older(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.stem}.*{_OLD}"))


def _doomed(path: Path) -> list[Path]:
    """Return keys that wrap nothing: parts of one that was being made at a kill, and what is being destroyed.

    Parts come first: they are second names of a key, which is overwritten under its last name.
    """
    return [*path.parent.glob(f".*{path.name}.*"), *path.parent.glob(f"{path.stem}.*{_GONE}")]


def unfinished(path: Path) -> bool:
    """Tell whether the rotation of the master key in `path` was begun and not ended."""
    return bool(_older(path)) or any(path.parent.glob(f"{path.stem}.*{_GONE}"))


def _settle(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unreadable(path: Path) -> Unavailable:
    return Unavailable(
        f"the master key `{path}` cannot be read",
        code="key_unreadable",
        remedy="Check that the file and its folder belong to the account that runs Lockgate.",
    )


def _read(path: Path) -> tuple[str, bytes]:
    try:
        mode = path.stat().st_mode
        text = path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path) from error
    if stat.S_IMODE(mode) & 0o077:
        raise Unavailable(
            f"the master key `{path}` may be read by other accounts",
            code="key_exposed",
            remedy=f"Run `chmod 600 {path}`; if others have had access, treat the key as known.",
        )
    return _parse(text, path)


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
    _settle(path.parent)
