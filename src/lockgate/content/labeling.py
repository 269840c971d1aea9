"""Labels for what has none: what findings demand, what a review settles, what is held back.

Whatever is unknown is restrictive: a kind that nobody placed demands the highest level, a document that could
not be read is restricted (`UNREAD`), and an audience that nobody can count is everybody.

More findings, a broader audience or fewer reviews never release anything and never lower a label.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from lockgate.content.audience import Breadth, audience
from lockgate.content.document import Document, Evidence, Review
from lockgate.content.finding import Finding
from lockgate.labels.label import Integrity, Label, Retention, Sensitivity
from lockgate.labels.readers import Readers

__all__ = [
    "UNREAD",
    "Breadth",
    "Hit",
    "Limit",
    "Proposal",
    "Settlement",
    "audience",
    "demanded",
    "passage_held",
    "propose",
    "settle",
    "sure_kinds",
    "too_broad",
]

SURE: Final = 0.5
"""Findings below this are a shape without checksum or context; they are no ground for a label."""

_LEVELS: Final[Mapping[str, Sensitivity]] = {
    "secret": Sensitivity.RESTRICTED,
    "health": Sensitivity.RESTRICTED,
    "business.salary": Sensitivity.RESTRICTED,
    "business.deal": Sensitivity.RESTRICTED,
    "business": Sensitivity.CONFIDENTIAL,
    "financial": Sensitivity.CONFIDENTIAL,
    "financial.account.bic": Sensitivity.PUBLIC,
    "financial.crypto_address": Sensitivity.PUBLIC,
    "id": Sensitivity.CONFIDENTIAL,
    "id.legal": Sensitivity.PUBLIC,
    "id.professional": Sensitivity.PUBLIC,
    "id.vat": Sensitivity.PUBLIC,
    "pii": Sensitivity.CONFIDENTIAL,
    "pii.age": Sensitivity.PUBLIC,
    "pii.geo": Sensitivity.PUBLIC,
    "pii.special_category.gender": Sensitivity.PUBLIC,
    "pii.special_category.nationality": Sensitivity.PUBLIC,
    "pii.person": Sensitivity.PUBLIC,
    "pii.email": Sensitivity.PUBLIC,
    "pii.phone": Sensitivity.PUBLIC,
    "pii.username": Sensitivity.PUBLIC,
    "pii.address": Sensitivity.PUBLIC,
    "hr.job_title": Sensitivity.PUBLIC,
    "entity": Sensitivity.PUBLIC,
    "net": Sensitivity.PUBLIC,
    "mark.internal": Sensitivity.GENERAL,
    "mark.confidential": Sensitivity.CONFIDENTIAL,
    "copy.confidential": Sensitivity.CONFIDENTIAL,
    "suggestion.proposed": Sensitivity.PUBLIC,
    "suggestion.applied.general": Sensitivity.GENERAL,
    "suggestion.applied.confidential": Sensitivity.CONFIDENTIAL,
    "match": Sensitivity.CONFIDENTIAL,
}
"""What a kind demands: the longest prefix decides. What is not here (`mark.restricted` too) is restricted."""
NAMED: Final = frozenset(_LEVELS)
"""Kinds, or what they begin with, whose level stands in the table."""
_STATED: Final = "match."
"""Kinds of exact match sets end in their level where it is stated: `match.<set>.<level>`."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule of the organization that fits a document (`label_policy.py`), and what it adds to the label.

    `kinds` are the findings that made it fit: a review that has seen them has seen why.
    """

    rule: str
    level: Sensitivity
    kinds: frozenset[str]
    why: str
    forbidden_uses: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()
    retention: Retention = field(default_factory=Retention)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the findings and the organization's rules say a label should be, and why."""

    sensitivity: Sensitivity
    kinds: frozenset[str]
    evidence: tuple[Evidence, ...]
    reasons: tuple[str, ...]
    hits: tuple[Hit, ...] = ()


UNREAD: Final = Proposal(
    Sensitivity.RESTRICTED,
    frozenset({"unread"}),
    (),
    ("its text could not be read, so nobody knows what is in it",),
)
"""The proposal for a document whose text could not be read or was not looked at."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Above this a sensitive document counts as too widely readable: more than both `share` and `people`."""

    share: float = 0.25
    people: int = 10


@dataclass(frozen=True, slots=True)
class Settlement:
    """The label that takes effect, how it came to be, and whether the document is held back from AI."""

    label: Label
    review: Review
    held: bool


