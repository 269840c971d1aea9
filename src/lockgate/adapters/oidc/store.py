"""Where a login is kept between commands: one file, for its owner's eyes only."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from lockgate.adapters.oidc.device import Client, Tokens
from lockgate.errors import LockgateError, Unauthenticated, Unavailable

SPARE: Final = timedelta(seconds=60)
"""A token with less time than this is renewed before it is given out."""


class TokenStore:
    """The file `session.json` with mode 0600 in a folder with mode 0700."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "session.json"

    def load(self) -> Tokens | None:
        """Return the login; None if there is none, or it cannot be understood.

        Raises:
            Unavailable: the file cannot be read, or other accounts of this machine can.

        """
        try:
            with self._path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode & 0o777
                data = file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unavailable(f"cannot read `{self._path}`: {error.strerror}") from error
        if mode & 0o077:
            raise Unavailable(
                f"`{self._path}` is open to other accounts (mode {mode:o})",
                remedy="run `lockgate logout` and `lockgate login`",
            )
        try:
            entry = json.loads(data)
            expires = datetime.fromisoformat(entry["expires"])
            if expires.tzinfo is None:
                return None
            client = Client(**entry["client"])
            return Tokens(client, str(entry["access_token"]), expires, str(entry["refresh_token"]))
        except (ValueError, KeyError, TypeError, RecursionError, LockgateError):
            return None

    def save(self, tokens: Tokens) -> None:
        """Replace the login as a whole.

        Raises:
            Unavailable: the file cannot be written.

        """
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self._folder)  # made with 0600
            try:
                with os.fdopen(descriptor, "w") as file:
                    json.dump(asdict(tokens), file, default=datetime.isoformat)
                Path(name).replace(self._path)
            except BaseException:
                with suppress(OSError):
                    Path(name).unlink()
                raise
        except OSError as error:
            raise Unavailable(f"cannot write `{self._path}`: {error.strerror}") from error

    def delete(self) -> bool:
        """Forget the login; tell whether there was one."""
        try:
            self._path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise Unavailable(f"cannot delete `{self._path}`: {error.strerror}") from error
        return True

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other commands from renewing at the same time: a refresh token is often good only once."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise Unavailable(f"cannot write in `{self._folder}`: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


async def valid_token(store: TokenStore, now: datetime, refresh: Callable[[Tokens], Awaitable[Tokens]]) -> str:
    """Return an access token with some time left; renew and keep it if need be. Call it under `locked`.

    Raises:
        Unauthenticated: nobody is signed in, or the login has ended.
        Unavailable: the provider does not answer, or the file cannot be used.

    """
    tokens = store.load()
    if tokens is None:
        raise Unauthenticated("nobody is signed in", code="missing_token", remedy="run `lockgate login`")
    if tokens.expires - now < SPARE:
        tokens = await refresh(tokens)
        store.save(tokens)
    return tokens.access_token
