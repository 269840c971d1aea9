"""Embeddings by all-MiniLM-L6-v2 in ONNX int8 on one or two cores. No torch, no network, no package code.

Texts are run one at a time, never padded into a batch. Dynamic quantization takes its scale from the whole input
tensor, so in a padded batch a text's vector moves with its batch mates (by up to 0.035 per component, measured):
one person's scores would then depend on another person's documents. Alone, a text has one vector, bit for bit;
and without padding it is no slower.

Calls run at the same time, each on a thread that only embeds: a question does not wait behind an ingest, and an
ingest that makes several calls uses several cores. One session serves them all, with the same arithmetic in each.

The graph is built here from the published safetensors, whose hash is pinned, and is kept in the models folder.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from lockgate.errors import Invalid, Unavailable
from lockgate.ports import Vectors
from lockgate.storage.threads import Threads

WEIGHTS: Final = "minilm.safetensors"
TOKENIZER: Final = "minilm.tokenizer.json"
GRAPH: Final = "minilm.int8.onnx"

LAYERS: Final = 6
HEADS: Final = 12
WIDTH: Final = 384
MAX_TOKENS: Final = 256
"""What the published model was made for; longer texts are cut."""
_MOST_CHARACTERS: Final = 20 * MAX_TOKENS
"""20 characters a token is more than any language needs."""

_CALLS: Final = 24
"""Calls that run at a time; an ingest makes up to 16, the others are for questions."""


class Files(Protocol):
    """Where checked weights come from (`adapters/weights.py`)."""

    def read(self, name: str, /) -> bytes: ...
    def derived(self, name: str, recipe: str, make: Callable[[], bytes], /) -> bytes: ...


class MiniLmEmbedder:
    """`ports.Embedder`. Opened at first use, or by `open()` to learn early that something is missing."""

    name = "all-MiniLM-L6-v2-int8"
    dimensions = WIDTH
    most_tokens = MAX_TOKENS

    def __init__(self, files: Files, *, threads: int = 1) -> None:
        if not 1 <= threads <= 64:
            raise Invalid("`threads` of the embedder must be between 1 and 64")
        self._files = files
        self._threads = threads
        self._opening = asyncio.Lock()
        self._model: _Model | None = None
        self._runs = Threads("embed", _CALLS)

    async def open(self) -> None:
        """Check the weights, build the graph if it is not there (some seconds), load it.

        Raises:
            Unavailable: weights are missing or changed, or the packages of `lockgate[local]` are.

        """
        async with self._opening:
            if self._model is None:
                self._model = await self._runs.run(_load, self._files, self._threads)

    async def embed(self, texts: Sequence[str], /) -> Vectors:
        """Return one row of length 1 for each text, shape (len(texts), 384); the empty text has a vector too."""
        model = await self._opened()
        out = np.empty((len(texts), WIDTH), np.float32)
        # Slices, so that one long ingest does not keep a question that waits for a thread.
        for start in range(0, len(texts), 32):
            rows = await self._runs.run(model.run, texts[start : start + 32])
            out[start : start + len(rows)] = rows
        return out

    async def tokens(self, texts: Sequence[str], /) -> Sequence[int]:
        """Return how many tokens each text has; one more than are read stands for any number above that."""
        model = await self._opened()
        return await self._runs.run(lambda: [model.count(text) for text in texts])

    def close(self) -> None:
        """End the threads; it embeds no more."""
        self._runs.close()

    async def _opened(self) -> _Model:
        await self.open()
        if self._model is None:  # open() has set it or has raised
            raise Unavailable("the embedding model is not loaded")
        return self._model


class _Model:
    def __init__(self, tokenizer: Any, session: Any) -> None:
        self._tokenizer = tokenizer
        self._session = session

    def run(self, texts: Sequence[str]) -> Vectors:
        out = np.empty((len(texts), WIDTH), np.float32)
        for row, text in enumerate(texts):
            ids = np.array([self._tokenizer.encode(_clean(text)).ids], np.int64)
            feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
            out[row] = self._session.run(None, feed)[0][0]
        return out

    def count(self, text: str) -> int:
        made = self._tokenizer.encode(_clean(text))
        return MAX_TOKENS + 1 if made.overflowing or len(text) > _MOST_CHARACTERS else len(made.ids)


def _clean(text: str) -> str:
    """Return what the tokenizer is given. It must not walk a megabyte first.

    Lone surrogates cannot be encoded as UTF-8; they become question marks.
    """
    return text[:_MOST_CHARACTERS].encode("utf-8", "replace").decode("utf-8")


def _load(files: Files, threads: int) -> _Model:
    # Since 1.29 the official Linux builds report models, sessions and a device id to their vendor. This must be
    # set before the first import: `disable_telemetry_events()` comes after a first event (onnxruntime#27379).
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        import onnxruntime
        from tokenizers import Tokenizer
    except ImportError as error:
        raise Unavailable(
            f"the package `{error.name}` is not installed", remedy="install `lockgate[local]`"
        ) from error
    tokenizer = Tokenizer.from_str(files.read(TOKENIZER).decode("utf-8"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    weights = files.read(WEIGHTS)
    recipe = " ".join(
        (
            hashlib.sha256(weights).hexdigest(),
            "graph=1",
            *(f"{name}={metadata.version(name)}" for name in ("onnx", "onnxruntime")),
        )
    )
    graph = files.derived(GRAPH, recipe, lambda: quantized(build(weights)))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # The arena keeps the largest batch forever (550 MB after a long ingest, measured); without it memory is flat.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return _Model(tokenizer, session)


# ------------------------------------------------------------------ the graph


class _Graph:
    """Collects nodes and initializers; each method adds one step and returns the name of its output."""

    def __init__(self, weights: dict[str, NDArray[Any]]) -> None:
        from onnx import helper, numpy_helper

        self._helper, self._numpy = helper, numpy_helper
        self.weights = weights
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def constant(self, name: str, value: NDArray[Any]) -> str:
        if name not in self.constants:
            self.constants[name] = self._numpy.from_array(np.ascontiguousarray(value), name)
        return name

    def ints(self, *values: int) -> str:
        return self.constant("i" + "_".join(map(str, values)), np.array(values, np.int64))

    def number(self, name: str, value: float) -> str:
        return self.constant(name, np.array(value, np.float32))

    def op(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        output = output or f"t{len(self.nodes)}"
        self.nodes.append(self._helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def linear(self, x: str, name: str) -> str:
        weight = self.constant(f"{name}.w", self.weights[f"{name}.weight"].T)
        return self.op(
            "Add", self.op("MatMul", x, weight), self.constant(f"{name}.b", self.weights[f"{name}.bias"])
        )

    def norm(self, x: str, name: str) -> str:
        gain = self.constant(f"{name}.g", self.weights[f"{name}.weight"])
        bias = self.constant(f"{name}.b", self.weights[f"{name}.bias"])
        return self.op("LayerNormalization", x, gain, bias, axis=-1, epsilon=1e-12)

    def gelu(self, x: str) -> str:
        erf = self.op("Erf", self.op("Mul", x, self.number("sqrt_half", float(np.sqrt(0.5)))))
        half = self.op("Mul", x, self.number("half", 0.5))
        return self.op("Mul", half, self.op("Add", erf, self.number("one", 1.0)))


def build(safetensors: bytes) -> Any:
    """Return the float32 `onnx.ModelProto` of the network whose weights these are."""
    import onnx
    from safetensors.numpy import load

    graph = _Graph(load(safetensors))
    mask = graph.op("Cast", "attention_mask", to=onnx.TensorProto.FLOAT)
    x = _encode(graph, mask)
    wide = graph.op("Unsqueeze", mask, graph.ints(2))
    total = graph.op("ReduceSum", graph.op("Mul", x, wide), graph.ints(1), keepdims=0)
    mean = graph.op("Div", total, graph.op("ReduceSum", wide, graph.ints(1), keepdims=0))
    square = graph.op("ReduceSum", graph.op("Mul", mean, mean), graph.ints(1), keepdims=1)
    graph.op("Div", mean, graph.op("Sqrt", square), output="embedding")
    helper, kind = onnx.helper, onnx.TensorProto
    inputs = [helper.make_tensor_value_info(n, kind.INT64, ["b", "s"]) for n in ("input_ids", "attention_mask")]
    output = helper.make_tensor_value_info("embedding", kind.FLOAT, ["b", WIDTH])
    body = helper.make_graph(graph.nodes, "minilm", inputs, [output], list(graph.constants.values()))
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def _encode(graph: _Graph, mask: str) -> str:
    weights, emb = graph.weights, "embeddings."
    words = graph.op("Gather", graph.constant("words", weights[emb + "word_embeddings.weight"]), "input_ids")
    length = graph.op("Slice", graph.op("Shape", "input_ids"), graph.ints(1), graph.ints(2))
    table = graph.constant("positions", weights[emb + "position_embeddings.weight"])
    positions = graph.op("Slice", table, graph.ints(0), length, graph.ints(0))
    kind = graph.constant("kind", weights[emb + "token_type_embeddings.weight"][0])
    x = graph.op("Add", graph.op("Add", words, positions), kind)
    x = graph.norm(x, emb + "LayerNorm")
    hidden = graph.op("Mul", graph.op("Sub", mask, graph.number("one", 1.0)), graph.number("huge", 1e9))
    hidden = graph.op("Unsqueeze", hidden, graph.ints(1, 2))
    for layer in range(LAYERS):
        x = _layer(graph, x, hidden, f"encoder.layer.{layer}.")
    return x


def _layer(graph: _Graph, x: str, hidden: str, name: str) -> str:
    heads = graph.ints(0, 0, HEADS, WIDTH // HEADS)
    query, key, value = (
        graph.op("Reshape", graph.linear(x, f"{name}attention.self.{part}"), heads)
        for part in ("query", "key", "value")
    )
    query = graph.op("Transpose", query, perm=[0, 2, 1, 3])
    key = graph.op("Transpose", key, perm=[0, 2, 3, 1])
    value = graph.op("Transpose", value, perm=[0, 2, 1, 3])
    scale = graph.number("scale", float(np.sqrt(HEADS / WIDTH)))
    scores = graph.op("Mul", graph.op("MatMul", query, key), scale)
    attention = graph.op("Softmax", graph.op("Add", scores, hidden), axis=-1)
    mixed = graph.op("Transpose", graph.op("MatMul", attention, value), perm=[0, 2, 1, 3])
    mixed = graph.op("Reshape", mixed, graph.ints(0, 0, WIDTH))
    mixed = graph.linear(mixed, f"{name}attention.output.dense")
    x = graph.norm(graph.op("Add", mixed, x), f"{name}attention.output.LayerNorm")
    wide = graph.gelu(graph.linear(x, f"{name}intermediate.dense"))
    return graph.norm(graph.op("Add", graph.linear(wide, f"{name}output.dense"), x), f"{name}output.LayerNorm")


def quantized(model: Any) -> bytes:
    """Return the graph with int8 weights, per channel; activations are quantized at run time."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # the quantizer warns at the root logger about a step that changes nothing here
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / GRAPH
            quantize_dynamic(
                model,
                file,
                weight_type=QuantType.QInt8,
                per_channel=True,
                op_types_to_quantize=["MatMul", "Gather"],
            )
            return file.read_bytes()
    finally:
        root.setLevel(level)
