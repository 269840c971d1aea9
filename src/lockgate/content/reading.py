"""Reading: what Lockgate makes of a text: passages, what is in each, and a proposal for the label of the whole."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from lockgate.content.categories.sorter import UNEXAMINED
from lockgate.content.chunk import Span, split
from lockgate.content.detection import Scan, scan
from lockgate.content.document import Chunk, Document
from lockgate.content.finding import Finding
from lockgate.content.judging import Rejected, left, stand_ins
from lockgate.content.labeling import SURE, UNREAD, Proposal, demanded, passage_held, propose, sure_kinds
from lockgate.content.similar import NOTHING, Sketch, sketch
from lockgate.labels.label import Label, Sensitivity

Find: TypeAlias = Callable[[str], tuple[Finding, ...]]


def nothing(text: str) -> tuple[Finding, ...]:
    """Find nothing."""
    return ()


@dataclass(frozen=True, slots=True)
class Reading:
    """Passages in order, the kinds found in each, and the proposal for the whole.

    `left_out` is how many more passages the text has. They count for the proposal and the
    sketch, and are not kept.
    """

    spans: tuple[Span, ...]
    kinds: tuple[frozenset[str], ...]
    proposal: Proposal
    left_out: int = 0
    sketch: Sketch = NOTHING
    set_aside: tuple[tuple[str, int], ...] = ()
    """Every kind that was found, and how many of it do not count."""

    @property
    def length(self) -> int:
        """Return the characters of all passages that are kept."""
        return sum(len(span.text) for span in self.spans)


NOTHING_READ = Reading((), (), UNREAD)
"""The reading of what could not be read."""


def read(
    text: str,
    most: int | None = None,
    unseen: str = "",
    rejected: Rejected | None = None,
    also: Find = nothing,
    look: Scan = scan,
) -> Reading:
    """Look at a whole text once, and at each passage as it will stand alone; keep the first `most` passages.

    A finding counts for every passage that it touches. A passage is looked at again with its heading and table
    header in front, because at answer time that is how it is seen. What is `unseen` in the document counts for its
    label, and is in no passage. What is `also` found is about stretches of the whole text, such as its categories.
    What people rejected counts nowhere: more of that never raises a label. `look` finds what is in a text.
    """
    spans = split(text)
    before = (*look(text), *also(text))
    findings = _counting(text, before, rejected)
    kinds: list[set[str]] = [set() for _ in spans]
    starts, ends = [span.start for span in spans], [span.end for span in spans]
    for finding in findings:
        if finding.confidence >= SURE:
            for at in range(bisect_right(ends, finding.start), bisect_left(starts, finding.end)):
                kinds[at].add(finding.kind)
    known = {finding.kind for finding in before}
    more: list[Finding] = []
    others: list[Finding] = []
    for span, found in zip(spans, kinds, strict=True):
        alone = left(span.text, look(span.text), rejected)
        found.update(sure_kinds(alone))
        more.extend(one for one in alone if one.kind not in known)
        others.extend(one for one in alone if one.kind in known)
    kept, whole = spans[:most], sketch(span.text for span in spans)
    hidden = (*look(unseen), *also(unseen))
    hidden_left = _counting(unseen, hidden, rejected)
    more += stand_ins(before, findings, others) if rejected is not None else ()
    proposal = propose((*findings, *more, *hidden_left))
    aside = _set_aside((*before, *hidden), (*findings, *hidden_left)) if rejected is not None else ()
    return Reading(kept, tuple(map(frozenset, kinds[: len(kept)])), proposal, len(spans) - len(kept), whole, aside)


def _counting(text: str, findings: Iterable[Finding], rejected: Rejected | None) -> list[Finding]:
    """Return what counts: what nobody rejected, and that something was not examined, which nobody can reject."""
    if rejected is None:
        return list(findings)
    return left(text, findings, lambda one, value: one.kind != UNEXAMINED and rejected(one, value))


def _set_aside(before: Iterable[Finding], after: Iterable[Finding]) -> tuple[tuple[str, int], ...]:
    found = Counter(one.kind for one in before if one.confidence >= SURE)
    counted = Counter(one.kind for one in after if one.confidence >= SURE)
    return tuple(sorted((kind, count - counted[kind]) for kind, count in found.items()))


def titled(title: str, look: Scan = scan) -> str:
    """Return a title, or nothing where it holds what must not be told.

    A title stands in every prompt and citation of its document, beside passages that need no protection, and may
    come from metadata that no passage holds.
    """
    kinds = sure_kinds(look(title))
    return title if demanded(kinds) <= Sensitivity.GENERAL else ""


def recalled(document: Document) -> Proposal:
    """Return the proposal that a stored document was given, from its evidence; what was never read is unread."""
    if not document.digest:
        return UNREAD
    kinds = frozenset(one.kind for one in document.evidence)
    return Proposal(max(demanded(kinds), Sensitivity.GENERAL), kinds, document.evidence, ())


def chunks(document: str, reading: Reading, label: Label, accepted: frozenset[str]) -> tuple[Chunk, ...]:
    """Return the passages as chunks of a document with this label; what the label does not cover is held."""
    return tuple(
        Chunk(document, at, span.text, span.start, span.end, passage_held(kinds, label, accepted), kinds)
        for at, (span, kinds) in enumerate(zip(reading.spans, reading.kinds, strict=True))
    )
