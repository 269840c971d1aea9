"""The one list of detectors, and the one way to run them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lockgate.content.business import Salaries
from lockgate.content.financial import Ibans, PaymentCards
from lockgate.content.finding import Detector, Finding
from lockgate.content.identifiers import NationalIdentifiers
from lockgate.content.marks import Marks
from lockgate.content.normalize import normalize
from lockgate.content.secrets import NamedSecrets, ProviderTokens

DETECTORS: Final[tuple[Detector, ...]] = (
    PaymentCards(),
    Ibans(),
    NationalIdentifiers(),
    ProviderTokens(),
    NamedSecrets(),
    Salaries(),
    Marks(),
)
"""Every detector that looks at documents, passages, prompts and answers."""


def scan(text: str, detectors: Sequence[Detector] = DETECTORS) -> tuple[Finding, ...]:
    """Return all findings in a text, sorted, with offsets into the text as given.

    Nested findings are all there; of several readings of the very same span only the surest remain.
    """
    clean, places = normalize(text)
    best: dict[tuple[int, int], float] = {}
    found = {finding for detector in detectors for finding in detector.scan(clean)}
    for one in found:
        span = one.start, one.end
        best[span] = max(best.get(span, 0.0), one.confidence)
    kept = sorted(one for one in found if one.confidence == best[one.start, one.end])
    if isinstance(places, range):
        return tuple(kept)
    return tuple(
        Finding(places[one.start], places[one.end - 1] + 1, one.kind, one.confidence, one.detector) for one in kept
    )
