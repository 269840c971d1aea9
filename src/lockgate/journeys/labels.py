"""The organization's rules over the catalogue: what they would change and why, before anything does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from lockgate.audit.record import Kind, Record
from lockgate.content.document import Document, Review
from lockgate.content.label_policy import LabelPolicy
from lockgate.content.labeling import DEFAULT_LIMIT, Limit, Proposal
from lockgate.content.reading import recalled
from lockgate.errors import NotFound
from lockgate.journeys.ingest.settlement import Settler
from lockgate.ports import AuditSink, Clock, Connector, Directory, Index

_EARLIER: Final = "other rules, or what it held before, demanded its label; only a review lowers one"


@dataclass(frozen=True, slots=True)
class Change:
    """What rules would make of a document, and why. Nothing is changed."""

    before: Document
    after: Document
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Labels:
    """Simulates and explains rules. What applies them is the ingest; that somebody does it is recorded here.

    Attributes:
        index, directory, clock, audit: the ports.
        connectors: by name; what a source says now counts, as it does in an ingest.
        limit: above what audience something sensitive is too widely readable.

    """

    index: Index
    directory: Directory
    clock: Clock
    audit: AuditSink
    connectors: Mapping[str, Connector]
    limit: Limit = DEFAULT_LIMIT

    async def simulate(self, rules: LabelPolicy) -> AsyncIterator[Change]:
        """Yield every document that these rules would change. What is gone from its source is not there.

        Raises:
            Unavailable: a source cannot be asked.

        """
        settler = Settler(self.directory, self.limit, rules)
        for document in tuple(self.index.documents()):
            connector = self.connectors.get(document.connector)
            item = await connector.stat(document.item) if connector is not None else None
            if item is None:
                continue
            after = settler.current(item, document, self.clock.now())
            if (after.label, after.held) != (document.label, document.held):
                yield Change(document, after, explained(document, rules).reasons)

    def explain(self, name: str, rules: LabelPolicy) -> tuple[Document, Proposal]:
        """Return a document, by its id or `collection/path`, and what these rules say about what is in it.

        Raises:
            NotFound: there is none.

        """
        found = [one for one in self.index.documents() if name in (one.id, f"{one.collection}/{one.item}")]
        if not found:
            raise NotFound("there is no such document in the catalogue", remedy="Name its id, or collection/path.")
        document, said = found[0], explained(found[0], rules)
        if document.review is Review.UNREVIEWED and document.label.sensitivity > said.sensitivity:
            said = replace(said, reasons=(*said.reasons, _EARLIER))
        return document, said

    async def applied(self, rules: LabelPolicy, account: str) -> None:
        """Record that somebody applies rules, before it is done.

        Raises:
            Unavailable: the log cannot take it; then nothing may be applied.

        """
        now = self.clock.now()
        base = Record(Kind.ADMINISTRATION, now, f"labels-{now:%Y%m%dT%H%M%S.%f}", subject="service:lockgate")
        facts = (("account", account), ("label_rules", rules.version))
        await self.audit.append([replace(base, action="labels.apply", facts=facts)])


def explained(document: Document, rules: LabelPolicy) -> Proposal:
    """Return what rules say about a stored document, with all reasons: of kinds, and of rules."""
    known = recalled(document)
    reasons = tuple(f"{one.count} x {one.kind}" for one in known.evidence) or known.reasons
    return rules.applied(replace(known, reasons=reasons), document.collection, document.item)
