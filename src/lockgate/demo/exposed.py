"""Holds what Lockgate lists as exposed against what the generator planted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lockgate.content.document import Document
from lockgate.content.exposure import Exposure
from lockgate.demo.truth import Truth

FIRST: Final = 50
"""Rows that somebody works off in a day."""
RECALL: Final = 0.98
PRECISION: Final = 0.9


@dataclass(frozen=True, slots=True)
class Judged:
    """How good a list is.

    Attributes:
        cases: planted cases of oversharing.
        found: of these, how many are listed for more than that nobody has looked.
        right: how many of the first rows are planted cases, of `first`.
        secrets, secrets_found: documents with planted secrets, and those in which a secret was found.
        missed, wrong: paths, for whoever wants to know why.

    """

    cases: int
    found: int
    first: int
    right: int
    secrets: int
    secrets_found: int
    missed: tuple[str, ...]
    wrong: tuple[str, ...]

    @property
    def recall(self) -> float:
        """Return the part of the cases that is found."""
        return self.found / self.cases if self.cases else 1.0

    @property
    def precision(self) -> float:
        """Return the part of the first rows that is right."""
        return self.right / self.first if self.first else 1.0

    @property
    def good(self) -> bool:
        """Tell whether the goals are met."""
        return self.recall >= RECALL and self.precision >= PRECISION and self.secrets_found == self.secrets

    def __str__(self) -> str:
        """Return one line for people."""
        return (
            f"{self.found} of {self.cases} planted cases listed (recall {self.recall:.3f}), {self.right} of the "
            f"first {self.first} are planted (precision {self.precision:.3f}), secrets found in "
            f"{self.secrets_found} of {self.secrets} documents"
        )


def judged(
    truths: Mapping[str, Truth], documents: Iterable[Document], listed: Sequence[Exposure], first: int = FIRST
) -> Judged:
    """Hold a list, worst first, against the truth by path."""
    planted = {path for path, truth in truths.items() if truth.overshared}
    flagged = {one.document.item for one in listed if not one.loose}
    head = [one.document.item for one in listed[:first]]
    secret = {path for path, truth in truths.items() if truth.draft.secrets}
    seen = {one.item for one in documents if any(each.kind.startswith("secret.") for each in one.evidence)}
    return Judged(
        len(planted),
        len(planted & flagged),
        len(head),
        sum(path in planted for path in head),
        len(secret),
        len(secret & seen),
        (*sorted(planted - flagged), *sorted(secret - seen)),
        tuple(path for path in head if path not in planted),
    )
