"""A folder walked safely: by descriptors, never by path, and never through a symbolic link.

Each step opens one name relative to an open directory with `O_NOFOLLOW`, and looks at what it opened (`fstat`), so
that nothing can be swapped between the look and the use.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from lockgate.adapters.files import posix
from lockgate.errors import Invalid, NotFound, TooLarge, Unavailable

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: should a pipe take the place of a file between look and open, the open must not hang.
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_DEPTH: Final = 200

Chain = tuple[tuple[posix.Access, int], ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as it is now. `chain` are the rights from the top to the file; `problem` says why it has none."""

    path: str
    size: int
    revision: str
    chain: Chain
    problem: str = ""

    @property
    def modified(self) -> datetime | None:
        """Return when the file was last written, None for what is no file."""
        nanoseconds = self.revision.partition("-")[0] if not self.revision.startswith("-") else ""
        try:
            return datetime.fromtimestamp(int(nanoseconds) / 1e9, UTC) if nanoseconds else None
        except (OverflowError, ValueError, OSError):
            return None


def open_root(root: Path) -> int:
    """Open the root of a share; the caller closes it.

    Raises:
        Unavailable: it cannot be opened.

    """
    try:
        return os.open(os.path.realpath(root), _DIRECTORY)
    except OSError as error:
        raise Unavailable(
            f"the folder `{root}` cannot be opened: {why(error)}", remedy="Check the path and Lockgate's rights."
        ) from error


def above(root: Path) -> Chain:
    """Return the rights on every directory above the root, from the top.

    Raises:
        Unavailable: they cannot be read.

    """
    links = []
    for parent in reversed(Path(os.path.realpath(root)).parents):
        try:
            # By path: search permission is enough for that, and whoever can move these folders owns the host.
            links.append((_rights(parent, os.stat(parent)), posix.SEARCH))
        except (OSError, Invalid) as error:
            raise Unavailable(f"the rights of `{parent}` cannot be read: {why(error)}") from error
    return tuple(links)


def walk(root: int, chain: Chain, prefix: str = "", *, rights: bool, depth: int = 0) -> Iterator[Entry]:
    """Yield every file below an open directory, in the order of the bytes of the names.

    What cannot be entered or is no file is yielded with its problem; a directory's path ends with a slash.
    `chain` holds the rights above the directory; with `rights` False, chains stay empty.
    """
    try:
        chain = (*chain, (_rights(root), posix.SEARCH)) if rights else ()
        names = sorted(os.listdir(root), key=os.fsencode)
    except (OSError, Invalid) as error:
        yield _problem(prefix or "./", why(error))
        return
    for name in names:
        path = prefix + name
        try:
            status = os.stat(name, dir_fd=root, follow_symlinks=False)
        except FileNotFoundError:
            continue
        except OSError as error:
            yield _problem(path, why(error))
            continue
        if not stat.S_ISDIR(status.st_mode):
            yield _entry(root, name, path, chain, status, rights=rights)
        elif depth >= _DEPTH:
            yield _problem(path + "/", "it is nested too deep")
        else:
            yield from _descend(root, name, chain, path, rights=rights, depth=depth)


def _descend(root: int, name: str, chain: Chain, path: str, *, rights: bool, depth: int) -> Iterator[Entry]:
    try:
        fd = os.open(name, _DIRECTORY, dir_fd=root)
    except OSError as error:
        yield _problem(path + "/", why(error))
        return
    try:
        yield from walk(fd, chain, path + "/", rights=rights, depth=depth + 1)
    finally:
        os.close(fd)


def find(root: int, chain: Chain, parts: Sequence[str], *, rights: bool) -> Entry | None:
    """Return one file as it is now; None if it is gone, also where a directory has its name."""
    fd = os.dup(root)
    try:
        for name in parts[:-1]:
            if rights:
                chain = (*chain, (_rights(fd), posix.SEARCH))
            below = os.open(name, _DIRECTORY, dir_fd=fd)
            os.close(fd)
            fd = below
        if rights:
            chain = (*chain, (_rights(fd), posix.SEARCH))
        if stat.S_ISDIR(os.stat(parts[-1], dir_fd=fd, follow_symlinks=False).st_mode):
            return None
        return _entry(fd, parts[-1], "/".join(parts), chain, rights=rights)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, Invalid) as error:
        return _problem("/".join(parts), why(error))
    finally:
        os.close(fd)


