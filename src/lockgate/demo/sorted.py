"""What would be exposed, sorted by what a person has to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lockgate.content.exposure import Exposure
from lockgate.labels.label import Sensitivity


@dataclass(frozen=True, slots=True)
class Sorted:
    """Exposures, each in the order of the list.

    Attributes:
        sensitive: confidential or above: unreviewed, too widely readable, or above its label.
        unseen: nothing sensitive was found, but nobody has reviewed it.
        unreadable: nobody knows what is in it.

    """

    sensitive: tuple[Exposure, ...]
    unseen: tuple[Exposure, ...]
    unreadable: tuple[Exposure, ...]


def sort(found: Iterable[Exposure]) -> Sorted:
    """Sort a list of exposures, keeping its order."""
    listed = list(found)
    read = [one for one in listed if not one.document.problem]
    return Sorted(
        tuple(one for one in read if one.level >= Sensitivity.CONFIDENTIAL),
        tuple(one for one in read if one.level < Sensitivity.CONFIDENTIAL),
        tuple(one for one in listed if one.document.problem),
    )