def level_of(kind: str) -> Sensitivity:
    """Return what one kind demands."""
    if kind.startswith(_STATED) and kind.count(".") > 1:
        level = kind.rpartition(".")[2].upper()
        return Sensitivity[level] if level in Sensitivity.__members__ else Sensitivity.RESTRICTED
    name = kind
    while name:
        if name in _LEVELS:
            return _LEVELS[name]
        name = name.rpartition(".")[0]
    return Sensitivity.RESTRICTED


def sure_kinds(findings: Iterable[Finding]) -> frozenset[str]:
    """Return the kinds of findings that are ground for a label; a shape without checksum or context is none."""
    return frozenset(one.kind for one in findings if one.confidence >= SURE)


def demanded(kinds: Iterable[str]) -> Sensitivity:
    """Return the level that content of these kinds demands; of none, public: nothing is demanded."""
    return max((level_of(kind) for kind in kinds), default=Sensitivity.PUBLIC)


def propose(findings: Sequence[Finding]) -> Proposal:
    """Return the label that findings demand, with counts and never a value. Nothing found is general."""
    counts: dict[str, tuple[int, float]] = {}
    for finding in findings:
        if finding.confidence >= SURE:
            count, best = counts.get(finding.kind, (0, 0.0))
            counts[finding.kind] = (count + 1, max(best, finding.confidence))
    evidence = tuple(
        Evidence(kind, count, confidence)
        for kind, (count, confidence) in sorted(counts.items(), key=lambda kv: (-level_of(kv[0]), kv[0]))
    )
    reasons = tuple(f"{one.count} x {one.kind} demands {level_of(one.kind).name.lower()}" for one in evidence)
    return Proposal(max(demanded(counts), Sensitivity.GENERAL), frozenset(counts), evidence, reasons)


def along(proposal: Proposal, more: Sequence[Evidence]) -> Proposal:
    """Return a proposal with evidence from elsewhere than the text, such as labels that a file states."""
    if not more:
        return proposal
    known = {one.kind: one for one in proposal.evidence}
    for one in more:
        old = known.get(one.kind, Evidence(one.kind, 0, 0.0))
        known[one.kind] = Evidence(one.kind, old.count + one.count, max(old.confidence, one.confidence))
    kinds = frozenset(one.kind for one in more)
    return Proposal(
        max(proposal.sensitivity, demanded(kinds)),
        proposal.kinds | kinds,
        tuple(sorted(known.values(), key=lambda one: (-level_of(one.kind), one.kind))),
        (
            *proposal.reasons,
            *(f"{one.count} x {one.kind} demands {level_of(one.kind).name.lower()}" for one in more),
        ),
    )


def not_below(proposal: Proposal, before: Proposal) -> Proposal:
    """Return a proposal for what was not read whole: all that was known before still counts."""
    known = {one.kind: one for one in proposal.evidence}
    kept = [one for one in before.evidence if one.kind not in known or one.count > known[one.kind].count]
    if before.kinds == UNREAD.kinds and not before.evidence:
        kept.append(Evidence("unread", 1, 1.0))
    merged = known | {one.kind: one for one in kept}
    evidence = tuple(sorted(merged.values(), key=lambda one: (-level_of(one.kind), one.kind)))
    reasons = tuple(
        f"{one.count} x {one.kind} was known before, and not all of it could be read now" for one in kept
    )
    if not kept and before.sensitivity > proposal.sensitivity:
        reasons = (f"it was {before.sensitivity.name.lower()} before, and not all of it could be read now",)
    return Proposal(
        max(proposal.sensitivity, before.sensitivity),
        proposal.kinds | before.kinds,
        evidence,
        proposal.reasons + reasons,
    )


def passage_held(kinds: frozenset[str], label: Label, accepted_kinds: frozenset[str]) -> bool:
    """Tell whether a passage demands more than its document's label covers, and no review has seen why."""
    return demanded(kinds - accepted_kinds) > label.sensitivity


DEFAULT_LIMIT: Final = Limit()
FEW: Final = 3
"""Up to so many occurrences are a matter of the passages they stand in; more, of the whole document."""

_WHOLE: Final = ("mark.", "copy.", "suggestion.applied.", "unexamined.")


def beyond(evidence: Iterable[Evidence], label: Label, accepted_kinds: frozenset[str]) -> int:
    """Count what was found that demands more than the label says, and that no review has seen.

    A mark counts as more than a few, and so does a copy, a suggestion, and what was not examined: it speaks about
    the whole document.
    """
    return sum(
        one.count + (FEW if one.kind.startswith(_WHOLE) else 0)
        for one in evidence
        if one.kind not in accepted_kinds and level_of(one.kind) > label.sensitivity
    )


