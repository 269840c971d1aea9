"""Any OpenAI-compatible server as a `ports.VectorModel`. Whatever it sends is untrusted input.

What comes back must be one vector for each text, all of one length, of finite numbers: a vector that is missing,
or stands in another's place, would put one text's label on another text's vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import aiohttp
import numpy as np
import orjson

from lockgate.adapters.openai_upstream.answer import malformed
from lockgate.adapters.openai_upstream.connection import (
    Connection,
    Deadlines,
    Endpoint,
    Limits,
    everything,
    refusal,
)
from lockgate.errors import Invalid, Unavailable
from lockgate.ports import Embedded, Usage, Vectors

RESERVED: Final = frozenset({"model", "input", "dimensions", "encoding_format", "user"})
_MOST: Final = 65_536
"""Components of a vector."""


class OpenAiVectors:
    """`ports.VectorModel` over `POST {base}/embeddings`."""

    def __init__(self, model: str, endpoint: Endpoint, *, limits: Limits | None = None) -> None:
        self._model, self._limits = model, limits or Limits()
        self._connection = Connection(endpoint, self._limits)

    async def close(self) -> None:
        """Close the connections; running requests end in `Unavailable`."""
        await self._connection.close()

    async def vectors(
        self, texts: Sequence[str], dimensions: int | None, extras: Sequence[tuple[str, object]], /
    ) -> Embedded:
        """See `ports.VectorModel`."""
        if clash := RESERVED & {name for name, _ in extras}:
            raise Invalid(f"the parameter `{min(clash)}` cannot be passed to an upstream")
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        body: dict[str, object] = {
            **dict(extras),
            "model": self._model,
            "input": clean,
            "encoding_format": "float",
        }
        if dimensions is not None:
            body["dimensions"] = dimensions
        clock = Deadlines(self._limits)
        response = await self._connection.post("/embeddings", orjson.dumps(body), clock, self._limits.total)
        try:
            if response.status != 200:
                raise await refusal(response, clock)
            data = await everything(response, clock, self._limits)
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable("the upstream broke off", code="upstream_cut") from error
        finally:
            response.close()
        return _read(data, len(texts), dimensions)


def _read(data: bytes, count: int, dimensions: int | None) -> Embedded:
    try:
        answer = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise malformed("it is not JSON") from error
    rows = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or len(rows) != count:
        raise malformed("it has not one vector for each text")
    found: dict[int, list[object]] = {}
    for place, row in enumerate(rows):
        index = row.get("index", place) if isinstance(row, dict) else None
        vector = row.get("embedding") if isinstance(row, dict) else None
        if type(index) is not int or not 0 <= index < count or index in found or not isinstance(vector, list):
            raise malformed("it has not one vector for each text")
        found[index] = vector
    usage = answer.get("usage")
    tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    told = Usage(tokens) if type(tokens) is int and 0 <= tokens < 1 << 40 else None
    return Embedded(_matrix([found[index] for index in range(count)], dimensions), told)


def _matrix(rows: Sequence[list[object]], dimensions: int | None) -> Vectors:
    width = len(rows[0])
    if not 1 <= width <= _MOST or any(len(row) != width for row in rows) or dimensions not in {None, width}:
        raise malformed("its vectors do not have the length that was asked for")
    if any(type(one) not in {int, float} for row in rows for one in row):
        raise malformed("a vector has something else than numbers")
    try:
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused below
            made = np.array(rows, np.float32)
    except (OverflowError, ValueError) as error:
        raise malformed("a vector has a number out of range") from error
    if not np.isfinite(made).all():
        raise malformed("a vector has a number out of range")
    return made
