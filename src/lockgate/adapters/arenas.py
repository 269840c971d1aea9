"""How the C library keeps memory (glibc, mallopt(3), malloc_trim(3)): in few heaps, and none that is only held."""

from __future__ import annotations

import ctypes
from typing import Final

_M_ARENA_MAX: Final = -8
_ARENAS: Final = 2


def few() -> bool:
    """Have all threads share two heaps; tell whether the C library could be told so. Call it before they start.

    Else each of some thirty threads gets a heap of its own, up to eight a core, and what a burst of work there has
    freed stays in it: 118 MB of a gateway's 310 were such holes, in sixteen heaps; with two they were some 50.
    """
    try:
        told: int = ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)
    except (OSError, AttributeError):  # another C library
        return False
    return told == 1


def trim() -> bool:
    """Give pages back of which nothing is in use, also in the middle of a heap; tell whether there were any.

    Takes milliseconds, and holds a heap's lock while it looks at it: call it on a thread, once in a while. Without
    it a long-lived block above a burst's keeps all of the burst's pages, and a gateway grows by its holes.
    """
    try:
        released: int = ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError):  # another C library
        return False
    return released == 1
