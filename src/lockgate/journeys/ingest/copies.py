"""Copies: what was read takes over the level of what it is a copy of, also where that was labeled later."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from lockgate.content.copies import is_copy, kept, passes_on, taken_over
from lockgate.content.document import Document, document_id
from lockgate.content.labeling import along, passage_held
from lockgate.content.reading import recalled
from lockgate.content.similar import EVERY, Sketch, overlap
from lockgate.journeys.ingest.look import Look
from lockgate.journeys.ingest.settlement import Content, same
from lockgate.ports import Index, Item


async def with_copies(
    index: Index, item: Item, content: Content, sketch: Sketch, stored: Document | None
) -> Content:
    """Return what is known of the bytes of an item, with the evidence that it has as a copy."""
    id = document_id(item.connector, item.id)
    originals = await asyncio.to_thread(lambda: index.alike(sketch, originals=True))
    before = kept(stored, index.sketch(id), sketch)
    more = (*before, *taken_over(id, item.readers, originals, before))
    return replace(content, proposal=along(content.proposal, more))


@dataclass(slots=True)
class Copies:
    """Passes on the levels of originals to copies of one source that are there already.

    What was passed on is remembered, so that a run asks only about originals that are new, changed or reviewed.
    """

    index: Index
    _done: dict[str, dict[str, tuple[object, ...]]] = field(default_factory=dict)

    async def spread(self, look: Look) -> None:
        """Raise every copy in the source of a look that is not raised yet."""
        before = self._done.get(look.source.name, {})
        done: dict[str, tuple[object, ...]] = {}
        for original in self.index.documents():
            if not passes_on(original):
                continue
            sketched = len(self.index.sketch(original.id).hashes)
            state = (original.digest, sketched, original.label.sensitivity, original.label.readers)
            if before.get(original.id) != state:
                for copy in await asyncio.to_thread(self._copies, original, look.source.name):
                    await self._raise(look, copy, original)
            done[original.id] = state
        self._done[look.source.name] = done

    def _copies(self, original: Document, source: str) -> list[str]:
        mine = self.index.sketch(original.id)
        return [
            one.id
            for one, shared in self.index.alike(mine, most=EVERY)
            if one.connector == source and one.id != original.id and is_copy(shared)
        ]

    async def _raise(self, look: Look, id: str, original: Document) -> None:
        async with look.changing:
            passages = await self.index.chunks(id)  # brings in what another process has stored meanwhile
            stored = self.index.document(id)
            item = None if stored is None else await look.source.stat(stored.item)
            if stored is None or item is None:
                return
            shared = overlap(self.index.sketch(id), self.index.sketch(original.id))
            more = taken_over(id, item.readers, [(original, shared)], stored.evidence)
            evidence = along(recalled(stored), more).evidence
            now = look.clock.now()
            fresh = look.settler.current(item, replace(stored, evidence=evidence), now)
            if not more or same(fresh, stored):
                return
            held = (p.ordinal for p in passages if passage_held(p.kinds, fresh.label, fresh.accepted_kinds))
            await look.audit.append([look.ledger.of_document("ingest.relabel", fresh, 0)])
            await self.index.relabel(fresh, frozenset(held))
            look.ledger.report.relabeled += 1
