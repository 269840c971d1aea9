"""What a near-duplicate takes over from a document whose label somebody answers for: its level, as evidence.

A copy is what holds most of the original, whatever else it holds. Its evidence says `copy.<level>`, with `.wider`
where somebody may read the copy who may not read the original; so a proposal rises, and what is labeled lower is
held until a person has seen it. Evidence only raises: a copy of something public demands nothing. It does not name
the original, which not everybody may know who may see the evidence.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lockgate.content.document import Document, Evidence
from lockgate.content.similar import LEAST, Overlap, Sketch, overlap
from lockgate.labels.label import Sensitivity
from lockgate.labels.readers import Readers

MOST_OF: Final = 0.7
"""From this part of the original on, a document is a copy of it. Below, filled-in forms are alike."""
_STILL: Final = 0.5
"""From this part on that it has in common with its last version, a copy that was edited stays one."""
_PREFIX: Final = "copy."
_WIDER: Final = ".wider"


def is_copy_kind(kind: str) -> bool:
    """Tell whether a kind says that a document is a copy."""
    return kind.startswith(_PREFIX)


def is_wider(kind: str) -> bool:
    """Tell whether a kind says that a document is a copy with a broader audience."""
    return is_copy_kind(kind) and kind.endswith(_WIDER)


def passes_on(original: Document) -> bool:
    """Tell whether copies take over the level: somebody is answerable for it, and it is a sensitive one."""
    return original.reviewed and original.label.sensitivity >= Sensitivity.CONFIDENTIAL


def is_copy(of_original: Overlap) -> bool:
    """Tell whether the second of two texts holds most of the first."""
    return of_original.common >= LEAST and of_original.of_first >= MOST_OF


def taken_over(
    id: str, readers: Readers, originals: Iterable[tuple[Document, Overlap]], known: Iterable[Evidence] = ()
) -> tuple[Evidence, ...]:
    """Return the evidence that a document has as a copy, beyond what is known.

    Args:
        id: of the document.
        readers: of the document.
        originals: each with what the document (first) and it (second) share.
        known: what evidence there is already.

    """
    there = {one.kind for one in known}
    found: dict[str, Evidence] = {}
    for original, shared in originals:
        if original.id == id or not passes_on(original) or not is_copy(shared.turned()):
            continue
        kind = _PREFIX + original.label.sensitivity.name.lower()
        if not original.label.readers.flows_to(readers):
            kind += _WIDER
        before = found.get(kind)
        if kind not in there and (before is None or before.confidence < shared.of_second):
            found[kind] = Evidence(kind, 1, round(shared.of_second, 2))
    return tuple(found.values())


def kept(before: Document | None, old: Sketch, new: Sketch) -> tuple[Evidence, ...]:
    """Return the evidence as a copy that stays when a document is read again: of what is mostly still there."""
    if before is None:
        return ()
    shared = overlap(old, new)
    if shared.of_first < _STILL and shared.of_second < _STILL:
        return ()
    return tuple(one for one in before.evidence if is_copy_kind(one.kind))
