"""The key that signs audit checkpoints: a PEM file that only the account of the server may read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lockgate.audit.checkpoint import Signer
from lockgate.errors import Invalid, Unavailable


def load_or_create(path: Path, name: str) -> Signer:
    """Return the signer of the log `name`; its key is made at first use, in a file of mode 0600.

    The public key is written beside it (`<path>.pub`, a C2SP vkey): copy it to where the log is to be checked.

    Raises:
        Invalid: the file is no Ed25519 key, or others may read it.
        Unavailable: it cannot be read or written.

    """
    try:
        if not path.exists():
            _create(path)
        with path.open("rb") as file:
            mode, pem = stat.S_IMODE(os.fstat(file.fileno()).st_mode), file.read()
        if mode & 0o077:
            raise Invalid(
                f"others than its owner may read the audit signing key `{path}`", remedy=f"run `chmod 600 {path}`"
            )
        signer = Signer(name, _parse(path, pem))
        public = path.with_name(f"{path.name}.pub")
        if not public.exists():
            public.write_text(f"{signer.verifier.vkey}\n", encoding="utf-8")
        return signer
    except OSError as error:
        raise Unavailable(f"the audit signing key `{path}` cannot be used: {error.strerror}") from error


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
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
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
