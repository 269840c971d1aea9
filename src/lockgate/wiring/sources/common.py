"""What every source needs: the options of a target, and what a collection states, as connectors take it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from lockgate.content.globs import Glob
from lockgate.content.label_rules import LabelRule
from lockgate.labels.readers import Readers
from lockgate.ports import Directory

if TYPE_CHECKING:  # to load it takes as long as to walk a thousand files
    from lockgate.config import Settings
    from lockgate.config.principals import Principals
    from lockgate.config.settings import Collection, Rule

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """What every target may need to know.

    Attributes:
        directory: maps accounts and groups of sources to people; none is needed only to fetch.
        settings: of a configured Lockgate, whose rules and rights then count; None without one.
        max_bytes: larger items are not read.
        rows: about how many rows of a table to read, where a table is no document; 0 for all.

    """

    directory: Directory
    settings: Settings | None = None
    max_bytes: int = 50_000_000
    rows: int = 0

    def collections(self, kind: type[S]) -> Iterator[tuple[Collection, S]]:
        """Yield the collections of the configuration whose source is of this kind, each with its source."""
        for one in self.settings.collections if self.settings else ():
            if isinstance(one.source, kind):
                yield one, one.source


def rules(one: Collection) -> Sequence[LabelRule]:
    """Return the rules that a collection states."""
    return [_rule(each) for each in one.rules]


def _rule(stated: Rule) -> LabelRule:
    """Return a rule of the configuration as connectors take it."""
    return LabelRule(
        match=(Glob(stated.match),),
        sensitivity=stated.sensitivity,
        readers=stated.readers or Readers.everyone(),
        owners=stated.owners,
        integrity=stated.integrity,
        forbidden_uses=stated.forbidden_uses,
    )


def table_of(principals: Principals, form: Callable[[str], str]) -> Callable[[str], frozenset[str]]:
    """Return the look-up of principals in the table of a collection; `form` is the one that the source uses."""
    table: dict[str, frozenset[str]] = {}
    for name, who in principals:
        table[form(name)] = table.get(form(name), frozenset()) | frozenset(who)
    return lambda one: table.get(one, frozenset())
