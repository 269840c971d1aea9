"""The one list of detectors, and the one way to run them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lockgate.content.financial import Ibans, PaymentCards
from lockgate.content.finding import Detector, Finding
from lockgate.content.normalize import normalize

DETECTORS: Final[tuple[Detector, ...]] = (PaymentCards(), Ibans())
"""Every detector that looks at documents, passages, prompts and answers."""


def scan(text: str, detectors: Sequence[Detector] = DETECTORS) -> tuple[Finding, ...]:
    """Return all findings in a text, sorted, with offsets into the text as given."""
    clean, places = normalize(text)
    found = sorted({finding for detector in detectors for finding in detector.scan(clean)})
    if isinstance(places, range):
        return tuple(found)
    return tuple(
        Finding(places[one.start], places[one.end - 1] + 1, one.kind, one.confidence, one.detector)
        for one in found
    )
