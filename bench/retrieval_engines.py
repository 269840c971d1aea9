"""Retrieval next to LanceDB and DuckDB: the same passages, the same rights, in turns in one run.

    python -m bench.retrieval engines [PASSAGES]

Who may read what is decided by each engine inside its query: LanceDB by `array_has_any` over a list column as a
prefilter of an exact search, with a LABEL_LIST index on that column and once more without; DuckDB by a semi-join
with a table of rights, sorted and keyed by number, before an exact scan; Lockgate by its columns of rights, once
with the readable set that it remembers until something changes, and once as after a change. A reader is in 20
groups.
DuckDB runs with one thread, as Lockgate and LanceDB's scan of this size do in effect, and once more with all.
Recall is against all readable passages in double precision. What is not installed (the extra `bench`) is named and
left out; then the goals that need it are not judged.

Exit code 1: a goal of the table at the end is missed.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.retrieval_world import DIMENSIONS, PASSAGES, SHARES, World, principals, query
from lockgate.content.ranking import LEXICAL, rank

ROUNDS, QUERIES, K = 6, 40, 10
_IN_A_ROW = 5
"""Searches of one engine before the next has its turn: each finds its own data in the caches, as in use."""
Vector = NDArray[np.float32]
Search = Callable[[str, Vector], list[int]]
"""Return the best passages of the reader of a share, by number."""


def optional(name: str) -> Any:
    """Return a module, or None with a line that says so."""
    with suppress(ImportError):
        return importlib.import_module(name)
    print(f"{name} is not installed: it is left out, and no goal against it is judged (the extra `bench`)")
    return None


class Matrix:
    """Everything that the world holds, in arrays, as engines are given it."""

    def __init__(self, world: World) -> None:
        entries = [one for one in world.view._slots if one is not None]
        self.vectors = np.concatenate([one.open.vectors for one in entries])
        self.acl = [sorted(next(iter(one.stored.document.label.readers.clauses))) for one in entries]
        self.numbers = {one.stored.document.id: number for number, one in enumerate(entries)}

    def readable(self, share: str) -> NDArray[np.bool_]:
        """Return which passages the reader of a share may read."""
        held = set(principals(share))
        return np.repeat([not held.isdisjoint(groups) for groups in self.acl], PASSAGES)

    def best(self, vector: Vector, readable: NDArray[np.bool_]) -> list[int]:
        """Return the exact answer: by cosine to six places, then by number."""
        rows = np.flatnonzero(readable)
        scores = np.round(self.vectors[rows].astype(np.float64) @ vector.astype(np.float64), 6)
        return rows[np.lexsort((rows, -scores))[:K]].tolist()


def lockgate(world: World, matrix: Matrix, known: bool) -> Search:
    def search(share: str, vector: Vector) -> list[int]:
        if not known:
            world.view._readable.clear()
        chosen = world.view.readable(query(share, "", vector))
        found = rank(chosen.parts, "", vector, K, 0.0, codes=world.view.laid_out(chosen).codes)
        return [matrix.numbers[chosen.parts[one.part].id] * PASSAGES + one.ordinal for one in found]

    return search


@contextmanager
def lance(matrix: Matrix, folder: str, indexed: bool = True) -> Iterator[Search | None]:
    lancedb, arrow = optional("lancedb"), optional("pyarrow")
    if lancedb is None or arrow is None:
        yield None
        return
    flat = arrow.array(matrix.vectors.reshape(-1))
    rows = arrow.table(
        {
            "id": np.arange(len(matrix.vectors)),
            "vector": arrow.FixedSizeListArray.from_arrays(flat, DIMENSIONS),
            "acl": [groups for groups in matrix.acl for _ in range(PASSAGES)],
        }
    )
    table = lancedb.connect(folder).create_table(f"passages_{indexed}", rows)
    if indexed:
        table.create_scalar_index("acl", index_type="LABEL_LIST")
    filters = {
        share: f"array_has_any(acl, [{', '.join(repr(one) for one in principals(share))}])" for share in SHARES
    }

    def search(share: str, vector: Vector) -> list[int]:
        asked = table.search(vector).distance_type("dot").where(filters[share], prefilter=True)
        return asked.select(["id", "_distance"]).limit(K).to_arrow()["id"].to_pylist()

    yield search


@contextmanager
def duck(matrix: Matrix, threads: int = 0) -> Iterator[Search | None]:
    duckdb, arrow = optional("duckdb"), optional("pyarrow")
    if duckdb is None or arrow is None:
        yield None
        return
    names = sorted(
        {group for groups in matrix.acl for group in groups} | {g for s in SHARES for g in principals(s)}
    )
    number = {name: at for at, name in enumerate(names)}
    pairs = sorted((number[group], document) for document, groups in enumerate(matrix.acl) for group in groups)
    documents = np.repeat(np.arange(len(matrix.acl)), PASSAGES)
    flat = arrow.FixedSizeListArray.from_arrays(arrow.array(matrix.vectors.reshape(-1)), DIMENSIONS)
    passages = arrow.table({"id": np.arange(len(documents)), "document": documents, "vector": flat})
    rights = arrow.table({"grantee": [one for one, _ in pairs], "document": [one for _, one in pairs]})
    with duckdb.connect(config={"threads": threads} if threads else {}) as db:
        for name, table in (("passages", passages), ("rights", rights)):
            db.register("given", table)
            db.execute(f"CREATE TABLE {name} AS SELECT * FROM given")
            db.unregister("given")
        held = {share: [number[one] for one in principals(share)] for share in SHARES}

        def search(share: str, vector: Vector) -> list[int]:
            found = db.execute(
                "SELECT id FROM passages SEMI JOIN (SELECT DISTINCT document FROM rights WHERE grantee IN "
                f"({', '.join('?' * len(held[share]))})) USING (document) "
                f"ORDER BY array_inner_product(vector, ?::FLOAT[{DIMENSIONS}]) DESC LIMIT {K}",
                [*held[share], vector.tolist()],
            )
            return [row[0] for row in found.fetchall()]

        yield search


def memory() -> float:
    """Return resident memory in MB (Linux)."""
    return int(Path("/proc/self/statm").read_text("utf-8").split()[1]) * resource.getpagesize() / 1e6


def in_turns(
    searches: Mapping[str, Callable[[int], object]],
    rounds: int = ROUNDS,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Return milliseconds of each search, some in a row and then the next's; the first round does not count."""
    taken: dict[str, list[float]] = {name: [] for name in searches}
    for turn in range(rounds + 1):
        for name, search in searches.items():
            for number in range(_IN_A_ROW):
                start = clock()
                search(_IN_A_ROW * turn + number)
                taken[name].append(1000 * (clock() - start))
    return {name: sorted(times[_IN_A_ROW:]) for name, times in taken.items()}


