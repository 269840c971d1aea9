"""What comes out of a document: its text, where each stretch of it stood, and what was left unread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the text that stood in a place of its own, half open in code points.

    Attributes:
        start, end: of the stretch.
        where: for people: "hidden sheet `Pay`", "attachment `a.csv`", "!/path/in/archive".
        source: for text that was decoded, the stretch of the text (`start`, `end`) that it was decoded from.
        unseen: nobody who opens the document sees it: properties, scripts, deleted text, what is encoded.

    """

    start: int
    end: int
    where: str
    source: tuple[int, int] | None = None
    unseen: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive, or a mail in a mailbox: a document of its own, whose text is `text[start:end]`.

    Attributes:
        path: in the container, with "!/" between an archive and what is in it: "inner.zip!/a.txt". Names as the
            container states them, so they may hold ".." and begin with "/": never a place to write to.
        title: as its format states it.
        problem: why it could not be read; empty where it was.
        marks: labels that it states itself.

    """

    path: str
    start: int
    end: int
    title: str = ""
    problem: str = ""
    marks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Extracted:
    """Text of a document. `title` is empty where the format states none.

    Attributes:
        notes: what a report should say about the document: hidden sheets, tracked changes, guessed encodings.
        parts: stretches that stood elsewhere than in the body, in order of `start`; they may lie in each other.
        members: of an archive or mailbox, in its order.
        marks: labels that the file states, as they are written (`MSIP_Label_<id>_Name`, ...), of members too.
        unread: what in it could not be read, as "where: why". The text is then not all that the document says.

    """

    text: str
    title: str = ""
    notes: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    members: tuple[Member, ...] = ()
    marks: tuple[tuple[str, str], ...] = ()
    unread: tuple[str, ...] = ()

    def where(self, start: int, end: int) -> str:
        """Return where a stretch of the text stood, outermost first; empty for the body."""
        return ": ".join(place for place in self._around(start, end) if place)

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Return the stretch of the text that a finding points to: of decoded text, what it was decoded from."""
        for part in self.parts:
            if part.source is not None and part.start <= start and end <= part.end:
                return self.origin(*part.source)
        return start, end

    def split(self) -> tuple[str, str]:
        """Return the text that a reader of the document sees, and what nobody sees.

        Both count for its label. Only the first is what it says, to be searched and passed on: the second would be
        a way to talk to a model behind everybody's back.
        """
        seen: list[str] = []
        unseen: list[str] = []
        at = 0
        for part in self.parts:
            if part.unseen and part.end > at:
                start = max(part.start, at)
                seen.append(self.text[at:start].strip("\n"))
                unseen.append(self.text[start : part.end])
                at = part.end
        seen.append(self.text[at:].strip("\n"))
        return "\n\n".join(filter(None, seen)) if unseen else self.text, "\n\n".join(unseen)

    def _around(self, start: int, end: int) -> Sequence[str]:
        return [part.where for part in self.parts if part.start <= start and end <= part.end]
