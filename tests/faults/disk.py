"""A disk that fails under SQLite: its own calls of the system answer EIO, as they do where a medium dies.

SQLite lets its calls be replaced (`xSetSystemCall` of `sqlite3_vfs`, version 3). Nothing is compiled for this, and
what is broken heals while the process runs.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import errno
from functools import cache
from pathlib import Path
from typing import Any, Final

WRITES: Final = ("write", "pwrite", "pwrite64")
READS: Final = ("read", "pread", "pread64")
_ADDRESS = ctypes.c_void_p
_SET = ctypes.CFUNCTYPE(ctypes.c_int, _ADDRESS, ctypes.c_char_p, _ADDRESS)
_CALL = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_int, _ADDRESS, ctypes.c_size_t, ctypes.c_int64, use_errno=True)
_METHODS: Final = 13
"""xOpen to xCurrentTimeInt64."""


class _Vfs(ctypes.Structure):
    _fields_ = [
        *[("version", ctypes.c_int), ("size", ctypes.c_int), ("longest", ctypes.c_int), ("next", _ADDRESS)],
        *[("name", ctypes.c_char_p), ("data", _ADDRESS), ("methods", _ADDRESS * _METHODS), ("set", _SET)],
    ]


@cache
def _vfs() -> Any:
    """Return the file system of the SQLite that Python uses; None where it cannot be reached."""
    maps = Path("/proc/self/maps").read_text().split()
    shared = [part for part in maps if "/libsqlite3" in part] or [_sqlite3.__file__]
    find = getattr(ctypes.CDLL(shared[0]), "sqlite3_vfs_find", None)
    if find is None:
        return None
    find.restype = ctypes.POINTER(_Vfs)
    found = find(None)
    return found if found and found.contents.version >= 3 else None


def breakable() -> bool:
    return _vfs() is not None


@_CALL
def _fails(file: int, data: int, length: int, offset: int) -> int:
    ctypes.set_errno(errno.EIO)
    return -1


def broken(calls: tuple[str, ...]) -> str:
    """Have these calls fail from now on, in this process."""
    _put(calls, ctypes.cast(_fails, _ADDRESS))
    return "done"


def mended() -> str:
    """Give every call back to the system."""
    _put(WRITES + READS, None)
    return "done"


def _put(calls: tuple[str, ...], what: Any) -> None:
    vfs = _vfs()
    done = [vfs.contents.set(ctypes.cast(vfs, _ADDRESS), call.encode(), what) for call in calls]
    assert 0 in done, "SQLite knows none of these calls"
