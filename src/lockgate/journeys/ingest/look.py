"""Look: apply the rights that a source shows now, remove what is gone, and say what must be read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from lockgate.content.document import Document, document_id
from lockgate.content.labeling import UNREAD, passage_held
from lockgate.journeys.ingest.report import Ledger
from lockgate.journeys.ingest.settlement import Content, Settler, same, sets_of
from lockgate.journeys.sieve import Sieve
from lockgate.ports import AuditSink, Clock, Connector, Index, Item

BATCH: Final = 64
"""Items that are changed, and passages that are stored, together."""
_NO_VECTORS: Final = np.zeros((0, 1), np.float32)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An item that must be read: its id, and its size in bytes as it was listed."""

    id: str
    size: int


@dataclass(frozen=True, slots=True)
class Look:
    """The first half of a run."""

    source: Connector
    index: Index
    audit: AuditSink
    clock: Clock
    settler: Settler
    ledger: Ledger
    changing: asyncio.Lock
    """Held from the look at what is known to its change: a review in between would be overwritten."""
    sieve: Sieve
    """What was judged or tuned since it was looked at is read again."""
    again: Callable[[Document], bool] = lambda _: False
    """Tells of a document whose bytes have not changed whether it must be read again."""

    async def all(self, full: bool, sets: str = "") -> list[Wanted]:
        """Bring rights in step, and return the items that must be read, in the order of the source.

        What was read with other exact match sets than these must be read too.
        """
        report = self.ledger.report
        judged = self.sieve.rejections.unexamined()
        seen: set[str] = set()
        todo: list[Wanted] = []
        changed: list[Item] = []
        async for item in self.source.items():
            report.seen += 1
            id = document_id(item.connector, item.id)
            seen.add(id)
            if self.index.forgotten(id):
                report.forgotten += 1
                continue
            stored = self.index.document(id)
            again = full or self.sieve.must_read(stored, judged) or self._unexamined(stored)
            again = again or _looked_with_others(stored, sets)
            must_read = not item.problem and (again or _is_new(item, stored))
            if must_read:
                todo.append(Wanted(item.id, item.size))
            if self._differs(item, stored, must_read):
                changed.append(item)
            if len(changed) >= BATCH:
                await self._apply(changed)
                changed = []
            if report.seen % BATCH == 0:
                self.ledger.tell("look", report.seen, 0)
        await self._apply(changed)
        mine = (one for one in self.index.documents() if one.connector == self.source.name)
        await self._missing([one for one in mine if one.id not in seen])
        return todo

    def _unexamined(self, stored: Document | None) -> bool:
        return stored is not None and self.again(stored)

    async def _missing(self, documents: Sequence[Document]) -> None:
        """Remove what the source did not show if it is gone: where a folder cannot be entered, nothing shows."""
        for start in range(0, len(documents), BATCH):
            gone: list[str] = []
            hidden: list[Item] = []
            for one in documents[start : start + BATCH]:
                item = await self.source.stat(one.item)
                if item is None:
                    gone.append(one.id)
                elif self._differs(item, one, must_read=False):
                    hidden.append(item)
            await self._apply(hidden)
            if gone:
                await self.remove(gone)

    async def remove(self, ids: Sequence[str]) -> None:
        """Remove documents that are gone from their source."""
        await self.audit.append([self.ledger.of_removal(id) for id in ids])
        await self.index.remove(ids)
        self.ledger.report.removed += len(ids)

    def _differs(self, item: Item, stored: Document | None, must_read: bool) -> bool:
        """Tell whether what the source shows must be stored before anything is read."""
        if stored is None:
            if item.problem:
                self.ledger.problem(item.id, item.problem)
            return bool(item.problem)
        fresh = self.settler.current(item, stored, self.clock.now())
        if not must_read:
            if fresh.problem:
                self.ledger.problem(item.id, fresh.problem)
            self.ledger.report.unchanged += same(fresh, stored)
        return not same(fresh, stored)

    async def _apply(self, changed: Sequence[Item]) -> None:
        if changed:
            async with self.changing:
                await self._applied(changed)

    async def _applied(self, changed: Sequence[Item]) -> None:
        plans: list[tuple[Document, frozenset[int] | None]] = []
        for item in changed:
            # Asking for the passages also brings in what a review in another process has stored meanwhile.
            id = document_id(item.connector, item.id)
            passages = await self.index.chunks(id)
            stored = self.index.document(id)
            if stored is None and self.index.forgotten(id):
                continue
            if stored is None:
                new = self.settler.document(item, Content("", "", "", UNREAD), None, self.clock.now())
                plans.append((new, None))
                continue
            fresh = self.settler.current(item, stored, self.clock.now())
            held = (p.ordinal for p in passages if passage_held(p.kinds, fresh.label, fresh.accepted_kinds))
            plans.append((fresh, frozenset(held)))
        if not plans:
            return
        await self.audit.append(
            [
                self.ledger.of_document("ingest.put" if new is None else "ingest.relabel", one, 0)
                for one, new in plans
            ]
        )
        for document, held_now in plans:
            if held_now is None:
                await self.index.put(document, (), _NO_VECTORS)
            else:
                await self.index.relabel(document, held_now)
                self.ledger.report.relabeled += 1


def _is_new(item: Item, stored: Document | None) -> bool:
    """Tell whether an item's bytes were never seen, or have changed."""
    return stored is None or not stored.digest or stored.revision != item.revision


def _looked_with_others(stored: Document | None, sets: str) -> bool:
    """Tell whether its text was looked at with other exact match sets; what gave no text was not."""
    return stored is not None and not stored.problem and sets_of(stored) != sets
