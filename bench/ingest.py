"""Ingest: documents and bytes a second by format, and the whole of a share with and without embeddings.

python -m bench.ingest
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from lockgate.adapters.clock import SystemClock
from lockgate.adapters.directory_file import DirectoryFile
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.adapters.extraction.extractor import KreuzbergExtractor
from lockgate.adapters.files import FilesConnector
from lockgate.adapters.index_memory import MemoryIndex
from lockgate.adapters.keys import FileKeys
from lockgate.adapters.weights import Weights, default_folder, shipped
from lockgate.audit.record import Receipt, Record
from lockgate.content.reading import read
from lockgate.demo.organization import generate
from lockgate.errors import LockgateError
from lockgate.journeys.ingest import Ingest, Progress
from lockgate.ports import Embedder, Vectors

SECONDS = 1.0


class NoVectors:
    """`ports.Embedder` that costs nothing: what is measured is the rest."""

    name = "none"
    dimensions = 384

    async def embed(self, texts: Sequence[str], /) -> Vectors:
        row = np.zeros((1, self.dimensions), np.float32)
        row[0, 0] = 1
        return np.repeat(row, len(texts), axis=0)


class NoLog:
    """`ports.AuditSink` that costs nothing; `bench.audit` measures the real one."""

    async def append(self, records: Sequence[Record], /) -> Receipt:
        return Receipt(0, len(records))


async def _formats(share: Path) -> list[str]:
    by_ending: dict[str, list[bytes]] = defaultdict(list)
    for path in sorted(share.rglob("*.*")):
        if path.is_file() and not path.name.startswith("."):
            by_ending[path.suffix[1:]].append(path.read_bytes())
    extractor, out = KreuzbergExtractor(), []
    await extractor.extract("warm.txt", b"up")
    for ending, documents in sorted(by_ending.items()):
        begin, done, size, texts = time.perf_counter(), 0, 0, []
        for data in itertools.cycle(documents):
            texts.append((await extractor.extract(f"a.{ending}", data)).text)
            done, size = done + 1, size + len(data)
            if time.perf_counter() - begin > SECONDS:
                break
        took = time.perf_counter() - begin
        begin = time.perf_counter()
        for text in texts[: len(documents)]:
            read(text)
        each = (time.perf_counter() - begin) / min(len(texts), len(documents)) * 1000
        out.append(
            f"{ending:>5}: {done / took:>6,.0f} documents/s, {size / took / 1e6:>6.2f} MB/s extracted; "
            f"passages and detectors {each:.2f} ms a document"
        )
    await extractor.close()
    return out


async def _share(home: Path, share: Path, directory: DirectoryFile, embedder: Embedder, what: str) -> list[str]:
    source = FilesConnector("bench", share, "docs", directory=directory, rights="manifest")
    index = await MemoryIndex.open(home / what / "index", FileKeys.open(home / f"{what}.key"))
    extractor = KreuzbergExtractor()
    ingest = Ingest(index, extractor, embedder, SystemClock(), NoLog(), directory)
    try:
        begin = time.perf_counter()
        first = await ingest.run(source)
        took = time.perf_counter() - begin
        begin = time.perf_counter()
        await ingest.run(source)
        again = time.perf_counter() - begin
        document = index.documents()[0]
        begin = time.perf_counter()
        for _ in range(100):
            await ingest.recheck(source, document)
        check = (time.perf_counter() - begin) * 10
    finally:
        await extractor.close()
        await index.close()
    return [
        f"a share {what}: {first.stored / took:,.0f} documents/s, {first.passages / took:,.0f} passages/s, "
        f"{first.bytes / took / 1e6:.2f} MB/s ({first.stored} documents, {len(first.problems)} problems)",
        f"  nothing changed: {first.seen / again:,.0f} documents/s; one check at the source {check:.2f} ms",
    ]


async def _load(home: Path, directory: DirectoryFile, embedder: MiniLmEmbedder) -> str:
    """Read one large file and ten small ones, and embed a question every 50 ms meanwhile."""
    share = home / "load"
    share.mkdir()
    (share / ".lockgate-access.toml").write_text('version = 1\n[[rule]]\nmatch = ["**"]\nreaders = ["everyone"]\n')
    (share / "a.txt").write_text(
        "".join(f"Sentence {n} says that {n * 7919} is a number.\n" for n in range(8_000))
    )
    for n in range(10):
        (share / f"small{n}.txt").write_text(f"A small document, number {n}.")
    source = FilesConnector("load", share, "docs", directory=directory, rights="manifest")
    index = await MemoryIndex.open(home / "load-index", FileKeys.open(home / "load.key"))
    extractor = KreuzbergExtractor()
    ingest = Ingest(index, extractor, embedder, SystemClock(), NoLog(), directory)
    asked: list[float] = []
    begin = time.perf_counter()
    small = 0.0

    def watch(progress: Progress) -> None:
        nonlocal small
        if not small and progress.phase == "read" and progress.done == 10 and progress.passages:
            small = time.perf_counter() - begin

    async def ask() -> None:
        while True:
            start = time.perf_counter()
            await embedder.embed(["how many days of vacation do I have?"])
            asked.append((time.perf_counter() - start) * 1000)
            await asyncio.sleep(0.05)

    asking = asyncio.create_task(ask())
    try:
        report = await ingest.run(source, watch)
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await extractor.close()
        await index.close()
    took = time.perf_counter() - begin
    return (
        f"beside a file of {report.bytes / 1e6:.1f} MB ({report.passages / took:,.0f} passages/s, {took:.0f} s): "
        f"small ones are searchable after {small:.1f} s, embedding a question takes {np.median(asked):.0f} ms "
        f"(p95 {np.percentile(asked, 95):.0f})"
    )


def lines() -> Iterator[str]:
    """Yield lines of figures."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        made = generate(home / "organization")
        directory = DirectoryFile.open(made.directory)
        yield from asyncio.run(_formats(made.share))
        yield from asyncio.run(_share(home, made.share, directory, NoVectors(), "without embeddings"))
        try:
            weights = Weights(default_folder(), shipped())
            yield from asyncio.run(_share(home, made.share, directory, MiniLmEmbedder(weights), "with embeddings"))
            yield asyncio.run(_load(home, directory, MiniLmEmbedder(weights)))
        except LockgateError as error:
            yield f"a share with embeddings: not measured, {error}"


if __name__ == "__main__":
    for line in lines():
        print(line, flush=True)
