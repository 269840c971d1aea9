"""The one list of detectors, and the one way to run them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from lockgate.content.detection.financial import Ibans, PaymentCards
from lockgate.content.detection.marks import Marks
from lockgate.content.detection.normalize import normalize
from lockgate.content.detection.numbers import NationalIdentifiers
from lockgate.content.detection.salaries import Salaries
from lockgate.content.detection.secrets.named import NamedSecrets
from lockgate.content.detection.table import Detector
from lockgate.content.detection.tokens import Tokens
from lockgate.content.finding import Finding

DETECTORS: Final[tuple[Detector, ...]] = (
    PaymentCards(),
    Ibans(),
    NationalIdentifiers(),
    Tokens(),
    NamedSecrets(),
    Salaries(),
    Marks(),
)
"""Every detector that looks at documents, passages, prompts and answers."""

KINDS: Final = frozenset(kind for detector in DETECTORS for kind in detector.kinds)
"""Every kind that a finding can have."""


def scan(text: str, detectors: Sequence[Detector] = DETECTORS) -> tuple[Finding, ...]:
    """Return all findings in a text, sorted, with offsets into the text as given.

    Nested findings are all there; of several readings of the very same span only the surest remain.
    """
    clean, places = normalize(text)
    lower = clean.lower()
    found: set[Finding] = set()
    for detector in detectors:
        for anchor in detector.anchors or ("",):
            if anchor in lower:
                found.update(detector.scan(clean, ()))
                break
    best: dict[tuple[int, int], float] = {}
    for one in found:
        span = one.start, one.end
        best[span] = max(best.get(span, 0.0), one.confidence)
    kept = sorted(one for one in found if one.confidence == best[one.start, one.end])
    if isinstance(places, range):
        return tuple(kept)
    return tuple(
        Finding(places[one.start], places[one.end - 1] + 1, one.kind, one.confidence, one.detector) for one in kept
    )


def scan_many(texts: Iterable[str]) -> list[tuple[Finding, ...]]:
    """Return the findings of each text, in order: what `scan` finds in it."""
    return [scan(text) for text in texts]
