"""Sieve: which findings in a document count: none that people rejected, none that a tuning leaves out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from lockgate.content.document import Document
from lockgate.content.judging import Rejected
from lockgate.content.tuning import OF_TEXT, UNTUNED, Hashed, Tuning, both
from lockgate.ports.judging import NoRejections, Rejections


def _unkeyed(_: str, __: str) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Sieve:
    """Both, for whoever looks at documents.

    Attributes:
        rejections: what people rejected, value by value.
        tuning: what the organization leaves out.
        hashed: keyed hashes of values that may stand anywhere.

    """

    rejections: Rejections = field(default_factory=NoRejections)
    tuning: Tuning = UNTUNED
    hashed: Hashed = _unkeyed

    def of(self, document: str, collection: str, item: str) -> Rejected | None:
        """Return what tells which findings of a document do not count; None where all do."""
        return both(self.rejections.rejected(document), self.tuning.at(collection, item, self.hashed))

    def noted(self, document: Document, set_aside: Sequence[tuple[str, int]]) -> Document:
        """Return a document that was looked at with the note on what a tuning left out of it."""
        held = {one.kind: 0 for one in document.evidence} | dict(set_aside)
        notes = self.tuning.note(sorted(held.items()), document.collection, document.item)
        return replace(document, notes=(*document.notes, *(OF_TEXT + one for one in notes))) if notes else document

    def must_read(self, document: Document | None, judged: Mapping[str, int]) -> bool:
        """Tell whether a stored document must be looked at again: what counts in it has changed."""
        return document is not None and (document.id in judged or self.tuning.must_read(document))
