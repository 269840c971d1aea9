"""What a row of the detection tables is, and what a detector is that no row can say.

Most kinds are a row. A `Token` has a literal in it; a `Rule` is a number with a form and a check. Whatever is
neither is a `Detector`. Rows are data: the engine (`core`) decides how to look for all of them at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from lockgate.content.finding import Finding

Scan: TypeAlias = Callable[[str], tuple[Finding, ...]]
"""Finds what is in a text: the core alone, or with what an organization added."""
Raw = tuple[int, int, str, float, str]
"""A finding before it is one: start, end, kind, confidence, detector."""


@dataclass(frozen=True, slots=True)
class Token:
    """Something that has a literal in it, such as a provider's prefix.

    Attributes:
        kind: of the findings; see `Finding`.
        anchors: literals, one of which is in every match, at most `lead` characters after its start. The rarer an
            anchor is in ordinary text, the cheaper the row: `sk-ant-`, not `sk`.
        pattern: the exact form. Bounded repeats only; the group `v`, if there is one, is the span.
        confidence: 0 to 1.
        fold: the anchors stand for any mixture of capitals too; the pattern must then say `(?i)`.
        check: whether a value of that form is one, such as a check sum; None if the form is enough.
        lead: how far an anchor may stand from the start of the match, in characters.
        front: where given, nothing but these characters stands before the anchor.
        tail: what stands behind an anchor in every match, for literals that are short: one of these characters
            (as in the brackets of a pattern; ASCII), so many times.

    """

    kind: str
    anchors: tuple[str, ...]
    pattern: re.Pattern[str]
    confidence: float = 0.97
    fold: bool = False
    check: Callable[[str], bool] | None = None
    lead: int = 0
    front: str = ""
    tail: tuple[str, int] = ("", 0)


@dataclass(frozen=True, slots=True)
class Rule:
    r"""An identifier of digits and letters, in some of the forms that people write it in.

    Attributes:
        kind: of the findings; see `Finding`.
        forms: `#` a digit, `A` an ASCII letter, everything else (space and `.-/()+`) itself: `###-##-####`. Digits
            and letters are at least six; letters before or between digits at most seven in a row.
        check: takes the bare characters, no separators, letters in upper case, and tells whether they agree.
        alone: how sure a number that checks makes us by itself; below 0.5 it is not enough.
        words: alternatives (`ssn|social sec|tin\b`) that begin a word, in any case; where one stands beside
            such a number, it is sure. In the syntax of `Detector.anchors`; none ends in something optional.
        series: whether such numbers may stand in a row, divided as their own groups are. Otherwise a number that
            goes on in groups of the same size is a longer one, and none of these. Of a series, none overlap.

    """

    kind: str
    forms: tuple[str, ...]
    check: Callable[[str], bool]
    alone: float
    words: str
    series: bool = False


class Detector(Protocol):
    """A pure scanner for one family of kinds. Deterministic, linear in the length of the text."""

    name: str
    version: str
    kinds: frozenset[str]
    reach: int
    """The longest span that it can report, in characters; what a stream must hold back."""
    anchors: tuple[str, ...]
    """Expressions in the syntax that `re` and Vectorscan share, in lower case, for any mixture of capitals.

    No groups that capture, nothing that looks around, no character beyond ASCII within brackets. One of them ends
    in or near every finding. The rarer they are in ordinary text, the cheaper the detector.
    """

    def scan(self, text: str, places: Sequence[int], /) -> Iterable[Finding]:
        """Return the findings in a text in normal form.

        `places` is where anchors end, in order. It looks around those only; to be told of more changes nothing.
        """
        ...
