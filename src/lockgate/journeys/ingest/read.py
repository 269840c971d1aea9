"""Read: fetch, extract, look at, embed and store what is new or changed.

Small documents come first, so that one large file keeps nobody else's waiting. A large one is embedded in small
steps with room for others between them, and becomes visible in one step at its end. What one document may cost is
bounded: its passages by `Pace.most`, what is read ahead of the embeddings by `_AHEAD` bytes.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np

from lockgate.content.detection import Scan, scan
from lockgate.content.document import Document, document_id
from lockgate.content.labeling import UNREAD, along
from lockgate.content.reading import NOTHING_READ, Find, Reading, chunks, nothing, read, titled
from lockgate.content.stated import stated
from lockgate.errors import Invalid, LockgateError, NotFound, TooLarge, Unavailable
from lockgate.journeys.ingest.copies import with_copies
from lockgate.journeys.ingest.look import BATCH, Look, Wanted
from lockgate.journeys.ingest.settlement import (
    UNREADABLE,
    Content,
    kept_label,
    same,
    with_sets,
    with_suggestions,
)
from lockgate.ports import READER_KILLED, Embedder, Extractor, Item, Vectors

MOST: Final = 10_000
"""Passages of one document that are searched, about 8 million characters: minutes of embedding on one core."""
LARGE: Final = 250_000
"""Bytes, or characters of what is searched. Larger documents come after all others: seconds of embedding each."""
_AHEAD: Final = 8_000_000
"""Bytes that are read ahead together; a document that alone has more is read alone."""
_STEP: Final = 16
"""Passages that the embedder gets in one call; a fraction of a second."""
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is done at a time: documents read ahead, calls of the embedder; and passages of one document."""

    ahead: int
    lanes: int
    most: int


@dataclass(frozen=True, slots=True)
class _Ready:
    """A document that was read and waits for its vectors."""

    item: Item
    content: Content
    reading: Reading
    size: int
    judged: int = 0
    """The newest judgement that was counted."""


