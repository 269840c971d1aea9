"""Read: fetch, extract, look at, embed and store what is new or changed."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from lockgate.content.document import Document, document_id
from lockgate.content.labeling import UNREAD
from lockgate.content.reading import NOTHING_READ, Reading, chunks, read
from lockgate.errors import Invalid, LockgateError, NotFound, TooLarge, Unavailable
from lockgate.journeys.ingest.look import BATCH, Look
from lockgate.journeys.ingest.settlement import UNREADABLE, Content, same
from lockgate.ports import Embedder, Extractor, Item, Vectors

_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class _Ready:
    """A document that was read and waits for its vectors."""

    item: Item
    content: Content
    reading: Reading
    size: int


@dataclass(frozen=True, slots=True)
class Read:
    """The second half of a run. `ahead` documents are read before the embedder needs them."""

    look: Look
    extractor: Extractor
    embedder: Embedder
    ahead: int

    async def all(self, todo: Sequence[str]) -> None:
        """Read and store these items."""
        waiting: deque[asyncio.Task[_Ready | None]] = deque()
        batch: list[_Ready] = []
        started = done = 0
        try:
            while started < len(todo) or waiting:
                while started < len(todo) and len(waiting) < self.ahead:
                    waiting.append(asyncio.create_task(self._prepare(todo[started])))
                    started += 1
                ready = await waiting.popleft()
                done += 1
                if ready is not None:
                    batch.append(ready)
                if sum(len(one.reading.spans) for one in batch) >= BATCH or len(batch) >= BATCH:
                    await self._store(batch)
                    batch = []
                self.look.ledger.tell("read", done, len(todo))
            await self._store(batch)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def _prepare(self, id: str) -> _Ready | None:
        """Read one item. Its rights are those after its bytes were read; None if it is gone."""
        source = self.look.source
        item = await source.stat(id)
        for _ in range(_TRIES):
            if item is None:
                gone = document_id(source.name, id)
                if self.look.index.document(gone) is not None:
                    await self.look.remove([gone])
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
        try:
            extracted = await self.extractor.extract(item.id, data)
            reading = await asyncio.to_thread(read, extracted.text)
        except Invalid as error:
            return _failed(item, digest, str(error).removeprefix(UNREADABLE))
        except LockgateError:
            raise
        except Exception as error:  # a fault of ours must not stop the run; its message could quote the document
            return _failed(item, digest, f"Lockgate failed on it ({type(error).__name__})")
        content = Content(item.revision, digest, extracted.title, reading.proposal, extracted.notes)
        return _Ready(item, content, reading, len(data))

    async def _store(self, batch: Sequence[_Ready]) -> None:
        look, report = self.look, self.look.ledger.report
        vectors = await self._embed([span.text for one in batch for span in one.reading.spans])
        plans: list[tuple[Document, _Ready]] = []
        for one in batch:
            stored = await self._stored(one.item)
            document = look.settler.document(one.item, one.content, stored, look.clock.now())
            if document.problem:
                look.ledger.problem(document.item, document.problem)
            if stored is None or one.reading.spans or not same(document, stored):
                plans.append((document, one))
        if not plans:
            return
        await look.audit.append(
            [look.ledger.of_document("ingest.put", document, len(one.reading.spans)) for document, one in plans]
        )
        at = 0
        for document, one in plans:
            passages = chunks(document.id, one.reading, document.label, document.accepted_kinds)
            await look.index.put(document, passages, vectors[at : at + len(passages)])
            at += len(passages)
            report.stored += 1
            report.passages += len(passages)
            report.bytes += one.size

    async def _stored(self, item: Item) -> Document | None:
        id = document_id(item.connector, item.id)
        if self.look.index.document(id) is not None:
            await self.look.index.chunks(id)  # brings in what another process has stored meanwhile
        return self.look.index.document(id)

    async def _embed(self, texts: Sequence[str]) -> Vectors:
        parts = [await self.embedder.embed(texts[at : at + BATCH]) for at in range(0, len(texts), BATCH)]
        return np.concatenate(parts) if parts else np.zeros((0, self.embedder.dimensions), np.float32)


def _failed(item: Item, digest: str, why: str) -> _Ready:
    content = Content(item.revision, digest, "", UNREAD, problem=UNREADABLE + why)
    return _Ready(item, content, NOTHING_READ, 0)
