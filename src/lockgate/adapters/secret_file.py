"""A random secret in a file of its own, made on first use, readable by nobody else."""

from __future__ import annotations

import os
import secrets
import stat
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from lockgate.errors import Unavailable

_SIZE: Final = 32
_OLD: Final = ".old"


def load_ring(path: Path, now: datetime, life: timedelta) -> tuple[bytes, tuple[bytes, ...]]:
    """Return the secret, and older ones that were replaced less than `life` ago. Still older ones are destroyed.

    Where `request` was called since, a new secret is made first.

    Raises:
        Unavailable: see `load_or_create`.

    """
    wanted = _wanted(path)
    try:
        if wanted.exists() and path.exists():
            # A kill from here on makes the next start go on: it finds no secret, and makes the new one.
            path.rename(path.with_name(f"{path.stem}.{now.timestamp():.0f}{_OLD}"))
        secret = load_or_create(path)
        wanted.unlink(missing_ok=True)
        old = []
        for one in sorted(path.parent.glob(f"{path.stem}.*{_OLD}")):
            replaced = float(one.name.removeprefix(f"{path.stem}.").removesuffix(_OLD))
            if replaced < (now - life).timestamp():
                one.write_bytes(bytes(_SIZE))
                one.unlink()
            else:
                old.append(load_or_create(one))
    except (OSError, ValueError) as error:
        raise Unavailable(f"the secrets beside `{path}` cannot be used: {type(error).__name__}") from error
    return secret, tuple(old)


def lost(path: Path) -> bool:
    """Tell whether the secret is not there, and no rotation that was interrupted explains it."""
    return not path.exists() and not (_wanted(path).exists() and any(path.parent.glob(f"{path.stem}.*{_OLD}")))


def request(path: Path) -> None:
    """Have a new secret made at the next start.

    Raises:
        Unavailable: the folder cannot be written.

    """
    try:
        os.close(os.open(_wanted(path), os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError as error:
        raise Unavailable(f"a request beside `{path}` cannot be made: {error.strerror}") from error


def _wanted(path: Path) -> Path:
    return path.with_name(f"{path.name}.rotate")


def load_or_create(path: Path) -> bytes:
    """Return the 32 bytes of the secret.

    Raises:
        Unavailable: it cannot be read or made, is damaged, or others may read it.

    """
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(".new")
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(_SIZE))
                file.flush()
                os.fsync(file.fileno())
            fresh.rename(path)
        mode, secret = path.stat().st_mode, path.read_bytes()
    except OSError as error:
        raise Unavailable(f"the secret `{path}` cannot be read or made: {type(error).__name__}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise Unavailable(f"the secret `{path}` may be read by other accounts", remedy=f"Run `chmod 600 {path}`.")
    if len(secret) != _SIZE:
        raise Unavailable(f"the secret `{path}` is damaged", remedy="Restore it from a backup.")
    return secret
