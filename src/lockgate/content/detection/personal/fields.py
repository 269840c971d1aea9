"""The detector of identifiers that only the words before them tell: `Passport no. X1234567`, `NHC: 784356`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from lockgate.content.detection.automaton import expression
from lockgate.content.detection.context import around, beginning
from lockgate.content.finding import Finding

_BETWEEN: Final = r"[ \t:=#.,;()\"'*|>_/-]"
_LINK: Final = (
    r"(?:number|num|no|nr|nº|n°|id|code|card|holder|nummer|numero|número|numéro|num|is|was|are|ist|lautet|est|es|è"
    r"|of|de|del|the|my|his|her)"
)
SEPARATED: Final = rf"{_BETWEEN}{{0,4}}(?:{_LINK}{_BETWEEN}{{1,4}}){{0,3}}\n?[ \t]{{0,4}}"
"""What may stand between a label and its value: signs, and words such as "number is"."""
_WIDE: Final = 30
"""So many characters a label's end and the first digit of its value are apart at most."""
_BYTES: Final = _WIDE + 6
"""In UTF-8: at most six of what may stand there are not ASCII."""

CODE: Final = (
    r"[A-Z]{0,6}[-/. ]?[0-9][0-9A-Z]{0,18}(?:[-/.:][0-9A-Z]{1,12}){0,4}(?:[ ][0-9]{2,9}(?![0-9A-Za-z])){0,4}"
)
"""An identifier of any office: capitals, digits, groups of them."""


def digits(least: int) -> Callable[[str], bool]:
    """Return a check for at least so many digits."""
    return lambda value: sum(char.isdigit() for char in value) >= least


class Field:
    """Values of one kind behind labels.

    Args:
        kind: of the findings.
        labels: alternatives that begin a word, in any case, in the syntax of `Detector.anchors`.
        value: a pattern that has a digit among its first characters. Bounded repeats only, no groups.
        sure: the confidence.
        check: whether a value of that form is one; by default, whether it has four digits.

    """

    version = "1"
    reach = 128

    def __init__(
        self,
        kind: str,
        labels: str,
        value: str = CODE,
        sure: float = 0.85,
        check: Callable[[str], bool] | None = None,
    ) -> None:
        self.name = f"field.{kind}"
        self.kinds = frozenset({kind})
        self.anchors: tuple[str, ...] = (rf"[^a-z](?:{labels})[^0-9]{{0,{_BYTES}}}[0-9]",)
        front = expression(rf"(?:{labels})(?=[^0-9]{{0,{_WIDE}}}[0-9]){SEPARATED}")
        self._pattern = re.compile(rf"(?a)(?<![a-zA-Z])(?i:{front})(?P<v>{value})(?![0-9A-Za-z_])")
        self._begins = beginning(labels)
        self._kind, self._sure, self._check = kind, sure, check or digits(4)

    def scan(self, text: str, places: Sequence[int], /) -> tuple[Finding, ...]:
        """Return values behind the labels."""
        by = f"{self.name}@{self.version}"
        return tuple(
            Finding(*match.span("v"), self._kind, self._sure, by)
            for match in around(self._pattern, text, places, 100, 240, self._begins)
            if self._check(match["v"])
        )
