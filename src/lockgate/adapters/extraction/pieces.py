"""What reading one document gives, piece by piece, and what all of it may cost. Runs in the worker."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from lockgate.adapters.extraction import texts
from lockgate.adapters.extraction.texts import Unreadable

UNPACKED: Final = 200_000_000
"""Bytes that all files in a document together may have when unpacked, at every depth."""
RATIO: Final = 200
"""Nothing of more than `FREE` bytes may be more than so many times its packed size."""
FREE: Final = 1_000_000
FILES: Final = 10_000
"""Files in a document, at every depth."""
DEPTH: Final = 5
"""Archives in archives, mails in mails, attachments in attachments."""
TEXT: Final = 20_000_000
SECONDS: Final = 60.0
_SHARE: Final = 0.75
"""Of the processor time; after it what remains of an archive is listed and not read."""
NOTES: Final = 100
_LOOKED: Final = 100_000_000
"""Characters that are looked through for what would be said twice."""
_NAME: Final = 300
_BLANK: Final = re.compile(r"\n{3,}")


class Part(NamedTuple):
    """`ports.Part`, as the worker tells it."""

    start: int
    end: int
    where: str
    source: tuple[int, int] | None = None
    unseen: bool = False


class Member(NamedTuple):
    """`ports.Member`, as the worker tells it."""

    path: str
    start: int
    end: int
    title: str
    problem: str
    marks: tuple[tuple[str, str], ...]


class Read(NamedTuple):
    """`ports.Extracted`, as the worker tells it."""

    text: str
    title: str = ""
    notes: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    members: tuple[Member, ...] = ()
    marks: tuple[tuple[str, str], ...] = ()
    unread: tuple[str, ...] = ()


@dataclass
class Left:
    """What is left for one document with everything in it."""

    unpacked: int = UNPACKED
    files: int = FILES
    text: int = TEXT
    until: float = field(default_factory=lambda: time.process_time() + SECONDS * _SHARE)


@dataclass(frozen=True)
class Room:
    """Bounds for a document and what is in it; every depth draws from the same."""

    depth: int = 0
    left: Left = field(default_factory=Left)

    def deeper(self) -> Room:
        """Return the bounds for what is in this.

        Raises:
            Unreadable: it would be too deep.

        """
        if self.depth >= DEPTH:
            raise Unreadable("it is nested too deep")
        return Room(self.depth + 1, self.left)

    def unpack(self, size: int, packed: int) -> None:
        """Take so many bytes that `packed` ones become.

        Raises:
            Unreadable: that is more than is allowed.

        """
        if size > self.most(packed):
            raise Unreadable("it unpacks to more than is allowed")
        self.left.unpacked -= size

    def say(self, length: int) -> None:
        """Take so many characters of text.

        Raises:
            Unreadable: that is more than is allowed.

        """
        if length > self.left.text:
            raise Unreadable("what it is in would have more text than is allowed")
        self.left.text -= length

    def most(self, packed: int) -> int:
        """Return the most bytes that `packed` ones may become."""
        return min(self.left.unpacked, max(FREE, RATIO * packed))

    def file(self) -> None:
        """Count a file.

        Raises:
            Unreadable: there are too many.

        """
        self.left.files -= 1
        if self.left.files < 0:
            raise Unreadable(f"it holds more than {FILES} files")

    def go_on(self) -> None:
        """Look at the time.

        Raises:
            Unreadable: it is used up.

        """
        if time.process_time() > self.left.until:
            raise Unreadable("the processor time for one document is used up")


def room_for(text: int, seconds: float) -> Room:
    """Return bounds of so much text and processor time."""
    return Room(left=Left(text=text, until=time.process_time() + seconds * _SHARE))


ReadInside = Callable[[str, bytes, Room], Read]
"""Reads a file that is inside of another."""


class Pieces:
    """A document in the making."""

    def __init__(self, title: str = "") -> None:
        self.title = title
        self.notes: list[str] = []
        self.marks: list[tuple[str, str]] = []
        self.unread: list[str] = []
        self.members: list[Member] = []
        self.parts: list[Part] = []
        self._texts: list[str] = []
        self._looked = 0
        self.length = 0

    def add(self, text: str, where: str = "") -> None:
        """Add text behind what there is, after an empty line; `where` it stood, if not in the body."""
        self._put(cleaned(text), where)

    def aside(self, text: str, where: str) -> None:
        """Add text that nobody sees who opens the document."""
        self._put(cleaned(text), where, unseen=True)

    def include(self, name: str, read: Read, where: str = "", head: str = "") -> tuple[int, int]:
        """Add another document, with all that is known of it; `head` goes before its text. Return where it is."""
        start = self._put("\n\n".join(filter(None, (head, read.text))), where)
        shift = self.length - len(read.text)
        for part in read.parts:
            source = part.source and (part.source[0] + shift, part.source[1] + shift)
            self.parts.append(part._replace(start=part.start + shift, end=part.end + shift, source=source))
        for member in read.members:
            self.members.append(
                member._replace(path=f"{name}!/{member.path}", start=member.start + shift, end=member.end + shift)
            )
        place = where or name
        self.notes.extend(f"{place}: {note}" for note in read.notes)
        self.unread.extend(f"{place}: {what}" for what in read.unread)
        self.marks.extend(read.marks)
        return start, self.length

    def says(self, words: str) -> bool:
        """Tell whether its text holds these words. After much looking it says no, which harms nobody."""
        self._looked += self.length
        return self._looked < _LOOKED and any(words in text for text in self._texts)

    def words(self) -> str:
        """Return its text on one line."""
        return " ".join(" ".join(self._texts).split())

    def read(self) -> Read:
        """Return all of it."""
        return Read(
            "\n\n".join(self._texts),
            " ".join(texts.clean(self.title).split())[:_NAME],
            _few(self.notes),
            tuple(sorted(self.parts, key=lambda part: (part.start, -part.end))),
            tuple(self.members),
            tuple(
                dict.fromkeys(
                    (texts.clean(name)[:_NAME], texts.clean(value)[:_NAME]) for name, value in self.marks
                )
            ),
            _few(self.unread),
        )

    def _put(self, text: str, where: str, *, unseen: bool = False) -> int:
        """Add clean text; return where it begins."""
        if not text:
            return self.length
        start = self.length + 2 if self._texts else 0
        self._texts.append(text)
        self.length = start + len(text)
        if where:
            self.parts.append(Part(start, self.length, shown(where), unseen=unseen))
        return start


def cleaned(text: str) -> str:
    """Return text without control characters, empty ends and more than one empty line at a time."""
    return _BLANK.sub("\n\n", texts.clean(text)).strip()


def shown(name: str) -> str:
    """Return a name as it can stand in a line for people: one line, bounded, no control characters."""
    return " ".join(texts.clean(name).split())[:_NAME]


def _few(lines: list[str]) -> tuple[str, ...]:
    """Return different lines, not too many of them."""
    different = list(dict.fromkeys(map(shown, lines)))
    more = len(different) - NOTES
    return (*different[:NOTES], f"and {more} more") if more > 0 else tuple(different)
