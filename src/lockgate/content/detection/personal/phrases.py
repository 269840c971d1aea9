"""The detector of what one pattern says, looked for around its anchors only."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from lockgate.content.detection.automaton import expression
from lockgate.content.detection.context import around, beginning
from lockgate.content.finding import Finding

Judge = Callable[[str, re.Match[str]], tuple[int, int, float] | None]
"""Takes the text and a match; tells where the finding is and how sure it is, or that there is none."""


class Phrase:
    """What a pattern says.

    Args:
        kind: of the findings.
        pattern: bounded repeats only; the group `v`, if there is one, is the span.
        anchors: see `Detector`.
        sure: the confidence.
        judge: says otherwise of a match.
        before: how far, in characters, a match begins before the end of an anchor, at most.
        after: how far behind it the pattern looks, at most; no match may be longer.
        begins: one character with which every match begins; see `around`.

    """

    version = "1"

    def __init__(
        self,
        kind: str,
        pattern: str,
        anchors: tuple[str, ...],
        sure: float,
        judge: Judge | None = None,
        before: int = 130,
        after: int = 260,
        begins: re.Pattern[str] | None = None,
    ) -> None:
        self.name = f"phrase.{kind}"
        self.kinds = frozenset({kind})
        self.anchors = anchors
        self.reach = after
        self._pattern = re.compile(f"(?a){pattern}")
        self._group = "v" if "v" in self._pattern.groupindex else 0
        self._kind, self._sure, self._judge = kind, sure, judge
        self._before, self._after, self._begins = before, after, begins

    def scan(self, text: str, places: Sequence[int], /) -> tuple[Finding, ...]:
        """Return what is said."""
        by = f"{self.name}@{self.version}"
        found: list[Finding] = []
        for match in around(self._pattern, text, places, self._before, self._after, self._begins):
            span = self._judge(text, match) if self._judge else (*match.span(self._group), self._sure)
            if span:
                found.append(Finding(span[0], span[1], self._kind, span[2], by))
        return tuple(found)


def said(kind: str, front: str, value: str, sure: float, end: str = r"(?![\w])") -> Phrase:
    """Return a detector of values behind words; the words are its anchors."""
    return Phrase(
        kind,
        rf"(?<![\w])(?i:{expression(front)})(?P<v>{value}){end}",
        (rf"[^a-z](?:{front})",),
        sure,
        begins=beginning(front, "0-9A-Za-z_"),
    )
