"""The label: sensitivity x readers x integrity x retention x owners x forbidden uses.

Six rules hold, each a property test in `tests/labels/`:

* `join` is commutative, associative and idempotent; `PUBLIC` is its unit.
* `a.flows_to(b)` exactly when `a.join(b) == b`.
* `Label()` is the label of what nobody labeled: restricted, readable by nobody, untrusted, no use allowed.
* The join of nothing is an error, never `PUBLIC`.
* Nothing here lowers a label. What can is a review by an owner or steward, recorded (`journeys/review/`).

>>> from lockgate.labels.readers import Readers
>>> a = Label(Sensitivity.GENERAL, Readers.any_of("group:a"), Integrity.INTERNAL, forbidden_uses=frozenset())
>>> a.flows_to(a.join(Label())), Label().flows_to(a)
(True, False)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum
from typing import Final

from lockgate.errors import Invalid
from lockgate.labels.readers import Readers

AI: Final = "ai"
"""The use that stands for any AI use at all: retrieval, prompt, tool."""
ALL_USES: Final = "*"
"""The forbidden use that forbids every use."""


class Sensitivity(IntEnum):
    """Level of the organization's taxonomy; higher is more restrictive. The order is fixed, names are data."""

    PUBLIC = 0
    GENERAL = 1
    CONFIDENTIAL = 2
    RESTRICTED = 3


class Integrity(IntEnum):
    """How far content may steer an action (Biba's dual): higher is less trusted, the join is the maximum."""

    SYSTEM = 0
    USER = 1
    INTERNAL = 2
    UNTRUSTED = 3


@dataclass(frozen=True, slots=True)
class Retention:
    """When data must be gone, how long it must be kept, and which holds forbid deletion. Keep beats delete."""

    delete_by: date | None = None
    keep_until: date | None = None
    holds: frozenset[str] = frozenset()

    def join(self, other: Retention, /) -> Retention:
        """Return the earliest deletion, the longest keep, and every hold."""
        deletes = [d for d in (self.delete_by, other.delete_by) if d is not None]
        keeps = [d for d in (self.keep_until, other.keep_until) if d is not None]
        return Retention(min(deletes, default=None), max(keeps, default=None), self.holds | other.holds)

    def flows_to(self, other: Retention, /) -> bool:
        """Tell whether `other` carries every duty of `self`."""
        return self.join(other) == other

    def may_delete(self, today: date, /) -> bool:
        """Tell whether deletion is allowed on `today`: no hold, and no keep that is still running."""
        return not self.holds and (self.keep_until is None or self.keep_until < today)


def _uses(uses: frozenset[str]) -> frozenset[str]:
    return frozenset({ALL_USES}) if ALL_USES in uses else uses


@dataclass(frozen=True, slots=True)
class Label:
    """Everything that a flow check needs to know about a piece of data.

    Attributes:
        sensitivity: level of the taxonomy.
        readers: who may read, see `Readers`.
        integrity: how far the content may steer an action.
        retention: deletion and keeping duties.
        owners: identifiers of those whose data it is (`user:ann`, `group:hr`).
        forbidden_uses: what it must not be used for (`ai`, `training`); `*` forbids every use.

    """

    sensitivity: Sensitivity = Sensitivity.RESTRICTED
    readers: Readers = field(default_factory=Readers.nobody)
    integrity: Integrity = Integrity.UNTRUSTED
    retention: Retention = Retention()
    owners: frozenset[str] = frozenset()
    forbidden_uses: frozenset[str] = frozenset({ALL_USES})

    def __post_init__(self) -> None:
        object.__setattr__(self, "forbidden_uses", _uses(self.forbidden_uses))

    def join(self, other: Label, /) -> Label:
        """Return the label of data derived from both."""
        return join_all((self, other))

    def flows_to(self, other: Label, /) -> bool:
        """Tell whether data so labeled may be relabeled `other` without a downgrade."""
        return (
            self.fits_under(other)
            and self.retention.flows_to(other.retention)
            and self.owners <= other.owners
            and (ALL_USES in other.forbidden_uses or self.forbidden_uses <= other.forbidden_uses)
        )

    def fits_under(self, ceiling: Label, /) -> bool:
        """Tell whether the data may go to a destination with this ceiling.

        A destination (a model, a tool, a person) is bounded in sensitivity, readers and integrity. Owners,
        uses and retention are duties that travel on, not bounds that a destination could exceed.
        """
        return (
            self.sensitivity <= ceiling.sensitivity
            and self.integrity <= ceiling.integrity
            and self.readers.flows_to(ceiling.readers)
        )

    def forbids(self, use: str, /) -> bool:
        """Tell whether `use` is forbidden for this data. `ai` forbids every AI use by any name."""
        return bool(self.forbidden_uses & {use, ALL_USES})


PUBLIC: Final = Label(
    Sensitivity.PUBLIC, Readers.everyone(), Integrity.SYSTEM, Retention(), frozenset(), frozenset()
)
"""The bottom label, the unit of `join`. It must be written: an unlabeled thing is `Label()`."""


def join_all(labels: Iterable[Label]) -> Label:
    """Return the join of at least one label, in one pass (use this for retrieval, not pairwise joins).

    Raises:
        Invalid: `labels` is empty; the join of nothing has no meaning.

    """
    many = tuple(labels)
    if not many:
        raise Invalid("the join of no labels has no meaning")
    first = many[0]
    for one in many:
        if one is not first and one != first:
            break
    else:
        return first
    retention = first.retention
    for one in many[1:]:
        if one.retention is not retention:
            retention = retention.join(one.retention)
    return Label(
        max(one.sensitivity for one in many),
        Readers(frozenset(clause for one in many for clause in one.readers.clauses)),
        max(one.integrity for one in many),
        retention,
        frozenset(owner for one in many for owner in one.owners),
        frozenset(use for one in many for use in one.forbidden_uses),
    )
