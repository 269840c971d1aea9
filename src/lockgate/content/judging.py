"""Judgements of findings: what a person says of one, what a rejection takes away, how often detectors are right.

A judgement is about a value in a document: the same value of the same kind at another place of it is the same.
The value itself is never kept, only a keyed hash of it (`plain_value` says of what).
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from lockgate.content.finding import Finding
from lockgate.content.labeling import SURE

Rejected = Callable[[Finding, str], bool]
"""Tells whether a finding, with the text of its value, does not count in one document."""


class Opinion(StrEnum):
    """What a person says of a finding."""

    CONFIRMED = "confirmed"
    """It is what the detector says."""
    REJECTED = "rejected"
    """It is not; the value does not count any more in this document."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One judgement.

    Attributes:
        document, digest: what it is about, and SHA-256 of its bytes as they were then.
        kind, detector: of the finding.
        passage, start, end: where it stood: the ordinal of a passage, and the span in its text.
        value: a keyed hash of the value; judgements of the same value have the same.
        opinion: what was said.
        by: names of everybody who acted, sorted.
        at: when.
        reason: why, in words; a rejection has one.

    """

    document: str
    digest: str
    kind: str
    detector: str
    passage: int
    start: int
    end: int
    value: str
    opinion: Opinion
    by: tuple[str, ...]
    at: datetime
    reason: str = ""


def plain_value(text: str) -> str:
    """Return what of a value counts: its letters and digits, whatever stands between them or how it is set.

    >>> plain_value("4111 1111-１１１１ 1111") == plain_value("4111111111111111")
    True
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(one for one in folded if one.isalnum()) or folded


def left(text: str, findings: Iterable[Finding], rejected: Rejected | None) -> list[Finding]:
    """Return the findings in a text that count."""
    if rejected is None:
        return list(findings)
    return [one for one in findings if not rejected(one, text[one.start : one.end])]


def stand_ins(before: Sequence[Finding], after: Sequence[Finding], alone: Iterable[Finding]) -> list[Finding]:
    """Return what is found in passages alone and now counts, where all of its kind in the whole text was rejected.

    What is found in a passage alone adds nothing to a kind that the whole text has. Where the whole text has it no
    longer, another value that only a passage shows must still count; but never more, or more surely, than before.
    """
    gone = {one.kind for one in before} - {one.kind for one in after if one.confidence >= SURE}
    lost = {
        kind: [one.confidence for one in before if one.kind == kind and one.confidence >= SURE] for kind in gone
    }
    found: list[Finding] = []
    counts: Counter[str] = Counter()
    for one in alone:
        most = lost.get(one.kind, [])
        if one.confidence >= SURE and counts[one.kind] < len(most):
            counts[one.kind] += 1
            found.append(one._replace(confidence=min(one.confidence, max(most))))
    return found


# ---------------------------------------------------------------- how often detectors are right


@dataclass(frozen=True, slots=True)
class Precision:
    """How many findings of a kind by a detector people confirmed and rejected, and what that says.

    `bounds` hold the share of right ones with 95 percent confidence (Wilson's interval, without correction for
    continuity). What people look at is no random sample.
    """

    detector: str
    kind: str
    confirmed: int
    rejected: int

    @property
    def share(self) -> float:
        """Return the share of confirmed ones, 0 to 1."""
        return self.confirmed / (self.confirmed + self.rejected)

    @property
    def bounds(self) -> tuple[float, float]:
        """Return the interval."""
        return wilson(self.confirmed, self.confirmed + self.rejected)


_Z: Final = 1.959963984540054
"""The normal quantile of 95 percent, two-sided."""


def wilson(right: int, all_: int) -> tuple[float, float]:
    """Return Wilson's score interval (1927) for `right` of `all_`; of nothing, everything is possible.

    >>> [round(one, 3) for one in wilson(8, 10)]
    [0.49, 0.943]
    """
    if not all_:
        return 0.0, 1.0
    share, square = right / all_, _Z * _Z
    middle = (share + square / (2 * all_)) / (1 + square / all_)
    half = _Z * math.sqrt(share * (1 - share) / all_ + square / (4 * all_ * all_)) / (1 + square / all_)
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def latest(judgements: Iterable[Judgement]) -> list[Judgement]:
    """Return the last judgement of each value in each document, from judgements in the order of time."""
    return list({(one.document, one.kind, one.value): one for one in judgements}.values())


def precision(judgements: Iterable[Judgement]) -> list[Precision]:
    """Return the precision of each detector and kind that somebody judged; the worst first."""
    counts: Counter[tuple[str, str, Opinion]] = Counter(
        (one.detector, one.kind, one.opinion) for one in latest(judgements)
    )
    found = [
        Precision(
            detector, kind, counts[detector, kind, Opinion.CONFIRMED], counts[detector, kind, Opinion.REJECTED]
        )
        for detector, kind in sorted({(detector, kind) for detector, kind, _ in counts})
    ]
    return sorted(found, key=lambda one: (one.share, one.bounds[1]))
