"""What is wrong with rules for labels that can be read: what contradicts, can never fit, or changes nothing."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterator
from typing import Final

from lockgate.content.categories.sorter import UNEXAMINED
from lockgate.content.label_policy import LabelPolicy, Rule
from lockgate.content.labeling import NAMED, level_of
from lockgate.labels.label import Retention, Sensitivity

_FOUND_OTHERWISE: Final = frozenset(
    {UNEXAMINED}
    | {
        kind
        for level in map(str.lower, Sensitivity.__members__)
        for kind in (
            f"copy.{level}",
            f"copy.{level}.wider",
            f"suggestion.proposed.{level}",
            f"suggestion.applied.{level}",
        )
    }
)
"""Kinds of evidence that no detector finds: copies, suggestions by a model, and what was not examined."""


def problems(policy: LabelPolicy, known: Collection[str]) -> list[str]:
    """Return what somebody should mend, in words, in the order of the file; empty is good.

    Args:
        policy: the rules.
        known: every kind that detectors find.

    """
    known = {*known, *_FOUND_OTHERWISE}
    return [*_levels(policy, known), *_rules(policy, known), *_marks(policy)]


def _levels(policy: LabelPolicy, known: Collection[str]) -> Iterator[str]:
    for kind, level in policy.levels.items():
        if level < level_of(kind):
            least = level_of(kind).name.lower()
            yield f"levels.{kind}: contradicts: {kind} demands {least} everywhere, and rules only raise"
        # The shipped table names some kinds that are found only once an organization teaches them.
        if kind not in NAMED and not any(one == kind or one.startswith(f"{kind}.") for one in known):
            yield f"levels.{kind}: no detector finds such a kind"


def _rules(policy: LabelPolicy, known: Collection[str]) -> Iterator[str]:
    for at, rule in enumerate(policy.rules):
        name = f"rules `{rule.name}`"
        for kinds in (rule.kinds, *rule.along):
            for glob in kinds.names if kinds else ():
                if not any(fnmatch.fnmatchcase(one, glob) or one.startswith(f"{glob}.") for one in known):
                    yield f"{name}: can never fit for `{glob}`: no detector finds such a kind"
        keep = rule.retention
        if keep.delete_by and keep.keep_until and keep.delete_by < keep.keep_until:
            yield f"{name}: contradicts: it must be gone by {keep.delete_by} and be kept until {keep.keep_until}"
        covered = [one for one in known if rule.kinds is not None and rule.kinds.covers(one)]
        if covered and not _adds(rule) and all(level_of(one) >= rule.level for one in covered):
            yield f"{name}: changes nothing: its kinds demand {rule.level.name.lower()} everywhere"
        for number, other in enumerate(policy.rules):
            if number != at and _within(rule, other) and (number < at or not _within(other, rule)):
                yield f"{name}: changes nothing: wherever it fits, `{other.name}` fits and demands no less"
                break


def _adds(rule: Rule) -> bool:
    return bool(rule.forbidden_uses or rule.owners or rule.retention != Retention())


def _within(rule: Rule, other: Rule) -> bool:
    """Tell whether another rule surely fits wherever this one does, and adds at least what this one adds."""
    if other.level < rule.level or other.count > rule.count or other.confidence > rule.confidence:
        return False
    mine, theirs = rule.kinds, other.kinds
    if theirs is not None and (mine is None or not all(_covers(theirs.names, one) for one in mine.names)):
        return False
    along = [name for kinds in rule.along for name in kinds.names]
    if not all(any(_covers(kinds.names, one) for one in along) for kinds in other.along):
        return False
    if other.collections and not (rule.collections and rule.collections <= other.collections):
        return False
    if other.path_names and not (rule.path_names and set(rule.path_names) <= set(other.path_names)):
        return False
    return (
        rule.forbidden_uses <= other.forbidden_uses
        and rule.owners <= other.owners
        and rule.retention.flows_to(other.retention)
    )


def _covers(names: Collection[str], glob: str) -> bool:
    """Tell whether what a glob stands for surely is among others."""
    plain = not set(glob) & set("*?[")
    return any(
        one == glob or glob.startswith(f"{one}.") or (plain and fnmatch.fnmatchcase(glob, one)) for one in names
    )


def _marks(policy: LabelPolicy) -> Iterator[str]:
    seen: list[str] = []
    for number, mark in enumerate(policy.marks, 1):
        for name in mark.names:
            if any(fnmatch.fnmatchcase(name.casefold(), one) for one in seen):
                yield f"marks {number}: `{name}` is never reached: an entry above has it"
        seen += [one.casefold() for one in mark.names]
