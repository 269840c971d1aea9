"""Retrieval: quality on three query sets, and speed at 100,000 passages, against a naive baseline in the same run.

    python -m bench.retrieval               everything (some minutes)
    python -m bench.retrieval quality       nDCG@10 of each leg and of both, with the real embedding model
    python -m bench.retrieval scale [N]     build, load, memory, p50 and p95 at four shares of readable documents
    python -m bench.retrieval engines [N]   in turns with LanceDB and DuckDB (the extra `bench`), and the goals
    python -m bench.retrieval growth        from 10,000 to 1,000,000 passages; writes docs/retrieval-growth.svg

The baseline is what most systems do: rank everything, then drop what may not be read. The corpus for scale is
synthetic: clustered vectors, words from a Zipf distribution, documents of ten passages, rights from 1,500 groups.
"""

from __future__ import annotations

import asyncio
import gc
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from bench import retrieval_engines, retrieval_growth
from lockgate.adapters.index_memory import MemoryIndex
from lockgate.adapters.keys import FileKeys
from lockgate.content.document import Chunk, Document, Review
from lockgate.content.ranking import LEXICAL, Passages, passages, rank
from lockgate.labels import PUBLIC, Integrity, Label, Readers, Sensitivity
from lockgate.policy.filter import All as Both
from lockgate.policy.filter import Flag, IsTrue, MayRead, Not
from lockgate.policy.model import Principal, PrincipalKind, Risk, Session, Subject
from lockgate.ports import Embedder, Query

NOW = datetime(2026, 11, 24, tzinfo=UTC)
QUERIES = Path(__file__).parent / "queries"
SETS = ("paraphrases", "identifiers", "mixed")
DIMENSIONS = 384


# ------------------------------------------------------------------ quality


@dataclass(frozen=True)
class QuerySet:
    documents: dict[str, str]
    queries: list[tuple[str, list[str]]]


def load(name: str) -> QuerySet:
    data = json.loads((QUERIES / f"{name}.json").read_text("utf-8"))
    return QuerySet(data["documents"], [(text, relevant) for text, relevant in data["queries"]])


def ndcg(found: Sequence[str], relevant: Sequence[str]) -> float:
    gain = sum(1 / math.log2(place + 2) for place, id in enumerate(found[:10]) if id in relevant)
    return gain / sum(1 / math.log2(place + 2) for place in range(min(10, len(relevant))))


async def quality(embedder: Embedder, union: bool = False) -> dict[str, tuple[float, float, float]]:
    """Return nDCG@10 of vectors, words and both for each set; `union` searches all documents of all sets."""
    sets = {name: load(name) for name in SETS}
    every = {id: text for one in sets.values() for id, text in one.documents.items()}
    figures = {}
    for name, one in sets.items():
        documents = every if union else one.documents
        vectors = await embedder.embed(list(documents.values()))
        parts = [
            passages(id, [0], [text], row[None])
            for (id, text), row in zip(documents.items(), vectors, strict=True)
        ]
        asked = await embedder.embed([text for text, _ in one.queries])

        def score(vector: bool, lexical: float, one=one, parts=parts, asked=asked) -> float:
            return statistics.fmean(
                ndcg([parts[r.part].id for r in rank(parts, text, row if vector else None, 10, lexical)], relevant)
                for (text, relevant), row in zip(one.queries, asked, strict=True)
            )

        figures[name] = (score(True, 0.0), score(False, 1.0), score(True, LEXICAL))
    return figures


async def print_quality() -> None:
    from lockgate.adapters.embed_onnx import MiniLmEmbedder
    from lockgate.adapters.weights import Weights, default_folder, shipped

    embedder = MiniLmEmbedder(Weights(default_folder(), shipped()))
    for union in (False, True):
        print(f"\nnDCG@10, {'documents of all sets together' if union else 'each set alone'}")
        print(f"{'set':14}{'vectors':>9}{'words':>9}{'both':>9}{'to the better':>15}")
        for name, (vector, words, both) in (await quality(embedder, union)).items():
            print(f"{name:14}{vector:9.3f}{words:9.3f}{both:9.3f}{both - max(vector, words):+15.3f}")


# ------------------------------------------------------------------ scale


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


SHARES = {"0.3 %": "group:share0", "1 %": "group:share1", "10 %": "group:share10", "90 %": "group:share90"}


