"""A thread that obeys the mode bits of files although this is root, to whom nothing is unreadable."""

from __future__ import annotations

import ctypes
import os
import struct
import threading
from collections.abc import Callable

_OVERRIDES = (1, 2)
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""
_VERSION = 0x20080522


def obey() -> None:
    """Give up, for this thread and those it starts, the rights by which root reads everything (capset(2))."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = struct.pack("=Ii", _VERSION, 0)
    held = ctypes.create_string_buffer(24)
    if libc.capget(header, held):
        raise OSError(ctypes.get_errno(), "capget")
    sets = list(struct.unpack("=6I", held.raw))  # effective, permitted, inheritable: of the lower 32, the upper 32
    for capability in _OVERRIDES:
        sets[0] &= ~(1 << capability)
    if libc.capset(header, struct.pack("=6I", *sets)):
        raise OSError(ctypes.get_errno(), "capset")


def obeying(work: Callable[[], None]) -> None:
    """Run something in a thread that obeys."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            obey()
            work()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
