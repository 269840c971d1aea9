"""A random secret in a file of its own, made on first use, readable by nobody else."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Final

from lockgate.errors import Unavailable

_SIZE: Final = 32


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