def shown(times: list[float]) -> str:
    return f"{statistics.median(times):.2f} [{times[0]:.2f}-{times[-1]:.2f}]"


def recall(matrix: Matrix, search: Search, share: str, vectors: Vector) -> tuple[float, int]:
    """Return recall@10 against the exact answer, and how many passages came that may not be read."""
    readable = matrix.readable(share)
    hits = leaks = 0
    for vector in vectors:
        found = search(share, vector)
        hits += len(set(found) & set(matrix.best(vector, readable)))
        leaks += sum(not readable[one] for one in found)
    return hits / (K * len(vectors)), leaks


class Goals:
    """Goals, and whether they are met."""

    def __init__(self) -> None:
        self.missed = 0
        self._lines: list[str] = []

    def add(self, text: str, met: bool) -> None:
        self.missed += not met
        self._lines.append(f"  {'met    ' if met else 'NOT MET'} {text}")

    def show(self) -> None:
        print("\ngoals", *self._lines, sep="\n")


def vectors_in_turns(world: World, matrix: Matrix, others: Mapping[str, Search | None], goals: Goals) -> None:
    """Print milliseconds and recall of every engine at each share."""
    asked = world.vectors(QUERIES)
    engines = {
        "lockgate": lockgate(world, matrix, True),
        "lockgate, after a change": lockgate(world, matrix, False),
    }
    engines |= {name: one for name, one in others.items() if one is not None}
    print("\nvectors: p50 ms [lowest-highest], ratio to lockgate, recall@10")
    for share in SHARES:
        print(f"{share} readable: {int(matrix.readable(share).sum()):,} passages")
        calls = {
            name: lambda turn, search=search, share=share: search(share, asked[turn % QUERIES])
            for name, search in engines.items()
        }
        taken = in_turns(calls)
        own = statistics.median(taken["lockgate"])
        for name, times in taken.items():
            found, leaks = recall(matrix, engines[name], share, asked[:10])
            ratio = statistics.median(times) / own
            print(f"  {name:26}{shown(times):>28}{ratio:9.1f}x{found:8.2f}", flush=True)
            assert not leaks, f"{name} returned passages that may not be read"
            if name == "lockgate":
                goals.add(f"recall@10 is 1.0 at {share}", found == 1.0)
            wanted = {"lancedb": 20, "duckdb": 5}.get(name)
            if wanted and SHARES[share] <= 0.1:
                goals.add(f"{wanted} times faster than {name} at {share}: {ratio:.0f}x", ratio >= wanted)