class Corpus:
    """A synthetic organization. Texts are 80 words of a vocabulary of 30,000."""

    def __init__(self, chunks: int, seed: int = 7) -> None:
        self.rng = np.random.default_rng(seed)
        self.documents = chunks // 10
        self.centers = unit(self.rng.standard_normal((200, DIMENSIONS)))
        self.words = np.array([f"word{i}" for i in range(30_000)])
        weights = 1 / np.arange(1, 30_001)
        self.weights = np.cumsum(weights / weights.sum())

    def text(self, count: int) -> str:
        return " ".join(self.words[np.minimum(np.searchsorted(self.weights, self.rng.random(count)), 29_999)])

    def vectors(self, count: int) -> np.ndarray:
        near = self.centers[self.rng.integers(0, 200, count)]
        return unit(near + 0.9 * unit(self.rng.standard_normal((count, DIMENSIONS))))

    def document(self, number: int) -> tuple[Document, list[Chunk], np.ndarray]:
        place = (number * 7919) % self.documents / self.documents
        shares = {0.003: "0", 0.01: "1", 0.1: "10", 0.9: "90"}
        groups = {f"group:{g}" for g in self.rng.integers(0, 1500, self.rng.integers(1, 7))}
        groups |= {f"group:share{name}" for limit, name in shares.items() if place < limit}
        label = Label(Sensitivity.GENERAL, Readers.any_of(*groups), Integrity.INTERNAL, PUBLIC.retention,
                      frozenset({f"user:{number % 400}"}), frozenset())  # fmt: skip
        id = f"d_{number:08x}"
        made = Document(id, "bench", str(number), f"Document {number}", "all", "1", "", label.readers, label,
                        Review.DECLARED, False, NOW)  # fmt: skip
        return made, [Chunk(id, i, self.text(80), 0, 0) for i in range(10)], self.vectors(10)


def subject(group: str) -> Subject:
    principal = Principal(PrincipalKind.USER, "reader", frozenset({group}))
    return Subject(principal, Session("s", NOW + timedelta(hours=1), 1, Risk.LOW))


FILTER = Both((MayRead(), IsTrue(Flag.REVIEWED), Not(IsTrue(Flag.HELD)), Not(IsTrue(Flag.AI_FORBIDDEN))))


def timed(run: Callable[[int], object], rounds: int) -> tuple[float, float]:
    run(0)
    took = []
    for number in range(rounds):
        start = time.perf_counter()
        run(number)
        took.append(1000 * (time.perf_counter() - start))
    return statistics.median(took), sorted(took)[int(0.95 * (rounds - 1))]


async def scale(chunks: int) -> None:
    print(f"\n{chunks:,} passages of 80 words and {DIMENSIONS} dimensions in documents of ten")
    with tempfile.TemporaryDirectory() as folder:
        await _scale(Corpus(chunks), Path(folder))


async def _scale(corpus: Corpus, folder: Path) -> None:
    keys = FileKeys.open(folder / "master")
    index = await MemoryIndex.open(folder / "index", keys)
    spent = 0.0
    for number in range(corpus.documents):
        made = corpus.document(number)
        start = time.perf_counter()
        await index.put(*made)
        spent += time.perf_counter() - start
    await index.close()
    size = sum(path.stat().st_size for path in (folder / "index").iterdir())
    rate = corpus.documents / spent
    print(f"build   {spent:7.1f} s, {rate:,.0f} durable documents a second; {size / 1e6:,.0f} MB on disk")
    start = time.perf_counter()
    index = await MemoryIndex.open(folder / "index", keys)
    took = time.perf_counter() - start
    parts = [entry.open for entry in index._view._slots if entry is not None]
    vectors = sum(part.vectors.nbytes for part in parts) / 1e6
    words = sum(one.nbytes for part in parts for one in (part.terms, part.counts, part.ends, part.lengths)) / 1e6
    print(f"load    {took:7.1f} s; {vectors:,.0f} MB of vectors and {words:,.0f} MB of terms in memory")
    each = await _loaded(folder) * 1e6 / (corpus.documents * 10)
    print(f"memory  {each:7,.0f} bytes a passage, that a process grows by when it opens the index (goal: 2,200)")
    try:
        await _searches(corpus, index)
    finally:
        await index.close()


async def _loaded(folder: Path) -> float:
    """Return by how many MB a fresh process grows when it opens the index."""
    code = (
        "import asyncio, sys; from pathlib import Path; from bench.retrieval import grown; "
        "print(asyncio.run(grown(Path(sys.argv[1]))))"
    )
    done = await asyncio.create_subprocess_exec(sys.executable, "-c", code, str(folder), stdout=subprocess.PIPE)
    return float((await done.communicate())[0])


