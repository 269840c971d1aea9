"""How the C library keeps memory for threads (glibc, mallopt(3)): in few heaps: what one frees others use."""

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
