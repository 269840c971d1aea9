"""A small company share, and everything an ingest of it needs. The index and the connector are the real ones."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np

from adapters.hosts import Host
from lockgate.adapters.files import FilesConnector
from lockgate.adapters.index_memory import MemoryIndex
from lockgate.adapters.judgement_log import SqliteJudgements
from lockgate.adapters.keys import FileKeys
from lockgate.adapters.review_log import SqliteReviewLog
from lockgate.audit.record import Receipt, Record
from lockgate.errors import Invalid
from lockgate.journeys.ingest import Ingest
from lockgate.journeys.ingest.read import MOST
from lockgate.journeys.sieve import Sieve
from lockgate.ports import READER_KILLED, Extracted, Person, Vectors
from support import NOW

MANIFEST = ".lockgate-access.toml"
PEOPLE = tuple(
    Person(name, name.title(), frozenset({"group:staff", f"group:{'hr' if name in ('ann', 'eva') else 'sales'}"}))
    for name in ("ann", "eva", "bo", "cy", "dee", *(f"p{number}" for number in range(40)))
)


class Words:
    """`ports.Embedder`: hashed words, so that tests need no weights. Counts what it was asked."""

    name = "words"
    dimensions = 32

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def embed(self, texts: Sequence[str], /) -> Vectors:
        self.texts.extend(texts)
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                vectors[row, hashlib.sha256(word.encode()).digest()[0] % self.dimensions] += 1
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


class Plain:
    """`ports.Extractor`: UTF-8 text as it is; anything that begins with `!` does to it what follows."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.killing = True

    async def extract(self, name: str, data: bytes, /) -> Extracted:
        self.names.append(name)
        if data.startswith(b"!invalid"):
            raise Invalid("could not read: it is broken")
        if data.startswith(b"!fault"):
            raise ZeroDivisionError("s3cret")
        if data.startswith(b"!killed") and self.killing:
            raise Invalid("could not read: its reader was killed", code=READER_KILLED)
        return Extracted(data.decode("utf-8", "replace"))


@dataclass
class Log:
    """`ports.AuditSink` that keeps records in a list."""

    records: list[Record] = field(default_factory=list)

    async def append(self, records: Sequence[Record], /) -> Receipt:
        assert records
        self.records.extend(records)
        return Receipt(len(self.records) - len(records), len(self.records))


class Stopped:
    """`ports.Clock` that stands still."""

    def now(self) -> datetime:
        return NOW


@dataclass
class Place:
    """One share and what reads it."""

    share: Path
    connector: FilesConnector
    index: MemoryIndex
    ingest: Ingest
    embedder: Words
    extractor: Plain
    log: Log
    reviewed: SqliteReviewLog
    judged: SqliteJudgements

    def write(self, path: str, text: str | bytes) -> None:
        target = self.share / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())

    def rules(self, *rules: str) -> None:
        self.write(MANIFEST, "version = 1\n" + "".join(f"[[rule]]\n{rule}\n" for rule in rules))

    def document(self, item: str):
        found = [one for one in self.index.documents() if one.item == item]
        assert len(found) == 1, item
        return found[0]


STAFF = 'match = ["**"]\nreaders = ["group:staff"]\nowners = ["user:ann"]'
HR = 'match = ["hr/**"]\nreaders = ["group:hr"]\nowners = ["user:ann"]'


@asynccontextmanager
async def place(
    folder: Path, *, lanes: int = 1, most: int = MOST, embedder: Words | None = None
) -> AsyncIterator[Place]:
    share = folder / "share"
    share.mkdir(exist_ok=True)
    directory = Host(everybody=PEOPLE)
    connector = FilesConnector("share", share, "docs", directory=directory, rights="manifest")
    keys = FileKeys.open(folder / "master.key")
    index = await MemoryIndex.open(folder / "index", keys)
    reviewed = SqliteReviewLog.open(folder / "index", keys)
    judged = SqliteJudgements.open(folder / "index", keys, b"k" * 32)
    embedder, extractor, log = embedder or Words(), Plain(), Log()
    ingest = Ingest(
        index, extractor, embedder, Stopped(), log, directory, lanes=lanes, most=most, sieve=Sieve(judged)
    )
    try:
        made = Place(share, connector, index, ingest, embedder, extractor, log, reviewed, judged)
        if not (share / MANIFEST).exists():
            made.rules(STAFF, HR)
        yield made
    finally:
        judged.close()
        reviewed.close()
        await index.close()
