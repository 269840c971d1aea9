r"""Where messages begin and end, and what each is named by. Reads line by line, and holds no message.

In an mbox (RFC 4155) a message begins with a line `From sender date` after an empty one, and lines of it that
would look so have a `>` before them (the `mboxrd` convention, which is mostly right for `mboxo` too).

>>> unquoted(b">From here\n>>From there\n> From\n")
b'From here\n>From there\n> From\n'
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

_LINE: Final = 1 << 16
_HEAD: Final = 1 << 18
"""Bytes of headers in which a Message-ID is looked for."""
_FROM: Final = re.compile(rb"From .*\d\d:\d\d.*\d{4}")
_SEPARATOR: Final = 200
"""Bytes of a line that tell whether it separates."""
_QUOTED: Final = re.compile(rb"^>(>*From )", re.MULTILINE)
_ID: Final = re.compile(rb"^Message-ID:[ \t]*(?:\r?\n[ \t]+)?<?([^\s<>]{1,300})", re.IGNORECASE)
_ODD: Final = re.compile(r"[^A-Za-z0-9@_+=-]+")
_NAME: Final = 80
# What mail programs write into a message that somebody reads. Values are short, so that nothing hides there.
_STATE: Final = re.compile(
    rb"(?:X-)?(?:Status|UID|Mozilla-Status2?|IMAP(?:base)?|Content-Length|Lines):[ \t]*[\w ]{0,24}\r?\n?",
    re.IGNORECASE,
)
KEY: Final = re.compile(r"[A-Za-z0-9@_+=-]{1,80}\.[0-9a-f]{32}\.eml")
"""The last part of an id: Message-ID, digest."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message: where its bytes are (half open), its name, and what changes with any of its bytes."""

    start: int
    end: int
    key: str
    revision: str


def unquoted(data: bytes) -> bytes:
    """Return the bytes of a message in an mbox as they were before it was put there."""
    return _QUOTED.sub(rb"\1", data)


def revision(data: bytes) -> str:
    """Return what changes with any byte of a message."""
    return hashlib.sha256(data).hexdigest()[:32]


def is_mbox(stream: BinaryIO) -> bool:
    """Tell whether a file is an mbox; an empty one is."""
    return stream.read(5) in (b"", b"From ")


def in_mbox(stream: BinaryIO) -> Iterator[Message]:
    """Yield the messages of an mbox, in order."""
    reading: _Reading | None = None
    at, empty, whole = 0, True, True
    while line := stream.readline(_LINE):
        begins, whole = whole, line.endswith(b"\n")
        if begins and empty and (at == 0 or _FROM.match(line[:_SEPARATOR])):
            if reading:
                yield reading.done()
            reading = _Reading(at + len(line))
        elif reading:
            reading.add(line)
        at += len(line)
        empty = begins and line in (b"\n", b"\r\n")
    if reading:
        yield reading.done()


def alone(stream: BinaryIO) -> Message:
    """Return the one message of a file."""
    reading = _Reading(0)
    while line := stream.readline(_LINE):
        reading.add(line)
    return reading.done()


class _Reading:
    """Names a message while its lines go by. An empty line at its end belongs to the mailbox."""

    def __init__(self, start: int) -> None:
        self._start = self._end = start
        self._all = hashlib.sha256()
        self._stable = hashlib.sha256()
        self._head = True
        self._named = b""
        self._before = b""
        self._held = b""

    def add(self, line: bytes) -> None:
        if self._held:
            self._take(self._held)
        empty = line in (b"\n", b"\r\n")
        self._held = line if empty else b""
        if not empty:
            self._take(line)

    def done(self) -> Message:
        name = _ODD.sub("_", self._named.decode("ascii", "replace"))[:_NAME] or "none"
        key = f"{name}.{self._stable.hexdigest()[:32]}.eml"
        return Message(self._start, self._end, key, self._all.hexdigest()[:32])

    def _take(self, line: bytes) -> None:
        self._end += len(line)
        self._all.update(line)
        if self._head:
            if line in (b"\n", b"\r\n") or self._end - self._start > _HEAD:
                self._head = False
            elif _STATE.fullmatch(line):
                return
            elif not self._named and (found := _ID.match(self._before + line)):
                self._named = found[1]
            self._before = line if line.rstrip().lower() == b"message-id:" else b""
        self._stable.update(line)