def read(root: int, parts: Sequence[str], limit: int) -> bytes:
    """Return the bytes of a regular file.

    Raises:
        NotFound: it is gone, or is no longer a regular file.
        TooLarge: it has more than `limit` bytes.
        Unavailable: the system refuses.

    """
    with opened(root, parts) as stream:
        status = os.fstat(stream.fileno())
        data = stream.read(limit + 1) if status.st_size <= limit else b""
    if status.st_size > limit or len(data) > limit:
        raise TooLarge(f"it has more than {limit} bytes")
    return data


@contextlib.contextmanager
def opened(root: int, parts: Sequence[str]) -> Iterator[BinaryIO]:
    """Open a regular file for reading.

    Raises:
        NotFound: it is gone, or is no longer a regular file.
        Unavailable: the system refuses.

    """
    fd = os.dup(root)
    try:
        fd = _below(fd, parts[:-1])
        with regular(fd, parts[-1]) as (stream, _):
            yield stream
    except (FileNotFoundError, NotADirectoryError, Invalid) as error:
        raise NotFound("it is gone") from error
    except OSError as error:
        raise Unavailable(why(error)) from error
    finally:
        os.close(fd)


def names(root: int, parts: Sequence[str]) -> list[str]:
    """Return what is in a folder, in the order of the bytes of the names.

    Raises:
        NotFound: there is no such folder, or it may not be looked at.

    """
    fd = os.dup(root)
    try:
        fd = _below(fd, parts)
        return sorted(os.listdir(fd), key=os.fsencode)
    except OSError as error:
        raise NotFound("no such folder") from error
    finally:
        os.close(fd)


def _below(fd: int, parts: Sequence[str]) -> int:
    """Return an open directory below one, which is closed. Raises OSError, and then closes nothing."""
    for name in parts:
        below = os.open(name, _DIRECTORY, dir_fd=fd)
        os.dup2(below, fd, inheritable=False)
        os.close(below)
    return fd


@contextlib.contextmanager
def regular(directory: int, name: str) -> Iterator[tuple[BinaryIO, os.stat_result]]:
    """Open a regular file of a directory for reading. Raises OSError, or Invalid if it is something else."""
    fd, status = _open_file(directory, name)
    with os.fdopen(fd, "rb") as stream:
        yield stream, status


def _open_file(directory: int, name: str, before: os.stat_result | None = None) -> tuple[int, os.stat_result]:
    """Open a regular file, which was `before` a moment ago. Raises OSError, or Invalid if it is something else."""
    before = before or os.stat(name, dir_fd=directory, follow_symlinks=False)
    if stat.S_ISLNK(before.st_mode):
        raise Invalid("it is a symbolic link, which is not followed")
    if not stat.S_ISREG(before.st_mode):
        raise Invalid("it is no regular file")
    fd = os.open(name, _FILE, dir_fd=directory)
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        os.close(fd)
        raise Invalid("it is no regular file")
    return fd, status


def _entry(
    directory: int, name: str, path: str, chain: Chain, before: os.stat_result | None = None, *, rights: bool
) -> Entry:
    try:
        fd, status = _open_file(directory, name, before)
    except (OSError, Invalid) as error:
        return _problem(path, why(error))
    try:
        full = (*chain, (_rights(fd, status), posix.READ)) if rights else ()
    except (OSError, Invalid) as error:
        return _problem(path, why(error))
    finally:
        os.close(fd)
    return Entry(path, status.st_size, f"{status.st_mtime_ns}-{status.st_size}", full)


def _rights(fd: int | Path, status: os.stat_result | None = None) -> posix.Access:
    """Return the rights on what is open or at a path. Raises OSError, or Invalid if they are not understood."""
    attributes: Sequence[str] = ()
    if not hasattr(os, "listxattr"):
        raise Invalid("access lists cannot be read on this system; use an access manifest")
    try:
        attributes = os.listxattr(fd)
    except OSError as error:
        if error.errno not in (errno.ENOTSUP, errno.ENOSYS):
            raise
    foreign = [name for name in posix.FOREIGN if name in attributes]
    if foreign:
        raise Invalid(f"its rights are in `{foreign[0]}`, which is not understood; use an access manifest")
    acl = os.getxattr(fd, posix.XATTR) if posix.XATTR in attributes else None
    return posix.access(status or os.stat(fd), acl)


def _problem(path: str, why: str) -> Entry:
    return Entry(path, 0, "", (), why)


def why(error: Exception) -> str:
    """Return what happened, in words that fit after `it cannot be read:`."""
    if isinstance(error, OSError):
        if error.errno == errno.ELOOP:
            return "it is a symbolic link, which is not followed"
        return f"the system refuses: {(error.strerror or 'unknown error').lower()}"
    return str(error)
