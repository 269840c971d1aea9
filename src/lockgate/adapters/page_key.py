"""The key of a demonstration's page: who may be anybody on it.

The page of `lockgate demo` and `lockgate try` gives out tokens of everybody. It listens on loopback, which every
account of the machine can reach, so the account that started it has a key, made anew each time. The key travels
in a header; in an address it stands behind the `#`, which a browser sends to no server. It is never an argument
of a process, since other accounts can read those: what opens a browser is a file that leads to the address.
"""

from __future__ import annotations

import html
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from lockgate.errors import NotFound, Unavailable

HEADER: Final = "Lockgate-Demo"
"""The header that carries the key."""


def new_key() -> str:
    """Return a key that nobody can guess."""
    return secrets.token_urlsafe(32)


def address(base_url: str, key: str) -> str:
    """Return the address of the page with its key."""
    return f"{base_url}/#{key}"


class PageKeys:
    """Where the account that runs a page leaves its key for its own commands: a file of mode 0600 per address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, base_url: str) -> str:
        """Return the key of the page that runs at an address.

        Raises:
            NotFound: this account runs no page there.
            Unavailable: the file cannot be read, or other accounts can read it.

        """
        path = self._path(base_url)
        try:
            with path.open(encoding="ascii") as file:
                if os.fstat(file.fileno()).st_mode & 0o077:
                    raise Unavailable(
                        f"`{path}` is open to other accounts", remedy="Start the demonstration again."
                    )
                return file.read()
        except FileNotFoundError as error:
            raise NotFound(
                f"this account runs no demonstration at {base_url}",
                remedy="Start `lockgate demo`, or name its address, as it was printed, with `--url`.",
            ) from error
        except (OSError, ValueError) as error:
            raise Unavailable(f"cannot read `{path}`: {type(error).__name__}") from error

    @contextmanager
    def kept(self, base_url: str, key: str) -> Iterator[Path]:
        """Keep a key while its page runs; yields a file that leads a browser to the page.

        Raises:
            Unavailable: the files cannot be written.

        """
        path = self._path(base_url)
        door = path.with_suffix(".html")
        target = html.escape(address(base_url, key))
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(path, key)
            _write(door, f'<!doctype html><meta http-equiv="refresh" content="0; url={target}">')
        except OSError as error:
            raise Unavailable(f"cannot write in `{self._folder}`: {error.strerror}") from error
        try:
            yield door
        finally:
            for one in (path, door):
                with suppress(OSError):
                    one.unlink()

    def _path(self, base_url: str) -> Path:
        # By host and port as written: a key for 127.0.0.1 never goes to what else answers to another name.
        return self._folder / f"page-{urlsplit(base_url).netloc.replace(':', '_')}.key"


def _write(path: Path, text: str) -> None:
    """Replace a file by one that its owner alone can read from its first moment."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(FileNotFoundError):
        fresh.unlink()
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
    fresh.replace(path)
