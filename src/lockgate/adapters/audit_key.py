"""The key that signs audit checkpoints: a PEM file that only the account of the server may read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lockgate.audit.checkpoint import Signer, Verifier
from lockgate.errors import Invalid, Unavailable


def load_or_create(path: Path, name: str) -> Signer:
    """Return the signer of the log `name`; its key is made at first use, in a file of mode 0600.

    The public key is written beside it (`<path>.pub`, a C2SP vkey): copy it to where the log is to be checked.
    Rotations leave it as it is.

    Raises:
        Invalid: the file is no Ed25519 key, or others may read it.
        Unavailable: it cannot be read or written.

    """
    signer = _load(path, name)
    public = path.with_name(f"{path.name}.pub")
    try:
        if not public.exists():
            public.write_text(f"{signer.verifier.vkey}\n", encoding="utf-8")
    except OSError as error:
        raise Unavailable(f"the public audit key `{public}` cannot be written: {error.strerror}") from error
    return signer


def _load(path: Path, name: str) -> Signer:
    try:
        if not path.exists():
            _create(path)
        with path.open("rb") as file:
            mode, pem = stat.S_IMODE(os.fstat(file.fileno()).st_mode), file.read()
    except OSError as error:
        raise Unavailable(f"the audit signing key `{path}` cannot be used: {error.strerror}") from error
    if mode & 0o077:
        raise Invalid(
            f"others than its owner may read the audit signing key `{path}`", remedy=f"run `chmod 600 {path}`"
        )
    return Signer(name, _parse(path, pem))


def upcoming(path: Path, name: str) -> Signer | None:
    """Return the key that a rotation has made and not put in place, if there is one.

    Raises:
        Invalid: the file is no Ed25519 key, or others may read it.
        Unavailable: it cannot be read.

    """
    return _load(_next(path), name) if _next(path).exists() else None


def held(path: Path, name: str) -> tuple[Verifier, ...]:
    """Return the public keys of the private ones that are there: in force, and prepared. None is made.

    Raises:
        Invalid: a file is no Ed25519 key, or others may read it.
        Unavailable: one cannot be read.

    """
    return tuple(_load(one, name).verifier for one in (path, _next(path)) if one.exists())


def prepare(path: Path, name: str) -> Signer:
    """Return a new key, durable beside the one in force; that of an interrupted rotation, if there is one.

    Raises:
        Invalid, Unavailable: see `upcoming`.

    """
    return _load(_next(path), name)


def promote(path: Path) -> None:
    """Put the new key in place of the one in force, and destroy that. Repeat it after a crash.

    The public key beside it stays that of the log's first key: from there verification follows.

    Raises:
        Unavailable: a file cannot be moved or overwritten.

    """
    new, old = _next(path), path.with_name(f"{path.name}.replaced")
    try:
        if new.exists():
            if not old.exists():
                os.link(path, old)
            new.replace(path)
            _sync(path.parent)
        if old.exists() and not old.samefile(path):
            with old.open("r+b") as file:
                file.write(bytes(old.stat().st_size))
                file.flush()
                os.fsync(file.fileno())
        old.unlink(missing_ok=True)
        for part in path.parent.glob(f"{new.name}.*.part"):  # of a kill while the key was made
            part.unlink()
    except OSError as error:
        raise Unavailable(f"the audit signing key `{path}` cannot be replaced: {error.strerror}") from error


def _next(path: Path) -> Path:
    return path.with_name(f"{path.name}.next")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _create(path: Path) -> None:
    """Write a new key in one step: a crash leaves no half key, and two starts at once agree on one."""
    pem = Ed25519PrivateKey.generate().private_bytes(ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(part, path)
        except FileExistsError:
            return
        _sync(path.parent)
    finally:
        part.unlink(missing_ok=True)


def _parse(path: Path, pem: bytes) -> Ed25519PrivateKey:
    try:
        key = ser.load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Invalid(
            f"`{path}` is no private key", remedy="restore it from a backup, or start a new log"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Invalid(f"`{path}` is not an Ed25519 key")
    return key
