"""From an item of a source to a document of the catalogue: rights as they are now, label as it is settled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from lockgate.content.audience import Breadth, Census
from lockgate.content.document import Document, Review, document_id
from lockgate.content.label_policy import NO_RULES, LabelPolicy
from lockgate.content.labeling import DEFAULT_LIMIT, UNREAD, Hit, Limit, Proposal, along, not_below, settle
from lockgate.content.reading import recalled
from lockgate.content.suggestion import is_note, is_suggestion
from lockgate.content.tuning import OF_TEXT
from lockgate.labels.label import Label
from lockgate.labels.readers import Readers
from lockgate.ports import Directory, Item

UNREADABLE: Final = "could not read: "
"""How the problem of a document begins whose bytes were seen but gave no text."""
_SETS: Final = "looked at with the exact match sets of version "


@dataclass(frozen=True, slots=True)
class Content:
    """What is known of the bytes of an item. `digest` is empty where they were never seen.

    `partly`: something in them could not be read, so that what was known before still counts.
    """

    revision: str
    digest: str
    title: str
    proposal: Proposal
    notes: tuple[str, ...] = ()
    problem: str = ""
    partly: bool = False


def content_of(document: Document) -> Content:
    """Return what a stored document knows of its bytes."""
    unreadable = document.problem.startswith(UNREADABLE)
    return Content(
        document.revision,
        document.digest,
        document.title,
        UNREAD if unreadable else recalled(document),
        tuple(note.removeprefix(OF_TEXT) for note in document.notes if note.startswith(OF_TEXT)),
        document.problem if unreadable else "",
    )


def with_suggestions(content: Content, stored: Document | None) -> Content:
    """Return what is known of the bytes of an item, with what a model suggested about the very same bytes."""
    if stored is None or not content.digest or stored.digest != content.digest:
        return content
    notes = tuple(note.removeprefix(OF_TEXT) for note in stored.notes if note.startswith(OF_TEXT))
    return replace(
        content,
        proposal=along(content.proposal, [one for one in stored.evidence if is_suggestion(one.kind)]),
        notes=(*content.notes, *(one for one in notes if is_note(one))),
    )


class Settler:
    """Settles labels against one directory; counts audiences once for each of its versions."""

    def __init__(self, directory: Directory, limit: Limit = DEFAULT_LIMIT, rules: LabelPolicy = NO_RULES) -> None:
        self._directory = directory
        self._limit = limit
        self.rules = rules
        self._census: tuple[str, Census] | None = None

    def document(
        self, item: Item, content: Content, previous: Document | None, now: datetime, kept: Label | None = None
    ) -> Document:
        """Return the document that an item is now. What has a problem is readable by nobody.

        What nobody declared or reviewed is not labeled below `kept`.
        """
        problem = content.problem or item.problem  # the first outlasts the second
        proposal = content.proposal
        if content.partly and previous is not None:
            proposal = not_below(proposal, content_of(previous).proposal)
        proposal = self.rules.applied(proposal, item.collection, item.id)
        if kept is not None:
            proposal = _kept(proposal, kept)
        settled = settle(
            Readers.nobody() if problem else item.readers,
            item.owners,
            item.integrity,
            item.declared,
            previous,
            proposal,
            self._breadth,
            self._limit,
        )
        return Document(
            id=document_id(item.connector, item.id),
            connector=item.connector,
            item=item.id,
            title=content.title or item.id.rstrip("/").rpartition("/")[2],
            collection=item.collection,
            revision=content.revision,
            digest=content.digest,
            source_readers=item.readers,
            label=settled.label,
            review=settled.review,
            held=settled.held or bool(problem),
            seen=now,
            accepted_kinds=previous.accepted_kinds if previous else frozenset(),
            evidence=proposal.evidence,
            problem=problem,
            notes=item.notes + tuple(OF_TEXT + note for note in content.notes),
            ruling=previous.ruling if previous else None,
            ruled_readers=previous.ruled_readers if previous else None,
        )

    def current(self, item: Item, document: Document, now: datetime) -> Document:
        """Return a stored document with the rights that its source shows now.

        Where its bytes have changed since they were read, old and new rights both bind: the text is the old one.
        """
        fresh = self.document(item, content_of(document), document, now, _label_of_rules(item, document))
        if item.revision == document.revision or not document.digest:
            return fresh
        return replace(
            fresh,
            source_readers=fresh.source_readers.join(document.source_readers),
            label=fresh.label.join(document.label),
            held=fresh.held or document.held,
        )

    def _breadth(self, readers: Readers) -> Breadth:
        if self._census is None or self._census[0] != self._directory.version:
            people = [(person.id, person.groups) for person in self._directory.people() if person.active]
            self._census = self._directory.version, Census(people)
        return self._census[1].breadth(readers)


def with_sets(notes: tuple[str, ...], version: str) -> tuple[str, ...]:
    """Return notes of a text with the version of the exact match sets that it was looked at with."""
    return (*notes, _SETS + version) if version else notes


def sets_of(document: Document) -> str:
    """Return the version of the exact match sets that a document was looked at with; empty for none."""
    marks = (note.removeprefix(OF_TEXT + _SETS) for note in document.notes if note.startswith(OF_TEXT + _SETS))
    return next(marks, "")


def kept_label(item: Item, document: Document, stored: Document | None) -> Label | None:
    """Return the label that a document keeps which was read again only because exact match sets have changed."""
    if (
        stored is None
        or stored.problem
        or document.digest != stored.digest
        or sets_of(document) == sets_of(stored)
    ):
        return None
    return _label_of_rules(item, stored)


def _label_of_rules(item: Item, document: Document) -> Label | None:
    """Return the label of a document that has it from nobody but detectors and rules; else None."""
    return document.label if item.declared is None and document.review is Review.UNREVIEWED else None


def _kept(proposal: Proposal, before: Label) -> Proposal:
    """Return a proposal that is not below a label: other rules raise a label, and only a person lowers it."""
    hit = Hit(
        "kept",
        before.sensitivity,
        frozenset(),
        "an earlier version of the rules demanded it, and only a review lowers a label",
        before.forbidden_uses,
        retention=before.retention,
    )
    return replace(proposal, sensitivity=max(proposal.sensitivity, before.sensitivity), hits=(*proposal.hits, hit))


def same(one: Document, other: Document) -> bool:
    """Tell whether two states of a document differ in nothing but when they were seen."""
    return replace(one, seen=other.seen) == other
