"""A window over text that arrives in pieces: whole sentences leave it, and nothing else does.

Text is held until a sentence or line ends, so that detectors see whole values. `tail` of what has already left
is kept, so that a value that spans two sentences is still seen whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 600
"""Characters after which text leaves without a sentence end, at a space if there is one."""
TAIL: Final = 200
"""Characters of released text that the next inspection sees again."""

_END: Final = re.compile(r"[.!?:;](?=\s)\s+|\n+")


@dataclass(slots=True)
class Window:
    """Holds what may not leave yet. One per answer."""

    pending: str = ""
    tail: str = ""

    def feed(self, text: str) -> list[str]:
        """Take a piece and return the segments that are complete now, in order."""
        self.pending += text
        segments = []
        cut = 0
        for match in _END.finditer(self.pending):
            segments.append(self.pending[cut : match.end()])
            cut = match.end()
        self.pending = self.pending[cut:]
        while len(self.pending) > LONGEST:
            space = self.pending.rfind(" ", 0, LONGEST)
            at = space + 1 if space > LONGEST // 2 else LONGEST
            segments.append(self.pending[:at])
            self.pending = self.pending[at:]
        return segments

    def finish(self) -> list[str]:
        """Return what is left."""
        rest, self.pending = self.pending, ""
        return [rest] if rest else []

    def released(self, segment: str) -> None:
        """Note that a segment has left."""
        self.tail = (self.tail + segment)[-TAIL:]
