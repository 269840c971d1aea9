"""Bytes on a socket, and what came back: for what no HTTP client would send."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answers:
    """What came back on one connection. `closed` tells whether the server closed it."""

    data: bytes
    closed: bool

    @property
    def statuses(self) -> list[int]:
        """Return the status of every response; interim ones are left out."""
        found = [int(part[:3]) for part in self.data.split(b"HTTP/1.1 ")[1:]]
        return [status for status in found if status != 100]

    @property
    def json(self) -> Any:
        """Return the body of the last response."""
        return json.loads(self.data.rpartition(b"\r\n\r\n")[2])


def talk(url: str, data: bytes, *, seconds: float = 0.4, drip: float = 0.0) -> Answers:
    """Send bytes, and return what comes until the server closes or is silent for that long."""
    parts = urlsplit(url)
    found, closed = b"", False
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20) as raw:
        try:
            if drip:
                for one in data:
                    raw.sendall(bytes([one]))
                    time.sleep(drip)
            else:
                raw.sendall(data)
        except OSError:
            closed = True
        while True:
            # A first answer may take its time on a busy machine; what does not come after it is not awaited long.
            raw.settimeout(seconds if found else 20)
            try:
                part = raw.recv(65536)
            except TimeoutError:
                return Answers(found, closed)
            except OSError:
                return Answers(found, True)
            if not part:
                return Answers(found, True)
            found += part


def request(
    line: str,
    *headers: str,
    body: bytes = b"",
    token: str = "",
    host: str = "Host: gateway",
) -> bytes:
    """Return one request. A body gets no length: say it among the headers."""
    lines = [line, *([host] if host else []), *([f"Authorization: Bearer {token}"] if token else []), *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
