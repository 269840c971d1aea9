"""Read examples for a category: of a source as much as is needed, and no text of it is kept."""

from __future__ import annotations

import asyncio
import hashlib
import heapq
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Final

from lockgate.content.categories.features import LEAST
from lockgate.content.categories.learning import Example, example
from lockgate.errors import LockgateError
from lockgate.ports import Connector, Extractor

MINE: Final = 1_000
"""Examples that are read at most."""
OTHERS: Final = 2_000
"""Others that are read at most."""
LARGEST: Final = 5_000_000
"""Bytes of a file that is read as an example."""


@dataclass(slots=True)
class Gathered:
    """What a source gave: examples, how many items it has, and why some of those that were chosen gave none."""

    examples: list[Example] = field(default_factory=list)
    items: int = 0
    problems: list[tuple[str, str]] = field(default_factory=list)


async def gather(
    source: Connector, extractor: Extractor, most: int, tell: Callable[[int, int], None] = lambda *_: None
) -> Gathered:
    """Read examples from a source. Of more than `most` items, the same are chosen each time, from all over it.

    Raises:
        Unavailable: the source cannot be listed.

    """
    found = Gathered()
    chosen: list[tuple[int, str]] = []
    async for item in source.items():
        found.items += 1
        if item.problem:
            found.problems.append((item.id, item.problem))
        elif item.size > LARGEST:
            found.problems.append((item.id, f"it is larger than {LARGEST // 1_000_000} MB"))
        else:
            rank = int.from_bytes(hashlib.sha256(item.id.encode("utf-8", "surrogatepass")).digest()[:8], "big")
            heapq.heappush(chosen, (-rank, item.id))
            if len(chosen) > most:
                heapq.heappop(chosen)
    for at, (_, id) in enumerate(sorted(chosen, reverse=True), 1):
        tell(at, len(chosen))
        try:
            made = await asyncio.to_thread(example, await text_of(source, extractor, id))
        except LockgateError as error:
            found.problems.append((id, str(error)))
            continue
        if made is None:
            found.problems.append((id, f"it has fewer than {LEAST} words"))
        else:
            found.examples.append(made)
    return found


async def texts(source: Connector, extractor: Extractor) -> AsyncIterator[tuple[str, str, str]]:
    """Yield id and text of each item, or its id, nothing, and why it cannot be read."""
    async for item in source.items():
        try:
            if item.problem:
                yield item.id, "", item.problem
            else:
                yield item.id, await text_of(source, extractor, item.id), ""
        except LockgateError as error:
            yield item.id, "", str(error)


async def text_of(source: Connector, extractor: Extractor, id: str) -> str:
    """Return what an item says, also what nobody sees.

    Raises:
        LockgateError: it cannot be read.

    """
    return (await extractor.extract(id, await source.fetch(id))).text
