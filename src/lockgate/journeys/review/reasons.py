"""Why a label was lowered: whoever lowers one says so in words, and the words are kept."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from lockgate.content.detection import Scan
from lockgate.content.document import Document
from lockgate.content.labeling import demanded, sure_kinds
from lockgate.errors import Invalid
from lockgate.journeys.review.parts import Change
from lockgate.labels.label import ALL_USES, Sensitivity

LONGEST: Final = 500
"""Characters of a reason at most."""
_JOINERS: Final = "\u200c\u200d"
"""Letters of some scripts are written with these; no other character that nobody sees is in a reason."""
_REMEDY: Final = "Say why with --reason, or as `reason` in the body."


def worded(reason: str, scan: Scan) -> str:
    """Return a reason as it is kept, without blanks around it; none is an empty one. `scan` is what looks at it.

    Raises:
        Invalid: it is too long, has no word, has characters that nobody sees, or holds something sensitive: it
            stands in the log for years, where nothing of a document stands.

    """
    said = reason.strip()
    if not said:
        return ""
    if len(said) > LONGEST:
        raise Invalid(f"`reason` is longer than {LONGEST} characters", remedy="Say it shorter.")
    if not all(one.isprintable() or one in _JOINERS for one in said):
        raise Invalid("`reason` has a control character", remedy="Write it as one line of plain text.")
    if not any(first.isalpha() and second.isalpha() for first, second in pairwise(said)):
        raise Invalid("`reason` has no word in it", code="reason_needed", remedy=_REMEDY)
    if demanded(sure_kinds(scan(said))) > Sensitivity.GENERAL:
        raise Invalid("`reason` holds something sensitive", remedy="Say why, without the value that was found.")
    return said


def lowered(before: Document, after: Document) -> tuple[str, ...]:
    """Return what becomes less than it was, in words; nothing where nothing does.

    What a document was is its label, and what its content demands that no review has seen.
    """
    seen = before.accepted_kinds
    was = max(before.label.sensitivity, demanded(one.kind for one in before.evidence if one.kind not in seen))
    level, forbidden = after.label.sensitivity, after.label.forbidden_uses
    found = []
    if level < was:
        found.append(f"the level from {was.name.lower()} to {level.name.lower()}")
    if ALL_USES not in forbidden and not before.label.forbidden_uses <= forbidden:
        found.append("the uses that are forbidden")
    return tuple(found)


def demand(changes: Iterable[Change], reason: str) -> None:
    """See that what lowers a label has a reason. What raises one, or leaves it as it is, needs none.

    Raises:
        Invalid: there is none.

    """
    if reason:
        return
    for change in changes:
        if less := lowered(change.before, change.after):
            raise Invalid(
                f"this lowers {' and '.join(less)}, and there is no reason for it",
                code="reason_needed",
                remedy=_REMEDY,
            )
