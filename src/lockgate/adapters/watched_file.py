"""A file that is read again when it has changed, once it keeps still.

A file that is being written can be valid in the middle, and give a right that its end takes away: so a change is
taken up when two looks in a row see the same. A writer that replaces the file by `rename` is never seen half.
"""

from __future__ import annotations

from pathlib import Path
from stat import S_ISREG
from typing import Final, TypeAlias

from lockgate.errors import LockgateError, NotFound, TooLarge, Unavailable

LARGEST: Final = 4 * 1024 * 1024

_Stamp: TypeAlias = tuple[int, int, int]
"""The time of the last change of status: a writer can set that of the content back, and not this one."""


class WatchedFile:
    """Looks at one file. Blocks on the disk: call it off the event loop.

    Attributes:
        waits: the last look saw a change that must keep still before it is returned.

    """

    def __init__(self, path: Path, *, most: int = LARGEST) -> None:
        self.path = path
        self._most = most
        self._seen: _Stamp | None = None
        self._read: _Stamp | None = None
        self._told = ""
        self.waits = False

    def look(self) -> bytes | None:
        """Return the file's bytes where they may have changed since they were last returned; else None.

        The second look returns them in any case, so that a change after a caller's own reading is not missed.

        Raises:
            NotFound: there is no such file; told once, until it is there again.
            Unavailable: it cannot be read; told once.
            TooLarge: told once.

        """
        try:
            stamp = _stamp(self.path)
            still, self._seen = stamp == self._seen, stamp
            self.waits = not still
            if not still or stamp == self._read:
                return None
            data = self._bytes()
            if _stamp(self.path) != stamp:
                self.waits = True
                return None
        except LockgateError as error:
            self._seen, self.waits = None, False
            if str(error) == self._told:
                return None
            self._told = str(error)
            raise
        self._read, self._told = stamp, ""
        return data

    def again(self) -> None:
        """Return the bytes once more at the next look: what was to be done with them could not be done."""
        self._read = None

    def _bytes(self) -> bytes:
        try:
            with self.path.open("rb") as file:
                data = file.read(self._most + 1)
        except OSError as error:
            raise _unreadable(self.path, error) from error
        if len(data) > self._most:
            raise TooLarge(f"`{self.path}` is larger than {self._most} bytes")
        return data


def _stamp(path: Path) -> _Stamp:
    try:
        stat = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    if not S_ISREG(stat.st_mode):  # to open a pipe would wait for somebody who writes
        raise Unavailable(f"`{path}` is no file")
    return (stat.st_ctime_ns, stat.st_size, stat.st_ino)


def _unreadable(path: Path, error: OSError) -> LockgateError:
    if isinstance(error, FileNotFoundError):
        return NotFound(f"there is no `{path}`")
    return Unavailable(f"`{path}` cannot be read: {error.strerror}")