async def grown(folder: Path) -> float:
    """Open an index, and return by how many MB this process has grown since it opened an empty one."""
    keys = FileKeys.open(folder / "master")
    with tempfile.TemporaryDirectory() as empty:
        await (await MemoryIndex.open(Path(empty), keys)).close()
    before = retrieval_engines.memory()
    index = await MemoryIndex.open(folder / "index", keys)
    gc.collect()
    found = retrieval_engines.memory() - before
    await index.close()
    return found


async def _searches(corpus: Corpus, index: MemoryIndex) -> None:
    questions = [corpus.text(8) for _ in range(40)]
    asked = corpus.vectors(40)
    entries = [entry for entry in index._view._slots if entry is not None]
    matrix = np.concatenate([entry.open.vectors for entry in entries])
    owner = np.repeat(np.arange(len(entries)), [len(entry.open.ordinals) for entry in entries])
    print(f"\n{'readable':>10}{'':12}{'p50 ms':>9}{'p95 ms':>9}{'baseline / it':>15}{'recall@10':>11}")
    for share, group in SHARES.items():
        who = subject(group)

        def naive(number: int, who: Subject = who) -> list[int]:
            """Rank everything by vectors, then ask for each in turn whether it may be read, until ten may."""
            found: list[int] = []
            for row in np.argsort(-(matrix @ asked[number % 40]), kind="stable").tolist():
                if who.satisfies(entries[owner[row]].stored.document.label.readers):
                    found.append(row)
                    if len(found) == 10:
                        break
            return found

        query = Query("", asked[:1], who, FILTER, 10)
        parts = index._view.readable(query).parts

        def leg(number: int, words: bool, vectors: bool, query: Query = query) -> object:
            chosen = index._view.readable(query)
            row = asked[number % 40] if vectors else None
            laid, lexical = index._view.laid_out(chosen), LEXICAL if words else 0.0
            return rank(chosen.parts, questions[number % 40], row, 10, lexical, laid.postings, laid.codes)

        base = timed(naive, 10)
        vector = timed(lambda n: leg(n, False, True), 20)
        print(f"{share:>10}{'vectors':>12}{vector[0]:9.2f}{vector[1]:9.2f}{base[0] / vector[0]:14.1f}x"
              f"{recall(parts, asked):11.2f}")  # fmt: skip
        words = timed(lambda n: leg(n, True, False), 20)
        print(f"{'':10}{'words':>12}{words[0]:9.2f}{words[1]:9.2f}")
        both = timed(lambda n: leg(n, True, True), 20)
        print(f"{'':10}{'both':>12}{both[0]:9.2f}{both[1]:9.2f}")
        took = []
        for number in range(20):
            start = time.perf_counter()
            await index.search(Query(questions[number], asked[number : number + 1], who, FILTER, 10))
            took.append(1000 * (time.perf_counter() - start))
        print(
            f"{'':10}{'search':>12}{statistics.median(took):9.2f}{sorted(took)[18]:9.2f}   decrypted hits included"
        )
        print(
            f"{'':10}{'baseline':>12}{base[0]:9.2f}{base[1]:9.2f}"
            f"   {sum(len(part.ordinals) for part in parts):,} readable"
        )


def recall(parts: Sequence[Passages], asked: np.ndarray) -> float:
    """Return the share of the exact ten nearest readable passages that vector ranking finds."""
    rows = np.concatenate([part.vectors for part in parts]).astype(np.float64)
    names = [(part.id, ordinal) for part in parts for ordinal in part.ordinals.tolist()]
    hits = 0
    for row in asked:
        exact = np.round(rows @ row.astype(np.float64), 6).tolist()
        best = sorted(range(len(names)), key=lambda at: (-exact[at], names[at]))[:10]
        found = {(parts[one.part].id, one.ordinal) for one in rank(parts, "", row, 10)}
        hits += len(found & {names[at] for at in best})
    return hits / (10 * len(asked))


def main(arguments: Sequence[str]) -> int:
    """Run all, or what is named; return how many goals are missed."""
    chunks = int(arguments[1]) if len(arguments) > 1 else 100_000
    named = arguments[0] if arguments else ""
    if named in ("", "quality"):
        asyncio.run(print_quality())
    if named in ("", "scale"):
        asyncio.run(scale(chunks))
    if named == "growth":
        retrieval_growth.measure()
    return retrieval_engines.compare(chunks) if named in ("", "engines") else 0


if __name__ == "__main__":
    raise SystemExit(min(1, main(sys.argv[1:])))
