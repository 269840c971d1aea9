"""Measures: how far classification and protection are. The same numbers as direct counts of the catalogue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lockgate.content.document import Document, Review
from lockgate.content.exposure.listing import Exposure


@dataclass(frozen=True, slots=True)
class Measures:
    """Counts at one moment.

    Attributes:
        documents: all.
        classified: whose content could be read and looked at.
        labeled: whose label somebody is answerable for: declared, accepted or corrected.
        reviewed: whose label a person accepted or corrected.
        held: held back from AI.
        unreadable: that could not be read or understood.
        exposed: listed for more than that nobody has looked.
        risk: the sum of the scores of these.
        levels: how many have each level, from the lowest.
        backlog: how many each owner has to look at, the most first; `""` are those of nobody who is here.

    """

    documents: int
    classified: int
    labeled: int
    reviewed: int
    held: int
    unreadable: int
    exposed: int
    risk: int
    levels: tuple[int, int, int, int]
    backlog: tuple[tuple[str, int], ...]

    @property
    def coverage(self) -> float:
        """Return the classified part of all, 0 to 1; of nothing, 1."""
        return self.classified / self.documents if self.documents else 1.0


def measure(documents: Iterable[Document], listed: Sequence[Exposure]) -> Measures:
    """Count. `listed` is what `exposures` says of the same documents."""
    counts: Counter[str] = Counter()
    levels = [0, 0, 0, 0]
    for one in documents:
        counts["documents"] += 1
        counts["classified"] += bool(one.digest) and not one.problem
        counts["labeled"] += one.reviewed
        counts["reviewed"] += one.review in (Review.ACCEPTED, Review.CORRECTED)
        counts["held"] += one.held
        counts["unreadable"] += bool(one.problem)
        levels[one.label.sensitivity] += 1
    backlog = Counter(owner for one in listed for owner in one.owners or ("",))
    risky = [one for one in listed if not one.loose]
    return Measures(
        documents=counts["documents"],
        classified=counts["classified"],
        labeled=counts["labeled"],
        reviewed=counts["reviewed"],
        held=counts["held"],
        unreadable=counts["unreadable"],
        exposed=len(risky),
        risk=sum(one.score for one in risky),
        levels=(levels[0], levels[1], levels[2], levels[3]),
        backlog=tuple(sorted(backlog.items(), key=lambda pair: (-pair[1], pair[0]))),
    )
