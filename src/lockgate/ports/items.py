"""What every connector does alike: an `Item` of the rights that a source states and the rules for it.

A connector finds out `Rights`; a `Shelf` makes the item of them. So rules mean the same for every source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lockgate.content.label_rules import LabelRule, last_match
from lockgate.labels.label import Integrity, Label, join_all
from lockgate.labels.readers import Readers


@dataclass(frozen=True, slots=True)
class Item:
    """A document as its source shows it now: rights, but not content.

    `readers` is nobody where rights cannot be understood; `problem` then says why. `declared` is a label
    that a rule of the administrator states for it (manifest, configuration), None if there is none.
    `reach` is who may be able to read it, where that is known to be more than `readers` (by grants that are not
    certain, or on other ways): for reports of exposure, never for access. None: nobody is known beyond `readers`.
    `modified` is when its content last changed, None where the source does not tell.
    """

    connector: str
    id: str
    revision: str
    size: int
    collection: str
    readers: Readers
    owners: frozenset[str]
    integrity: Integrity
    declared: Label | None = None
    notes: tuple[str, ...] = ()
    problem: str = ""
    reach: Readers | None = None
    modified: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rights:
    """What a source says about one document. `problem` says why it says nothing; `reach` as in `Item`."""

    readers: Readers
    owners: frozenset[str]
    integrity: Integrity
    declared: Label | None = None
    notes: tuple[str, ...] = ()
    problem: str = ""
    reach: Readers | None = None


def nobody(problem: str, reach: Readers | None = None) -> Rights:
    """Return the rights on what cannot be understood."""
    return Rights(Readers.nobody(), frozenset(), Integrity.UNTRUSTED, problem=problem, reach=reach)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where the items of a connector stand: its name, their collection, and the administrator's rules for them."""

    connector: str
    collection: str
    rules: Sequence[LabelRule] = ()

    def item(
        self, id: str, path: str, revision: str, size: int, rights: Rights, modified: datetime | None = None
    ) -> Item:
        """Return an item. Rules are looked up by `path`, which is the name before it became an id."""
        declared = self._declared(path, rights)
        if isinstance(declared, str):
            rights, declared = nobody(declared, rights.reach), None
        return Item(
            self.connector,
            id,
            revision,
            size,
            self.collection,
            rights.readers,
            rights.owners | (declared.owners if declared else frozenset()),
            max(rights.integrity, declared.integrity if declared else Integrity.SYSTEM),
            declared,
            rights.notes,
            rights.problem,
            None if rights.reach == rights.readers else rights.reach,
            modified,
        )

    def _declared(self, path: str, rights: Rights) -> Label | str | None:
        """Return the join of what source and configuration declare, or why that cannot be told."""
        if not self.rules or rights.problem:
            return rights.declared
        exact, folded = last_match([rule.match for rule in self.rules], path)
        if exact != folded:
            return "a label rule of the configuration matches only if case is ignored"
        stated = [] if rights.declared is None else [rights.declared]
        if exact >= 0:
            stated.append(self.rules[exact].label(rights.integrity))
        return join_all(stated) if stated else None
