"""The embedding model: the same vector whoever else asks."""

from __future__ import annotations

import asyncio
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from lockgate.adapters.embed_onnx import GRAPH, WEIGHTS, MiniLmEmbedder
from lockgate.adapters.weights import Weights, default_folder, shipped
from lockgate.errors import Unavailable

TEXTS = (
    "How many days of vacation do I have?",
    "",
    "Employees are entitled to 28 vacation days a year, plus public holidays. " * 40,
    "Der Urlaub beträgt 28 Tage.",
    "\ud800 broken \x00 text",
    "Rent the truck.",
)


@pytest.fixture(scope="module")
def weights() -> Weights:
    folder = Weights(default_folder(), shipped())
    for name in (WEIGHTS, "minilm.tokenizer.json"):
        folder.fetch(name, lambda line: None)
    return folder


@pytest.mark.slow
def test_vectors_do_not_depend_on_who_else_asks(weights: Weights) -> None:
    async def run() -> None:
        embedder = MiniLmEmbedder(weights, threads=2)
        together = await embedder.embed(TEXTS)
        assert together.shape == (len(TEXTS), 384)
        assert together.dtype == np.float32
        assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
        alone = np.concatenate([await MiniLmEmbedder(weights).embed([text]) for text in TEXTS])
        assert together.tobytes() == alone.tobytes()
        crowd = await asyncio.gather(*(embedder.embed(["x" * n, text]) for n, text in enumerate(TEXTS)))
        assert np.stack([rows[1] for rows in crowd]).tobytes() == alone.tobytes()
        assert together[0] @ together[2] > together[0] @ together[5] + 0.3
        assert (await embedder.embed([])).shape == (0, 384)

    asyncio.run(run())


@pytest.mark.slow
def test_a_question_does_not_wait_behind_an_ingest_and_lanes_change_no_bit(weights: Weights) -> None:
    """Two hundred long passages take seconds; a question that waited for them would show it."""

    async def run() -> None:
        embedder = MiniLmEmbedder(weights)
        passages = [f"Passage {n} tells of {n * 7919}. " * 30 for n in range(100)]
        alone = await embedder.embed(passages)
        ingest = asyncio.gather(embedder.embed(passages), embedder.embed(passages[::-1]))
        waited = []
        while not ingest.done():
            start = time.perf_counter()
            await embedder.embed(["How many days of vacation do I have?"])
            waited.append(time.perf_counter() - start)
            await asyncio.sleep(0.02)
        one, other = await ingest
        assert one.tobytes() == other[::-1].tobytes() == alone.tobytes()
        assert len(waited) > 5
        assert sorted(waited)[int(0.95 * len(waited))] < 0.5

    asyncio.run(run())


@pytest.mark.slow
def test_int8_keeps_the_meaning_of_the_published_weights(weights: Weights) -> None:
    """A second, dumb implementation in numpy judges the graph and its quantization."""
    from safetensors.numpy import load
    from tokenizers import Tokenizer

    w = load(weights.read(WEIGHTS))
    tokenizer = Tokenizer.from_str(weights.read("minilm.tokenizer.json").decode())
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    erf = np.vectorize(math.erf)

    def norm(x: np.ndarray, p: str) -> np.ndarray:
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return x * w[p + ".weight"] + w[p + ".bias"]

    def linear(x: np.ndarray, p: str) -> np.ndarray:
        return x @ w[p + ".weight"].T + w[p + ".bias"]

    def reference(text: str) -> np.ndarray:
        ids = tokenizer.encode(text).ids
        x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.token_type_embeddings.weight"][0]
        x = norm(x + w["embeddings.position_embeddings.weight"][: len(ids)], "embeddings.LayerNorm")
        for i in range(6):
            p = f"encoder.layer.{i}."
            q, k, v = (
                linear(x, f"{p}attention.self.{n}").reshape(len(ids), 12, 32).swapaxes(0, 1)
                for n in ("query", "key", "value")
            )
            a = np.exp(q @ k.swapaxes(1, 2) / np.sqrt(32))
            a = (a / a.sum(-1, keepdims=True) @ v).swapaxes(0, 1).reshape(len(ids), 384)
            x = norm(x + linear(a, p + "attention.output.dense"), p + "attention.output.LayerNorm")
            f = linear(x, p + "intermediate.dense")
            x = norm(x + linear(f * 0.5 * (1 + erf(f / np.sqrt(2))), p + "output.dense"), p + "output.LayerNorm")
        mean = x.mean(0)
        return mean / np.linalg.norm(mean)

    texts = [text for text in TEXTS if text.strip("\ud800")]
    ours = asyncio.run(MiniLmEmbedder(weights).embed(texts))
    cosines = [
        float(row @ reference(text.encode("utf-8", "replace").decode()))
        for row, text in zip(ours, texts, strict=True)
    ]
    assert min(cosines) > 0.96, cosines


@pytest.mark.slow
def test_a_changed_graph_is_made_anew(weights: Weights, tmp_path: Path) -> None:
    for name in (WEIGHTS, "minilm.tokenizer.json"):
        (tmp_path / name).symlink_to(weights.folder / name)
    mine = Weights(tmp_path, shipped())
    first = asyncio.run(MiniLmEmbedder(mine).embed(["a"]))
    (tmp_path / GRAPH).write_bytes(b"not a graph")
    assert asyncio.run(MiniLmEmbedder(mine).embed(["a"])).tobytes() == first.tobytes()


def test_missing_weights_are_unavailable(tmp_path: Path) -> None:
    embedder = MiniLmEmbedder(Weights(tmp_path, shipped()))
    for _ in range(2):
        with pytest.raises(Unavailable, match="not in"):
            asyncio.run(embedder.embed(["a"]))


@pytest.mark.slow
def test_the_runtime_reports_to_nobody(tmp_path: Path) -> None:
    """Its official builds send events to their vendor unless told not to; the traces on disk tell."""
    program = (
        "import asyncio\n"
        "from lockgate.adapters.embed_onnx import MiniLmEmbedder\n"
        "from lockgate.adapters.weights import Weights, default_folder, shipped\n"
        "asyncio.run(MiniLmEmbedder(Weights(default_folder(), shipped())).embed(['a pump']))\n"
    )
    unset = (
        "CI",
        "GITHUB_ACTIONS",
        "TF_BUILD",
        "ORT_DISABLE_TELEMETRY",
        "ORT_RUNNING_UNIT_TESTS",
    )  # silence it too
    clean = {name: value for name, value in os.environ.items() if name not in unset}
    own = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    own |= {"LOCKGATE_MODELS": str(default_folder()), "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", program], env=clean | own, check=True, timeout=120)
    assert list(tmp_path.rglob("*")) == []
