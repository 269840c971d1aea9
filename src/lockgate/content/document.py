"""Documents and chunks as Lockgate knows them, with the label that decides about them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from lockgate.labels.label import Label
from lockgate.labels.readers import Readers


class Review(StrEnum):
    """How the label of a document came to be."""

    UNREVIEWED = "unreviewed"
    """Nobody has looked: the label is a proposal, and AI serves the document to its owner only."""
    DECLARED = "declared"
    """A rule of the administrator (configuration or access manifest) states it."""
    ACCEPTED = "accepted"
    """An owner or steward accepted the proposal."""
    CORRECTED = "corrected"
    """An owner or steward stated another label."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a label is proposed: how often a kind was found. Never a value."""

    kind: str
    count: int
    confidence: float


def document_id(connector: str, item: str) -> str:
    """Return the stable id of an item: it depends on nothing but connector and item, so it reveals nothing."""
    return "d_" + hashlib.sha256(f"{connector}\0{item}".encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Document:
    """One item of a source, its rights and its label. The text lives in the index, encrypted.

    Attributes:
        id: see `document_id`.
        connector, item: where it comes from (`shares/hr`, `pay/2026.xlsx`).
        title: what a reader sees; the file name where the document states nothing better.
        collection: the configured collection it belongs to.
        revision: the connector's revision string; equal means unchanged content.
        digest: SHA-256 of the bytes, hex.
        source_readers: who may read it in the source system.
        label: the effective label; its readers are never wider than `source_readers`.
        review: how the label came to be.
        held: sensitive and too widely readable, so held back from AI until reviewed.
        accepted_kinds: kinds that a review has seen; only other kinds can hold back a chunk.
        evidence: what the detectors found.
        problem: why it could not be read or understood; empty if it could.
        notes: what was narrowed, in words.
        seen: when the source was last asked.
        ruling: what the last review stated, before it was joined with the rights of the source; None without one.
        ruled_readers: the effective readers that the reviewer saw; a review covers no wider audience.

    """

    id: str
    connector: str
    item: str
    title: str
    collection: str
    revision: str
    digest: str
    source_readers: Readers
    label: Label
    review: Review
    held: bool
    seen: datetime
    accepted_kinds: frozenset[str] = frozenset()
    evidence: tuple[Evidence, ...] = ()
    problem: str = ""
    notes: tuple[str, ...] = ()
    ruling: Label | None = None
    ruled_readers: Readers | None = None

    @property
    def reviewed(self) -> bool:
        """Tell whether somebody is answerable for the label."""
        return self.review is not Review.UNREVIEWED


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of a document.

    `held` is set at ingest where detectors find in this very passage what the document's label does not cover
    (a salary line pasted into a mail): it then goes to the owner only, until the document is reviewed again.
    """

    document: str
    ordinal: int
    text: str
    start: int
    end: int
    held: bool = False
    kinds: frozenset[str] = field(default=frozenset())

    @property
    def id(self) -> str:
        """Return `<document>#<ordinal>`."""
        return f"{self.document}#{self.ordinal}"

    @property
    def digest(self) -> str:
        """Return SHA-256 of the text, hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()