@dataclass(frozen=True, slots=True)
class Read:
    """The second half of a run."""

    look: Look
    extractor: Extractor
    embedder: Embedder
    pace: Pace
    also: Find = nothing
    scan: Scan = scan
    sets: Callable[[], str] = lambda: ""

    async def all(self, todo: Sequence[Wanted], until: datetime | None = None) -> None:
        """Read and store these items: small ones in the order given, then large ones by size.

        From `until` on no large one is begun but the first.
        """
        done = 0

        def tell(embedded: int = 0, embedding: int = 0) -> None:
            self.look.ledger.tell("read", done, len(todo), embedded, embedding)

        small = [one for one in todo if one.size <= LARGE]
        large = [one for one in todo if one.size > LARGE]
        batch: list[_Ready] = []
        async with aclosing(self._readings(small)) as readings:
            async for wanted, ready in readings:
                if ready is not None and (length := ready.reading.length) > LARGE:
                    large.append(Wanted(wanted.id, length))  # packed: it is read again when its turn comes
                    continue
                if ready is not None:
                    batch.append(ready)
                full = sum(len(one.reading.spans) for one in batch) >= BATCH or len(batch) >= BATCH
                if full or wanted is small[-1]:  # the last, so that the last figures told are those of all
                    await self._store(batch, tell)
                    batch = []
                done += 1
                tell()
        await self._store(batch, tell)
        large.sort(key=lambda one: one.size)
        async with aclosing(self._readings(large, until)) as readings:
            async for _, ready in readings:
                if ready is not None:
                    await self._store([ready], tell)
                done += 1
                tell()

    async def _readings(
        self, todo: Sequence[Wanted], until: datetime | None = None
    ) -> AsyncGenerator[tuple[Wanted, _Ready | None], None]:
        """Yield what these items contain, in order, some read ahead; from `until` on none but the first."""
        queue = deque(todo)
        reading: deque[tuple[Wanted, asyncio.Task[_Ready | None]]] = deque()
        try:
            while queue or reading:
                while queue and self._has_room([one for one, _ in reading], queue[0]):
                    if until is not None and len(queue) < len(todo) and self.look.clock.now() >= until:
                        self.look.ledger.report.left = len(queue)
                        queue.clear()
                        break
                    wanted = queue.popleft()
                    reading.append((wanted, asyncio.create_task(self._prepare(wanted.id))))
                if reading:
                    ready = await reading[0][1]
                    yield reading.popleft()[0], ready
        finally:
            await _end([task for _, task in reading])

    def _has_room(self, reading: Sequence[Wanted], following: Wanted) -> bool:
        """Tell whether the next item may be read while these are."""
        if not reading:
            return True
        return len(reading) < self.pace.ahead and sum(one.size for one in reading) + following.size <= _AHEAD

    async def _prepare(self, id: str) -> _Ready | None:
        """Read one item. Its rights are those after its bytes were read; None if it is gone."""
        source = self.look.source
        item = await source.stat(id)
        for _ in range(_TRIES):
            if item is None:
                await self._forget(id)
                return None
            if item.problem:
                return _Ready(item, Content("", "", "", UNREAD), NOTHING_READ, 0)
            try:
                data = await source.fetch(id)
            except NotFound:
                item = await source.stat(id)
                continue
            except (TooLarge, Unavailable) as error:
                return _failed(item, "", str(error))
            after = await source.stat(id)
            if after is not None and not after.problem and after.revision == item.revision:
                return await self._understand(after, data)
            item = after
        return None if item is None else _failed(item, "", "it changes all the time")

    async def _understand(self, item: Item, data: bytes) -> _Ready:
        digest = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
        id = document_id(item.connector, item.id)
        judged = self.look.sieve.rejections.unexamined().get(id, 0)
        rejected = self.look.sieve.of(id, item.collection, item.id)
        sets = self.sets()
        try:
            extracted = await self.extractor.extract(item.id, data)
            seen, unseen = extracted.split()
            reading = await asyncio.to_thread(read, seen, self.pace.most, unseen, rejected, self.also, self.scan)
            title = await asyncio.to_thread(titled, extracted.title, self.scan)
        except Invalid as error:
            again = error.code == READER_KILLED  # what was never seen is read by the next run
            return _failed(item, "" if again else digest, str(error).removeprefix(UNREADABLE))
        except LockgateError:
            raise
        except Exception as error:  # a fault of ours must not stop the run; its message could quote the document
            return _failed(item, digest, f"Lockgate failed on it ({type(error).__name__})")
        unread = tuple(f"not read: {what}" for what in extracted.unread)
        own = stated(extracted.marks, self.look.settler.rules)
        notes = with_sets((*extracted.notes, *own.notes, *unread, *_partly(reading)), sets)
        proposal = along(reading.proposal, own.evidence)
        content = Content(item.revision, digest, title, proposal, notes, partly=bool(unread))
        return _Ready(item, content, reading, len(data), judged)

    async def _store(self, batch: Sequence[_Ready], tell: Callable[[int, int], None]) -> None:
        vectors = await self._embed([span.text for one in batch for span in one.reading.spans], tell)
        async with self.look.changing:
            await self._put(batch, vectors, tell)

    async def _put(self, batch: Sequence[_Ready], vectors: Vectors, tell: Callable[[int, int], None]) -> None:
        look, report = self.look, self.look.ledger.report
        plans: list[tuple[Document, _Ready, Vectors]] = []
        at = 0
        for one in batch:
            mine = vectors[at : at + len(one.reading.spans)]
            at += len(mine)
            item = await self._now(one)
            if item is None:
                continue
            stored = await self._stored(item)
            if stored is None and look.index.forgotten(document_id(item.connector, item.id)):
                continue  # while it was read
            content = await with_copies(
                look.index, item, with_suggestions(one.content, stored), one.reading.sketch, stored
            )
            document = look.settler.document(item, content, stored, look.clock.now())
            kept = kept_label(item, document, stored)
            if kept is not None:
                document = look.settler.document(item, content, stored, look.clock.now(), kept)
            document = look.sieve.noted(document, one.reading.set_aside)
            if document.problem:
                look.ledger.problem(document.item, document.problem)
            report.partly.extend((document.item, note) for note in _partly(one.reading))
            if stored is None or one.reading.spans or not same(document, stored):
                plans.append((document, one, mine))
        if not plans:
            return
        await look.audit.append(
            [look.ledger.of_document("ingest.put", document, len(mine)) for document, _, mine in plans]
        )
        for document, one, mine in plans:
            passages = chunks(document.id, one.reading, document.label, document.accepted_kinds)
            await look.index.put(document, passages, mine, one.reading.sketch)
            report.stored += 1
            report.passages += len(mine)
            report.bytes += one.size
        await look.sieve.rejections.examined({document.id: one.judged for document, one, _ in plans})
        tell(0, 0)

    async def _now(self, one: _Ready) -> Item | None:
        """Return the item as it is after its passages were embedded; None if it is gone.

        Embedding a large document takes minutes, in which its rights may be taken away. Where its bytes have
        changed too, it is stored as it was when they were read, and the next run brings in both.
        """
        if len(one.reading.spans) <= BATCH:
            return one.item
        now = await self.look.source.stat(one.item.id)
        if now is None:
            await self._forget(one.item.id)
            return None
        return now if now.revision == one.item.revision else one.item

    async def _forget(self, id: str) -> None:
        gone = document_id(self.look.source.name, id)
        if self.look.index.document(gone) is not None:
            await self.look.remove([gone])

    async def _stored(self, item: Item) -> Document | None:
        id = document_id(item.connector, item.id)
        if self.look.index.document(id) is not None:
            await self.look.index.chunks(id)  # brings in what another process has stored meanwhile
        return self.look.index.document(id)

    async def _embed(self, texts: Sequence[str], tell: Callable[[int, int], None]) -> Vectors:
        """Embed texts in small steps, some of them at a time. A text's vector depends on nothing but the text."""
        vectors = np.zeros((len(texts), self.embedder.dimensions), np.float32)
        steps = iter(range(0, len(texts), _STEP))
        done = 0

        async def lane() -> None:
            nonlocal done
            for at in steps:
                rows = await self.embedder.embed(texts[at : at + _STEP])
                vectors[at : at + _STEP] = rows
                done += len(rows)
                tell(done, len(texts))
                await asyncio.sleep(0)  # also where the embedder itself never waits

        lanes = [asyncio.create_task(lane()) for _ in range(self.pace.lanes)]
        try:
            await asyncio.gather(*lanes)
        finally:
            await _end(lanes)
        return vectors


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel what still runs, and wait for its end."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _partly(reading: Reading) -> tuple[str, ...]:
    """Return the note on a text of which not all passages are kept."""
    kept = len(reading.spans)
    whole = kept + reading.left_out
    return (f"only the first {kept:,} of its {whole:,} passages are searched",) if reading.left_out else ()


def _failed(item: Item, digest: str, why: str) -> _Ready:
    content = Content(item.revision, digest, "", UNREAD, problem=UNREADABLE + why)
    return _Ready(item, content, NOTHING_READ, 0)
