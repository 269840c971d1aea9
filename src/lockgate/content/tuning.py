"""Tuning of detectors by an organization (`policies/detectors.toml`): what is found in documents and counts not.

A row names kinds and places, and leaves out all of them, unsure ones, or values that are known to be harmless (by
a keyed hash). It only takes findings away, so it can lower labels: it counts where somebody has applied it, with a
reason, and every document says what was left out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from lockgate.content.document import Document
from lockgate.content.finding import Finding
from lockgate.content.globs import Globs
from lockgate.content.judging import Rejected
from lockgate.content.label_policy import Kinds
from lockgate.content.labeling import level_of
from lockgate.labels.label import Sensitivity

Hashed = Callable[[str, str], str]
"""Returns the keyed hash of a value of a kind, as `allowed` has it."""
OF_TEXT = "text: "
"""How the note of a document begins that is about its text; it stays until the document is read again."""
NOTE = "detectors.toml "
"""How the note of a document begins that was looked at under a tuning of what it holds."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: findings of these kinds at these places that do not count.

    Attributes:
        kinds: globs over kinds.
        off: none of them counts.
        min_confidence: one below this does not count. 0 to 1.
        allowed: keyed hashes of values that do not count.
        collections: only in these; empty is in all.
        paths: only there; None is everywhere.
        line: where it stands in the file.

    """

    kinds: Kinds
    off: bool = False
    min_confidence: float = 0.0
    allowed: frozenset[str] = frozenset()
    collections: frozenset[str] = frozenset()
    paths: Globs | None = None
    line: int = 0

    def lies(self, collection: str, path: str) -> bool:
        """Tell whether a document lies where the row counts."""
        if self.collections and collection not in self.collections:
            return False
        return self.paths is None or self.paths.matches(path)

    def leaves_out(self, one: Finding, value: str, hashed: Hashed) -> bool:
        """Tell whether a finding does not count."""
        if not self.kinds.covers(one.kind):
            return False
        if self.off or one.confidence < self.min_confidence:
            return True
        return bool(self.allowed) and hashed(one.kind, value) in self.allowed


@dataclass(frozen=True, slots=True)
class Tuning:
    """The rows of a file. `version` is the digest of its text; empty where there are none."""

    version: str = ""
    rows: tuple[Row, ...] = ()
    text: str = ""

    def at(self, collection: str, path: str, hashed: Hashed) -> Rejected | None:
        """Return what tells which findings of a document do not count; None where all do."""
        mine = [row for row in self.rows if row.lies(collection, path)]
        if not mine:
            return None
        return lambda one, value: any(row.leaves_out(one, value, hashed) for row in mine)

    def concerns(self, kinds: Iterable[str], collection: str, path: str) -> bool:
        """Tell whether a row is about one of these kinds in a document at this place."""
        mine = [row for row in self.rows if row.lies(collection, path)]
        return any(row.kinds.covers(kind) for kind in kinds for row in mine)

    def note(self, set_aside: Sequence[tuple[str, int]], collection: str, path: str) -> tuple[str, ...]:
        """Return the note on a document that holds these kinds, each with how many of it do not count."""
        told = [(kind, count) for kind, count in set_aside if self.concerns([kind], collection, path)]
        if not told:
            return ()
        left = ", ".join(f"{count} x {kind}" for kind, count in told if count) or "nothing"
        return (f"{NOTE}{self.version} leaves out {left}",)

    def must_read(self, document: Document) -> bool:
        """Tell whether a stored document was looked at under another tuning of what is in it."""
        noted = [note for one in document.notes if (note := one.removeprefix(OF_TEXT)).startswith(NOTE)]
        if noted:
            return not all(note.startswith(f"{NOTE}{self.version} ") for note in noted)
        return self.concerns([one.kind for one in document.evidence], document.collection, document.item)


UNTUNED = Tuning()
"""Everything that is found counts."""


def both(one: Rejected | None, other: Rejected | None) -> Rejected | None:
    """Return what leaves out what either leaves out."""
    if one is None or other is None:
        return one or other
    return lambda finding, value: one(finding, value) or other(finding, value)


def grave(tuning: Tuning, known: Iterable[str]) -> list[tuple[Row, list[str]]]:
    """Return the rows that can leave out what is restricted everywhere, with these kinds."""
    top = sorted(kind for kind in known if level_of(kind) is Sensitivity.RESTRICTED)
    found = [(row, [kind for kind in top if row.kinds.covers(kind)]) for row in tuning.rows]
    return [(row, kinds) for row, kinds in found if kinds]