def words_and_hybrid(world: World, goals: Goals, share: str) -> dict[str, list[float]]:
    """Return milliseconds of Lockgate's own legs at a share, without the query's embedding."""
    texts, asked = [world.text() for _ in range(QUERIES)], world.vectors(QUERIES)

    def leg(turn: int, words: bool, vectors: bool) -> object:
        text, vector = texts[turn % QUERIES], asked[turn % QUERIES]
        chosen = world.view.readable(query(share, text, vector))
        lexical, laid = LEXICAL if words else 0.0, world.view.laid_out(chosen)
        return rank(chosen.parts, text, vector if vectors else None, K, lexical, laid.postings, laid.codes)

    for turn in range(2):  # the first searches of a reader of much lay words out
        leg(turn, True, False)
    taken = in_turns(
        {
            "vectors": lambda turn: leg(turn, False, True),
            "words": lambda turn: leg(turn, True, False),
            "both": lambda turn: leg(turn, True, True),
        },
        ROUNDS,
    )
    words, both = (statistics.median(taken[name]) for name in ("words", "both"))
    goals.add(f"words below 10 ms at {share}: {words:.2f} ms", words < 10)
    limit = 20 if SHARES[share] <= 0.1 else 60
    goals.add(f"both below {limit} ms at {share}: {both:.2f} ms", both < limit)
    return taken


def compare(chunks: int) -> int:
    """Print everything; return how many goals are missed."""
    versions = []
    for name in ("lancedb", "duckdb", "numpy"):
        with suppress(importlib.metadata.PackageNotFoundError):
            versions.append(f"{name} {importlib.metadata.version(name)}")
    print(f"{chunks:,} passages; {', '.join(versions)}")
    world, goals = World(chunks), Goals()
    world.fill()
    matrix = Matrix(world)
    with (
        tempfile.TemporaryDirectory() as folder,
        lance(matrix, folder) as first,
        lance(matrix, folder, indexed=False) as bare,
        duck(matrix, 1) as second,
        duck(matrix) as third,
    ):
        others = {"lancedb": first, "lancedb, no index": bare, "duckdb": second, "duckdb, all threads": third}
        vectors_in_turns(world, matrix, others, goals)
    print("\nlockgate's legs, p50 ms [lowest-highest]")
    for share in SHARES:
        taken = words_and_hybrid(world, goals, share)
        print(f"{share:>6} readable  " + "".join(f"{name} {shown(times):<28}" for name, times in taken.items()))
    goals.show()
    return goals.missed
