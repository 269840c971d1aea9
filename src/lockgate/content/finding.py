"""Finding: something that a detector saw in a text, and the protocol of detectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One occurrence. It says what and where, never the value.

    Attributes:
        start, end: half-open span in Unicode code points of the text as given.
        kind: lower case, dotted, stable, such as `financial.card` or `secret.aws_access_key`.
        confidence: 0 to 1; below 0.5 is a shape without a valid checksum or context.
        detector: `name@version` of what found it.

    """

    start: int
    end: int
    kind: str
    confidence: float
    detector: str


class Detector(Protocol):
    """A pure scanner for one family of kinds. Deterministic, linear in the length of the text."""

    name: str
    version: str
    kinds: frozenset[str]
    reach: int
    """The longest span that it can report, in characters; what a stream must hold back."""

    def scan(self, text: str, /) -> tuple[Finding, ...]: ...
