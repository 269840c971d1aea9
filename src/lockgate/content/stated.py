"""Labels that a file states itself, as other systems wrote them, and what they count as here.

Such a label is a claim of whoever wrote the file, so it only ever raises. One that the organization's rules do not
map counts as restricted, and is told. Microsoft's sensitivity labels come as properties `MSIP_Label_<id>_<key>`
(MIP SDK, "Label metadata"), attributes of OpenTDF by their names (`https://<authority>/attr/<name>/value/<value>`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lockgate.content.document import Evidence
from lockgate.content.label_policy import LabelPolicy
from lockgate.labels.label import Sensitivity

_MICROSOFT: Final = re.compile(r"MSIP_Label_\{?([0-9A-Za-z-]{1,60})\}?_(\w{1,40})")
_OPENTDF: Final = re.compile(r"https?://[\w.:-]{1,200}/attr/[\w.%-]{1,200}/value/[\w.%-]{1,200}")
_OFF: Final = frozenset({"false", "0"})
UNKNOWN: Final = "mark.unknown"
"""The kind of a label that nobody has mapped: like every kind that nobody placed, it is restricted."""
_KINDS: Final = {
    Sensitivity.GENERAL: "mark.internal",
    Sensitivity.CONFIDENTIAL: "mark.confidential",
    Sensitivity.RESTRICTED: "mark.restricted",
}
_NOTES: Final = 20


@dataclass(frozen=True, slots=True)
class Stated:
    """What the labels of a file count as: evidence like that of detectors, and what to tell, without names."""

    evidence: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()


def stated(marks: Iterable[tuple[str, str]], rules: LabelPolicy) -> Stated:
    """Return what labels count as.

    Args:
        marks: names and values of properties, as the file has them.
        rules: what the organization maps them to.

    """
    counts: dict[str, int] = {}
    notes: list[str] = []
    for shown, words in _labels(marks).items():
        level = next((one.level for one in rules.marks if one.fits(words)), None)
        if level is None:
            kind, counted = UNKNOWN, "which nobody has mapped to a level, so it counts as restricted"
        else:
            kind, counted = _KINDS.get(level, ""), f"which counts as {level.name.lower()}"
        if kind:
            counts[kind] = counts.get(kind, 0) + 1
        notes.append(f"the file states the label {shown}, {counted}")
    more = len(notes) - _NOTES
    told = [*notes[:_NOTES], *([f"and {more} more"] if more > 0 else [])]
    return Stated(tuple(Evidence(kind, count, 1.0) for kind, count in sorted(counts.items())), tuple(told))


def _labels(marks: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Return each label by what may be told of it (its id or attribute, never its name), with all its words."""
    microsoft: dict[str, dict[str, set[str]]] = {}
    found: dict[str, tuple[str, ...]] = {}
    for name, value in marks:
        if match := _MICROSOFT.fullmatch(name.strip()):
            own = microsoft.setdefault(match[1].casefold(), {})
            own.setdefault(match[2].casefold(), set()).add(value.strip())
            continue
        for attribute in _OPENTDF.findall(f"{name} {value}"):
            found[attribute] = (attribute,)
    for id, own in microsoft.items():
        states = {one.casefold() for one in own.get("enabled", ())}
        removed = {one.casefold() for one in own.get("removed", ())}
        if (states and states <= _OFF) or (removed and not removed & _OFF):
            continue  # it was taken off; where two properties differ, it counts
        found[id] = (id, *sorted(own.get("name", ())))
    return found
