"""`lockgate scan --label apply`: labels go where labels are kept: into the catalogue of a configured Lockgate.

A scan itself writes nothing. What `lockgate labels apply` does for all collections is done for those that were
scanned: the rules in force are applied by an ingest, which looks at the same bytes, and it is recorded. A document
that nobody labeled gets the proposed label; one whose declared label is lower than its content is held back from
AI until somebody reviews it. Nothing is lowered.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from lockgate.errors import Invalid

if TYPE_CHECKING:
    from lockgate.config import Settings


def check(settings: Settings | None, targets: Sequence[str]) -> None:
    """Refuse, before anything is scanned, what could not be applied.

    Raises:
        Invalid: there is no configuration, or a target is in none of its collections.

    """
    if settings is None:
        raise Invalid(
            "a label is written into the catalogue of a configured Lockgate, and none is named",
            remedy="Name one with --config, or see with `--label simulate` what would change.",
        )
    roots = [os.path.realpath(one.path) for one in settings.collections if one.path is not None]
    for target in targets:
        if target.startswith("collection://"):
            continue
        place = Path(os.path.realpath(Path(target.removeprefix("file://")).expanduser()))
        if "://" not in target.removeprefix("file://") and not any(place.is_relative_to(root) for root in roots):
            raise Invalid(
                "a target is in no collection of the configuration, so there is nowhere to write its labels",
                remedy="Add a collection for it, or see with `--label simulate` what would change.",
            )


async def apply(config: Path, roots: Sequence[str], stream: TextIO) -> None:
    """Bring the catalogue in step with the collections of these names, and say what that did.

    Raises:
        Conflict: a gateway works on this state folder; it does the same by itself.

    """
    from lockgate.cli.running import open_running
    from lockgate.wiring import labels

    async with open_running(config) as running:
        for name, report in (await labels.apply(running, getpass.getuser(), roots)).items():
            print(
                f"{name}: {report.stored + report.relabeled:,} labeled anew, {report.unchanged:,} unchanged, "
                f"{len(report.problems):,} not read",
                file=stream,
            )
