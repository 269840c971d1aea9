"""The worker process: opens the work that it is told, and does batches of units until its input ends.

It ends with whoever started it, also where that was killed: its input ends then, and on Linux the kernel kills it
in the middle of a batch.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import pickle
import signal
import struct
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, BinaryIO, Final, TypeAlias

from lockgate.errors import LockgateError
from lockgate.ports.scanning import Unit, Work

OpenWork: TypeAlias = Callable[[], AbstractAsyncContextManager[Work]]
"""What opens the work; it must be possible to pickle it."""
DONE: Final = "done"
"""What follows the last outcome of a batch."""
READY: Final = "ready"
"""What comes first, when the work is open. A `LockgateError` in its place says why it cannot be."""
_PR_SET_PDEATHSIG: Final = 1


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit(0)  # it died before the kernel was asked


def receive(stream: BinaryIO) -> Any:
    """Return the next object; end the process where the input ends."""
    head = stream.read(4)
    data = stream.read(struct.unpack(">I", head)[0]) if len(head) == 4 else b""
    if not data:
        raise SystemExit(0)
    return pickle.loads(data)  # noqa: S301 - from the process that started this one


def frame(thing: object) -> bytes:
    """Return an object as it is sent."""
    data = pickle.dumps(thing, pickle.HIGHEST_PROTOCOL)
    return struct.pack(">I", len(data)) + data


async def _serve(source: BinaryIO, sink: BinaryIO) -> None:
    def send(thing: object) -> None:
        sink.write(frame(thing))
        sink.flush()

    open_work: OpenWork = receive(source)
    try:
        async with open_work() as work:
            send(READY)
            while True:
                units: list[Unit] = receive(source)
                async for outcome in work(units):
                    send(outcome)
                send(DONE)
    except LockgateError as error:
        send(error)


def main() -> None:
    """Serve until standard input ends."""
    _die_with(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it decides when it ends
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not break the frames
    asyncio.run(_serve(source, sink))


if __name__ == "__main__":
    main()
