"""What the generator writes, before it is a file: neutral content, and the truth about it.

A draft states the truth on its own (who may read, which label is right, what it reveals). The access manifest
is written from `rights.py`. The two are kept apart on purpose, so that a test can hold one against the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

Clauses: TypeAlias = tuple[tuple[str, ...], ...]
"""Readers as a conjunction of any-of clauses of identifiers: `(("group:hr",),)`."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: column names, then rows of as many cells."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block: TypeAlias = "str | Table"
"""A paragraph, a heading (`# ` or `## ` in front), a list item (`- ` in front), or a table."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question that a document answers.

    Attributes:
        text: the question as a colleague would type it.
        answers: any one of these, ignoring case and the way digits are grouped, makes an answer correct.

    """

    text: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """One document to be.

    Attributes:
        path: where it lies in the share; the suffix chooses the format.
        title: what the document calls itself.
        family: what it is about; `hr` is what the twin corpus leaves out.
        blocks: the content.
        readers: who may read it in the source, as the truth has it.
        owners: identifiers; one that the directory does not know is an orphan.
        declared: the level that the manifest declares; empty where nobody has labeled it.
        sensitivity: the level that is right.
        right_readers: who should be able to read it; wider rights in the source are the mess.
        integrity: how far its source is trusted.
        forbidden: uses that it is excluded from.
        held: declared, but sensitive and far too widely readable, so AI serves it to its owner only.
        canaries: figures and secrets that stand in this document, and in no document with other readers.
        held_canaries: those that stand in a passage which is more sensitive than the document's label.
        asks: questions that it answers.
        secrets: how many passwords, keys and tokens are planted in it.
        mail: sender, receivers, day, for e-mail.

    """

    path: str
    title: str
    family: str
    blocks: tuple[Block, ...]
    readers: Clauses
    owners: tuple[str, ...]
    declared: str
    sensitivity: str = ""
    right_readers: Clauses = ()
    integrity: str = "internal"
    forbidden: tuple[str, ...] = ()
    held: bool = False
    canaries: tuple[str, ...] = ()
    held_canaries: tuple[str, ...] = ()
    asks: tuple[Ask, ...] = ()
    secrets: int = 0
    mail: tuple[str, str, str] = field(default=("", "", ""))

    def __post_init__(self) -> None:
        object.__setattr__(self, "sensitivity", self.sensitivity or self.declared)
        object.__setattr__(self, "right_readers", self.right_readers or self.readers)
