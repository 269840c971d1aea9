"""Rights that the worker gives up for good, as an ordinary account too: files, network, other processes, programs.

A reader of foreign formats is the part of Lockgate that an attacker can feed. Whoever takes it over should hold
nothing: no key of the state folder, no file of the share, no way out. Landlock (Linux 5.13) closes the file
system, TCP, signals and tracing; a seccomp filter closes sockets of any other kind, the start of programs and of
processes, and io_uring, which would open sockets without asking. Each
closes what the kernel knows of; where it knows neither, the worker is apart by its process only.

Both hold for this thread and those that it starts, so they come before the reader's own threads.
"""

from __future__ import annotations

import ctypes
import platform
import struct
from typing import Final

_CREATE_RULESET: Final = 444
_RESTRICT_SELF: Final = 446
_VERSION: Final = 1
_FILES: Final = ((1, 0x1FFF), (2, 0x2000), (3, 0x4000), (5, 0x8000))
"""Rights on files by the version of Landlock that knows them (linux/landlock.h); none is granted on anything."""
_TCP: Final = 3
_SCOPES: Final = 3

_PR_SET_SECCOMP: Final = 22
_FILTER: Final = 2
_URING: Final = (425, 426, 427)
_CALLS: Final = {  # clone; socket, execve, execveat, ptrace, process_vm_readv, process_vm_writev; fork, vfork
    "x86_64": (0xC000003E, 56, (41, 59, 322, 101, 310, 311, *_URING, 57, 58)),
    "aarch64": (0xC00000B7, 220, (198, 221, 281, 117, 270, 271, *_URING)),
}
_CLONE3: Final = 435
"""Its flags are behind a pointer, which a filter cannot follow. Where it does not exist, `clone` is called."""
_THREAD: Final = 0x10000
"""`CLONE_THREAD`. A process of its own would outlive the worker, and there could be thousands."""
_X32: Final = 0x40000000
_LOAD, _EQUAL, _AT_LEAST, _SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE, _ABSENT = 0x7FFF0000, 0x00050001, 0x00050026
"""`SECCOMP_RET_ALLOW`, and `SECCOMP_RET_ERRNO` with `EPERM` and `ENOSYS`."""


def close_all(libc: ctypes.CDLL) -> tuple[bool, bool]:
    """Give the rights up; tell whether Landlock and seccomp took hold. `no_new_privs` must be set."""
    return _landlock(libc), _seccomp(libc)


def _landlock(libc: ctypes.CDLL) -> bool:
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    if version < 1:
        return False
    files = sum(rights for since, rights in _FILES if version >= since)
    words = [files] + [_TCP] * (version >= 4) + [_SCOPES] * (version >= 6)
    attributes = struct.pack(f"={len(words)}Q", *words)
    rules = libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    return bool(rules >= 0 and libc.syscall(_RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint32(0)) == 0)


def _seccomp(libc: ctypes.CDLL) -> bool:
    known = _CALLS.get(platform.machine())
    if known is None:
        return False
    architecture, clone, calls = known
    program = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _REFUSE), (_LOAD, 0, 0, 0)]
    program += [(_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, _ABSENT)]
    program += [(_EQUAL, 0, 4, clone), (_LOAD, 0, 0, 16), (_SET, 0, 1, _THREAD), (_RETURN, 0, 0, _ALLOW)]
    program += [(_RETURN, 0, 0, _REFUSE), (_AT_LEAST, len(calls) + 1, 0, _X32)]
    program += [(_EQUAL, len(calls) - at, 0, call) for at, call in enumerate(calls)]
    program += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in program))
    pointer = struct.pack("@HP", len(program), ctypes.addressof(code))
    return bool(libc.prctl(_PR_SET_SECCOMP, _FILTER, pointer, 0, 0) == 0)
