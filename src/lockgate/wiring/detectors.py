"""How names are found: by rules alone, or by the model behind them too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockgate.content.classification import ScanMany
from lockgate.content.detection import scan_many

if TYPE_CHECKING:
    from lockgate.config import Settings


def chosen(settings: Settings | None) -> str:
    """Return how names are found where nobody says so: as the configuration says, or by rules."""
    return settings.detectors.names if settings else "rules"


def scanner(names: str) -> ScanMany:
    """Return what finds everything; `names` is `rules` or `model`. Blocking: a model is loaded.

    Raises:
        Unavailable: the model is not there, or not the pinned one.

    """
    if names != "model":
        return scan_many
    from lockgate.adapters.names import load  # here: what goes by rules needs none of it
    from lockgate.content.names import NameFinder
    from lockgate.content.names.finder import with_names

    return with_names(scan_many, NameFinder(load()))
