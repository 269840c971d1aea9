"""Time tells little about what cannot be read, and quality holds with the real embedding model."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from contracts.index import Query, cut, doc, label
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.adapters.index_memory import MemoryIndex
from lockgate.adapters.keys import FileKeys
from lockgate.adapters.weights import Weights, default_folder, shipped
from lockgate.policy.filter import All, Flag, IsTrue, MayRead, Not
from support import person

FILTER = All((MayRead(), IsTrue(Flag.REVIEWED), Not(IsTrue(Flag.HELD))))


def auc(small: list[float], large: list[float]) -> float:
    """Return how often a threshold on time tells a member of `large` from one of `small` (0.5: never)."""
    both = np.concatenate([small, large])
    ranks = np.argsort(np.argsort(both)) + 1
    n, m = len(small), len(large)
    return float((ranks[n:].sum() - m * (m + 1) / 2) / (n * m))


@pytest.mark.slow
def test_response_times_do_not_tell_what_cannot_be_read(tmp_path: Path) -> None:
    """500 pairs: the same 750 readable passages, alone and beside ten times as many unreadable ones."""
    rng = np.random.default_rng(3)
    words = [f"word{i}" for i in range(2000)]

    def vectors(count: int) -> np.ndarray:
        rows = rng.standard_normal((count, 384)).astype(np.float32)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    async def story() -> float:
        keys = FileKeys.open(tmp_path / "master")
        alone = await MemoryIndex.open(tmp_path / "alone", keys)
        beside = await MemoryIndex.open(tmp_path / "beside", keys)
        for number in range(1650):
            readable = number % 11 == 0
            groups = ("group:hr",) if readable else (f"group:g{number % 40}", "group:x")
            document = doc(str(number), label(*groups))
            chunks = cut(document, *(" ".join(rng.choice(words, 60)) for _ in range(5)))
            rows = vectors(5)
            await beside.put(document, chunks, rows)
            if readable:
                await alone.put(document, chunks, rows)
        asker, times = person("ann", "hr"), {id(alone): [], id(beside): []}
        gc.disable()
        try:
            for number in range(520):
                query = Query(" ".join(rng.choice(words, 8)), vectors(1), asker, FILTER, 10)
                pair = [alone, beside] if rng.random() < 0.5 else [beside, alone]
                results = []
                for index in pair:
                    start = time.perf_counter()
                    results.append(await index.search(query))
                    if number >= 20:
                        times[id(index)].append(time.perf_counter() - start)
                assert results[0] == results[1]
                assert len(results[0]) == 10
        finally:
            gc.enable()
        await alone.close()
        await beside.close()
        print([f"{1000 * float(np.median(one)):.3f} ms" for one in times.values()])
        return auc(times[id(alone)], times[id(beside)])

    found = asyncio.run(story())
    print(f"AUC {found:.3f}")
    assert abs(found - 0.5) < 0.1


def _bench() -> ModuleType:
    path = Path(__file__).parents[2] / "bench" / "retrieval.py"
    spec = importlib.util.spec_from_file_location("bench_retrieval", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("union", [False, True])
def test_both_legs_together_are_never_worse_than_the_better_one(union: bool) -> None:
    weights = Weights(default_folder(), shipped())
    for name in ("minilm.safetensors", "minilm.tokenizer.json"):
        weights.fetch(name, lambda line: None)
    figures = asyncio.run(_bench().quality(MiniLmEmbedder(weights), union))
    assert set(figures) == {"paraphrases", "identifiers", "mixed"}
    for name, (vector, words, both) in figures.items():
        assert both >= max(vector, words) - 0.01, name
