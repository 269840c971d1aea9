"""What reviews are made of: what waits, what is stated, what would change, and how it is recorded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from lockgate.audit.record import Kind, Record, Source
from lockgate.content.document import Chunk, Document
from lockgate.content.exposure import Exposure
from lockgate.content.labeling import demanded
from lockgate.journeys.enforce import base_record
from lockgate.labels.label import Sensitivity
from lockgate.labels.readers import Readers
from lockgate.labels.wire import render
from lockgate.policy.model import Action, Context, Subject
from lockgate.ports.reviewing import Done, Kept, Ruled


@dataclass(frozen=True, slots=True)
class Open:
    """A document that waits for a review, and where in it something was found. Never a value.

    `passages` are the ordinals that are held back or hold something sensitive, with the kinds in each. `last` is
    the last review of it that was not taken back, where one document is asked for.
    """

    exposure: Exposure
    passages: tuple[tuple[int, frozenset[str]], ...]
    last: Done | None = None

    @property
    def document(self) -> Document:
        """Return the document as the reviewer sees it."""
        return self.exposure.document

    @property
    def version(self) -> str:
        """Return what the reviewer hands back, so that a review is about what was seen."""
        return version_of(self.exposure.document)


@dataclass(frozen=True, slots=True)
class Correction:
    """The parts of a label that a reviewer states; what is None stays as it is proposed."""

    sensitivity: Sensitivity | None = None
    readers: Readers | None = None
    forbidden_uses: frozenset[str] | None = None
    owners: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What a review would do to one document."""

    before: Document
    after: Document
    held: frozenset[int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to become of one document: its version as it was seen, and what is stated; None accepts."""

    document: str
    version: str
    to: Correction | None = None
    broad: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of a review in the log: its action, the rule it is part of, and the reason in words."""

    action: str
    rule: str = ""
    reason: str = ""


def kept(change: Change) -> Kept:
    """Return what is needed to take a change back."""
    before = change.before
    ruled = Ruled(before.label, before.review, before.ruling, before.ruled_readers, before.accepted_kinds)
    return Kept(before.id, ruled, version_of(before), version_of(change.after))


def taken_back(now: Document, ruled: Ruled) -> Document:
    """Return a document with what was ruled of it before, to be settled with its source."""
    return replace(
        now,
        label=ruled.label,  # without a review it is a floor, so the reviewed one must not stand there
        review=ruled.review,
        ruling=ruled.ruling,
        ruled_readers=ruled.ruled_readers,
        accepted_kinds=ruled.accepted_kinds,
    )


def undo_id(request: str, action: str, wanted: Sequence[Wanted]) -> str:
    """Return by which name something is taken back: it follows from what was asked."""
    asked = (request, action, [(one.document, one.version) for one in wanted])
    return "u_" + hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:24]


def version_of(document: Document) -> str:
    """Return a digest of what a reviewer judges by: content, rights, label and evidence."""
    seen = (
        document.id,
        document.revision,
        document.digest,
        sorted(map(sorted, document.source_readers.clauses)),
        render(document.label),
        document.review.value,
        document.held,
        document.problem,
        sorted(document.accepted_kinds),
        [(one.kind, one.count) for one in document.evidence],
    )
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:32]


def where(passages: Sequence[Chunk]) -> tuple[tuple[int, frozenset[str]], ...]:
    """Return the passages that are held or sensitive, with the kinds in each."""
    return tuple((one.ordinal, one.kinds) for one in passages if one.held or demanded(one.kinds) > 1)


def matches(document: Document, pattern: str) -> bool:
    """Tell whether a document lies under a pattern of its collection and path."""
    return fnmatchcase(document.item, pattern) or fnmatchcase(f"{document.collection}/{document.item}", pattern)


def proposal(document: Document) -> Sensitivity:
    """Return the level that is proposed: what its label says or its content demands."""
    return max(document.label.sensitivity, demanded(one.kind for one in document.evidence))


def record(subject: Subject, context: Context, change: Change, told: Told) -> Record:
    """Return the record of a review: what was, what is and why, without content."""
    before, after = change.before, change.after
    facts: dict[str, str | int | float | bool] = {
        "held_before": before.held,
        "held_passages": len(change.held),
        "kinds": ",".join(sorted(after.accepted_kinds)),
        "level_before": before.label.sensitivity.name.lower(),
        "review_before": before.review.value,
    }
    facts |= {name: text for name, text in (("rule", told.rule), ("reason", told.reason)) if text}
    return replace(
        base_record(Kind.REVIEW, subject, context),
        action=told.action,
        resource_type="document",
        resource_id=after.id,
        label=after.label,
        outcome="completed",
        facts=tuple(sorted(facts.items())),
    )


def showing(subject: Subject, context: Context, document: Document, chunk: Chunk) -> Record:
    """Return the record that a passage is shown to a reviewer."""
    source = Source(
        chunk=chunk.id,
        document=document.id,
        connector=document.connector,
        item=document.item,
        revision=document.revision,
        digest=chunk.digest,
        label=document.label,
    )
    return replace(
        base_record(Kind.RETRIEVAL, subject, context),
        action=Action.READ.value,
        resource_type="document",
        resource_id=document.id,
        label=document.label,
        outcome="completed",
        sources=(source,),
    )