def served(label: Label, kinds: frozenset[str], accepted_kinds: frozenset[str]) -> Sensitivity:
    """Return how sensitive what is served of a document is: its label, and the kinds that a review let through.

    Passages with other kinds above the label are held, so they do not count for its audience.
    """
    return max(label.sensitivity, demanded(kinds & accepted_kinds))


def _too_low(proposal: Proposal, label: Label, accepted_kinds: frozenset[str]) -> bool:
    """Tell whether the label is too low for the whole document, not only for a few passages of it."""
    shown = frozenset(one.kind for one in proposal.evidence)
    if passage_held(proposal.kinds - shown, label, accepted_kinds):
        return True  # nothing says where it stands
    return beyond(proposal.evidence, label, accepted_kinds) > FEW


def too_broad(label: Label, breadth: Breadth, limit: Limit = DEFAULT_LIMIT) -> bool:
    """Tell whether something sensitive (confidential or above) is readable by too many, or by everyone."""
    if label.sensitivity < Sensitivity.CONFIDENTIAL or label.readers.is_nobody:
        return False
    everyone = label.readers.is_everyone or (breadth.share >= 1 and breadth.people > 1)
    return everyone or (breadth.share > limit.share and breadth.people > limit.people)


def ruling_of(previous: Document | None) -> tuple[Label, Readers] | None:
    """Return what a person's review stated and for which audience; None where no person reviewed.

    A document stored without these parts keeps its effective label as the bound of both.
    """
    if previous is None or previous.review not in (Review.ACCEPTED, Review.CORRECTED):
        return None
    return previous.ruling or previous.label, previous.ruled_readers or previous.label.readers


def settle(
    readers: Readers,
    owners: frozenset[str],
    integrity: Integrity,
    declared: Label | None,
    previous: Document | None,
    proposal: Proposal,
    breadth_of: Callable[[Readers], Breadth],
    limit: Limit = DEFAULT_LIMIT,
) -> Settlement:
    """Return label, review and hold of a document as its source shows it now.

    Its readers are those of the source, narrowed by what an administrator declared and by what a person
    reviewed, and never wider. A declaration is a floor that a review cannot lower. With neither, the label is
    the proposal and unreviewed. What rules add besides a level is added to any label, unless a review saw why.

    A document is held where its findings demand more than the label says (unless a review has seen these
    kinds, or they are few: then only the passages are held, see `passage_held`), and where it is sensitive and
    too widely readable (unless a review has seen at least this audience).
    """
    ruled = ruling_of(previous)
    stated = [label for label in (declared, ruled[0] if ruled else None) if label is not None]
    accepted = previous.accepted_kinds if ruled and previous else frozenset()
    hits = [one for one in proposal.hits if ruled is None or not one.kinds <= accepted]
    label = Label(
        max((one.sensitivity for one in stated), default=proposal.sensitivity),
        Readers(frozenset(clause for one in (readers, *(s.readers for s in stated)) for clause in one.clauses)),
        max((integrity, *(one.integrity for one in stated))),
        _retention([*(one.retention for one in stated), *(one.retention for one in hits)]),
        owners.union(*(one.owners for one in stated), *(one.owners for one in hits)),
        frozenset().union(*(one.forbidden_uses for one in stated), *(one.forbidden_uses for one in hits)),
    )
    more = _too_low(proposal, label, accepted) or any(one.level > label.sensitivity for one in hits)
    seen_by = ruled is not None and ruled[1].flows_to(label.readers)
    worst = raised(label, served(label, proposal.kinds, accepted))
    broad = too_broad(worst, breadth_of(label.readers), limit) and not seen_by
    return Settlement(label, _review(declared, previous if ruled else None), more or broad)


def _review(declared: Label | None, reviewed: Document | None) -> Review:
    if reviewed is not None:
        return reviewed.review
    return Review.UNREVIEWED if declared is None else Review.DECLARED


def _retention(stated: Sequence[Retention]) -> Retention:
    joined = Retention()
    for one in stated:
        joined = joined.join(one)
    return joined


def raised(label: Label, sensitivity: Sensitivity) -> Label:
    """Return the label at another level, for questions about its audience; it carries no duties."""
    return Label(sensitivity, label.readers, label.integrity)
