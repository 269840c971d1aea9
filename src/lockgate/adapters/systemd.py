"""What a service manager gives and wants: a socket that it holds (LISTEN_FDS), and word of how it goes.

The protocols are those of `sd_listen_fds(3)` and `sd_notify(3)`; no library is needed for either.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping, MutableMapping
from typing import Final

from lockgate.errors import Invalid

FIRST: Final = 3
"""The first file descriptor that is handed over."""


def inherited(environment: MutableMapping[str, str], pid: int) -> socket.socket | None:
    """Return the listening socket that was handed over to this process; None if none was.

    The variables are taken out of the environment: no process that we start may believe that they are for it.

    Raises:
        Invalid: what was handed over is not one listening TCP socket.

    """
    stated, count = environment.pop("LISTEN_PID", ""), environment.pop("LISTEN_FDS", "")
    environment.pop("LISTEN_FDNAMES", None)
    if not count or stated != str(pid):
        return None
    if count != "1":
        raise _wrong(f"{count[:20]} sockets were handed over, and not one")
    try:
        os.set_inheritable(FIRST, False)
        given = socket.socket(fileno=FIRST)
    except OSError as error:
        raise _wrong("what was handed over is no socket") from error
    listens = given.type == socket.SOCK_STREAM and given.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    if given.family not in {socket.AF_INET, socket.AF_INET6} or not listens:
        given.detach()
        raise _wrong("what was handed over is no listening TCP socket")
    return given


class Manager:
    """Tells a service manager how it goes; does nothing where there is none."""

    def __init__(self, environment: Mapping[str, str], pid: int) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        usec = environment.get("WATCHDOG_USEC", "")
        ours = environment.get("WATCHDOG_PID", str(pid)) == str(pid)
        self.watchdog = int(usec) / 1_000_000 if self._address and ours and usec.isdigit() else 0.0
        """Seconds within which it wants to hear that all is well; 0 for never."""

    def tell(self, *states: str) -> None:
        """Send states, such as `READY=1`. A manager that does not listen is not waited for."""
        if self._address[:1] not in {"/", "@"}:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.setblocking(False)
            line.sendto("\n".join(states).encode(), address)


def _wrong(what: str) -> Invalid:
    return Invalid(
        f"socket activation: {what}",
        code="bad_configuration",
        remedy="Give the unit one `ListenStream=ADDRESS:PORT` and `Accept=no`; packaging/lockgate.socket does.",
    )
