"""What the administrator declares documents to be: rules of the configuration, on top of the rights of the source.

The last matching rule wins as a whole. A rule never widens: its readers are joined with those of the source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lockgate.content.globs import Glob, Name
from lockgate.labels.label import Integrity, Label, Sensitivity
from lockgate.labels.readers import Readers


@dataclass(frozen=True, slots=True)
class LabelRule:
    """The label of every document that matches one of the globs.

    Attributes:
        match: see `Glob`.
        sensitivity: the declared level.
        readers: who may read at most; `everyone` leaves it to the source.
        owners: owners besides those of the source.
        integrity: None leaves it to the connector.
        forbidden_uses: such as `ai`.

    """

    match: tuple[Glob, ...]
    sensitivity: Sensitivity
    readers: Readers
    owners: frozenset[str] = frozenset()
    integrity: Integrity | None = None
    forbidden_uses: frozenset[str] = frozenset()

    def label(self, integrity: Integrity) -> Label:
        """Return the declared label of a file whose source has this integrity; a rule never raises trust."""
        trust = integrity if self.integrity is None else max(integrity, self.integrity)
        return Label(self.sensitivity, self.readers, trust, owners=self.owners, forbidden_uses=self.forbidden_uses)


def last_match(rules: Sequence[tuple[Glob, ...]], path: str) -> tuple[int, int]:
    """Return the index of the last rule that matches, and of the last that would without case; -1 for none."""
    name = Name(path)
    last = range(len(rules) - 1, -1, -1)
    exact = next((i for i in last if any(glob.matches(name) for glob in rules[i])), -1)
    folded = next((i for i in last if any(glob.matches_folded(name) for glob in rules[i])), -1)
    return exact, folded
